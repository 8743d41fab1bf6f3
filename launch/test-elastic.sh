#!/usr/bin/env bash
# A host is cut off in the middle of a run on two hosts (network namespaces); launch/elastic.sh ends the run on the other.
# Skipped with a line where namespaces cannot be made.
#
# ALIGNDET_PROGRAM: the program, default as built.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"

if [[ ${1:-} != inside ]]; then
    export ALIGNDET_PROGRAM=${ALIGNDET_PROGRAM:-$(swift build -c release --show-bin-path)/aligndet-mpi}
    ALIGNDET_TEST_WORK=$(mktemp -d)
    export ALIGNDET_TEST_WORK
    trap 'rm -rf "$ALIGNDET_TEST_WORK"' EXIT
    if [[ ! -x $folder/hosts.sh ]]; then
        echo "elastic test: SKIPPED: launch/hosts.sh is not there"
        exit 0
    fi
    status=0
    "$folder/hosts.sh" 2 "$folder/test-elastic.sh" inside || status=$?
    if ((status == 69)); then
        echo "elastic test: SKIPPED: no network namespaces here"
        exit 0
    fi
    exit "$status"
fi

work=$ALIGNDET_TEST_WORK
photographs=$(dirname "$ALIGNDET_PROGRAM")/aligndet-mpi_AlignDetCLI.resources/BuiltIn/bccd
export OMP_NUM_THREADS=1
"$ALIGNDET_PROGRAM" proposals "$photographs/annotations/instances_train.json" --images "$photographs/images/train" \
    --out "$work/proposals.json" --short-side 96 --top-k 20 >/dev/null 2>&1
printf 'node01 slots=1\nnode02 slots=1\n' >"$work/hosts"
options=(
    pretrain builtin:quick/pretrain.yaml --deadline 5 --deterministic
    --cfg-options data.train.first_images=32 "data.train.proposals=$work/proposals.json"
    'pipeline.resize.short_sides=[96]' pipeline.resize.long_side=160 model.neck.channels=16 model.head.channels=16
    model.head.embedding=16 model.head.projection_hidden=16 schedule.length=120 run.checkpoint_every=10
)
"$ALIGNDET_PROGRAM" "${options[@]}" --work-dir "$work/whole" >"$work/whole.log" 2>&1
begun=$SECONDS
ALIGNDET_HOSTFILE=$work/hosts ALIGNDET_PROBE="$folder/test-elastic-probe.sh" \
    "$folder/elastic.sh" --back-off 1 --min-np 1 "$ALIGNDET_PROGRAM" "${options[@]}" --work-dir "$work/run" \
    >"$work/log" 2>&1 &
elastic=$!
for _ in {1..1200}; do
    if [[ -e $work/run/step_20.safetensors.zst ]]; then break; fi
    sleep 0.05
done
"$folder/hosts.sh" cut node02
status=0
wait "$elastic" || status=$?
if ((status != 0)) || ! grep -q 'node02 does not answer' "$work/log" || ! grep -q '^elastic.sh: 1 ranks, from step_' "$work/log"; then
    echo "elastic test: FAILED with status $status"
    tail -40 "$work/log"
    exit 1
fi
if ! "$ALIGNDET_PROGRAM" ckpt diff "$work/whole/step_120.safetensors.zst" "$work/run/step_120.safetensors.zst" >"$work/diff"; then
    echo "elastic test: FAILED: the weights are not those of a run that nobody disturbed; $(tail -1 "$work/diff")"
    exit 1
fi
echo "elastic test: a host was cut off, the other ended the run; $(tail -1 "$work/diff"); $((SECONDS - begun)) s"
