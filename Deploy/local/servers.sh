#!/bin/bash
# The private PostgreSQL and RabbitMQ of this run folder: servers.sh start|stop|status|kill|clean [postgres|rabbitmq];
# for the fault harness also lose (the broker's disk) and control (rabbitmqctl's words).
# start does nothing for what runs already; stop ends exactly what was started, epmd too; kill is SIGKILL, for faults.
set -euo pipefail
HERE=$(dirname "${BASH_SOURCE[0]}")
for part in common process folders definitions postgres rabbitmq; do source "$HERE/$part.sh"; done

start() {
    local server
    lock_run_folder
    keep_port_base
    make_data_folders
    for server in "$@"; do "spawn_$server"; done
    for server in "$@"; do
        "await_$server" || exit 1
    done
    status "$@"
}

status() {
    local server
    for server in "$@"; do
        case $server in
            postgres) state_of postgres "127.0.0.1:$PG_PORT" ;;
            rabbitmq)
                state_of rabbitmq "127.0.0.1:$AMQP_PORT, management http://127.0.0.1:$MANAGEMENT_PORT"
                state_of epmd "127.0.0.1:$EPMD_PORT"
                ;;
        esac
    done
}

stop() {
    local server
    [[ -d $RUN/pids ]] || return 0
    lock_run_folder
    for server in "$@"; do "stop_$server"; done
}

# Stops the servers and removes everything that this run folder holds, the servers' data outside of it too.
clean() {
    local inner
    for inner in "$RUN"/{test,bench,journeys,chaos}; do
        [[ ! -d $inner ]] || env -u LIENTHONG_PORT_BASE LIENTHONG_RUN_DIR="$inner" "$HERE/servers.sh" clean
    done
    stop rabbitmq postgres
    remove_data_folders
    rm -rf -- "$RUN"/{env,files,harness,logs,pids,secrets,port-base,lock,{test,bench,chaos}.lock,venv}
    rmdir -- "$RUN" 2>/dev/null || true
}

verb=${1:-}
shift || true
case $verb in
    control) control_rabbitmq "$@"; exit ;;
    lose) strike rabbitmq; lose_rabbitmq; exit ;;
esac
(($#)) || set -- rabbitmq postgres
for server in "$@"; do
    [[ $server == postgres || $server == rabbitmq ]] || die "no server is named '$server': postgres or rabbitmq"
done
case $verb in
    start | stop | status) "$verb" "$@" ;;
    kill) for server in "$@"; do strike "$server"; done ;;
    clean) clean ;;
    *) die "usage: servers.sh start|stop|status|kill|clean [postgres|rabbitmq] | lose | control WORDS..." ;;
esac
