#!/usr/bin/env bash
# The main job in minutes, on the built-in photographs: pre-train a small detector without labels, fine-tune it on 29
# labelled photographs, train the same detector on those alone, score both, and draw what they find.
#
#   ./launch/quickstart.sh [WORK_FOLDER]       default: work_dirs/quickstart
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
"$folder/install.sh"
source "$folder/env.sh"

work=${1:-work_dirs/quickstart}
mkdir -p "$work"

echo "== building (the first time takes a few minutes)"
swift build -c release --product aligndet-mpi
program=$(swift build -c release --show-bin-path)/aligndet-mpi
start=$SECONDS

echo "== pre-training on 292 photographs without labels (mpirun -np 2 aligndet-mpi pretrain)"
aligndet_mpirun 2 "$program" pretrain --work-dir "$work/pretrain" --resume auto
pretrained=$work/pretrain/$(cat "$work/pretrain/last_checkpoint")

echo "== fine-tuning on 29 labelled photographs, with pre-training"
aligndet_mpirun 2 "$program" finetune builtin:quick/finetune.yaml --load-from "$pretrained" --keep-heads \
    --work-dir "$work/with_pretraining"

echo "== the same without pre-training"
aligndet_mpirun 2 "$program" finetune builtin:quick/scratch.yaml --work-dir "$work/without_pretraining"

echo
"$program" plot "$work/with_pretraining" "$work/without_pretraining" --out "$work/curves.svg" --table
"$program" plot "$work/pretrain" --out "$work/pretraining_curves.svg"

photographs=(Sources/AlignDetCLI/BuiltIn/bccd/images/val/*.jpg)
for run in with without; do
    checkpoint=$work/${run}_pretraining/$(cat "$work/${run}_pretraining/last_checkpoint")
    "$program" detect "$checkpoint" "${photographs[@]:0:4}" --out "$work/drawn_$run" >/dev/null
done

echo
echo "curves       $work/curves.svg, $work/pretraining_curves.svg"
echo "detections   $work/drawn_with/, $work/drawn_without/"
echo "checkpoints  $pretrained"
echo "             $work/with_pretraining/$(cat "$work/with_pretraining/last_checkpoint")"
echo "time         $(((SECONDS - start) / 60)) min $(((SECONDS - start) % 60)) s after the build"
