#!/usr/bin/env bash
# DETR for 50 epochs as AlignDet measures it: with its pre-training, and from ImageNet weights alone. 16 photographs a step
# on 8 ranks, two each.
#
#   launch/detr-50-epochs.sh [with|without|both] [WORK_FOLDER]       default: both, work_dirs/detr
#
# COCO under data/coco. Goes on where it was interrupted. ALIGNDET_RANKS (8), ALIGNDET_HOSTFILE.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"

which=${1:-both}
work=${2:-work_dirs/detr}
ranks=${ALIGNDET_RANKS:-8}
recipe=configs/supervised/detr_r50_50e_coco.yaml
case $which in
    with | without | both) ;;
    *)
        echo "detr-50-epochs.sh: with, without or both, not $which" >&2
        exit 64
        ;;
esac
program=$(swift build -c release --show-bin-path)/aligndet-mpi

if [[ $which != without ]]; then
    aligndet_mpirun "$ranks" "$program" pretrain configs/pretrain/aligndet_detr_r50_50e_coco.yaml \
        --work-dir "$work/pretrain" --resume auto
    start=(--load-from "$work/pretrain/$(cat "$work/pretrain/last_checkpoint")")
    if [[ -e $work/with/last_checkpoint ]]; then start=(--resume auto); fi
    aligndet_mpirun "$ranks" "$program" finetune "$recipe" --work-dir "$work/with" "${start[@]}"
fi
if [[ $which != with ]]; then
    aligndet_mpirun "$ranks" "$program" finetune "$recipe" --work-dir "$work/without" --resume auto
fi
