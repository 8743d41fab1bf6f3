#!/usr/bin/env bash
# The only place that sets thread and binding variables.
#
#   source launch/env.sh          defines the functions below and prepares this shell for mpirun
#   aligndet_mpirun NP CMD...     mpirun with threads and binding that fit the cores; USR1, TERM and a first INT ask
#                                 the ranks to save and stop (status 75), a second INT ends them at once
#   aligndet_forwarding CMD...    CMD with signals handed on like that
#   launch/env.sh CMD...          becomes CMD with this host's variables, e.g. after srun
#
# Settings, all optional and all obeyed: OMP_NUM_THREADS and every other variable set below, if it is set
# already; ALIGNDET_HOSTFILE (a file of hostfiles/); ALIGNDET_BINDING=none (leaves processes where the host puts them);
# ALIGNDET_MPIRUN_ARGS (more options for mpirun, separated by blanks).

aligndet_launch_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Cores, not hardware threads, on which this process may run: two threads on one core share its vector units.
# A container's quota of processor time counts as that many cores.
aligndet_cores() {
    local allowed cores quota period group
    allowed=$(awk '/^Cpus_allowed_list/ {print $2}' /proc/self/status)
    if command -v lscpu >/dev/null; then
        cores=$(lscpu --online --parse=CPU,CORE,SOCKET | awk -F, -v allowed="$allowed" '
            BEGIN {
                count = split(allowed, parts, ",")
                for (i = 1; i <= count; i++) {
                    ends = split(parts[i], bounds, "-")
                    for (cpu = bounds[1]; cpu <= bounds[ends]; cpu++) usable[cpu + 0] = 1
                }
            }
            /^#/ {next}
            ($1 + 0) in usable && !(($2, $3) in seen) {seen[$2, $3] = 1; cores++}
            END {print cores + 0}')
    else
        cores=$(env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc)
    fi
    group=$(sed -n 's/^0:://p' /proc/self/cgroup 2>/dev/null || true)
    if [[ -r /sys/fs/cgroup$group/cpu.max ]]; then
        read -r quota period <"/sys/fs/cgroup$group/cpu.max"
        if [[ $quota != max ]] && ((quota / period < cores)); then cores=$((quota / period)); fi
    fi
    echo $((cores > 0 ? cores : 1))
}

# Ranks of this job on this host, as far as the launcher says.
aligndet_ranks_here() {
    local tasks=${OMPI_COMM_WORLD_LOCAL_SIZE:-${SLURM_STEP_TASKS_PER_NODE:-${SLURM_NTASKS_PER_NODE:-1}}}
    tasks=${tasks%%[!0-9]*}
    echo "${tasks:-1}"
}

# Whether the OpenBLAS that programs load here counts its threads with OpenMP.
aligndet_openblas_is_openmp() {
    local library="" folder
    local -a folders
    IFS=: read -r -a folders <<<"${LD_LIBRARY_PATH:-}"
    for folder in "${folders[@]}"; do
        if [[ -n $folder && -e $folder/libopenblas.so.0 ]]; then
            library=$folder/libopenblas.so.0
            break
        fi
    done
    if [[ -z $library ]]; then
        library=$(PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null |
            awk '/libopenblas\.so\.0 / && !n++ {print $NF}')
    fi
    [[ -n $library && $(readlink -f "$library") == *openmp* ]]
}

# Whether processes of one user may read each other's memory, which Open MPI wants for large messages.
# Filters of system calls forbid it in many containers, and Open MPI then stops at the first large message.
aligndet_may_read_peers() {
    local scope=/proc/sys/kernel/yama/ptrace_scope capabilities
    capabilities=$(awk '/^CapEff/ {print $2}' /proc/self/status)
    # Bit 19 is CAP_SYS_PTRACE.
    if ((16#${capabilities:-0} >> 19 & 1)); then return 0; fi
    if grep -q '^Seccomp:[[:space:]]*2' /proc/self/status; then return 1; fi
    [[ ! -r $scope ]] || (($(cat "$scope") < 2))
}

# Variables that depend on this host's processor and permissions alone.
aligndet_set_host_variables() {
    local flags
    flags=$(awk '/^flags/ {print; exit}' /proc/cpuinfo)
    # OpenBLAS 0.3.21 takes processors newer than itself for Haswell, at half the speed of AVX-512.
    if [[ " $flags " == *" avx512f "*" avx512dq "*" avx512cd "*" avx512bw "*" avx512vl "* ]]; then
        export OPENBLAS_CORETYPE=${OPENBLAS_CORETYPE:-SkylakeX}
    fi
    if ! aligndet_may_read_peers; then
        export OMPI_MCA_btl_vader_single_copy_mechanism=${OMPI_MCA_btl_vader_single_copy_mechanism:-none}
    fi
    if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
}

# Threads of one rank: aligndet_set_thread_variables RANKS CORES, for RANKS ranks on CORES cores.
# Loader threads get no core of their own: decoding takes a hundredth of a step.
aligndet_set_thread_variables() {
    local ranks=$1 cores=$2
    export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((cores / ranks > 0 ? cores / ranks : 1))}
    if [[ -z ${OPENBLAS_NUM_THREADS:-} ]]; then
        # A second pool of threads beside OpenMP's would fight it for the cores.
        OPENBLAS_NUM_THREADS=1
        if aligndet_openblas_is_openmp; then OPENBLAS_NUM_THREADS=$OMP_NUM_THREADS; fi
        export OPENBLAS_NUM_THREADS
    fi
    if ((ranks * OMP_NUM_THREADS > cores)); then
        # A thread that spins keeps the core from the one it waits for.
        export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-PASSIVE} GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-0}
    fi
}

# Ranks per node of a job of NP ranks: the hostfile's slots, or NP over the nodes of the allocation.
aligndet_ranks_per_node() {
    local ranks=$1 slots nodes=${SLURM_JOB_NUM_NODES:-1}
    if [[ -n ${ALIGNDET_HOSTFILE:-} ]]; then
        if [[ ! -r $ALIGNDET_HOSTFILE ]]; then
            echo "env.sh: cannot read the hostfile $ALIGNDET_HOSTFILE" >&2
            return 66
        fi
        slots=$(awk '!/^[[:space:]]*(#|$)/ {
            n = match($0, /slots[[:space:]]*=[[:space:]]*[0-9]+/) ? substr($0, RSTART, RLENGTH) : 1
            sub(/.*=/, "", n)
            if (n + 0 > most) most = n + 0
        } END {print most + 0}' "$ALIGNDET_HOSTFILE")
        if ((slots == 0)); then
            echo "env.sh: the hostfile $ALIGNDET_HOSTFILE names no host" >&2
            return 65
        fi
        echo $((slots < ranks ? slots : ranks))
    else
        echo $(((ranks + nodes - 1) / nodes))
    fi
}

# aligndet_forwarding CMD...: runs CMD and returns its status; a request to stop reaches it as SIGUSR1, which mpirun and
# srun hand on to every rank. They would end the job at once on SIGTERM or SIGINT.
aligndet_forwarding() {
    local child status last interrupts=0
    # A session of its own: a terminal's Ctrl-C must come through the trap alone.
    setsid "$@" </dev/null &
    child=$!
    trap 'kill -USR1 "$child" 2>/dev/null || true' USR1 TERM
    trap 'if ((interrupts++)); then kill -TERM "$child" 2>/dev/null || true
          else kill -USR1 "$child" 2>/dev/null || true; fi' INT
    while true; do
        status=0
        wait "$child" || status=$?
        # A trap ends the waiting, too.
        if ! kill -0 "$child" 2>/dev/null; then break; fi
    done
    last=0
    wait "$child" 2>/dev/null || last=$?
    if ((last != 127)); then status=$last; fi
    trap - USR1 TERM INT
    return "$status"
}

# aligndet_mpirun NP CMD...: runs CMD on NP ranks and returns mpirun's status. Nodes are taken to be alike.
aligndet_mpirun() {
    if (($# < 2)) || [[ ! $1 =~ ^[1-9][0-9]*$ ]]; then
        echo "usage: aligndet_mpirun NP CMD..." >&2
        return 64
    fi
    local ranks=$1 ranks_per_node cores
    shift
    ranks_per_node=$(aligndet_ranks_per_node "$ranks") || return
    cores=$(aligndet_cores)
    # Of this call alone; no subshell, which would not hear the signals meant for this one.
    local -x OMP_NUM_THREADS=${OMP_NUM_THREADS:-} OPENBLAS_NUM_THREADS=${OPENBLAS_NUM_THREADS:-}
    local -x OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-} GOMP_SPINCOUNT=${GOMP_SPINCOUNT:-}
    aligndet_set_thread_variables "$ranks_per_node" "$cores"
    # The host's own variables are set by env.sh on each host; these have to be told.
    local -a options=(-np "$ranks") extra
    local name
    for name in OMP_NUM_THREADS OPENBLAS_NUM_THREADS OMP_WAIT_POLICY GOMP_SPINCOUNT; do
        if [[ -n ${!name} ]]; then options+=(-x "$name"); else unset "$name"; fi
    done
    if [[ -n ${ALIGNDET_HOSTFILE:-} ]]; then options+=(--hostfile "$ALIGNDET_HOSTFILE"); fi
    if ((ranks_per_node * OMP_NUM_THREADS > cores)); then
        options+=(--oversubscribe --bind-to none)
    elif [[ ${ALIGNDET_BINDING:-} == none ]]; then
        options+=(--bind-to none)
    else
        # Bound to all of its cores, never to one: threads inherit the binding.
        options+=(--map-by "slot:PE=$OMP_NUM_THREADS" --bind-to core)
    fi
    read -r -a extra <<<"${ALIGNDET_MPIRUN_ARGS:-}"
    aligndet_forwarding mpirun "${options[@]}" "${extra[@]}" "$aligndet_launch_folder/env.sh" "$@"
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
    set -euo pipefail
    if (($# == 0)); then
        echo "usage: launch/env.sh CMD..." >&2
        exit 64
    fi
    aligndet_set_host_variables
    if [[ -n ${SLURM_CPUS_PER_TASK:-} && -z ${OMPI_COMM_WORLD_LOCAL_SIZE:-} ]]; then
        aligndet_set_thread_variables 1 "$SLURM_CPUS_PER_TASK"
    elif [[ -n ${OMPI_MCA_orte_bound_at_launch:-} ]]; then
        # Bound: the cores in sight are this rank's alone.
        aligndet_set_thread_variables 1 "$(aligndet_cores)"
    else
        aligndet_set_thread_variables "$(aligndet_ranks_here)" "$(aligndet_cores)"
    fi
    exec "$@"
fi

aligndet_set_host_variables
