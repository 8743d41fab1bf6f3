#!/usr/bin/env bash
# Feeds changed files to the readers under AddressSanitizer with libFuzzer, both of which the Swift toolchain has.
#
#   launch/fuzz.sh [READER...]        jpeg, json, rle, proposals and xml (VOC's); default all
#
# ALIGNDET_FUZZ_SECONDS (600) for each reader. Corpora grow in .build/fuzz/READER; a file that breaks a reader is left in
# .build/fuzz/READER-crash-*, and the status is 1. Needs a release build for the modules that DetectionData imports.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
seconds=${ALIGNDET_FUZZ_SECONDS:-600}
readers=("$@")
if ((${#readers[@]} == 0)); then readers=(jpeg json rle proposals xml); fi

if [[ -z ${ALIGNDET_SKIP_BUILD:-} ]]; then swift build -c release --product aligndet-mpi >&2; fi
products=$(swift build -c release --show-bin-path)
work=.build/fuzz
mkdir -p "$work"

# DetectionData is compiled anew, instrumented; what it imports is linked as built.
clang=$(dirname "$(readlink -f "$(command -v swiftc)")")/clang
objects=()
shims=()
for shim in CJPEG CPNG; do
    "$clang" -O1 -g -fsanitize=address,fuzzer-no-link -fPIC -I "Sources/$shim/include" \
        -c "Sources/$shim/$shim.c" -o "$work/$shim.o"
    objects+=("$work/$shim.o")
    shims+=(-Xcc "-ISources/$shim/include" -Xcc "-fmodule-map-file=$products/$shim.build/module.modulemap")
done
for module in Randomness HeapModule InternalCollectionsUtilities; do
    objects+=("$products/$module.build/"*.o)
done
mapfile -t sources < <(find Sources/DetectionData -name '*.swift' | sort)
package=$(basename "$PWD" | tr '[:upper:]' '[:lower:]')
swiftc -O -g -sanitize=address,fuzzer -parse-as-library -wmo -swift-version 6 -module-name DetectionData \
    -package-name "$package" -enable-upcoming-feature ExistentialAny \
    -enable-upcoming-feature InternalImportsByDefault -I "$products/Modules" "${shims[@]}" \
    -emit-module -emit-module-path "$work/DetectionData.swiftmodule" \
    "${sources[@]}" launch/fuzz/FuzzTarget.swift "${objects[@]}" -ljpeg -lpng -o "$work/fuzz"

seed() { # READER: files to begin with
    local golden=Tests/TestSupport/Golden
    case $1 in
    jpeg) find "$golden/images/awkward_jpegs" -maxdepth 1 -name '*.jpg' -size -16k -exec cp -t "$work/jpeg" {} + ;;
    json | proposals)
        cp launch/fuzz/*.json "$work/$1/"
        ;;
    xml)
        printf '<?xml version="1.0"?><!-- c --><annotation a="1 > 0"><size><width>5</width></size><x/>&amp;&#x41;<![CDATA[<]]></annotation>' \
            >"$work/xml/voc"
        ;;
    rle)
        printf '\004\003\00004111' >"$work/rle/text"
        printf '\144\120\001`2WaoP1O10001N2' >"$work/rle/long"
        printf '\050\050\000\000\002\000\002\000\010\000\002\000\010\000\010\000\002\000\010' >"$work/rle/polygon"
        ;;
    *)
        echo "fuzz.sh: there is no reader '$1'" >&2
        exit 64
        ;;
    esac
}

status=0
for reader in "${readers[@]}"; do
    mkdir -p "$work/$reader"
    seed "$reader"
    log=$work/$reader.log
    outcome=0
    ALIGNDET_FUZZ=$reader ASAN_OPTIONS=detect_leaks=0 "$work/fuzz" "$work/$reader" -max_total_time="$seconds" \
        -timeout=20 -rss_limit_mb=2048 -max_len=16384 -artifact_prefix="$work/$reader-" -print_final_stats=1 \
        >"$log" 2>&1 || outcome=$?
    runs=$(awk '/number_of_executed_units/ {print $2}' "$log")
    if ((outcome == 0)); then
        echo "$reader: ${runs:-0} inputs in $seconds s, nothing found"
    else
        status=1
        echo "$reader: FOUND something after ${runs:-some} inputs; see $log"
    fi
done
exit "$status"
