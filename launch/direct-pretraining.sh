#!/usr/bin/env bash
# Large batches at low resolution in place of an ImageNet backbone ("direct pre-training", Li et al. 2022): the whole
# detector learns from the data set's own boxes at 448 pixels from random weights, its norms measuring over 8 photographs, 64
# photographs a step at a constant rate; then the ordinary fine-tuning at 800 pixels starts from all of it.
#
#   launch/direct-pretraining.sh [WORK_FOLDER]       default: work_dirs/direct
#
# COCO under data/coco. 48 passes over the data: a recipe of configs/pretrain named direct_retinanet_* is taken where there
# is one, else this is the supervised recipe with what differs, without the random crops of the published form.
# Goes on where it was interrupted. ALIGNDET_RANKS (8), ALIGNDET_HOSTFILE.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"

work=${1:-work_dirs/direct}
ranks=${ALIGNDET_RANKS:-8}
program=$(swift build -c release --show-bin-path)/aligndet-mpi

recipes=(configs/pretrain/direct_retinanet_*.yaml)
if [[ -r ${recipes[0]} ]]; then
    verb=$("$program" print-config "${recipes[0]}" | sed -n 's/^task: //p')
    first=("$verb" "${recipes[0]}")
else
    # The rate grows with the batch: 0.01 at 16 photographs.
    first=(
        finetune configs/supervised/retinanet_r50_1x_coco.yaml --cfg-options
        'pipeline.resize.short_sides=[448]' pipeline.resize.long_side=448
        model.backbone.norm=batch model.backbone.frozen_stages=0 model.backbone.weights=none model.neck.norm=batch
        batch.global=64 batch.micro=8 optimizer.lr=0.04
        schedule.length=48 'schedule.decay.at=[]' run.checkpoint_every=1833 run.eval_every=21996
    )
fi
aligndet_mpirun "$ranks" "$program" "${first[@]:0:2}" --work-dir "$work/pretrain" --resume auto "${first[@]:2}"
start=(--load-from "$work/pretrain/$(cat "$work/pretrain/last_checkpoint")" --keep-heads)
if [[ -e $work/finetune/last_checkpoint ]]; then start=(--resume auto); fi
aligndet_mpirun "$ranks" "$program" finetune configs/finetune/retinanet_r50_1x_coco.yaml --work-dir "$work/finetune" \
    "${start[@]}"
