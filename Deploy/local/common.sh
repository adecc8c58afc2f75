# Sourced by every script here: where things are, which ports and services there are, messages, generated secrets.
# LIENTHONG_RUN_DIR (default .run) and LIENTHONG_PORT_BASE (default 8100) let copies live side by side.
# shellcheck shell=bash disable=SC2034
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
RUN=$(cd "$ROOT" && realpath -m -- "${LIENTHONG_RUN_DIR:-.run}")

# The list of services: executable <Name>Service, schema and broker user <name>, port = base + number.
SERVICES=(Identity:0 HR:1 OneStop:2 Documents:3 Mail:4 Budget:6 Integration:7)

say() { printf '%s\n' "$*" >&2; }
die() { say "error: $*"; exit 1; }

case $RUN in *[\"\'\`\$\\]*) die "the run folder's path holds a quote, dollar or backslash: $RUN" ;; esac

RECORDED_BASE=$(cat "$RUN/port-base" 2>/dev/null || true)
PORT_BASE=${LIENTHONG_PORT_BASE:-${RECORDED_BASE:-8100}}
[[ $PORT_BASE =~ ^[0-9]{4,5}$ ]] && ((PORT_BASE >= 1024 && PORT_BASE <= 64700)) \
    || die "LIENTHONG_PORT_BASE must be a number from 1024 to 64700, not '$PORT_BASE'"
PG_PORT=$((PORT_BASE + 20))
AMQP_PORT=$((PORT_BASE + 21))
DIST_PORT=$((PORT_BASE + 22))
EPMD_PORT=$((PORT_BASE + 23))
MANAGEMENT_PORT=$((PORT_BASE + 24))

schema_of() { local name=${1%%:*}; printf '%s' "${name,,}"; }
port_of() { printf '%s' $((PORT_BASE + ${1##*:})); }
url_of() { printf 'http://127.0.0.1:%s' "$(port_of "$1")"; }
named() { # SERVICE: the entry of the list for "onestop" or "OneStop"
    local entry
    for entry in "${SERVICES[@]}"; do [[ $(schema_of "$entry") == "${1,,}" ]] && printf '%s' "$entry" && return; done
    die "no service is named '$1'; there are: ${SERVICES[*]%%:*}"
}

# Makes the run folder; others may pass through it (the servers' users must), its secrets and environments not.
make_run_folder() {
    mkdir -p "$RUN"/{logs,pids}
    mkdir -p -m 0700 "$RUN/secrets" "$RUN/env" "$RUN/files"
}

# Only one script changes a run folder at a time. Programs left running must not inherit the lock: see process.sh.
lock_run_folder() {
    make_run_folder
    exec 9>"$RUN/lock"
    flock -w 300 9 || die "another command works on $RUN since more than 5 minutes"
}

# A run folder keeps the port base of its first start: the broker's node name holds it.
keep_port_base() {
    [[ -z $RECORDED_BASE || $RECORDED_BASE == "$PORT_BASE" ]] || die "$RUN belongs to port base $RECORDED_BASE;" \
        "unset LIENTHONG_PORT_BASE (now $PORT_BASE), or choose another LIENTHONG_RUN_DIR, or run 'make clean'"
    RECORDED_BASE=$PORT_BASE
    printf '%s\n' "$PORT_BASE" >"$RUN/port-base"
}

# The generated secret of that name, made on first use: 32 random bytes in hexadecimal, readable by the owner only.
secret() {
    local file=$RUN/secrets/$1
    if [[ ! -s $file ]]; then
        (umask 077; od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n' >"$file.new")
        mv "$file.new" "$file"
    fi
    cat "$file"
}
