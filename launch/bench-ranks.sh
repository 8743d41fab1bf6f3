#!/usr/bin/env bash
# Times what ranks cost: sums on one host and between two, beside MPI_Allreduce in the same run, and training steps of two ranks
# of a core each beside each alone. Prints Markdown tables of medians.
#
#   launch/bench-ranks.sh [one-host|two-hosts|scaling ...]      default: all three
#
# ALIGNDET_BENCH_ROUNDS (5) turns, three times as many of the scaling. The two hosts are network namespaces (launch/hosts.sh)
# with half of the cores each.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"
source "$folder/figures.sh"
rounds=${ALIGNDET_BENCH_ROUNDS:-5}
if [[ -z ${ALIGNDET_SKIP_BUILD:-} && -z ${ALIGNDET_PROGRAM:-} ]]; then
    swift build -c release --product aligndet-mpi >&2
fi
export ALIGNDET_PROGRAM=${ALIGNDET_PROGRAM:-$(swift build -c release --show-bin-path)/aligndet-mpi}
parts=("$@")
if ((${#parts[@]} == 0)); then parts=(one-host two-hosts scaling); fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A row for each size, the median over files of turns: sums BYTES FILE...
sums() {
    local count=$1 own mpi copy
    shift
    own=$(grep -h "\"bytes\":$count," "$@" | field median_s | median)
    mpi=$(grep -h "\"bytes\":$count," "$@" | field mpi_s | median)
    copy=$(grep -h "\"bytes\":$count," "$@" | field memcpy_s | median)
    awk -v count="$count" -v own="$own" -v mpi="$mpi" -v copy="$copy" 'BEGIN {
        printf "| %d | %.5g | %.5g | %.2f | %.5g |\n", count, own * 1e3, mpi * 1e3, mpi / own, copy * 1e3
    }'
}
heading() {
    echo "| bytes, 2 ranks, $1 | ours, ms | MPI_Allreduce, ms | times as fast | one copy, ms |"
    echo "|---|---|---|---|---|"
}

one_host() {
    local turn count sizes=(4 1024 16384 65536 1048576 16777216 138412032)
    for ((turn = 0; turn < rounds; turn++)); do
        aligndet_mpirun 2 "$ALIGNDET_PROGRAM" bench allreduce --bytes "$(IFS=, && echo "${sizes[*]}")" >"$work/one.$turn"
    done
    heading "one host"
    for count in "${sizes[@]}"; do sums "$count" "$work"/one.*; done
}

two_hosts() {
    local status=0 count sizes=(4 16384 1048576 16777216 138412032)
    printf 'node01 slots=1\nnode02 slots=1\n' >"$work/hosts"
    export ALIGNDET_BENCH_WORK=$work ALIGNDET_BENCH_SIZES
    ALIGNDET_BENCH_SIZES=$(IFS=, && echo "${sizes[*]}")
    "$folder/hosts.sh" 2 bash -c 'source launch/env.sh
        for ((turn = 0; turn < '"$rounds"'; turn++)); do
            ALIGNDET_HOSTFILE=$ALIGNDET_BENCH_WORK/hosts aligndet_mpirun 2 "$ALIGNDET_PROGRAM" bench allreduce \
                --bytes "$ALIGNDET_BENCH_SIZES" >"$ALIGNDET_BENCH_WORK/two.$turn"
        done' || status=$?
    if ((status == 69)); then return 0; fi
    if ((status != 0)); then return "$status"; fi
    heading "two hosts"
    for count in "${sizes[@]}"; do sums "$count" "$work"/two.*; done
}

# AlignDet's pre-training of RetinaNet-R18 on pictures of 320 pixels, one thread a rank; steps alone and together take turns
# within one run, since speeds of cores drift by more than ranks cost. The fastest steps are those that nobody disturbed.
scaling() {
    local line
    if (($(aligndet_cores) < 2)); then
        echo "bench-ranks.sh: scaling skipped: it wants two cores" >&2
        return 0
    fi
    line=$(OMP_NUM_THREADS=1 aligndet_mpirun 2 "$ALIGNDET_PROGRAM" bench scaling \
        configs/pretrain/aligndet_retinanet_r18_1x_coco.yaml --size 320x320 --batch 4 --threads 1 --iters $((rounds * 3)))
    echo "| 2 ranks of a thread each: AlignDet RetinaNet-R18, 320x320, 4 images a rank | by both alone |"
    echo "|---|---|"
    printf '| %s | %.3f |\n' \
        "together (weak scaling)" "$(field weak_scaling <<<"$line")" \
        "the same of the fastest steps" "$(field weak_scaling_quiet <<<"$line")" \
        "computing together, without waits for the slower rank" "$(field computing <<<"$line")" \
        "at once, without sums" "$(field at_once <<<"$line")" \
        "at once, as long as the slower rank" "$(field at_once_slowest <<<"$line")" \
        "communication hidden" "$(field comm_hidden_share <<<"$line")"
}

for part in "${parts[@]}"; do
    case $part in
        one-host) one_host ;;
        two-hosts) two_hosts ;;
        scaling) scaling ;;
        *)
            echo "bench-ranks.sh: no part $part: one-host, two-hosts, scaling" >&2
            exit 64
            ;;
    esac
    echo
done
