#!/bin/bash
# The services as processes of their own: services.sh start|stop|restart|kill|migrate|status|logs [service...].
# start migrates first and waits until each is ready; stop lets them drain (SIGTERM); kill is SIGKILL, for faults.
set -euo pipefail
HERE=$(dirname "${BASH_SOURCE[0]}")
for part in common process; do source "$HERE/$part.sh"; done
BIN=$ROOT/.build/${LIENTHONG_CONFIGURATION:-debug}

program_of() { printf '%s/%sService' "$BIN" "${1%%:*}"; }

# within ENTRY COMMAND...: with the service's environment; what serves does not get the owner's password.
within() {
    local name
    name=$(schema_of "$1")
    (
        set -a
        source "$RUN/env/$name.env"
        set +a
        "${@:2}"
    )
}

# The first migration of Identity prints the one-time link of the first administrator: kept with the secrets.
migrate_one() {
    local name output
    name=$(schema_of "$1")
    output=$RUN/secrets/migrate-$name
    (umask 077; touch "$output")
    within "$1" "$(program_of "$1")" migrate >>"$output" 2>>"$RUN/logs/$name.log" && return
    say "$name: migration failed; end of its log:"
    tail -n 15 "$RUN/logs/$name.log" "$output" >&2
    return 1
}

migrate() {
    local entry pids=() pid failed=0
    for entry in "$@"; do
        [[ -x $(program_of "$entry") ]] || die "$(program_of "$entry") is missing: 'make build'"
        [[ -r $RUN/env/$(schema_of "$entry").env ]] || die "no environment in $RUN/env: provision.sh writes it"
        migrate_one "$entry" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
    ((failed == 0)) || exit 1
}

serve() {
    local name
    name=$(schema_of "$1")
    need_port "$(port_of "$1")" "${1%%:*}Service"
    unset LIENTHONG_PG_OWNER_PASSWORD
    spawn "$name" "" "$(program_of "$1")" serve
}

service_ready() { curl -sf --noproxy '*' --max-time 5 -o /dev/null "$(url_of "$1")/health/ready"; }

start() {
    local entry name asleep=() failed=0
    for entry in "$@"; do alive "$(schema_of "$entry")" || asleep+=("$entry"); done
    if ((${#asleep[@]})); then migrate "${asleep[@]}"; fi
    for entry in "${asleep[@]}"; do within "$entry" serve "$entry"; done
    for entry in "$@"; do
        name=$(schema_of "$entry")
        wait_ready "$name" 60 service_ready "$entry" || failed=1
    done
    ((failed == 0)) || exit 1
    status "$@"
}

stop() { # all are asked first, then each is waited for
    local entry name asked=()
    for entry in "$@"; do
        name=$(schema_of "$entry")
        if ask "$name" TERM; then asked+=("$name"); fi
    done
    for name in "${asked[@]}"; do await_end "$name" 30; done
}

status() {
    local entry
    for entry in "$@"; do state_of "$(schema_of "$entry")" "$(url_of "$entry")"; done
}

logs() {
    local entry files=()
    for entry in "$@"; do files+=("$RUN/logs/$(schema_of "$entry").log"); done
    exec tail -n "${LINES_BACK:-20}" -F "${files[@]}"
}

verb=${1:-}
shift || true
entries=()
for service in "$@"; do entries+=("$(named "$service")"); done
((${#entries[@]})) || entries=("${SERVICES[@]}")
case $verb in
    status | logs) "$verb" "${entries[@]}" ;;
    stop) if [[ -d $RUN/pids ]]; then lock_run_folder; stop "${entries[@]}"; fi ;;
    start | migrate) lock_run_folder; "$verb" "${entries[@]}" ;;
    restart) lock_run_folder; stop "${entries[@]}"; start "${entries[@]}" ;;
    kill) for entry in "${entries[@]}"; do strike "$(schema_of "$entry")"; done ;;
    *) die "usage: services.sh start|stop|restart|kill|migrate|status|logs [service...]" ;;
esac
