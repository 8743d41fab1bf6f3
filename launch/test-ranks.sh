#!/usr/bin/env bash
# Runs RankTests under a real mpirun at 1, 2 and 4 ranks, or at the counts given: launch/test-ranks.sh 2 8
# One line per count; status 1 if any of them failed. ALIGNDET_SKIP_BUILD=1 takes the tests as built last.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$folder/env.sh"
cd "$folder/.."

time_limit_seconds=300
counts=("$@")
if ((${#counts[@]} == 0)); then counts=(1 2 4); fi

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

if [[ -z ${ALIGNDET_SKIP_BUILD:-} ]]; then
    if ! swift build --build-tests -c release -Xswiftc -enable-testing >"$logs/build" 2>&1; then
        grep -E 'error|warning' "$logs/build" || tail -40 "$logs/build"
        echo "rank tests: the build failed"
        exit 1
    fi
fi

# The bundle is a program on Linux. It runs XCTest alone, on the main thread, where MPI wants to be called;
# only `swift test` would start the Swift Testing suites in it.
bundle=$(swift build -c release --show-bin-path)/aligndet-mpiPackageTests.xctest
mapfile -t tests < <("$bundle" --list-tests | grep '^RankTests\.' || true)
if ((${#tests[@]} == 0)); then
    echo "rank tests: none found in $bundle"
    exit 1
fi
selection=$(IFS=, && echo "${tests[*]}")

status=0
for count in "${counts[@]}"; do
    output=$logs/$count
    start=$SECONDS
    outcome=0
    ALIGNDET_MPIRUN_ARGS="--timeout $time_limit_seconds --output-filename $output:nocopy" \
        aligndet_mpirun "$count" "$bundle" "$selection" >"$output.mpirun" 2>&1 || outcome=$?
    # Every rank must say that it ran every test; a rank that ran none, or skipped one, has not passed.
    complete=$(cat "$output"/*/rank.*/stdout 2>/dev/null | grep -A1 "^Test Suite 'Selected tests' passed" |
        grep -c "Executed ${#tests[@]} tests, with 0 failures" || true)
    if ((outcome == 0 && complete == count)); then
        echo "rank tests, $count rank(s): passed, ${#tests[@]} tests on each rank, $((SECONDS - start)) s"
    else
        status=1
        echo "rank tests, $count rank(s): FAILED, mpirun returned $outcome," \
            "$complete of $count ranks passed ${#tests[@]} tests"
        grep -rhE 'error:|Fatal|skipped' "$output" | sort | uniq -c | cut -c 1-240 | head -20 || true
        tail -5 "$output.mpirun"
        for log in "$output"/*/rank.*/stdout; do
            if [[ -e $log ]]; then echo "$(basename "$(dirname "$log")") ended with: $(tail -1 "$log")"; fi
        done
    fi
done
exit "$status"
