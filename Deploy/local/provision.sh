#!/bin/bash
# Gives the running servers their roles, schemas, users and rights, and writes each service's environment file.
# Any number of times; what is there stays. The data of the services are their own migrations' matter.
set -euo pipefail
HERE=$(dirname "${BASH_SOURCE[0]}")
for part in common process folders definitions postgres rabbitmq environment; do source "$HERE/$part.sh"; done
SQL_FOLDER=$ROOT/Deploy/postgres

# Passwords go through psql's standard input, never through a command line.
database_script() {
    local entry name
    printf "\\\\set auditor_password '%s'\n" "$(secret postgres-auditor)"
    printf "\\\\i '%s/database.sql'\n" "$SQL_FOLDER"
    for entry in "${SERVICES[@]}"; do
        name=$(schema_of "$entry")
        printf "\\\\set svc %s\n\\\\set owner %s_owner\n" "$name" "$name"
        printf "\\\\set password '%s'\n" "$(secret "postgres-$name")"
        printf "\\\\set owner_password '%s'\n" "$(secret "postgres-${name}_owner")"
        printf "\\\\i '%s/service.sql'\n" "$SQL_FOLDER"
    done
}

lock_run_folder
keep_port_base
postgres_ready && rabbitmq_ready || die "PostgreSQL and RabbitMQ do not both answer: servers.sh start"
database_script | PGPASSWORD=$(secret postgres) PGOPTIONS='-c client_min_messages=warning' \
    "$PG_BIN/psql" -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$PG_PORT" -U postgres -d postgres
write_definitions | management api/definitions -X POST -H 'Content-Type: application/json' --data-binary @- -o /dev/null
write_environments
say "provisioned ${#SERVICES[@]} services; environments in $RUN/env"
