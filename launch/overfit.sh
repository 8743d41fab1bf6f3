#!/usr/bin/env bash
# Does each detector learn? Its whole way on two ranks: AlignDet's pre-training on 16 photographs, then fine-tuning until it
# knows them by heart, scored on the same ones: AP50 must end above 0.9. A detector with a defect in its targets, losses or
# decoding stays well below. Ends with 1 where one does.
#
#   launch/overfit.sh COCO_FOLDER [DETECTOR...]      default: all
#
# COCO_FOLDER has annotations/instances_train.json and images/train/. ALIGNDET_OVERFIT_WORK (work_dirs/overfit) holds runs;
# ALIGNDET_PROGRAM is the program, default as built.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"
source "$folder/figures.sh"

if (($# == 0)) || [[ ! -r $1/annotations/instances_train.json ]]; then
    echo "overfit.sh: name a folder that has annotations/instances_train.json and images/train/" >&2
    exit 66
fi
data=$1
shift
detectors=("$@")
if ((${#detectors[@]} == 0)); then detectors=(retinanet fcos faster_rcnn mask_rcnn cascade_rcnn cascade_mask_rcnn detr); fi
work=${ALIGNDET_OVERFIT_WORK:-work_dirs/overfit}
program=${ALIGNDET_PROGRAM:-$(swift build -c release --show-bin-path)/aligndet-mpi}

# A small backbone that knows ImageNet, and 16 photographs.
train=(
    data.train.annotations="$data/annotations/instances_train.json" data.train.images="$data/images/train"
    data.train.first_images=16
    model.backbone.name=mobilenet_v2
    model.backbone.weights=builtin:weights/mobilenetv2_imagenet_backbone.safetensors
    schedule.unit=step run.keep=1 run.loader_threads=1
)
validation=(
    data.val.annotations="$data/annotations/instances_train.json" data.val.images="$data/images/train"
    data.val.first_images=16
)
# Pictures whose short side has so many pixels: sized SHORT.
sized() { echo "pipeline.resize.short_sides=[$1]" pipeline.resize.long_side=$(($1 * 4 / 3)); }
# scheduled STEPS
scheduled() {
    echo schedule.length="$1" "schedule.decay.at=[$(($1 * 4 / 5))]" run.checkpoint_every="$1"
}
# Fine-tuning and its test: tuned SHORT STEPS
tuned() {
    echo $(sized "$1") pipeline.test.short_side="$1" pipeline.test.long_side=$(($1 * 4 / 3)) $(scheduled "$2") run.eval_every="$2"
}
adamw() { # RATE
    echo "optimizer={name: adamw, lr: $1, betas: [0.9, 0.999], eps: 1.0e-8, weight_decay: 0.0001, clip_norm: 1, rules: []}"
}

# What both trainings build.
pyramid=(model.neck.norm=none model.neck.channels=128 model.head.channels=128 schedule.warmup.steps=20)
towers=("${pyramid[@]}" model.head.stacked_convs=2)
# Anchors small enough for the smallest boxes, each of which claims its best one.
regions=(
    "${pyramid[@]}" model.anchors.base_scale=4 model.rpn.assigner.min_positive=0 model.rpn.channels=128
    model.head.stacked_convs=0 model.head.layers=2 model.head.width=512 model.sampler.count=128
)
queries=(
    model.head.channels=128 model.head.feed_forward=256 model.head.encoder_layers=2 model.head.decoder_layers=3
    model.head.queries=50 model.head.dropout=0 'optimizer.rules=[]'
)

pretraining_steps=40
# shellcheck disable=SC2207  # no word has blanks or stars
pretraining=(
    "${train[@]}" data.train.proposals=selective_search model.backbone.frozen_stages=7 model.backbone.norm=frozen
    batch.global=4 batch.micro=2 $(sized 160) $(scheduled $pretraining_steps)
)
# No augmentation. Of the backbone the fine half and the statistics are frozen. Photographs come one by one: beside others
# they are padded, and what knows them by heart like that may not know them alone.
maps=(
    "${train[@]}" "${validation[@]}" pipeline.flip=0 model.backbone.frozen_stages=3 model.backbone.norm=affine
    batch.global=4 batch.micro=1
)
# Dense detectors' maps begin at an eighth of the resolution, and the smallest boxes are a hundredth of a photograph wide.
# shellcheck disable=SC2207
dense=("${maps[@]}" "$(adamw 0.0003)" $(tuned 432 800))
# shellcheck disable=SC2207
two_stage=("${maps[@]}" "$(adamw 0.001)" $(tuned 320 600))
# A transformer learns boxes by heart from coarse maps as well, but takes longer.
# shellcheck disable=SC2207
transformer=(
    "${train[@]}" "${validation[@]}" pipeline.flip=0 model.backbone.frozen_stages=7 model.backbone.norm=frozen
    $(tuned 160 3600) optimizer.lr=0.0005 batch.global=16 batch.micro=8
)

# One pre-training serves a detector with and without masks: pretrain DETECTOR SCHEDULE OVERRIDES...
pretrain() {
    local run=$work/pretrain_$1 recipe=configs/pretrain/aligndet_$1_r50_$2_coco.yaml
    shift 2
    start=$run/step_$pretraining_steps.safetensors.zst
    if [[ -e $start ]]; then return; fi
    aligndet_mpirun 2 "$program" pretrain "$recipe" --work-dir "$run" --cfg-options "${pretraining[@]}" "$@"
}

below=()
for detector in "${detectors[@]}"; do
    recipe=configs/finetune/${detector}_r50_1x_coco.yaml
    case $detector in
        retinanet)
            shape=("${towers[@]}" model.anchors.base_scale=2)
            pretrain retinanet 1x "${shape[@]}"
            options=("${dense[@]}")
            ;;
        fcos)
            shape=("${towers[@]}")
            pretrain fcos 1x "${shape[@]}"
            options=("${dense[@]}")
            ;;
        faster_rcnn | mask_rcnn | cascade_rcnn | cascade_mask_rcnn)
            shape=("${regions[@]}")
            pretrain "$([[ $detector == cascade* ]] && echo cascade_rcnn || echo faster_rcnn)" 1x "${shape[@]}"
            if [[ $detector == *mask* ]]; then shape+=(model.mask.channels=128); fi
            options=("${two_stage[@]}")
            ;;
        detr)
            recipe=configs/supervised/detr_r50_50e_coco.yaml
            shape=("${queries[@]}")
            pretrain detr 50e "${shape[@]}"
            options=("${transformer[@]}")
            ;;
        *)
            echo "overfit.sh: no detector $detector" >&2
            exit 64
            ;;
    esac
    aligndet_mpirun 2 "$program" finetune "$recipe" --load-from "$start" --amp auto --work-dir "$work/$detector" \
        --cfg-options "${options[@]}" "${shape[@]}"
    score=$(field AP50 <"$work/$detector/metrics.jsonl" | tail -1)
    echo "$detector: AP50 $score"
    if ! awk -v score="$score" 'BEGIN {exit !(score > 0.9)}'; then below+=("$detector"); fi
done
if ((${#below[@]})); then
    echo "overfit.sh: not above 0.9: ${below[*]}" >&2
    exit 1
fi
