#!/usr/bin/env bash
# Keeps a run alive: starts it on the hosts that answer, and again, from its newest checkpoint, whenever it breaks.
#
#   launch/elastic.sh [--np N] [--min-np N] [--max-restarts N] [--back-off SECONDS] PROGRAM VERB RECIPE --work-dir FOLDER ...
#
# Hosts and slots come from ALIGNDET_HOSTFILE, or this machine alone is meant. --np (all slots) ranks are started, fewer
# where hosts are missing, but never fewer than --min-np (1). --max-restarts (10) counts attempts that came to no new
# checkpoint; --back-off (5) seconds are waited before the first of them, twice as long before each further one.
# ALIGNDET_PROBE: the command that tells whether a host answers, given its name (ssh HOST true).
#
# Ends with the run's own status where trying again cannot help: 0 done, 75 stopped on request, 64-66, 73, 74, 77, 78.
set -uo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$folder/env.sh"

usage() {
    echo "usage: launch/elastic.sh [--np N] [--min-np N] [--max-restarts N] [--back-off SECONDS] PROGRAM ARGUMENTS..." >&2
    exit 64
}

ranks=0 least=1 limit=10 back_off=5
while (($#)); do
    case $1 in
        --np | --min-np | --max-restarts | --back-off)
            if (($# < 2)) || [[ ! $2 =~ ^[0-9]+$ ]]; then usage; fi
            case $1 in
                --np) ranks=$2 ;;
                --min-np) least=$2 ;;
                --max-restarts) limit=$2 ;;
                --back-off) back_off=$2 ;;
            esac
            shift 2
            ;;
        -*) usage ;;
        *) break ;;
    esac
done
if (($# == 0)); then usage; fi
command=("$@")

work=
for ((i = 0; i < ${#command[@]}; i++)); do
    case ${command[i]} in
        --work-dir) work=${command[i + 1]:-} ;;
        --work-dir=*) work=${command[i]#*=} ;;
        --resume | --resume=*)
            echo "elastic.sh: --resume auto is added to every start; leave it out" >&2
            exit 64
            ;;
    esac
done
if [[ -z $work ]]; then
    echo "elastic.sh: name the run's folder with --work-dir, so that its checkpoints can be watched" >&2
    exit 64
fi

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

answers() {
    if [[ $1 == localhost || $1 == "$(hostname)" || $1 == "$(hostname -s)" ]]; then return 0; fi
    if [[ -n ${ALIGNDET_PROBE:-} ]]; then
        timeout 10 $ALIGNDET_PROBE "$1" >/dev/null 2>&1 </dev/null
    else
        timeout 10 ssh -o BatchMode=yes -o ConnectTimeout=5 "$1" true >/dev/null 2>&1 </dev/null
    fi
}

# Writes the lines of the hosts that answer, and says which do not.
survivors() {
    local line host
    while read -r line; do
        if [[ -z $line || $line == \#* ]]; then continue; fi
        host=${line%%[[:space:]]*}
        if answers "$host"; then echo "$line"; else echo "elastic.sh: $host does not answer and is left out" >&2; fi
    done <"$1"
}

slots_of() {
    awk '{n = match($0, /slots[[:space:]]*=[[:space:]]*[0-9]+/) ? substr($0, RSTART, RLENGTH) : 1
        sub(/.*=/, "", n); sum += n} END {print sum + 0}' "$1"
}

# mpirun may wait for ever for a host that is gone: fifteen seconds after the first error line of a rank, it is ended.
watch_over() {
    local log=$1 run=$2
    while kill -0 "$run" 2>/dev/null; do
        if grep -q '^aligndet-mpi: error: ' "$log" 2>/dev/null; then
            for _ in {1..15}; do
                sleep 1
                if ! kill -0 "$run" 2>/dev/null; then return; fi
            done
            echo "elastic.sh: the ranks gave up and mpirun does not end: it is killed" >&2
            pkill -KILL -P "$run" 2>/dev/null || true
            return
        fi
        sleep 1
    done
}

newest() { cat "$work/last_checkpoint" 2>/dev/null || true; }

# A request to stop goes to the run under way, or ends the waiting for the next.
child= stop_requested=
trap 'stop_requested=1; if [[ -n $child ]]; then kill -USR1 "$child" 2>/dev/null || true; fi' USR1 TERM INT

attempts=0 pause=$back_off
hosts=${ALIGNDET_HOSTFILE:-}
while true; do
    count=$ranks
    if [[ -n $hosts ]]; then
        survivors "$hosts" >"$scratch/hosts"
        slots=$(slots_of "$scratch/hosts")
        if ((count == 0 || count > slots)); then count=$slots; fi
        export ALIGNDET_HOSTFILE=$scratch/hosts
    elif ((count == 0)); then
        count=$(aligndet_cores)
    fi
    before=$(newest)
    if ((count < least || count < 1)); then
        echo "elastic.sh: room for $count ranks, and --min-np is $least" >&2
        status=76
    else
        echo "elastic.sh: $count ranks, from ${before:-the beginning}" >&2
        : >"$scratch/log"
        (
            trap - EXIT
            aligndet_mpirun "$count" "${command[@]}" --resume auto 2> >(tee -a "$scratch/log" >&2)
        ) &
        child=$!
        watch_over "$scratch/log" "$child" &
        watcher=$!
        while true; do
            status=0
            wait "$child" || status=$?
            if ! kill -0 "$child" 2>/dev/null; then break; fi
        done
        child=
        kill "$watcher" 2>/dev/null || true
    fi
    case $status in
        0 | 64 | 65 | 66 | 73 | 74 | 75 | 77 | 78) exit "$status" ;;
    esac
    if [[ -n $stop_requested ]]; then exit "$status"; fi
    if [[ $(newest) != "$before" ]]; then attempts=0 pause=$back_off; fi
    attempts=$((attempts + 1))
    if ((attempts > limit)); then
        echo "elastic.sh: ended with $status, and $limit restarts came to no new checkpoint" >&2
        exit "$status"
    fi
    echo "elastic.sh: ended with $status; start $attempts of $limit without a new checkpoint, in $pause s" >&2
    sleep "$pause" &
    wait $! || true
    if [[ -n $stop_requested ]]; then exit 75; fi
    pause=$((pause * 2 < 300 ? pause * 2 : 300))
done
