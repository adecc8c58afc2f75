#!/bin/bash
# Installs the Debian packages that are missing, with sudo when not root, and touches nothing when none is.
# No system-wide server is started, made or enabled by it: what keeps them from starting is undone at the end.
set -euo pipefail
NEEDED=(postgresql-15 rabbitmq-server libpq-dev librabbitmq-dev libargon2-dev pkg-config python3 python3-venv
    openssl curl ca-certificates util-linux)
SERVERS=(postgresql-common:postgresql rabbitmq-server:rabbitmq-server erlang-base:epmd)
POLICY=/usr/sbin/policy-rc.d
CLUSTERS=/etc/postgresql-common/createcluster.d
MARK='LienThong: no server starts during this installation'

say() { printf '%s\n' "$*" >&2; }
installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

missing() {
    local package
    for package in "$@"; do
        [[ " $PRESENT " == *" $package "* ]] || printf '%s ' "$package"
    done
}
present() {
    dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${NEEDED[@]}" 2>/dev/null | sed -n 's/^installed //p' | tr '\n' ' '
}

# An earlier run that was killed may have left its policy in place: its mark tells, and this undoes it.
undo() {
    if [[ -f $POLICY ]] && grep -qF "$MARK" "$POLICY"; then rm -f "$POLICY"; fi
    if [[ -e $POLICY.before-lienthong || -L $POLICY.before-lienthong ]]; then mv -f "$POLICY.before-lienthong" "$POLICY"; fi
    rm -f "$CLUSTERS/lienthong.conf"
    rmdir --ignore-fail-on-non-empty "$CLUSTERS" 2>/dev/null || true
    [[ -d /usr/share/doc/postgresql-common ]] || rmdir /etc/postgresql-common 2>/dev/null || true
}

# invoke-rc.d and deb-systemd-invoke ask policy-rc.d before they start anything; 101 is "forbidden".
forbid_servers() {
    undo
    if [[ -e $POLICY || -L $POLICY ]]; then mv "$POLICY" "$POLICY.before-lienthong"; fi
    printf '#!/bin/sh\n# %s\nexit 101\n' "$MARK" >"$POLICY"
    chmod 0755 "$POLICY"
    mkdir -p "$CLUSTERS"
    printf '# %s\ncreate_main_cluster = false\n' "$MARK" >"$CLUSTERS/lienthong.conf"
}

# What this run installed must not start at the next boot either; what was there before stays as it was.
disable_server() { # UNIT
    local unit
    for unit in "$1.service" "$1.socket"; do
        [[ -e /lib/systemd/system/$unit ]] || continue
        deb-systemd-helper disable "$unit" >/dev/null 2>&1 || say "could not disable $unit"
    done
    [[ ! -x /etc/init.d/$1 ]] || update-rc.d "$1" disable >/dev/null 2>&1 || say "could not disable the init script $1"
}

install_missing() { # as root
    local server new=() wanted
    exec 8>/run/lienthong-packages.lock
    flock 8
    PRESENT=$(present)
    read -ra wanted <<<"$(missing "${NEEDED[@]}")"
    ((${#wanted[@]})) || return 0
    for server in "${SERVERS[@]}"; do installed "${server%%:*}" || new+=("${server##*:}"); done
    trap undo EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    forbid_servers
    say "installing ${wanted[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq 8>&-
    apt-get install -y -qq --no-install-recommends "${wanted[@]}" </dev/null 8>&-
    for server in "${new[@]}"; do disable_server "$server"; done
}

PRESENT=$(present)
[[ -n $(missing "${NEEDED[@]}") ]] || exit 0
if ((EUID == 0)); then
    install_missing
elif command -v sudo >/dev/null; then
    exec sudo -- "$(realpath "${BASH_SOURCE[0]}")"
else
    say "error: missing packages: $(missing "${NEEDED[@]}"); run this as root, or install sudo"
    exit 1
fi
