#!/usr/bin/env bash
# Does each detector learn? Trains it on 16 photographs until it knows them by heart, and scores it on the same ones:
# AP50 must end above 0.9. A detector with a defect in its targets, losses or decoding stays well below.
#
#   launch/overfit.sh COCO_FOLDER [DETECTOR...]      default: all
#
# COCO_FOLDER has annotations/instances_train.json and images/train/. ALIGNDET_OVERFIT_WORK (work_dirs/overfit) holds runs.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"

if (($# == 0)) || [[ ! -r $1/annotations/instances_train.json ]]; then
    echo "overfit.sh: name a folder that has annotations/instances_train.json and images/train/" >&2
    exit 66
fi
data=$1
shift
detectors=("$@")
if ((${#detectors[@]} == 0)); then detectors=(retinanet fcos faster_rcnn mask_rcnn cascade_rcnn cascade_mask_rcnn detr); fi
work=${ALIGNDET_OVERFIT_WORK:-work_dirs/overfit}
program=$(swift build -c release --show-bin-path)/aligndet-mpi

# A small backbone that knows ImageNet; no augmentation.
common=(
    data.{train,val}.annotations="$data/annotations/instances_train.json" data.{train,val}.images="$data/images/train"
    data.{train,val}.first_images=16
    model.backbone.name=mobilenet_v2
    model.backbone.weights=builtin:weights/mobilenetv2_imagenet_backbone.safetensors
    pipeline.flip=0 schedule.unit=step run.keep=1
)
# The backbone's fine half and its statistics frozen.
pyramid=(
    model.backbone.frozen_stages=3 model.backbone.norm=affine model.neck.norm=none model.neck.channels=128
    'pipeline.resize.short_sides=[480]' pipeline.resize.long_side=640 pipeline.test.short_side=480
    pipeline.test.long_side=640
    optimizer.lr=0.01 optimizer.clip_norm=10
    schedule.length=800 'schedule.decay.at=[600]' schedule.warmup.steps=100
    batch.global=4 batch.micro=2 run.checkpoint_every=800 run.eval_every=800
)
dense=("${pyramid[@]}" model.head.channels=128)
# Anchors small enough for the smallest boxes, each of which claims its best one.
two_stage=(
    "${pyramid[@]}" model.anchors.base_scale=4 model.rpn.assigner.min_positive=0
    model.rpn.channels=128 model.head.stacked_convs=0 model.head.layers=2 model.head.width=512 model.sampler.count=128
)
# A transformer learns boxes by heart from coarse maps as well, but takes longer.
queries=(
    model.backbone.frozen_stages=7 model.backbone.norm=frozen
    'pipeline.resize.short_sides=[160]' pipeline.resize.long_side=214 pipeline.test.short_side=160
    pipeline.test.long_side=214
    model.head.channels=128 model.head.feed_forward=256 model.head.encoder_layers=2 model.head.decoder_layers=3
    model.head.queries=50 model.head.dropout=0
    optimizer.lr=0.0005 'optimizer.rules=[]' schedule.length=3600 'schedule.decay.at=[2800]'
    batch.global=16 batch.micro=8 run.checkpoint_every=3600 run.eval_every=3600
)

for detector in "${detectors[@]}"; do
    recipe=configs/supervised/${detector}_r50_1x_coco.yaml
    options=("${common[@]}")
    case $detector in
        retinanet) options+=("${dense[@]}" model.anchors.base_scale=2) ;;
        fcos) options+=("${dense[@]}") ;;
        faster_rcnn | cascade_rcnn) options+=("${two_stage[@]}") ;;
        mask_rcnn | cascade_mask_rcnn) options+=("${two_stage[@]}" model.mask.channels=128) ;;
        detr)
            recipe=configs/supervised/detr_r50_50e_coco.yaml
            options+=("${queries[@]}")
            ;;
        *)
            echo "overfit.sh: no detector $detector" >&2
            exit 64
            ;;
    esac
    aligndet_mpirun 2 "$program" finetune "$recipe" --work-dir "$work/$detector" --cfg-options "${options[@]}"
    echo "$detector: $(grep -o '"AP50":[0-9.]*' "$work/$detector/metrics.jsonl" | tail -1)"
done
