#!/usr/bin/env bash
# AlignDet's pre-training and fine-tuning on all hosts of a file: the same 16 photographs a step, shared by as many ranks as
# there are slots (8 at most, for micro-batches of two).
#
#   launch/aligndet-hosts.sh HOSTFILE [DETECTOR] [WORK_FOLDER]
#
# Hosts that fail are left out at the next start: launch/elastic.sh does that by itself.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if (($# == 0)) || [[ ! -r $1 ]]; then
    echo "usage: launch/aligndet-hosts.sh HOSTFILE [DETECTOR] [WORK_FOLDER]" >&2
    exit 66
fi
ALIGNDET_HOSTFILE=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
export ALIGNDET_HOSTFILE
slots=$(awk '!/^[[:space:]]*(#|$)/ {
    n = match($0, /slots[[:space:]]*=[[:space:]]*[0-9]+/) ? substr($0, RSTART, RLENGTH) : 1
    sub(/.*=/, "", n); sum += n} END {print sum + 0}' "$ALIGNDET_HOSTFILE")
shift
ALIGNDET_RANKS=$((slots < 8 ? slots : 8)) exec "$folder/aligndet-8-ranks.sh" "$@"
