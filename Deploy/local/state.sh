# Sourced: what a database holds, as lines that can be compared: rows of every table, where each event log ends and a
# hash over all of it, the same of the receipts' signed statements. Taken before and after a restore.
# shellcheck shell=bash
PG_BIN=/usr/lib/postgresql/15/bin

superuser() { # SQL
    PGPASSWORD=$(secret postgres) "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PG_PORT" \
        -U postgres -d lienthong -c "$1"
}

# What changes by itself while nobody works: leases, cursors, kept answers and keys, counters.
UNQUIET="'relay_lease', 'relay_cursor', 'relay_epoch', 'relay_tick', 'idempotency_keys', 'verifier_keys', 'inbox_counter',
    'inbox_source', 'receipt_seal', 'receipt_key'"

state() {
    PGPASSWORD=$(secret postgres) "$PG_BIN/psql" -X -q -A -t -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PG_PORT" \
        -U postgres -d lienthong <<SQL
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT format('SELECT %L || count(*) FROM %I.%I', 'rows ' || n.nspname || '.' || c.relname || ' ', n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)' AND c.relname NOT IN ($UNQUIET)
ORDER BY 1 \\gexec
SELECT format('SELECT %L || coalesce(max(seq), 0) || '' '' || coalesce(md5(string_agg(md5(l::text), '''' ORDER BY seq)), ''-'')
    FROM %I.event_log l', 'events ' || table_schema || ' ', table_schema)
FROM information_schema.tables WHERE table_name = 'event_log' ORDER BY 1 \\gexec
SELECT format('SELECT %L || number || '' '' || md5(s::text) FROM %I.receipt_seal s ORDER BY number',
    'receipt ' || table_schema || ' ', table_schema)
FROM information_schema.tables WHERE table_name = 'receipt_seal' ORDER BY 1 \\gexec
COMMIT;
SQL
}

# compare BEFORE AFTER: what was there must be there. A service that has run since may have signed further receipts.
compare() {
    local missing
    missing=$(comm -23 <(sort "$1") <(sort "$2"))
    [[ -z $missing ]] && return
    say "not as it was:"
    say "$missing"
    return 1
}
