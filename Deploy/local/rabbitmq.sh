# Sourced by servers.sh: the private RabbitMQ 3.10 and the epmd it needs: folder, start, readiness, stop.
# Everything listens on loopback only, Erlang's distribution and epmd too; the node's name holds the port base.
# shellcheck shell=bash
BROKER=$ROOT/Deploy/rabbitmq

configure_rabbitmq() {
    local home=$DATA/rabbitmq
    {
        cat "$BROKER/rabbitmq.conf"
        echo "listeners.tcp.1 = 127.0.0.1:$AMQP_PORT"
        echo "management.tcp.port = $MANAGEMENT_PORT"
        echo "load_definitions = $home/definitions.json"
    } >"$home/rabbitmq.conf"
    cat "$BROKER/enabled_plugins" >"$home/enabled_plugins"
    : >"$home/rabbitmq-env.conf"
    (umask 077; write_definitions >"$home/definitions.json")
    [[ -s $home/.erlang.cookie ]] || (umask 377; secret erlang-cookie >"$home/.erlang.cookie")
    [[ -z $RABBIT_USER ]] || chown -R "$RABBIT_USER:$RABBIT_USER" "$home"
}

# The broker's environment; erl takes ERL_AFLAGS in every Erlang program it starts, so none listens elsewhere.
rabbitmq_environment() {
    local home=$DATA/rabbitmq
    printf '%s\n' HOME="$home" PATH="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin" LANG=C.UTF-8 \
        RUNNING_UNDER_SYSTEMD=true ERL_EPMD_ADDRESS=127.0.0.1 ERL_EPMD_PORT="$EPMD_PORT" \
        ERL_AFLAGS="-kernel inet_dist_use_interface {127,0,0,1}" ERL_CRASH_DUMP="$home/erl_crash.dump" \
        RABBITMQ_NODENAME="lienthong$PORT_BASE@localhost" RABBITMQ_DIST_PORT="$DIST_PORT" \
        RABBITMQ_CONF_ENV_FILE="$home/rabbitmq-env.conf" RABBITMQ_CONFIG_FILE="$home/rabbitmq.conf" \
        RABBITMQ_ADVANCED_CONFIG_FILE="$home/advanced.config" RABBITMQ_ENABLED_PLUGINS_FILE="$home/enabled_plugins" \
        RABBITMQ_MNESIA_BASE="$home/mnesia" RABBITMQ_LOG_BASE="$home/log" RABBITMQ_PID_FILE="$home/node.pid" \
        RABBITMQ_GENERATED_CONFIG_DIR="$home/config" RABBITMQ_SCHEMA_DIR="$home/schema"
}

spawn_rabbitmq() {
    alive rabbitmq && return
    need_port "$AMQP_PORT" RabbitMQ
    need_port "$DIST_PORT" "Erlang's distribution"
    need_port "$MANAGEMENT_PORT" "RabbitMQ's management"
    configure_rabbitmq
    local environment
    mapfile -t environment < <(rabbitmq_environment)
    if ! alive epmd; then
        need_port "$EPMD_PORT" epmd
        spawn epmd "$RABBIT_USER" env -i "${environment[@]}" epmd -port "$EPMD_PORT" -address 127.0.0.1
        wait_ready epmd 10 port_taken "$EPMD_PORT" || die "epmd does not start"
    fi
    spawn rabbitmq "$RABBIT_USER" env -i "${environment[@]}" /usr/lib/rabbitmq/bin/rabbitmq-server
}

# AMQP is opened last, after the plug-ins and the definitions; a protocol header must be answered with a frame.
rabbitmq_ready() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$AMQP_PORT" || exit 1
        printf 'AMQP\0\0\x09\x01' >&3
        LC_ALL=C IFS= read -r -t 5 -n 1 -u 3 || [[ $? -lt 128 ]]
    ) 2>/dev/null && management "api/exchanges/lienthong/lienthong.events" -o /dev/null
}
await_rabbitmq() { wait_ready rabbitmq 120 rabbitmq_ready; }

# management PATH CURL-OPTIONS...: one call of the management API as the operator; no password on the command line.
management() {
    local path=$1
    shift
    curl -sSf --noproxy '*' -K <(printf 'user = "operator:%s"\n' "$(secret rabbitmq-operator)") \
        "$@" "http://127.0.0.1:$MANAGEMENT_PORT/$path"
}

# control_rabbitmq WORDS...: rabbitmqctl for this node.
control_rabbitmq() {
    local environment
    mapfile -t environment < <(rabbitmq_environment)
    as_server "$RABBIT_USER" env -i "${environment[@]}" /usr/lib/rabbitmq/bin/rabbitmqctl -q "$@"
}

# The broker's disk is lost, while it is away: every queue and every message. Users and rights come back at boot.
lose_rabbitmq() { rm -rf -- "$DATA/rabbitmq/mnesia"; }

stop_rabbitmq() {
    end rabbitmq TERM 60
    end epmd TERM 10
}
