#!/usr/bin/env bash
# A real SLURM on this machine alone: controller, node daemon and authentication with files, ports and keys of their own,
# as the current user, stopped at the end. A job runs the quick recipe, is warned before its time is up, saves, goes back
# into the queue, and ends the run; the weights must be those of a run that nobody stopped.
#
#   launch/test-slurm.sh [mpirun|srun...]       default: mpirun
#
# Skipped, with status 0 and a line that says so, where SLURM and munge are not installed (apt-get install slurm-wlm
# munge) and cannot be. ALIGNDET_SLURM_STEPS (40) updates in all.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"
export PATH=$PATH:/usr/sbin:/sbin

forms=("$@")
if ((${#forms[@]} == 0)); then forms=(mpirun); fi
steps=${ALIGNDET_SLURM_STEPS:-40}

skip() {
    echo "slurm test: SKIPPED: $1"
    exit 0
}

needed=(slurmctld slurmd munged sbatch scontrol)
missing() {
    local command
    for command in "${needed[@]}"; do if ! command -v "$command" >/dev/null; then return 0; fi; done
    return 1
}
if missing && ((EUID == 0)) && command -v apt-get >/dev/null; then
    echo "installing slurm-wlm munge"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null 2>&1 || true
fi
if missing; then skip "slurm-wlm and munge are not installed and cannot be"; fi
# The node daemon starts jobs under their owners' names, which takes root.
if ((EUID != 0)); then skip "slurmd needs root to start jobs"; fi

program=${ALIGNDET_PROGRAM:-$(swift build -c release --show-bin-path)/aligndet-mpi}
work=$(mktemp -d)
host=$(hostname -s)
daemons=()

stop() {
    local status=$? daemon
    if ((status != 0)); then
        echo "slurm test: FAILED"
        tail -n 40 "$work"/*.log 2>/dev/null || true
    fi
    for daemon in "${daemons[@]}"; do kill "$daemon" 2>/dev/null || true; done
    for daemon in "${daemons[@]}"; do
        for _ in {1..50}; do if kill -0 "$daemon" 2>/dev/null; then sleep 0.1; else break; fi; done
        kill -KILL "$daemon" 2>/dev/null || true
    done
    rm -rf "$work"
    exit "$status"
}
trap stop EXIT

free_port() {
    local port
    while true; do
        port=$((20000 + RANDOM % 20000))
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
}

# munged refuses files in folders others may write to, and /tmp is one; it is told that this is meant.
mkdir -p "$work/state" "$work/spool"
dd if=/dev/urandom of="$work/munge.key" bs=128 count=1 status=none
chmod 600 "$work/munge.key"
munged --foreground --force --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munge.pid" \
    --log-file="$work/munge.log" --seed-file="$work/munge.seed" 2>"$work/munged.log" &
daemons+=($!)

cat >"$work/slurm.conf" <<CONF
ClusterName=aligndet
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$(free_port)
SlurmdPort=$(free_port)
SlurmUser=root
AuthType=auth/munge
# How long a requeued job waits is how long its old credentials live.
AuthInfo=socket=$work/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=2,batch_sched_delay=1,sched_min_interval=0
JobRequeue=1
ReturnToService=2
KillWait=5
MpiDefault=none
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/^MemAvailable/ {print int($2 / 1024)}' /proc/meminfo) State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:16
CONF
export SLURM_CONF=$work/slurm.conf

slurmctld -D -f "$SLURM_CONF" >"$work/ctld.out.log" 2>&1 &
daemons+=($!)
slurmd -D -f "$SLURM_CONF" >"$work/slurmd.out.log" 2>&1 &
daemons+=($!)
for _ in {1..100}; do
    if [[ $(sinfo -h -o %t 2>/dev/null) == idle* ]]; then break; fi
    sleep 0.2
done
if [[ $(sinfo -h -o %t) != idle* ]]; then
    echo "slurm test: the node does not come up: $(sinfo -h -o '%t %E' || true)"
    exit 1
fi

photographs=$(dirname "$program")/aligndet-mpi_AlignDetCLI.resources/BuiltIn/bccd
OMP_NUM_THREADS=1 "$program" proposals "$photographs/annotations/instances_train.json" --images "$photographs/images/train" \
    --out "$work/proposals.json" --short-side 96 --top-k 20 >/dev/null 2>&1
# The quick recipe, smaller. Two ranks of one thread, whatever the machine.
options=(
    --cfg-options data.train.first_images=32 "data.train.proposals=$work/proposals.json"
    'pipeline.resize.short_sides=[96]' pipeline.resize.long_side=160 model.neck.channels=16 model.head.channels=16
    model.head.embedding=16 model.head.projection_hidden=16 "schedule.length=$steps" run.checkpoint_every=0
)
export OMP_NUM_THREADS=1
aligndet_mpirun 2 "$program" pretrain builtin:quick/pretrain.yaml --work-dir "$work/whole" "${options[@]}" \
    >"$work/whole.log" 2>&1

for form in "${forms[@]}"; do
    if [[ $form == srun ]] && ! srun --mpi=list 2>&1 | grep -q pmix; then
        echo "slurm test, srun: SKIPPED: this SLURM has no PMIx (srun --mpi=list)"
        continue
    fi
    begun=$SECONDS
    run=$work/$form
    script=$folder/slurm/pretrain.sbatch
    if [[ $form == srun ]]; then script=$folder/slurm/pretrain-srun.sbatch; fi
    # SLURM looks at time limits every half minute only; so the warning it would send then is sent by hand.
    id=$(ALIGNDET_HOME=$PWD ALIGNDET_PROGRAM=$program sbatch --parsable --overcommit --nodes 1 --ntasks-per-node 2 \
        --cpus-per-task 1 --time 10:00 --output "$work/$form.job.log" "$script" \
        builtin:quick/pretrain.yaml --work-dir "$run" "${options[@]}")
    for _ in {1..600}; do
        if (($(wc -l 2>/dev/null <"$run/metrics.jsonl" || echo 0) >= 5)); then break; fi
        sleep 0.1
    done
    scancel --batch --signal=USR1 "$id"
    for _ in {1..1200}; do
        state=$(scontrol show job "$id" | sed -n 's/.*JobState=\([A-Z]*\).*/\1/p')
        if [[ $state == COMPLETED || $state == FAILED || $state == CANCELLED ]]; then break; fi
        sleep 0.2
    done
    restarts=$(scontrol show job "$id" | sed -n 's/.*Restarts=\([0-9]*\).*/\1/p')
    stopped=$(sed -n 's/^stopped on request after \([0-9]*\) updates.*/\1/p' "$work/$form.job.log")
    if [[ $state != COMPLETED || $restarts != 1 ]] || ((stopped < 1 || stopped >= steps)) ||
        ! grep -q "after $stopped updates" "$work/$form.job.log"; then
        echo "slurm test, $form: job $state after $restarts requeues, stopped after '$stopped' of $steps updates"
        exit 1
    fi
    "$program" ckpt diff "$work/whole/step_$steps.safetensors.zst" "$run/step_$steps.safetensors.zst" >"$work/$form.diff.log"
    echo "slurm test, $form: stopped after $stopped of $steps updates, requeued, ended;" \
        "$(tail -1 "$work/$form.diff.log"); $((SECONDS - begun)) s"
done
