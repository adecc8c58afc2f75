# Sourced: the three machines of a cluster on this one: addresses, ports, data folders, and how a program is run there.
# As root each is a network namespace on a bridge of its own, so that a machine can be cut off; otherwise (or with
# LIENTHONG_NAMESPACES=0) all are 127.0.0.1, and "cut off" is SIGSTOP.
# shellcheck shell=bash
NODES=(1 2 3)
DATABASE_NODES=(1 2)
NET=lt$PORT_BASE
SUBNET=10.213.$((PORT_BASE / 100 % 256))
PG_BIN=/usr/lib/postgresql/15/bin

separate() { [[ ${LIENTHONG_NAMESPACES:-1} != 0 ]] && ((EUID == 0)) && command -v ip nsenter >/dev/null; }

address_of() { if separate; then printf '%s.%s' "$SUBNET" "$1"; else printf 127.0.0.1; fi; }
network() { if separate; then printf '%s.0/24' "$SUBNET"; else printf 127.0.0.1/32; fi; }
# amqp 0, dist 1, epmd 2, management 3, etcd 4, its peers 5, postgres 6, patroni 7, tools 8.
node_port() { printf '%s' $((PORT_BASE + 40 + 10 * ($1 - 1) + $2)); }
# Erlang asks the epmd of another machine at the port of its own, so it is the same everywhere.
EPMD_PORT=$((PORT_BASE + 42))
at() { printf '%s:%s' "$(address_of "$1")" "$(node_port "$1" "$2")"; } # NODE PORT
each() { # PORT NODE...: "address:port,address:port"
    local port=$1 node list=()
    shift
    for node in "$@"; do list+=("$(at "$node" "$port")"); done
    joined "${list[@]}"
}
home_of() { printf '%s/n%s' "$DATA" "$1"; }
rabbit_of() { printf 'lienthong%s-%s@%s' "$PORT_BASE" "$1" "$(address_of "$1")"; }

# Machines: namespaces ltBASE-1..3, their links ltBASEv1..3 on the bridge ltBASE.
make_machines() {
    separate || return 0
    [[ ! -e /sys/class/net/$NET ]] || return 0
    ip link add "$NET" type bridge
    ip address add "$SUBNET.254/24" dev "$NET"
    ip link set "$NET" up
    local node
    for node in "${NODES[@]}"; do
        ip netns add "$NET-$node"
        ip link add "${NET}v$node" type veth peer name eth0 netns "$NET-$node"
        ip link set "${NET}v$node" master "$NET" up
        ip -n "$NET-$node" link set lo up
        ip -n "$NET-$node" address add "$SUBNET.$node/24" dev eth0
        ip -n "$NET-$node" link set eth0 up
    done
}

remove_machines() {
    [[ -e /sys/class/net/$NET ]] || return 0
    local node
    for node in "${NODES[@]}"; do
        ip link delete "${NET}v$node" 2>/dev/null || true
        ip netns delete "$NET-$node" 2>/dev/null || true
    done
    ip link delete "$NET"
}

# The network of a machine is gone: both sides hear nothing any more, not even a refusal.
cut_off() { ip link set "${NET}v$1" down; }
join_again() { ip link set "${NET}v$1" up; }

# on NODE USER COMMAND...: the command's words, to be run on that machine as that user.
on() {
    local node=$1 user=$2
    shift 2
    ON=()
    if separate; then ON+=(nsenter "--net=/run/netns/$NET-$node" --); fi
    [[ -z $user ]] || ON+=(setpriv "--reuid=$user" "--regid=$user" --init-groups --)
    ON+=("$@")
}

# render FILE NODE: the file with the words between @ put in; NODE may be empty.
render() {
    local file=$1 node=$2 words=() name value script=''
    words+=("RUN=$RUN" "NETWORK=$(network)" "PG_PORT=$PG_PORT" "AMQP_PORT=$AMQP_PORT"
        "MANAGEMENT_PORT=$MANAGEMENT_PORT" "ETCD_NODES=$(each 4 "${NODES[@]}")")
    for name in "${NODES[@]}"; do
        words+=("RABBIT_$name=$(rabbit_of "$name")" "AMQP_$name=$(at "$name" 0)" "MANAGEMENT_$name=$(at "$name" 3)"
            "POSTGRES_$name=$(at "$name" 6)" "PATRONI_PORT_$name=$(node_port "$name" 7)")
    done
    if [[ -n $node ]]; then
        local peers=()
        for name in "${NODES[@]}"; do peers+=("n$name=http://$(at "$name" 5)"); done
        words=("AMQP_PORT=$(node_port "$node" 0)" "MANAGEMENT_PORT=$(node_port "$node" 3)" "${words[@]}"
            "NODE=n$node" "ADDRESS=$(address_of "$node")" "DATA=$(home_of "$node")"
            "ETCD_PORT=$(node_port "$node" 4)" "ETCD_PEER_PORT=$(node_port "$node" 5)" "ETCD_PEERS=$(joined "${peers[@]}")"
            "POSTGRES_PORT=$(node_port "$node" 6)" "PATRONI_PORT=$(node_port "$node" 7)"
            "POSTGRES_PASSWORD=$(secret postgres)" "REPLICATION_PASSWORD=$(secret postgres-replicator)"
            "REWIND_PASSWORD=$(secret postgres-rewind)")
    fi
    for name in "${words[@]}"; do
        value=${name#*=}
        script+="s|@${name%%=*}@|$value|g;"
    done
    sed -f <(printf '%s' "${script//;s|/$'\n's|}") "$file"
}
