#!/usr/bin/env bash
# Installs what is missing, builds, and runs all tests: units in one process, then ranks under mpirun at 1, 2 and 4, a job
# of a real SLURM that is stopped and requeued, and a run on two hosts of which one is cut off.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
"$folder/install.sh"
# Threads and launch variables also for the tests that start the program themselves.
source "$folder/env.sh"

options=(-c release -Xswiftc -enable-testing)
swift build --build-tests "${options[@]}"
# One suite after the other: each test thread would grow a thread team of its own.
swift test --skip-build "${options[@]}" --no-parallel --skip '^RankTests\.'
ALIGNDET_SKIP_BUILD=1 "$folder/test-ranks.sh"
"$folder/test-slurm.sh"
"$folder/test-elastic.sh"
