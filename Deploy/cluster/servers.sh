# Sourced: the programs of the cluster on their machines: spawn, readiness, end, kill.
# shellcheck shell=bash
if ((EUID == 0)); then ETCD_USER=etcd; else ETCD_USER=''; fi
CLEAN=(env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8)

make_homes() {
    local node home
    for node in "${NODES[@]}"; do
        home=$(home_of "$node")
        mkdir -p -m 0711 "$home"
        own_folder "$home/etcd" "$ETCD_USER"
        own_folder "$home/rabbitmq" "$RABBIT_USER"
        own_folder "$home/postgres" "$PG_USER"
    done
}

# owned USER FILE: what comes in, as a file that only that user reads.
owned() {
    (umask 077; cat >"$2.new")
    [[ -z $1 ]] || chown "$1:$1" "$2.new"
    mv -f "$2.new" "$2"
}

spawn_etcd() { # NODE
    alive "etcd-$1" && return
    # etcd wants its data folder closed to others and empty but for its own.
    render "$CLUSTER/etcd.yml" "$1" | owned "$ETCD_USER" "$(home_of "$1")/etcd/etcd.yml"
    on "$1" "$ETCD_USER" "${CLEAN[@]}" etcd --config-file "$(home_of "$1")/etcd/etcd.yml"
    spawn "etcd-$1" "" "${ON[@]}"
}
etcd_ready() { curl -sf --noproxy '*' --max-time 2 "http://$(at "$1" 4)/health" | grep -q '"true"'; }

spawn_patroni() { # NODE
    alive "patroni-$1" && return
    local home
    home=$(home_of "$1")
    render "$CLUSTER/patroni.yml" "$1" | owned "$PG_USER" "$home/postgres/patroni.yml"
    forget_dead "$1"
    on "$1" "$PG_USER" "${CLEAN[@]}" "HOME=$home/postgres" patroni "$home/postgres/patroni.yml"
    spawn "patroni-$1" "" "${ON[@]}"
}
# The postmaster of that node, when it lives; Patroni does not take it along when it is killed.
postmaster_of() {
    local pid file
    file=$(home_of "$1")/postgres/main/postmaster.pid
    { read -r pid <"$file"; } 2>/dev/null || return 1
    [[ -r /proc/$pid/cmdline ]] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$(home_of "$1")/" && printf '%s' "$pid"
}
forget_dead() { postmaster_of "$1" >/dev/null || rm -f "$(home_of "$1")/postgres/main/postmaster.pid"; }
patroni_says() { curl -s --noproxy '*' --max-time 2 -o /dev/null -w '%{http_code}' "http://$(at "$1" 7)/$2"; }
is_primary() { [[ $(patroni_says "$1" primary) == 200 ]]; }
is_synchronous() { [[ $(patroni_says "$1" synchronous) == 200 ]]; }
primary_node() {
    local node
    for node in "${DATABASE_NODES[@]}"; do is_primary "$node" && printf '%s' "$node" && return; done
    return 1
}
database_ready() { primary_node >/dev/null && { is_synchronous 1 || is_synchronous 2; }; }

# SIGKILL to the database of a node and to Patroni beside it: the machine has lost its power.
kill_database() { # NODE
    local pid children
    pid=$(postmaster_of "$1") || die "no PostgreSQL on n$1"
    children=$(children_of "$pid")
    strike "patroni-$1"
    # shellcheck disable=SC2086
    kill -s KILL "$pid" $children 2>/dev/null || true
    wait_until 10 eval "! birth $pid" || die "PostgreSQL of n$1 survives SIGKILL"
}

end_patroni() { # NODE
    local pid
    end "patroni-$1" TERM 40
    pid=$(postmaster_of "$1") || return 0
    kill -s INT "$pid"
    wait_until 30 eval "! birth $pid" || kill -s KILL "$pid"
}

spawn_rabbit() { # NODE
    alive "rabbit-$1" && return
    local home environment
    home=$(home_of "$1")/rabbitmq
    { grep -v '^management.tcp.ip' "$ROOT/Deploy/rabbitmq/rabbitmq.conf"; render "$CLUSTER/rabbitmq.conf" "$1"; } \
        | owned "$RABBIT_USER" "$home/rabbitmq.conf"
    owned "$RABBIT_USER" "$home/enabled_plugins" <"$ROOT/Deploy/rabbitmq/enabled_plugins"
    owned "$RABBIT_USER" "$home/rabbitmq-env.conf" </dev/null
    write_definitions | owned "$RABBIT_USER" "$home/definitions.json"
    [[ -s $home/.erlang.cookie ]] || secret erlang-cookie | owned "$RABBIT_USER" "$home/.erlang.cookie"
    chmod 0400 "$home/.erlang.cookie"
    mapfile -t environment < <(rabbit_environment "$1")
    if ! alive "epmd-$1" && { separate || [[ $1 == 1 ]]; }; then
        on "$1" "$RABBIT_USER" env -i "${environment[@]}" epmd -port "$EPMD_PORT" -address "$(address_of "$1")"
        spawn "epmd-$1" "" "${ON[@]}"
        wait_until 10 port_open "$(address_of "$1")" "$EPMD_PORT" || die "epmd of n$1 does not start"
    fi
    on "$1" "$RABBIT_USER" env -i "${environment[@]}" /usr/lib/rabbitmq/bin/rabbitmq-server
    spawn "rabbit-$1" "" "${ON[@]}"
}
rabbit_environment() { # NODE
    local home address
    home=$(home_of "$1")/rabbitmq
    address=$(address_of "$1")
    printf '%s\n' HOME="$home" PATH="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" LANG=C.UTF-8 \
        RUNNING_UNDER_SYSTEMD=true ERL_EPMD_ADDRESS="$address" ERL_EPMD_PORT="$EPMD_PORT" \
        ERL_AFLAGS="-kernel inet_dist_use_interface {${address//./,}}" ERL_CRASH_DUMP="$home/erl_crash.dump" \
        RABBITMQ_USE_LONGNAME=true RABBITMQ_NODENAME="$(rabbit_of "$1")" RABBITMQ_DIST_PORT="$(node_port "$1" 1)" \
        RABBITMQ_CONF_ENV_FILE="$home/rabbitmq-env.conf" RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf" \
        RABBITMQ_ADVANCED_CONFIG_FILE="$home/advanced.config" RABBITMQ_ENABLED_PLUGINS_FILE="$home/enabled_plugins" \
        RABBITMQ_MNESIA_BASE="$home/mnesia" RABBITMQ_LOG_BASE="$home/log" RABBITMQ_PID_FILE="$home/node.pid" \
        RABBITMQ_GENERATED_CONFIG_DIR="$home/config" RABBITMQ_SCHEMA_DIR="$home/schema" \
        RABBITMQ_CTL_DIST_PORT_MIN="$(node_port "$1" 8)" RABBITMQ_CTL_DIST_PORT_MAX="$(node_port "$1" 9)"
}
port_open() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; } # ADDRESS PORT
# ask_node NODE PATH CURL-OPTIONS...: the management API of one node.
ask_node() {
    local node=$1 path=$2
    shift 2
    curl -sSf --noproxy '*' --max-time 10 -K <(printf 'user = "operator:%s"\n' "$(secret rabbitmq-operator)") \
        "$@" "http://$(at "$node" 3)/$path"
}
rabbit_ready() {
    port_open "$(address_of "$1")" "$(node_port "$1" 0)" \
        && ask_node "$1" api/exchanges/lienthong/lienthong.events -o /dev/null
}
# NODE COUNT: that many nodes run, in this one's view.
sees_nodes() { [[ $(ask_node "$1" api/nodes | grep -o '"running":true' | wc -l) == "$2" ]]; }

balancer_section() { # ENTRY
    local name
    name=$(schema_of "$1")
    cat <<CFG

listen $name from http
    bind 127.0.0.1:$(port_of "$1")
    balance roundrobin
    option httpchk GET /health/ready
    server a 127.0.0.1:$(copy_port "$1" a) check
    server b 127.0.0.1:$(copy_port "$1" b) check
CFG
}
copy_port() { # ENTRY a|b
    case $2 in a) printf '%s' $((PORT_BASE + 10 + ${1##*:})) ;; b) printf '%s' $((PORT_BASE + 30 + ${1##*:})) ;; esac
}

spawn_balancer() {
    alive haproxy && return
    local entry
    { render "$CLUSTER/haproxy.cfg" ""; for entry in "${SERVICES[@]}"; do balancer_section "$entry"; done; } \
        | owned "" "$RUN/haproxy.cfg"
    haproxy -c -q -f "$RUN/haproxy.cfg" || die "haproxy refuses $RUN/haproxy.cfg"
    # -db: in the foreground; -W would start a master and a child.
    spawn haproxy "" haproxy -db -f "$RUN/haproxy.cfg"
}
