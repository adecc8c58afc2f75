#!/bin/bash
# with-servers.sh test|bench COMMAND...: runs it with a fresh PostgreSQL and RabbitMQ of its own (.run/test, ports + 40;
# .run/bench, ports + 70), told to it by LIENTHONG_TEST_*; stops both at its end, also when it fails or is interrupted.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$HERE/common.sh"
purpose=$1
shift
case $purpose in
    test) LIENTHONG_SERVERS=test offset=40 ;;
    bench) LIENTHONG_SERVERS=durable offset=70 ;;
    *) die "usage: with-servers.sh test|bench COMMAND..." ;;
esac
make_run_folder
exec 7>"$RUN/$purpose.lock"
flock -n 7 || die "another $purpose run works in $RUN: wait for it or choose another LIENTHONG_RUN_DIR"
LIENTHONG_TEST_PYTHON=$("$HERE/python.sh" 7>&-)/bin/python3
LIENTHONG_RUN_DIR=$RUN/$purpose
LIENTHONG_PORT_BASE=$((PORT_BASE + offset))
export LIENTHONG_SERVERS LIENTHONG_TEST_PYTHON LIENTHONG_RUN_DIR LIENTHONG_PORT_BASE

command_group=
finish() {
    local code=$?
    trap '' INT TERM HUP
    if [[ -n $command_group ]]; then
        kill -s TERM -- "-$command_group" 2>/dev/null || true
        for _ in {1..50}; do kill -s 0 -- "-$command_group" 2>/dev/null || break; sleep 0.1; done
        kill -s KILL -- "-$command_group" 2>/dev/null || true
    fi
    { "$HERE/services.sh" stop && "$HERE/servers.sh" stop; } 7>&- || code=1
    local inner folder=$LIENTHONG_RUN_DIR
    unset LIENTHONG_PORT_BASE
    for inner in journeys chaos; do # copies of their own, when their tests were interrupted
        [[ -d $folder/$inner ]] || continue
        LIENTHONG_RUN_DIR=$folder/$inner
        { "$HERE/services.sh" stop && "$HERE/servers.sh" stop; } 7>&- || code=1
    done
    exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

"$HERE/services.sh" stop 7>&-
"$HERE/servers.sh" clean 7>&-
"$HERE/servers.sh" start 7>&-
if [[ $purpose == bench ]]; then "$HERE/provision.sh" 7>&-; fi
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
