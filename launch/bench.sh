#!/usr/bin/env bash
# Times training steps of this program, beside PyTorch where a Python with torch and torchvision is given, and prints a
# Markdown table: medians, ratios, peak memory. Ours and the peer take turns, so a slow spell of the machine hits both.
#
#   launch/bench.sh [PEER_PYTHON]
#
# ALIGNDET_PEERS: the folder of peer_torch_aligndet.py and peer_torch_direct.py, the training steps in PyTorch; without
#   it only the frozen backbone, DETR and single layers have a peer. ALIGNDET_BENCH_ROUNDS (5) turns of ALIGNDET_BENCH_ITERS (3) steps
#   each. Rows in bfloat16 where the CPU multiplies such numbers; their floor is still that of 32-bit products.
#   OMP_NUM_THREADS: threads of both; default all cores. ALIGNDET_BENCH_PUBLISHED=1 also times AlignDet's published form
#   (14 GB of memory, 12 s a step on two cores). ALIGNDET_BENCH_MATCH: only rows whose name contains this.
# Single layers: aligndet-mpi bench conv, aligndet-mpi bench ops.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"
source "$folder/figures.sh"

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

# One turn of ours, seconds|gigabytes|floor, the latter two where they are known: ours BENCH_ARGUMENTS...
ours() {
    local line
    line=$("$program" bench "$@" --iters "$iters" --threads "$threads")
    echo "$(field median_s <<<"$line")|$(field peak_rss_bytes <<<"$line" | awk '{print $1 / 1e9}')|$(field floor_s <<<"$line")"
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
    if [[ $name != *"${ALIGNDET_BENCH_MATCH:-}"* ]]; then return; fi
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
    own=$(printf '%s\n' "${own_turns[@]}" | cut -d '|' -f 1 | median)
    own_memory=$(printf '%s\n' "${own_turns[@]}" | cut -d '|' -f 2 | median)
    floor=$(printf '%s\n' "${own_turns[@]}" | cut -d '|' -f 3 | median)
    if (($#)); then
        other=$(printf '%s\n' "${peer_turns[@]}" | awk '{print $1}' | median)
        other_memory=$(printf '%s\n' "${peer_turns[@]}" | awk '{print $2}' | median)
        if [[ -z $other ]]; then
            echo "bench.sh: the peer of '$name' gave no result: $python $*" >&2
            exit 70
        fi
    fi
    awk -v name="$name" -v own="$own" -v floor="$floor" -v other="${other:-}" -v memory="$own_memory" \
        -v other_memory="${other_memory:-}" '
        function shown(format, value) { return value == "" ? "-" : sprintf(format, value) }
        BEGIN {
            printf "| %s | %s | %s | %s | %s | %s | %s | %s |\n", name, shown("%.4g", own), shown("%.4g", other),
                shown("%.2f", other == "" ? "" : own / other), shown("%.3f", floor),
                shown("%.2f", floor == "" ? "" : own / floor), shown("%.2f", memory), shown("%.2f", other_memory)
        }'
}

# Words after `--` of each row, where there is that peer.
aligndet=() narrow_aligndet=() published=() supervised=() narrow_supervised=() fcos=() faster=() mask=() detr=() backbone=() regions=()
if [[ -n $python ]]; then
    regions=(-- "$folder/peer_torch_regions.py")
    backbone=(-- "$folder/peer_torch_backbone.py" --h 480 --w 640 --batch 2)
    detr=(-- "$folder/peer_torch_detr.py" --h 480 --w 640 --batch 2)
    if [[ -n $peers ]]; then
        narrow_aligndet=(-- "$peers/peer_torch_aligndet.py" --h 480 --w 640 --batch 2 --mode bf16 --smart)
        narrow_supervised=(
            -- "$peers/peer_torch_direct.py" --size 256 --batch 8 --mode bf16 --model retinanet_resnet50_fpn)
        published=(-- "$peers/peer_torch_aligndet.py" --h 480 --w 640 --batch 2 --mode cl)
        aligndet=("${published[@]}" --smart)
        direct=(-- "$peers/peer_torch_direct.py" --size 256 --batch 8 --mode cl --model)
        supervised=("${direct[@]}" retinanet_resnet50_fpn)
        fcos=("${direct[@]}" fcos_resnet50_fpn)
        faster=("${direct[@]}" fasterrcnn_resnet50_fpn)
        mask=("${direct[@]}" maskrcnn_resnet50_fpn)
    fi
fi
pretraining=(step configs/pretrain/aligndet_retinanet_r50_1x_coco.yaml --size 480x640 --batch 2 --amp)
computes_bfloat16() { grep -qE '^flags.*(avx512_bf16|amx_bf16)' /proc/cpuinfo; }
# From scratch, as the peer: nothing frozen, batch norm in the backbone alone, 8 images of 256x256.
scratch() { # DETECTOR AMP OVERRIDES...
    echo step "configs/supervised/$1_r50_1x_coco.yaml" --size 256x256 --batch 8 --amp "$2" --cfg-options \
        model.backbone.frozen_stages=-1 model.backbone.norm=batch model.neck.norm=none "${@:3}"
}
# The head of torchvision's two-stage detectors.
two_layers=(model.head.stacked_convs=0 model.head.layers=2)

model=$(awk -F': ' '/^model name/ {print $2; exit}' /proc/cpuinfo)
commit=$(git rev-parse --short HEAD 2>/dev/null || echo unknown)
echo "$model, $cores cores, $threads threads; commit $commit; medians of $rounds turns of $iters steps."
echo
echo "| case | ours, s | PyTorch, s | ratio | floor, s | ours / floor | ours, GB | PyTorch, GB |"
echo "|---|---|---|---|---|---|---|---|"
row "AlignDet RetinaNet-R50 step, 2 x 480x640, f32" "${pretraining[@]}" off "${aligndet[@]}"
if [[ -n ${ALIGNDET_BENCH_PUBLISHED:-} && ${#published[@]} -gt 0 ]]; then
    row "AlignDet RetinaNet-R50 step, against the published form" "${pretraining[@]}" off "${published[@]}"
fi
if computes_bfloat16; then
    row "AlignDet RetinaNet-R50 step, 2 x 480x640, bf16" "${pretraining[@]}" bf16 "${narrow_aligndet[@]}"
fi
row "RetinaNet-R50 step from scratch, 8 x 256x256, f32" $(scratch retinanet off) "${supervised[@]}"
if computes_bfloat16; then
    row "RetinaNet-R50 step from scratch, 8 x 256x256, bf16" $(scratch retinanet bf16) "${narrow_supervised[@]}"
fi
row "FCOS-R50 step from scratch, 8 x 256x256, f32" $(scratch fcos off) "${fcos[@]}"
row "Faster R-CNN R50 step from scratch, 8 x 256x256, f32" $(scratch faster_rcnn off "${two_layers[@]}") "${faster[@]}"
row "Mask R-CNN R50 step from scratch, 8 x 256x256, f32" $(scratch mask_rcnn off "${two_layers[@]}") "${mask[@]}"
row "DETR-R50 step from scratch, 2 x 480x640, f32" step configs/supervised/detr_r50_50e_coco.yaml --size 480x640 \
    --batch 2 --amp off "${detr[@]}"
row "Mask R-CNN R50 step, 2 x 800x1344, f32" step configs/supervised/mask_rcnn_r50_1x_coco.yaml --size 800x1344 \
    --batch 2 --amp off
row "ResNet-50 forward, frozen, 2 x 480x640, f32" backbone configs/pretrain/aligndet_retinanet_r50_1x_coco.yaml \
    --size 480x640 --batch 2 "${backbone[@]}"
region_row() { # NAME OUR_CASE [PEER_CASE]
    local peer=()
    if [[ ${#regions[@]} -gt 0 ]]; then peer=("${regions[@]}" "$3"); fi
    row "$1" ops --match "$2" "${peer[@]}"
}
region_row "RoIAlign, 1024 of 7x7x256 from 160x160, forward" "roi-align 1024 of 7x7 forward" roi-align-forward
region_row "RoIAlign, 1024 of 7x7x256 from 160x160, backward" "roi-align 1024 of 7x7 backward" roi-align-backward
region_row "NMS of 8000 boxes" "nms of 8000" nms
