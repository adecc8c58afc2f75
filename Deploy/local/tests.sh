#!/bin/bash
# tests.sh SWIFT-TEST-OPTIONS...: first every test that shares the two servers, then, one at a time, those that start
# whole copies of the system: beside one of these no other test would get its turn within its time limit.
set -euo pipefail
COPIES='JourneyTests\.JourneyTests/|ChaosTests\.RunTests/'
# So many at once that two cores serve each of them in time.
swift test --skip "$COPIES" --experimental-maximum-parallelization-width 12 "$@"
swift test --filter "$COPIES" --experimental-maximum-parallelization-width 1 "$@"
