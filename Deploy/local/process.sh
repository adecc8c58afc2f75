# Sourced: processes in the background that are recorded (pid, birth, boot), so that stop ends exactly what was started.
# A pid that was given to another program since is noticed by its birth and never signalled.
# shellcheck shell=bash

# The kernel's word on a process: "birth boot" while it lives; fails when it is gone or a zombie.
birth() {
    local stat boot
    { stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 1
    read -ra stat <<<"${stat##*) }"
    [[ ${stat[0]} != [ZX] ]] || return 1
    boot=$(</proc/sys/kernel/random/boot_id)
    printf '%s %s' "${stat[19]}" "$boot"
}

# The pid recorded under that name, if that very process still lives.
pid_of() {
    local pid recorded
    { read -r pid recorded <"$RUN/pids/$1"; } 2>/dev/null || return 1
    [[ $(birth "$pid") == "$recorded" ]] || return 1
    printf '%s' "$pid"
}

alive() { pid_of "$1" >/dev/null; }

# Nothing that whoever calls has open goes on to what is started: PostgreSQL counts it as its own, and has no room.
close_inherited() {
    local open
    for open in "/proc/$BASHPID/fd/"*; do
        open=${open##*/}
        if ((open > 2 && open != 255)); then eval "exec $open>&-"; fi
    done
}

# spawn NAME USER COMMAND...: in a session of its own, output appended to logs/NAME.log, as USER ("" = as oneself).
spawn() {
    local name=$1 user=$2
    shift 2
    local as=()
    [[ -z $user ]] || as=(setpriv --reuid="$user" --regid="$user" --init-groups --)
    (
        cd /
        close_inherited
        exec setsid "${as[@]}" "$@"
    ) </dev/null >>"$RUN/logs/$name.log" 2>&1 &
    printf '%s %s\n' "$!" "$(birth "$!")" >"$RUN/pids/$name"
}

# wait_until SECONDS COMMAND...: true as soon as the command succeeds.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

dead() { ! alive "$1"; }

# wait_ready NAME SECONDS COMMAND...: until the command succeeds; a process that ends or hangs is reported with its log.
wait_ready() {
    local name=$1 seconds=$2
    shift 2
    wait_until "$seconds" eval "dead $name || $(printf '%q ' "$@")"
    alive "$name" && "$@" >/dev/null 2>&1 && return
    say "$name $(alive "$name" && echo "is not ready after $seconds s" || echo "ended"); end of $RUN/logs/$name.log:"
    tail -n 15 "$RUN/logs/$name.log" >&2
    return 1
}

# ask NAME SIGNAL: politely to end; fails when it is not running.
ask() {
    local pid
    pid=$(pid_of "$1") || { rm -f "$RUN/pids/$1"; return 1; }
    kill -s "$2" "$pid" || die "may not stop $1 (pid $pid): started by another user?"
}

# await_end NAME SECONDS: after ask; insists with SIGKILL after the deadline, forgets the pid.
await_end() {
    local pid
    read -r pid _ <"$RUN/pids/$1"
    wait_until "$2" dead "$1" || { say "$1 does not end within $2 s: SIGKILL"; kill -s KILL "$pid"; }
    wait_until 10 dead "$1" || die "$1 (pid $pid) does not end"
    rm -f "$RUN/pids/$1"
    say "stopped $1 (pid $pid)"
}

end() { if ask "$1" "$2"; then await_end "$1" "$3"; fi; } # NAME SIGNAL SECONDS

children_of() {
    local stat fields
    for stat in /proc/[0-9]*/stat; do
        { fields=$(<"$stat"); } 2>/dev/null || continue
        read -ra fields <<<"${fields##*) }"
        [[ ${fields[1]} != "$1" ]] || { stat=${stat#/proc/}; printf '%s ' "${stat%/stat}"; }
    done
}

# strike NAME: SIGKILL to it and its children at once, as if its machine had lost power; for fault journeys.
strike() {
    local pid children
    pid=$(pid_of "$1") || die "$1 is not running"
    # Stopped first: a child that it had after the list was made would live on, and PostgreSQL could not start again.
    kill -s STOP "$pid" 2>/dev/null || true
    children=$(children_of "$pid")
    # shellcheck disable=SC2086
    kill -s KILL "$pid" $children 2>/dev/null || true
    wait_until 10 dead "$1" || die "$1 (pid $pid) survives SIGKILL"
    for child in $children; do wait_until 10 eval "! birth $child" || die "child $child of $1 survives SIGKILL"; done
    rm -f "$RUN/pids/$1"
    say "killed $1 (pid $pid)"
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# need_port PORT WHAT: a clear message when somebody else listens there.
need_port() {
    port_taken "$1" || return 0
    command -v ss >/dev/null && ss -H -ltnp "sport = :$1" >&2
    die "port $1 ($2) is taken by another program: stop it or choose another LIENTHONG_PORT_BASE (now $PORT_BASE)"
}

state_of() { # NAME DETAIL: one line of status
    local pid
    pid=$(pid_of "$1") || { printf '%-10s stopped\n' "$1"; return; }
    printf '%-10s running  pid %-8s %s\n' "$1" "$pid" "$2"
}
