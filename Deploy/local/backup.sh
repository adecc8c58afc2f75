#!/bin/bash
# make backup: a copy of everything that this run folder's system is: the database as it stands now (base backup and its
# WAL), the file stores, the secrets, the broker's definitions; and from now on every WAL segment as it is finished, so
# that any later moment can be restored too. Into LIENTHONG_BACKUP_DIR (default: backup/ beside the servers' data).
# Messages in the broker are not copied: they come from the event logs.
set -euo pipefail
HERE=$(dirname "${BASH_SOURCE[0]}")
for part in common process folders definitions postgres rabbitmq state; do source "$HERE/$part.sh"; done
BACKUP=${LIENTHONG_BACKUP_DIR:-$DATA/backup}

lock_run_folder
keep_port_base
alive postgres && alive rabbitmq || die "PostgreSQL and RabbitMQ are not both running: servers.sh start"
own_folder "$BACKUP" "$PG_USER"
own_folder "$BACKUP/wal" "$PG_USER"
[[ $(superuser "SHOW archive_mode") == on ]] \
    || die "this PostgreSQL was started without archive_mode: servers.sh stop postgres, start, and again"

# A segment is there whole or not at all, and never overwritten; at the latest a minute after something was written.
superuser "ALTER SYSTEM SET archive_command = 'test ! -f \"$BACKUP/wal/%f\" && cp %p \"$BACKUP/wal/%f.new\" \
&& sync \"$BACKUP/wal/%f.new\" && mv \"$BACKUP/wal/%f.new\" \"$BACKUP/wal/%f\"'"
superuser "ALTER SYSTEM SET archive_timeout = '60s'"
superuser "SELECT pg_reload_conf()" >/dev/null

STAMP=$(date -u +%Y%m%dT%H%M%SZ)
TO=$BACKUP/$STAMP
own_folder "$TO.new" "$PG_USER"
say "copying the database"
as_server "$PG_USER" env PGPASSWORD="$(secret postgres)" "$PG_BIN/pg_basebackup" -h 127.0.0.1 -p "$PG_PORT" \
    -U postgres -D "$TO.new/base" --checkpoint=fast --wal-method=stream --label="lienthong $STAMP" >&2
as_server "$PG_USER" "$PG_BIN/pg_verifybackup" -q "$TO.new/base" || die "the base backup is damaged"
# After the database: a row never names a file that is not there. Files are never changed, so only new ones are copied.
say "copying the files"
mkdir -p "$BACKUP/files"
cp -a -n "$RUN/files/." "$BACKUP/files/"
management api/definitions >"$TO.new/definitions.json"
(umask 077; tar -C "$RUN" -cf "$TO.new/secrets.tar" secrets port-base)
state >"$TO.new/state"
# What was written until now is in the archive before this is called a backup.
segment=$(superuser "SELECT pg_walfile_name(pg_switch_wal())")
wait_until 60 test -f "$BACKUP/wal/$segment" || die "WAL segment $segment does not arrive in $BACKUP/wal"
sync -f "$TO.new"
mv "$TO.new" "$TO"
say "backup in $TO ($(du -sh "$TO" | cut -f1)), WAL in $BACKUP/wal, files in $BACKUP/files"
printf '%s\n' "$TO"
