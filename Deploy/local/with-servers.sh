#!/bin/bash
# with-servers.sh test|bench COMMAND...: runs it with a fresh PostgreSQL and RabbitMQ of its own (.run/test, ports + 40;
# .run/bench, ports + 70), told to it by LIENTHONG_TEST_*; stops both at its end, also when it fails or is interrupted.
# What the command says is kept in test.log or bench.log of the run folder, and when it fails the last lines say what
# failed: whoever sees only the end of a long output sees the reason.
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

log=$RUN/$purpose.log
say_what_failed() {
    echo "--- it failed with $1; from $log:"
    grep -aE -A7 '^(Thread .* crashed|💣)|Fatal error|crashed:$' "$log" | cut -c1-160 | head -24
    grep -aE -A1 '^✘|error:' "$log" | grep -aE '^(✘|↳)|error:' | cut -c1-220 | tail -12
}

command_group=
command_failed=
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
    for inner in journeys journeys-restored chaos; do # copies of their own, when their tests were interrupted
        [[ -d $folder/$inner ]] || continue
        LIENTHONG_RUN_DIR=$folder/$inner
        { "$HERE/services.sh" stop && "$HERE/servers.sh" stop; } 7>&- || code=1
    done
    if [[ -n $command_failed ]]; then say_what_failed "$code" || true; fi
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
# tee hears no signal: it ends with what it reads, after the command's last word.
"$@" </dev/null > >(trap '' INT TERM HUP && exec tee "$log" 7>&-) 2>&1 &
command_group=$!
set +m
code=0
wait "$command_group" || code=$?
command_group=
if ((code != 0)); then command_failed=yes; fi
exit "$code"
