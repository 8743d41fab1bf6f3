#!/usr/bin/env bash
# The claim in small, over several seeds: what box-domain pre-training without labels adds to fine-tuning on few labels.
# Each seed: the quick pre-training, then the same detector with and without it on 29 labelled photographs (200 and 600
# steps) and on all 292 (300 steps). About half an hour a seed on two cores; goes on where it was interrupted.
#
#   launch/claim.sh [WORK_FOLDER] [SEED...]       default: work_dirs/claim 0 1 2
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"

work=${1:-work_dirs/claim}
shift || true
seeds=("$@")
if ((${#seeds[@]} == 0)); then seeds=(0 1 2); fi
program=$(swift build -c release --show-bin-path)/aligndet-mpi

few=(--cfg-options schedule.length=600 'schedule.decay.at=[450]' run.eval_every=200)
all=(--cfg-options data.train.first_images=none schedule.length=300 'schedule.decay.at=[225]' run.eval_every=300)

for seed in "${seeds[@]}"; do
    base=$work/seed_$seed
    mkdir -p "$base"
    begun=$SECONDS
    aligndet_mpirun 2 "$program" pretrain --seed "$seed" --work-dir "$base/pretrain" --resume auto
    echo "pre-training, seed $seed: $((SECONDS - begun)) s"
    pretrained=$base/pretrain/$(cat "$base/pretrain/last_checkpoint")
    for labels in few all; do
        options=("${few[@]}")
        if [[ $labels == all ]]; then options=("${all[@]}"); fi
        for start in with without; do
            run=$base/${labels}_$start
            if [[ -e $run/done ]]; then continue; fi
            recipe=builtin:quick/scratch.yaml
            from=()
            if [[ $start == with ]]; then
                recipe=builtin:quick/finetune.yaml
                from=(--load-from "$pretrained" --keep-heads)
            fi
            rm -rf "$run"
            aligndet_mpirun 2 "$program" finetune "$recipe" --seed "$seed" --work-dir "$run" "${from[@]}" "${options[@]}"
            touch "$run/done"
        done
        "$program" plot "$base/${labels}_with" "$base/${labels}_without" --out "$base/$labels.svg" --table
    done
done
