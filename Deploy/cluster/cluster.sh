#!/bin/bash
# A cluster on one machine, as Deploy/runbooks/cluster.md builds it on six: three RabbitMQ and three etcd nodes, two
# PostgreSQL under Patroni, two copies of each service behind haproxy. cluster.sh start|stop|status|clean.
# All programs are processes of this run folder; nothing of the system is started, and stop ends exactly these.
set -euo pipefail
CLUSTER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LOCAL=$CLUSTER/../local
for part in common process folders definitions rabbitmq environment; do source "$LOCAL/$part.sh"; done
source "$CLUSTER/nodes.sh"
source "$CLUSTER/servers.sh"
source "$CLUSTER/copies.sh"

await() { # SECONDS WHAT COMMAND...
    local seconds=$1 what=$2
    shift 2
    wait_until "$seconds" "$@" || die "$what is not ready after $seconds s; see $RUN/logs"
}

start() {
    local node
    lock_run_folder
    keep_port_base
    make_data_folders
    make_homes
    make_machines
    for node in "${NODES[@]}"; do spawn_etcd "$node"; done
    # The first node makes the cluster, the others join it. Nodes that were one wait for each other.
    if [[ -d $(home_of 1)/rabbitmq/mnesia ]]; then for node in "${NODES[@]}"; do spawn_rabbit "$node"; done; fi
    spawn_rabbit 1
    for node in "${NODES[@]}"; do await 30 "etcd of n$node" etcd_ready "$node"; done
    for node in "${DATABASE_NODES[@]}"; do spawn_patroni "$node"; done
    await 120 "RabbitMQ of n1" rabbit_ready 1
    spawn_rabbit 2
    spawn_rabbit 3
    for node in 2 3; do await 120 "RabbitMQ of n$node" rabbit_ready "$node"; done
    await 30 "the broker's cluster" sees_nodes 1 3
    await 120 "PostgreSQL with a synchronous standby" database_ready
    spawn_balancer
    await 20 "the balancer" port_taken "$PG_PORT"
    exec 9>&-
    wait_until 20 "$PG_BIN/pg_isready" -q -h 127.0.0.1 -p "$PG_PORT" || die "the balancer finds no primary"
    "$LOCAL/provision.sh"
    lock_run_folder
    write_copies
    start_copies
    status
}

stop() {
    local node
    [[ -d $RUN/pids ]] || return 0
    lock_run_folder
    if separate && [[ -e /sys/class/net/$NET ]]; then for node in "${NODES[@]}"; do join_again "$node"; done; fi
    stop_copies
    end haproxy TERM 5
    for node in "${DATABASE_NODES[@]}"; do wake "patroni-$node"; end_patroni "$node"; done
    for node in "${NODES[@]}"; do wake "rabbit-$node"; ask "rabbit-$node" TERM || true; done
    for node in "${NODES[@]}"; do
        end "rabbit-$node" TERM 40
        end "epmd-$node" TERM 5
        end "etcd-$node" TERM 10
    done
    remove_machines
}
# What a fault has stopped must go on before it can end.
wake() { local pid; pid=$(pid_of "$1") && kill -s CONT "$pid" || true; }

status() {
    local node entry copy
    for node in "${NODES[@]}"; do
        state_of "etcd-$node" "$(at "$node" 4)"
        state_of "rabbit-$node" "$(at "$node" 0)"
    done
    for node in "${DATABASE_NODES[@]}"; do
        state_of "patroni-$node" "$(at "$node" 6) $(is_primary "$node" && echo primary || echo standby)"
    done
    state_of haproxy "PostgreSQL 127.0.0.1:$PG_PORT, RabbitMQ 127.0.0.1:$AMQP_PORT"
    for entry in "${SERVICES[@]}"; do
        for copy in a b; do state_of "$(schema_of "$entry")-$copy" "http://127.0.0.1:$(copy_port "$entry" "$copy")"; done
    done
}

clean() {
    stop
    remove_data_folders
    rm -rf -- "$RUN"/{env,files,logs,pids,secrets,port-base,lock,haproxy.cfg,haproxy.sock,subscription} \
        "$RUN"/{windows,writes,effects,deliveries,archived}.log
    rmdir -- "$RUN" 2>/dev/null || true
}

# So that cluster-test.sh has the same functions.
[[ ${BASH_SOURCE[0]} == "$0" ]] || return 0
case ${1:-} in
    start | stop | status | clean) "$1" ;;
    *) die "usage: cluster.sh start|stop|status|clean" ;;
esac
