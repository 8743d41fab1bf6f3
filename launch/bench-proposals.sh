#!/usr/bin/env bash
# Times the fast selective search beside OpenCV contrib's on one core each and compares their recall with the first 1000
# proposals, for every data set given; prints a Markdown table.
#
#   launch/bench-proposals.sh PYTHON DATA...
#
# PYTHON has opencv-contrib-python-headless and numpy. DATA holds annotations/instances_val.json and images/val.
# ALIGNDET_BENCH_IMAGES: at most so many photographs of each; default all.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"

if (($# < 2)); then
    echo "usage: launch/bench-proposals.sh PYTHON DATA..." >&2
    exit 64
fi
python=$1
shift
if ! "$python" -c 'import cv2; cv2.ximgproc.segmentation' 2>/dev/null; then
    echo "bench-proposals.sh: $python cannot import cv2 with ximgproc" >&2
    exit 66
fi
if [[ -z ${ALIGNDET_SKIP_BUILD:-} ]]; then swift build -c release --product aligndet-mpi >&2; fi
program=$(swift build -c release --show-bin-path)/aligndet-mpi

echo "| photographs | ours, s | OpenCV, s | times faster | recall at 0.5, ours | OpenCV's | at 0.7, ours | OpenCV's |"
echo "|---|---|---|---|---|---|---|---|"
for data in "$@"; do
    "$python" "$folder/peer_opencv_proposals.py" "$program" "$(basename "$data")" \
        "$data/annotations/instances_val.json" "$data/images/val" ${ALIGNDET_BENCH_IMAGES:-}
done
