#!/bin/bash
# Runs a command with a PostgreSQL and a RabbitMQ of its own (run folder .run/test, ports 40 above the base's),
# told to it by LIENTHONG_TEST_*; both are stopped at its end, also when it fails or is interrupted.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$HERE/common.sh"
export LIENTHONG_RUN_DIR=$RUN/test LIENTHONG_PORT_BASE=$((PORT_BASE + 40)) LIENTHONG_SERVERS=test
make_run_folder

command_group=
finish() {
    local code=$?
    trap '' INT TERM HUP
    if [[ -n $command_group ]]; then
        kill -s TERM -- "-$command_group" 2>/dev/null || true
        for _ in {1..50}; do kill -s 0 -- "-$command_group" 2>/dev/null || break; sleep 0.1; done
        kill -s KILL -- "-$command_group" 2>/dev/null || true
    fi
    "$HERE/servers.sh" stop || code=1
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$HERE/servers.sh" start
environment=$("$HERE/test-environment.sh")
set -a
eval "$environment"
set +a
set -m # a process group of its own, so that an interrupted command takes its children along
"$@" </dev/null &
command_group=$!
set +m
code=0
wait "$command_group" || code=$?
command_group=
exit "$code"
