#!/bin/bash
# make cluster-test: a cluster of its own on this machine (cluster.sh); under load, of which a subscriber has everything
# from its beginning, the leading broker is killed, a minority is cut off, every copy is restarted in turn, the primary
# database is killed; then everything is counted. The last line is the verdict, as JSON; the exit status is 0 only for
# a pass. Ends all that it started; within 10 minutes.
set -euo pipefail
PYTHON=$("$(dirname "${BASH_SOURCE[0]}")/../local/python.sh")/bin/python3 # beside the run folder of this test, and kept
PURPOSE=cluster
source "$(dirname "${BASH_SOURCE[0]}")/own-folder.sh"
source "$(dirname "${BASH_SOURCE[0]}")/cluster.sh"
LOAD=${CLUSTER_SECONDS:-190}
LIMIT=570
WRITES=$RUN/writes.log
DELIVERIES=$RUN/deliveries.log
PARTITION=$(separate && echo "network namespaces, link down" || echo "one network, SIGSTOP")

stopwatch() { printf '%s' "$EPOCHREALTIME"; }
note() { say "[$((SECONDS / 60)):$(printf '%02d' $((SECONDS % 60)))] $*"; }

finish() {
    local code=$?
    trap '' INT TERM HUP
    [[ -z ${WATCH:-} ]] || kill "$WATCH" 2>/dev/null || true
    [[ -z ${CROWD:-} ]] || kill "$CROWD" 2>/dev/null || true
    [[ -z ${SUBSCRIBER:-} ]] || kill "$SUBSCRIBER" 2>/dev/null || true
    if ((code == 0)) && [[ -z ${CLUSTER_KEEP:-} ]]; then
        "$CLUSTER/cluster.sh" clean >&2 || code=1
    else
        "$CLUSTER/cluster.sh" stop >&2 || code=1
        say "its logs and data stay in $RUN"
    fi
    [[ -n ${VERDICT:-} ]] || VERDICT='{"verdict":"fail","why":"it did not come to its end"}'
    printf '%s\n' "$VERDICT"
    exit "$code"
}

operator() { "$LOCAL/with-environment.sh" operator "$@"; }
rehearsal() { operator "$BIN/Rehearsal" "$@"; }
query() { # SQL: as the superuser, over the balancer
    PGPASSWORD=$(secret postgres) psql -X -q -A -t -h 127.0.0.1 -p "$PG_PORT" -U postgres -d lienthong -c "$1"
}
# The node that leads the queue of the one-stop service.
leading_broker() {
    curl -sf --noproxy '*' -K <(printf 'user = "operator:%s"\n' "$(secret rabbitmq-operator)") \
        "http://127.0.0.1:$MANAGEMENT_PORT/api/queues/lienthong/onestop" \
        | grep -o '"leader":"[^"]*"' | sed 's/.*-\([0-9]\)@.*/\1/'
}
all_brokers() { sees_nodes 1 3 && sees_nodes 2 3 && sees_nodes 3 3; }
members() { # fewest members of a queue of ours
    curl -sf --noproxy '*' -K <(printf 'user = "operator:%s"\n' "$(secret rabbitmq-operator)") \
        "http://127.0.0.1:$MANAGEMENT_PORT/api/queues/lienthong" | python3 -c '
import json, sys
print(min(len(queue["members"]) for queue in json.load(sys.stdin) if queue["type"] == "quorum"))'
}

all_of() { # COLUMNS TABLE: of this table of every service
    local entry selects=()
    for entry in "${SERVICES[@]}"; do selects+=("SELECT $1 FROM $(schema_of "$entry").$2"); done
    printf '%s' "${selects[0]}"
    printf ' UNION ALL %s' "${selects[@]:1}"
}

# A system of somebody else, which has joined when the first delivery is there.
join_subscriber() {
    local token
    token=$(rehearsal token admin)
    : >"$DELIVERIES"
    ADMIN_TOKEN=$token "$LOCAL/with-environment.sh" integrator "$PYTHON" -u "$CLUSTER/subscriber.py" \
        "$DELIVERIES" "$RUN/subscription" >"$RUN/logs/subscriber.log" 2>&1 &
    SUBSCRIBER=$!
    await 60 "the subscriber" test -s "$DELIVERIES"
}
# Every event with its position in the exchange's order, if it has one. Commands are for nobody but their addressee:
# what is left out here is what the exchange never had one of its type of.
archived() {
    printf 'SELECT e.id, o.position FROM (%s) e LEFT JOIN integration.archive_events a ON a.event = e.id
        LEFT JOIN integration.archive_order o ON o.entry = a.id
        WHERE e.type IN (SELECT DISTINCT type FROM integration.archive_events)' "$(all_of "id, type" event_log)"
}
served() { # whether the subscriber has all that there is
    local numbered
    numbered=$(query "SELECT numbered FROM integration.subscription_progress p
        WHERE subscription = '$(<"$RUN/subscription")' AND settled = numbered
            AND NOT EXISTS (SELECT FROM integration.archive_order o WHERE o.position > p.place)
            AND NOT EXISTS (SELECT FROM ($(archived)) e WHERE e.position IS NULL)")
    [[ -n $numbered ]] && (($(cut -d ' ' -f 2 "$DELIVERIES" | sort -u | wc -l) >= numbered))
}

# window NAME COMMAND...: what happens while the command runs and for a while after it belongs to this fault.
window() {
    local name=$1
    shift
    await 60 "PostgreSQL with a synchronous standby" database_ready
    printf '%s %s ' "$name" "$(stopwatch)" >>"$RUN/windows.log"
    "$@"
    sleep 8 # the load goes on undisturbed, so that the end of an interruption is seen
    printf '%s\n' "$(stopwatch)" >>"$RUN/windows.log"
}

kill_leading_broker() {
    local node
    node=$(leading_broker)
    note "SIGKILL to the broker n$node, which leads the queue of OneStop"
    strike "rabbit-$node"
    sleep 12
    spawn_rabbit "$node"
    await 90 "the broker n$node again" all_brokers
    note "n$node is back"
}

cut_minority() {
    note "cutting off n3: a broker and an etcd node ($PARTITION)"
    if separate; then cut_off 3; else kill -STOP "$(pid_of rabbit-3)" "$(pid_of etcd-3)"; fi
    sleep 25
    if separate; then join_again 3; else wake rabbit-3; wake etcd-3; fi
    if ! wait_until 45 all_brokers; then
        # Erlang 25's global name server at times does not find out of it; cluster.md says what an operator does.
        note "n3 stays paused: restarting its broker"
        PARTITION+="; the broker had to be restarted"
        end rabbit-3 TERM 20
        spawn_rabbit 3
        await 60 "the broker's cluster again" all_brokers
    fi
    note "n3 is back"
}

# As an upgrade does it: one copy of each service after the other, migrations first.
roll_copies() {
    local copy entry
    note "rolling restart of all copies"
    migrate_copies
    for copy in "${COPIES[@]}"; do
        for entry in "${SERVICES[@]}"; do
            end "$(schema_of "$entry")-$copy" TERM 30
            start_copy "$entry" "$copy"
            wait_ready "$(schema_of "$entry")-$copy" 60 copy_ready "$entry" "$copy" || return 1
        done
    done
    note "all copies were restarted"
}

kill_primary() {
    local node other
    node=$(primary_node)
    other=$((3 - node))
    note "SIGKILL to PostgreSQL and Patroni on n$node, the primary"
    kill_database "$node"
    await 90 "a new primary" is_primary "$other"
    note "n$other is the primary; n$node comes back as its standby"
    spawn_patroni "$node"
    await 120 "a synchronous standby" is_synchronous "$node"
    note "n$node is synchronous"
}

main() {
    note "starting three brokers, three etcd, two PostgreSQL, two copies of ${#SERVICES[@]} services"
    "$CLUSTER/cluster.sh" start >&2
    rehearsal load >"$RUN/logs/load.log" 2>&1 || { tail -5 "$RUN/logs/load.log" >&2; die "the province is not loaded"; }
    note "loaded; queues have $(members) members at least"
    rehearsal crowd "$LOAD" 4 "$WRITES" >"$RUN/logs/crowd.log" 2>&1 &
    CROWD=$!
    await 60 "the load" test -s "$WRITES"
    join_subscriber
    window undisturbed sleep 6
    window broker kill_leading_broker
    window minority cut_minority
    window rolling roll_copies
    window database kill_primary
    note "waiting for the load to finish what it began"
    local loaded=true audited=true audit crowd
    wait "$CROWD" || loaded=false
    CROWD=
    crowd=$(grep '^{' "$RUN/logs/crowd.log" | tail -n 1)
    [[ $loaded == true ]] || tail -n 5 "$RUN/logs/crowd.log" >&2
    audit=$(operator "$BIN/Auditor" --wait 90) || audited=false
    # What it lacks then is counted as lost.
    wait_until 60 served || say "the subscriber still lacks something; see $RUN/logs/subscriber.log"
    query "COPY (SELECT extract(epoch FROM at)::numeric(20, 3) FROM ($(all_of at effect_log)) e ORDER BY at) TO STDOUT" \
        >"$RUN/effects.log"
    query "COPY ($(archived)) TO STDOUT" >"$RUN/archived.log"
    VERDICT=$(python3 "$CLUSTER/verdict.py" "$RUN" "$loaded" "$audited" "${crowd:-null}" "${audit:-null}" "$PARTITION" \
        "$(query "SELECT max(timeline) FROM onestop.relay_epoch")" "$(members)" "$SECONDS")
    [[ $VERDICT == '{"verdict": "pass"'* ]]
}

trap finish EXIT
trap 'exit 130' INT
trap 'say "10 minutes are over"; exit 143' TERM HUP
(
    sleep "$LIMIT" &
    trap 'kill $!' TERM # the sleep does not outlive the test
    wait $! && kill -TERM $$
) &
WATCH=$!
SECONDS=0
"$CLUSTER/cluster.sh" clean >&2
mkdir -p "$RUN"
main
