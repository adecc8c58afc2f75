# Sourced: the services in two copies, a and b: same roles, same files, same secrets, another port. Each knows all
# database servers and all broker nodes, their management too.
# shellcheck shell=bash
BIN=$ROOT/.build/${LIENTHONG_CONFIGURATION:-debug}
COPIES=(a b)

# From what provision.sh wrote for one copy behind the balancer.
write_copies() {
    local entry name copy management
    management=$(each 3 "${NODES[@]}")
    for entry in "${SERVICES[@]}"; do
        name=$(schema_of "$entry")
        for copy in "${COPIES[@]}"; do
            sed -e "s|^LIENTHONG_PG_HOST=.*|LIENTHONG_PG_HOST=\"$(each 6 "${DATABASE_NODES[@]}")\"|" \
                -e "s|^LIENTHONG_AMQP_HOST=.*|LIENTHONG_AMQP_HOST=\"$(each 0 "${NODES[@]}")\"|" \
                -e "s|^LIENTHONG_MANAGEMENT_URL=.*|LIENTHONG_MANAGEMENT_URL=\"http://${management//,/,http://}\"|" \
                -e "s|^LIENTHONG_HTTP_PORT=.*|LIENTHONG_HTTP_PORT=\"$(copy_port "$entry" "$copy")\"|" \
                "$RUN/env/$name.env" | owned "" "$RUN/env/$name-$copy.env"
        done
    done
}

within_copy() { # ENTRY COPY COMMAND...
    (
        set -a
        source "$RUN/env/$(schema_of "$1")-$2.env"
        set +a
        "${@:3}"
    )
}

program_of() { printf '%s/%sService' "$BIN" "${1%%:*}"; }

# Both copies' schema: once, before either serves.
migrate_copies() {
    local entry name pids=() failed=0
    for entry in "${SERVICES[@]}"; do
        name=$(schema_of "$entry")
        (umask 077; touch "$RUN/secrets/migrate-$name")
        within_copy "$entry" a "$(program_of "$entry")" migrate \
            >>"$RUN/secrets/migrate-$name" 2>>"$RUN/logs/$name-a.log" &
        pids+=($!)
    done
    for name in "${pids[@]}"; do wait "$name" || failed=1; done
    ((failed == 0)) || die "a migration failed; see $RUN/logs"
}

serve_copy() { # ENTRY COPY
    local name
    name=$(schema_of "$1")-$2
    alive "$name" && return
    unset LIENTHONG_PG_OWNER_PASSWORD
    spawn "$name" "" "$(program_of "$1")" serve
}
start_copy() { within_copy "$1" "$2" serve_copy "$1" "$2"; }
copy_ready() { curl -sf --noproxy '*' --max-time 5 -o /dev/null "http://127.0.0.1:$(copy_port "$1" "$2")/health/ready"; }

start_copies() {
    local entry copy
    migrate_copies
    for copy in "${COPIES[@]}"; do for entry in "${SERVICES[@]}"; do start_copy "$entry" "$copy"; done; done
    for copy in "${COPIES[@]}"; do
        for entry in "${SERVICES[@]}"; do
            wait_ready "$(schema_of "$entry")-$copy" 60 copy_ready "$entry" "$copy" || exit 1
        done
    done
}

stop_copies() {
    local entry copy asked=() name
    for copy in "${COPIES[@]}"; do
        for entry in "${SERVICES[@]}"; do
            name=$(schema_of "$entry")-$copy
            wake "$name"
            if ask "$name" TERM; then asked+=("$name"); fi
        done
    done
    for name in "${asked[@]}"; do await_end "$name" 30; done
}
