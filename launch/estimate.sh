#!/usr/bin/env bash
# estimate on every recipe: a table of hours, memory and the time of a micro-batch.
#
#   launch/estimate.sh [--small] [RECIPE ...]
#
# --small times pictures of 128 pixels in micro-batches of one: minutes for all recipes, to see that each runs.
set -euo pipefail
cd "$(dirname "$0")/.."
source launch/env.sh

program=.build/release/aligndet-mpi
small=()
if [[ ${1:-} == --small ]]; then
    shift
    small=(batch.micro=1)
fi
recipes=("$@")
if [[ ${#recipes[@]} == 0 ]]; then
    recipes=(configs/{pretrain,finetune,supervised,direct}/*.yaml)
fi

failed=0
printf '%-58s %10s %12s %10s\n' recipe micro-batch run memory
for recipe in "${recipes[@]}"; do
    size=()
    if [[ ${#small[@]} -gt 0 ]]; then
        if grep -q 'datasets/coco_\(direct\|lsj\)' "$recipe"; then
            size=(pipeline.crop=128)
        else
            size=('pipeline.resize.short_sides=[128]')
        fi
    fi
    options=("${small[@]}" "${size[@]}")
    [[ ${#options[@]} == 0 ]] || options=(--cfg-options "${options[@]}")
    if ! out=$("$program" estimate "$recipe" --images 117266 "${options[@]}" 2>&1); then
        printf '%-58s failed: %s\n' "${recipe#configs/}" "$(tail -n 1 <<<"$out")"
        failed=1
        continue
    fi
    field() { sed -n "s/^$1 *//p" <<<"$out"; }
    printf '%-58s %10s %12s %10s\n' "${recipe#configs/}" "$(field micro-batch | sed 's/ on .*//')" \
        "$(field run | sed 's/.*: //')" "$(field memory | sed 's/ a rank.*//')"
done
exit $failed
