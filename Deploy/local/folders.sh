# Sourced: the servers' own data folders, below the run folder or, where their users cannot go there, below /var/tmp.
# As root each server runs as the user its Debian package made; otherwise as oneself.
# shellcheck shell=bash
if ((EUID == 0)); then PG_USER=postgres RABBIT_USER=rabbitmq; else PG_USER='' RABBIT_USER=''; fi
OUTSIDE=/var/tmp/lienthong-$(printf '%s' "$RUN" | sha256sum | cut -c1-16)
DATA=$RUN/data
[[ ! -L $DATA ]] || DATA=$OUTSIDE # the servers must not go through the run folder to follow the link

as_server() { # USER COMMAND...
    local user=$1
    shift
    if [[ -z $user ]]; then (cd / && "$@"); else
        (cd / && exec setpriv --reuid="$user" --regid="$user" --init-groups -- "$@")
    fi
}

reachable() {
    [[ $RUN != *[[:space:]]* ]] && as_server "$PG_USER" test -x "$RUN" && as_server "$RABBIT_USER" test -x "$RUN"
}

# own_folder FOLDER USER: private to that user.
own_folder() {
    mkdir -p -m 0700 "$1"
    [[ -z $2 ]] || chown "$2:$2" "$1"
}

# Makes data/postgres and data/rabbitmq; data is a link where the run folder is closed to the servers.
make_data_folders() {
    if [[ ! -e $RUN/data ]]; then
        if reachable; then
            DATA=$RUN/data
        else
            remove_outside "left behind by a run folder that was removed"
            ln -sfn "$OUTSIDE" "$RUN/data"
            DATA=$OUTSIDE
            say "the servers cannot enter $RUN: their data is in $OUTSIDE"
        fi
        mkdir -m 0711 "$DATA" || die "cannot make $DATA"
    fi
    own_folder "$DATA/postgres" "$PG_USER"
    own_folder "$DATA/rabbitmq" "$RABBIT_USER"
}

# Only ever a real folder of our own: /var/tmp is open to everybody.
remove_outside() {
    [[ -e $OUTSIDE || -L $OUTSIDE ]] || return 0
    [[ -d $OUTSIDE && ! -L $OUTSIDE && -O $OUTSIDE ]] || die "$OUTSIDE belongs to somebody else"
    say "removing $OUTSIDE ($1)"
    rm -rf -- "$OUTSIDE"
}

remove_data_folders() {
    if [[ -L $RUN/data ]]; then remove_outside "data of $RUN"; fi
    rm -rf -- "$RUN/data"
}
