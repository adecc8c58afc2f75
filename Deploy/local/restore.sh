#!/bin/bash
# make restore FROM=FOLDER [AT='2026-11-25 10:30:00+07']: a backup into this run folder, which must be a fresh one
# (LIENTHONG_RUN_DIR, LIENTHONG_PORT_BASE). Without AT the database goes to the end of the archived WAL. Leaves the
# servers running, compared with the backup; `make run` then starts the services, which raise the epoch.
set -euo pipefail
HERE=$(dirname "${BASH_SOURCE[0]}")
for part in common process folders definitions postgres rabbitmq state; do source "$HERE/$part.sh"; done
FROM=${1:-} AT=${2:-}
[[ -d $FROM/base ]] || die "usage: restore.sh BACKUP [MOMENT]; '$FROM' is no backup"
FROM=$(realpath "$FROM")
ARCHIVE=$(dirname "$FROM")
[[ ! -e $RUN/data && ! -e $RUN/secrets ]] || die "$RUN holds something already: restore into a fresh LIENTHONG_RUN_DIR"

"$PG_BIN/pg_verifybackup" -q "$FROM/base" || die "the backup in $FROM is damaged"
lock_run_folder
keep_port_base
tar -C "$RUN" -xf "$FROM/secrets.tar" secrets
make_data_folders
mkdir -p "$RUN/files"
cp -a "$ARCHIVE/files/." "$RUN/files/"
main=$DATA/postgres/main
cp -a "$FROM/base" "$main"
cp -a "$ARCHIVE/wal" "$DATA/postgres/restored-wal"
rm -f "$main/postgresql.auto.conf"
{
    echo "restore_command = 'cp \"$DATA/postgres/restored-wal/%f\" \"%p\"'"
    echo "recovery_target_action = 'promote'"
    echo "recovery_target_timeline = 'latest'"
    [[ -z $AT ]] || echo "recovery_target_time = '$AT'"
} >"$main/postgresql.auto.conf"
touch "$main/recovery.signal"
[[ -z $PG_USER ]] || chown -R "$PG_USER:$PG_USER" "$DATA/postgres"
chmod 0700 "$main"
exec 9>&-
"$HERE/servers.sh" start >&2
lock_run_folder
wait_until 600 eval '[[ $(superuser "SELECT pg_is_in_recovery()") == f ]]' \
    || die "the database does not come to the end of its recovery; see $RUN/logs/postgres.log"
# The settings of the recovery have done their work; a base backup of this one must not carry them on.
superuser "ALTER SYSTEM RESET ALL"
# Users, rights and queues that are not in definitions.sh: integrators'.
management api/definitions -X POST -H 'Content-Type: application/json' --data-binary "@$FROM/definitions.json" -o /dev/null
state >"$RUN/state"
reached=$(superuser "SELECT coalesce(pg_last_xact_replay_timestamp()::text, 'the end of the backup')")
say "restored to $reached on timeline $(superuser "SELECT timeline_id FROM pg_control_checkpoint()")"
if [[ -n $AT ]]; then
    say "state in $RUN/state; that of the backup itself is $FROM/state"
elif compare "$FROM/state" "$RUN/state"; then
    say "as it was when it was backed up: $(grep -c ^rows "$RUN/state") tables, $(grep -c ^events "$RUN/state") event logs," \
        "$(grep -c ^receipt "$RUN/state") receipts"
else
    say "(what was written after the backup and is in the archive makes a difference too)"
    exit 3
fi
