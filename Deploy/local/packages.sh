#!/bin/bash
# packages.sh [PACKAGE...]: installs the Debian packages that are missing (those of every command, and the named ones),
# with sudo when not root, and touches nothing when none is.
# No system-wide server is started, made or enabled by it: what keeps them from starting is undone at the end.
set -euo pipefail
NEEDED=(postgresql-15 rabbitmq-server libpq-dev librabbitmq-dev libargon2-dev libcurl4-openssl-dev
    libpango1.0-dev libqrencode-dev fonts-liberation2 fonts-dejavu-core poppler-utils zbar-tools unzip pkg-config
    python3 python3-venv openssl curl ca-certificates util-linux amqp-tools jq "$@")
# Packages among those and their dependencies that bring a daemon, with its unit.
SERVERS=(postgresql-common:postgresql rabbitmq-server:rabbitmq-server erlang-base:epmd cron:cron
    etcd-server:etcd patroni:patroni haproxy:haproxy clamav-daemon:clamav-daemon)
POLICY=/usr/sbin/policy-rc.d
KEPT=$POLICY.before-lienthong
CLUSTERS=/etc/postgresql-common/createcluster.d
PENDING=/var/lib/lienthong-packages-pending
MARK='LienThong: no server starts during this installation'

say() { printf '%s\n' "$*" >&2; }
installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }

missing() {
    local package
    for package in "$@"; do
        [[ " $PRESENT " == *" $package "* ]] || printf '%s ' "$package"
    done
}
present() { # dpkg-query fails when one is unknown, and tells of the others all the same
    { dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${NEEDED[@]}" 2>/dev/null || true; } \
        | sed -n 's/^installed //p' | tr '\n' ' '
}

# What this run installed must not start at the next boot either; what was there before stays as it was.
# deb-systemd-helper keeps the record that package upgrades go by; it wants to be told for which package it works.
disable_server() { # PACKAGE:UNIT
    local package=${1%%:*} name=${1##*:} unit
    installed "$package" || return 0
    for unit in "$name.service" "$name.socket"; do
        [[ -e /lib/systemd/system/$unit ]] || continue
        DPKG_MAINTSCRIPT_PACKAGE=$package deb-systemd-helper disable "$unit" >&2 || say "could not disable $unit"
    done
    [[ ! -x /etc/init.d/$name ]] || update-rc.d "$name" disable >&2 || say "could not disable the init script $name"
}

# Puts everything back; also after a failure, an interruption, or a run that was killed (PENDING is still there then).
undo() {
    local server
    while read -r server; do disable_server "$server"; done <"$PENDING"
    if [[ -f $POLICY ]] && grep -qF "$MARK" "$POLICY"; then rm -f "$POLICY"; fi
    if [[ -e $KEPT || -L $KEPT ]]; then mv -f "$KEPT" "$POLICY"; fi
    rm -f "$CLUSTERS/lienthong.conf"
    if [[ -d $CLUSTERS ]]; then rmdir --ignore-fail-on-non-empty "$CLUSTERS"; fi
    rm -f "$PENDING"
}

# invoke-rc.d and deb-systemd-invoke ask policy-rc.d before they start anything; 101 is "forbidden".
forbid_servers() {
    if [[ -e $POLICY || -L $POLICY ]] && ! grep -qF "$MARK" "$POLICY"; then mv "$POLICY" "$KEPT"; fi
    printf '#!/bin/sh\n# %s\nexit 101\n' "$MARK" >"$POLICY"
    chmod 0755 "$POLICY"
    mkdir -p "$CLUSTERS"
    printf '# %s\ncreate_main_cluster = false\n' "$MARK" >"$CLUSTERS/lienthong.conf"
}

install_missing() { # as root
    local server wanted
    exec 8>/run/lienthong-packages.lock
    flock 8
    touch "$PENDING"
    trap undo EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    for server in "${SERVERS[@]}"; do installed "${server%%:*}" || printf '%s\n' "$server" >>"$PENDING"; done
    forbid_servers
    export DEBIAN_FRONTEND=noninteractive
    dpkg --configure -a 8>&- >&2 # what a killed run left half-way; normally nothing
    PRESENT=$(present)
    read -ra wanted <<<"$(missing "${NEEDED[@]}")"
    ((${#wanted[@]})) || return 0
    say "installing ${wanted[*]}"
    apt-get update -qq 8>&- >&2
    apt-get install -y -qq --no-install-recommends "${wanted[@]}" </dev/null 8>&- >&2
}

PRESENT=$(present)
[[ -n $(missing "${NEEDED[@]}") || -e $PENDING ]] || exit 0
if ((EUID == 0)); then
    install_missing
elif command -v sudo >/dev/null; then
    exec sudo -- "$(realpath "${BASH_SOURCE[0]}")" "$@"
else
    say "error: missing packages: $(missing "${NEEDED[@]}"); run this as root, or install sudo"
    exit 1
fi
