#!/bin/bash
# tests.sh SWIFT-TEST-OPTIONS...: three runs one after the other, because a test that takes the processors for seconds
# keeps those beside it from their turn, and time limits pass that are the product's.
set -euo pipefail
COMPUTING='LegalClockTests\.|SimulatorTests\.|FuzzTests\.|OneStopServiceTests\.(SequenceTests|SimulationTests)'
# Those that start whole copies of the system.
COPIES='JourneyTests\.JourneyTests/|ChaosTests\.RunTests/'
run() { swift test "$@" "${OPTIONS[@]}"; }
OPTIONS=("$@")
run --filter "$COMPUTING"
# As many at once as two cores serve in time.
run --skip "$COMPUTING|$COPIES" --experimental-maximum-parallelization-width 8
run --filter "$COPIES" --experimental-maximum-parallelization-width 1
