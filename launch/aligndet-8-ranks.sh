#!/usr/bin/env bash
# AlignDet as published: box-domain pre-training with 16 photographs a step on 8 ranks, two each, then the fine-tuning.
#
#   launch/aligndet-8-ranks.sh [retinanet|fcos|faster_rcnn|mask_rcnn] [WORK_FOLDER]     default: retinanet, work_dirs/aligndet
#
# COCO under data/coco as configs/_base_/datasets says. Goes on where it was interrupted. ALIGNDET_HOSTFILE spreads the 8
# ranks over hosts; launch/aligndet-hosts.sh takes as many ranks as there are slots.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"

detector=${1:-retinanet}
work=${2:-work_dirs/aligndet}
ranks=${ALIGNDET_RANKS:-8}
# Faster and Mask R-CNN share one pre-training.
pretraining=${detector/mask_rcnn/faster_rcnn}
recipe=configs/pretrain/aligndet_${pretraining}_r50_1x_coco.yaml
finetuning=configs/finetune/${detector}_r50_1x_coco.yaml
for file in "$recipe" "$finetuning"; do
    if [[ ! -r $file ]]; then
        echo "aligndet-8-ranks.sh: no recipe $file" >&2
        exit 66
    fi
done
program=$(swift build -c release --show-bin-path)/aligndet-mpi

aligndet_mpirun "$ranks" "$program" pretrain "$recipe" --work-dir "$work/$pretraining/pretrain" --resume auto
# --load-from begins a run, --resume auto goes on with one.
start=(--load-from "$work/$pretraining/pretrain/$(cat "$work/$pretraining/pretrain/last_checkpoint")")
if [[ -e $work/$detector/finetune/last_checkpoint ]]; then start=(--resume auto); fi
aligndet_mpirun "$ranks" "$program" finetune "$finetuning" --work-dir "$work/$detector/finetune" "${start[@]}"
