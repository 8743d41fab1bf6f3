#!/usr/bin/env bash
# Writes a COCO file of about 1 GB with one wrong byte and checks that the program says where it is.
#
#   launch/wrong-byte.sh [MEGABYTES]        default 1000; the file goes to TMPDIR and is removed
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
megabytes=${1:-1000}
if [[ -z ${ALIGNDET_SKIP_BUILD:-} ]]; then swift build -c release --product aligndet-mpi >&2; fi
program=$(swift build -c release --show-bin-path)/aligndet-mpi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
file=$work/proposals.json
# 128 bytes a line, so that places are known.
awk -v lines=$((megabytes * 1000000 / 128)) 'BEGIN {
    head = "{\"images\":[{\"id\":1,\"file_name\":\"a.jpg\",\"width\":640,\"height\":480}],\"categories\":[{\"id\":1,\"name\":\"c\"}],\"annotations\":["
    printf "%-127s\n", head
    for (i = 1; i <= lines; i++)
        printf "%-127s\n", sprintf("{\"id\":%d,\"image_id\":1,\"category_id\":1,\"bbox\":[1,2,30,40],\"area\":1200,\"iscrowd\":0}%s",
            i, i < lines ? "," : "]}")
}' >"$file"
line=$((megabytes * 1000000 / 128 * 2 / 3))
# The colon behind "id" becomes a semicolon.
place=$(((line - 1) * 128 + 5))
printf ';' | dd of="$file" bs=1 seek="$place" conv=notrunc status=none

outcome=0
start=$SECONDS
"$program" proposals check "$file" Sources/AlignDetCLI/BuiltIn/bccd/images/val >"$work/output" 2>&1 || outcome=$?
cat "$work/output"
if ((outcome == 65)) && grep -q "at byte $place, line $line" "$work/output"; then
    echo "$(stat -c %s "$file") bytes: the wrong one is named after $((SECONDS - start)) s"
else
    echo "wrong-byte.sh: status $outcome, and no 'at byte $place, line $line'" >&2
    exit 1
fi
