# Sourced by servers.sh: the private PostgreSQL 15: its folder, start, readiness, stop.
# LIENTHONG_SERVERS=test takes Deploy/postgres/test.conf (no fsync; SIGKILL loses nothing) instead of durable.conf.
# shellcheck shell=bash
PG_BIN=/usr/lib/postgresql/15/bin

init_postgres() {
    local home=$DATA/postgres
    [[ ! -d $home/main ]] || return 0
    rm -rf "$home/new"
    (umask 077; secret postgres >"$home/password")
    [[ -z $PG_USER ]] || chown "$PG_USER" "$home/password"
    as_server "$PG_USER" "$PG_BIN/initdb" -D "$home/new" --username=postgres --pwfile="$home/password" \
        --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums --no-instructions \
        >>"$RUN/logs/postgres.log" 2>&1 || { tail -n 15 "$RUN/logs/postgres.log" >&2; die "initdb failed"; }
    rm "$home/password"
    mv "$home/new" "$home/main"
}

configure_postgres() {
    local main=$DATA/postgres/main
    cat "$ROOT/Deploy/postgres/${LIENTHONG_SERVERS:-durable}.conf" >"$main/lienthong.conf"
    # What initdb found to work here: not every machine lets the servers' user into /dev/shm.
    grep '^dynamic_shared_memory_type' "$main/postgresql.conf" >>"$main/lienthong.conf" || true
    cat "$ROOT/Deploy/postgres/pg_hba.conf" >"$main/pg_hba.conf"
    [[ -z $PG_USER ]] || chown "$PG_USER:$PG_USER" "$main"/{lienthong,pg_hba}.conf
    chmod 0600 "$main"/{lienthong,pg_hba}.conf
}

# PostgreSQL takes a killed postmaster for a running one while nobody has reaped it, as in containers without an init.
forget_dead_postmaster() {
    local file=$DATA/postgres/main/postmaster.pid pid
    { read -r pid <"$file"; } 2>/dev/null || return 0
    [[ -n $(birth "$pid") || -n $(children_of "$pid") ]] || rm -f "$file"
}

spawn_postgres() {
    local main=$DATA/postgres/main
    alive postgres && return
    need_port "$PG_PORT" PostgreSQL
    init_postgres
    configure_postgres
    forget_dead_postmaster
    # The fault harness puts a library between the server and its disk.
    local over=()
    [[ -z ${LIENTHONG_PG_PRELOAD:-} ]] || over=(env LD_PRELOAD="$LIENTHONG_PG_PRELOAD")
    spawn postgres "$PG_USER" "${over[@]}" "$PG_BIN/postgres" -D "$main" -c config_file="$main/lienthong.conf" -c port="$PG_PORT"
}

postgres_ready() { "$PG_BIN/pg_isready" -q -h 127.0.0.1 -p "$PG_PORT"; }
await_postgres() { wait_ready postgres 60 postgres_ready; }

# SIGINT is PostgreSQL's "fast" shutdown: sessions are ended, a checkpoint is written.
stop_postgres() { end postgres INT 60; }
