#!/usr/bin/env bash
# Times training steps of this program, beside PyTorch where a Python with torch and torchvision is given, and prints a
# Markdown table: medians, ratios, peak memory. Ours and the peer take turns, so a slow spell of the machine hits both.
#
#   launch/bench.sh [PEER_PYTHON]
#
# ALIGNDET_PEERS: the folder of peer_torch_aligndet.py and peer_torch_direct.py, the training steps in PyTorch; without
#   it only the frozen backbone has a peer. ALIGNDET_BENCH_ROUNDS (5) turns of ALIGNDET_BENCH_ITERS (3) steps each.
#   OMP_NUM_THREADS: threads of both; default all cores. ALIGNDET_BENCH_PUBLISHED=1 also times AlignDet's published form
#   (14 GB of memory, 12 s a step on two cores).
# Single layers: aligndet-mpi bench conv, aligndet-mpi bench ops.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"

python=${1:-}
peers=${ALIGNDET_PEERS:-}
rounds=${ALIGNDET_BENCH_ROUNDS:-5}
iters=${ALIGNDET_BENCH_ITERS:-3}
cores=$(aligndet_cores)
aligndet_set_thread_variables 1 "$cores"
threads=$OMP_NUM_THREADS

if [[ -n $python ]] && ! "$python" -c 'import torch, torchvision' 2>/dev/null; then
    echo "bench.sh: $python cannot import torch and torchvision" >&2
    exit 66
fi
if [[ -n $peers ]]; then
    for file in peer_torch_aligndet.py peer_torch_direct.py; do
        if [[ ! -r $peers/$file ]]; then
            echo "bench.sh: no $file in ALIGNDET_PEERS=$peers" >&2
            exit 66
        fi
    done
fi

if [[ -z ${ALIGNDET_SKIP_BUILD:-} ]]; then swift build -c release --product aligndet-mpi >&2; fi
program=$(swift build -c release --show-bin-path)/aligndet-mpi

median() { sort -g | awk '{v[NR] = $1} END {if (NR) print (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2}'; }
field() { sed -n "s/.*\"$1\":\([-+0-9.e]*\).*/\1/p"; }

# Seconds and gigabytes of one turn of ours: ours BENCH_ARGUMENTS...
ours() {
    local line
    line=$("$program" bench "$@" --iters "$iters" --threads "$threads")
    echo "$(field median_s <<<"$line") $(field peak_rss_bytes <<<"$line" | awk '{print $1 / 1e9}')" \
        "$(field floor_s <<<"$line")"
}

# The same of a peer, which prints thousands of kilobytes of 1024 bytes: peer SCRIPT ARGUMENTS...
peer() {
    "$python" "$@" --iters "$iters" --threads "$threads" 2>/dev/null |
        sed -n 's/^RESULT.* median \([0-9.]*\) .*peakRSS \([0-9.]*\) GB.*/\1 \2/p' | awk '{print $1, $2 * 1.024}'
}

# A row of the table: row NAME OURS... [-- PEER...]
row() {
    local name=$1 ours_arguments=() turn own own_memory floor other other_memory
    shift
    while (($#)) && [[ $1 != -- ]]; do
        ours_arguments+=("$1")
        shift
    done
    if (($#)); then shift; fi
    local -a own_turns=() peer_turns=()
    for ((turn = 0; turn < rounds; turn++)); do
        own_turns+=("$(ours "${ours_arguments[@]}")")
        if (($#)); then peer_turns+=("$(peer "$@")"); fi
    done
    own=$(printf '%s\n' "${own_turns[@]}" | awk '{print $1}' | median)
    own_memory=$(printf '%s\n' "${own_turns[@]}" | awk '{print $2}' | median)
    floor=$(printf '%s\n' "${own_turns[@]}" | awk '{print $3}' | median)
    if (($#)); then
        other=$(printf '%s\n' "${peer_turns[@]}" | awk '{print $1}' | median)
        other_memory=$(printf '%s\n' "${peer_turns[@]}" | awk '{print $2}' | median)
        if [[ -z $other ]]; then
            echo "bench.sh: the peer of '$name' gave no result: $python $*" >&2
            exit 70
        fi
    fi
    awk -v name="$name" -v own="$own" -v floor="$floor" -v other="${other:-}" -v memory="$own_memory" \
        -v other_memory="${other_memory:-}" 'BEGIN {
            beside = other == "" ? "| - | - " : sprintf("| %.3f | %.2f ", other, own / other)
            peak = other == "" ? "-" : sprintf("%.2f", other_memory)
            printf "| %s | %.3f %s| %.3f | %.2f | %.2f | %s |\n", name, own, beside, floor, own / floor, memory, peak
        }'
}

# Words after `--` of each row, where there is that peer.
aligndet=() published=() supervised=() backbone=()
if [[ -n $python ]]; then
    backbone=(-- "$folder/peer_torch_backbone.py" --h 480 --w 640 --batch 2)
    if [[ -n $peers ]]; then
        published=(-- "$peers/peer_torch_aligndet.py" --h 480 --w 640 --batch 2 --mode cl)
        aligndet=("${published[@]}" --smart)
        supervised=(-- "$peers/peer_torch_direct.py" --model retinanet_resnet50_fpn --size 256 --batch 8 --mode cl)
    fi
fi
pretraining=(step configs/pretrain/aligndet_retinanet_r50_1x_coco.yaml --size 480x640 --batch 2 --amp off)
scratch=(step configs/supervised/retinanet_r50_1x_coco.yaml --size 256x256 --batch 8 --amp off --cfg-options
    model.backbone.frozen_stages=-1 model.backbone.norm=batch model.neck.norm=none)

model=$(awk -F': ' '/^model name/ {print $2; exit}' /proc/cpuinfo)
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
echo "$model, $cores cores, $threads threads; commit $commit; medians of $rounds turns of $iters steps."
echo
echo "| case | ours, s | PyTorch, s | ratio | floor, s | ours / floor | ours, GB | PyTorch, GB |"
echo "|---|---|---|---|---|---|---|---|"
row "AlignDet RetinaNet-R50 step, 2 x 480x640, f32" "${pretraining[@]}" "${aligndet[@]}"
if [[ -n ${ALIGNDET_BENCH_PUBLISHED:-} && ${#published[@]} -gt 0 ]]; then
    row "the same, against the published form" "${pretraining[@]}" "${published[@]}"
fi
row "RetinaNet-R50 step from scratch, 8 x 256x256, f32" "${scratch[@]}" "${supervised[@]}"
row "ResNet-50 forward, frozen, 2 x 480x640, f32" backbone configs/pretrain/aligndet_retinanet_r50_1x_coco.yaml \
    --size 480x640 --batch 2 "${backbone[@]}"
