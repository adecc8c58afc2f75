#!/bin/bash
# chaos.sh: the fault harness on a copy of its own (.run/chaos, ports + 500), whose servers it starts and stops; what
# an earlier run left there is gone on with. CHAOS_KILLS, CHAOS_SECONDS, CHAOS_SEED, CHAOS_FAULTS: see proof.md.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$HERE/common.sh"
make_run_folder
exec 7>"$RUN/chaos.lock"
flock -n 7 || die "another chaos run works in $RUN: wait for it or choose another LIENTHONG_RUN_DIR"
# Integrators read their queues with a client that is not ours.
LIENTHONG_TEST_PYTHON=${LIENTHONG_TEST_PYTHON:-$("$HERE/python.sh" 7>&-)/bin/python3}
LIENTHONG_RUN_DIR=$RUN/chaos
LIENTHONG_PORT_BASE=$((PORT_BASE + 500))
export LIENTHONG_RUN_DIR LIENTHONG_PORT_BASE LIENTHONG_TEST_PYTHON

harness=
finish() {
    local code=$?
    trap '' INT TERM HUP
    if [[ -n $harness ]]; then
        kill -s KILL "$harness" 2>/dev/null || true # it cleans nothing up that is not cleaned up here
    fi
    # The broker as often before: when it is asked to stop right after many kills it may take more than a minute.
    "$HERE/servers.sh" kill rabbitmq 7>&- >&2 || true
    { "$HERE/services.sh" stop && "$HERE/servers.sh" stop; } 7>&- >&2 || code=1
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$HERE/services.sh" stop 7>&- >&2
"$HERE/servers.sh" start 7>&- >&2
"$HERE/provision.sh" 7>&-
"$HERE/with-environment.sh" operator "${CHAOS_PROGRAMS:-$ROOT/.build/debug}/Chaos" </dev/null 7>&- &
harness=$!
code=0
wait "$harness" || code=$?
harness=
exit "$code"
