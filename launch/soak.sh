#!/usr/bin/env bash
# The long forms of the tests that kill, starve and damage: half an hour or so on two cores. Their short forms are part of
# launch/test.sh. Everything in them is real: signals, file systems, SLURM, hosts cut off a network.
#
#   launch/soak.sh [ROUNDS]        default: 1
#
# 20 kills of a random rank while it steps, saves or scores; a disk that fills up; every call on the way to disk failing;
# a large checkpoint cut at every 512 bytes and with 1000 bits flipped; the numbers of ranks 1, 2, 3, 4 and 8 against each
# other; SLURM with mpirun and srun; a host that is cut off.
set -euo pipefail

folder=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$folder/.."
source "$folder/env.sh"
rounds=${1:-1}
options=(-c release -Xswiftc -enable-testing)

if [[ -z ${ALIGNDET_SKIP_BUILD:-} ]]; then swift build --build-tests "${options[@]}"; fi
for ((round = 1; round <= rounds; round++)); do
    echo "== soak, round $round of $rounds"
    ALIGNDET_SOAK=1 swift test --skip-build "${options[@]}" --no-parallel \
        --filter 'SurvivalTests|SilenceTests|ElasticityTests|ResumeTests|FailingDiskTests|CheckpointReaderTests'
    "$folder/test-slurm.sh" mpirun srun
    "$folder/test-elastic.sh"
done
