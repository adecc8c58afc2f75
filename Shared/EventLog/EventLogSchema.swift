import Postgres

/// The backbone's tables in every service's schema.
public enum EventLogSchema {
    public static let migrations: [Migration] = [
        Migration(1, "event log", log),
        Migration(2, "relay", relay),
        Migration(3, "inbox", inbox),
        Migration(4, "timers", timers),
        Migration(5, "receipts", receipts),
        // The next one goes here. Never edit the ones above: they have run.
    ]

    /// Tables that the runtime role can only read and add to.
    public static let appendOnly = [
        "event_log", "effect_log", "relay_tick", "dead_letter_audit", "receipt_key", "receipt_seal",
    ]

    private static let log = """
        -- Append-only, never deleted from. seq is taken after the aggregate's row lock, so it orders an aggregate.
        CREATE TABLE event_log (
            seq bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            epoch int NOT NULL,
            id uuid NOT NULL,
            aggregate_type text NOT NULL,
            aggregate_id text NOT NULL,
            aggregate_version bigint NOT NULL CHECK (aggregate_version >= 1),
            type text NOT NULL,
            agency text,
            actor text NOT NULL,
            traceparent text,
            occurred_at timestamptz NOT NULL,
            payload json NOT NULL,
            UNIQUE (aggregate_type, aggregate_id, aggregate_version)
        );
        CREATE INDEX event_log_xid ON event_log (xid);
        """

    private static let relay = """
        -- The incarnation of this history, and what it was recognised by. Everything up to base_seq was written before
        -- it: its xids may mean nothing any more, so an epoch begins by publishing all of that again, by seq; what came
        -- later is told apart by snapshots, from since on.
        CREATE TABLE relay_epoch (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            epoch int NOT NULL,
            system_identifier text NOT NULL,
            timeline bigint NOT NULL,
            relation oid NOT NULL,
            base_seq bigint NOT NULL DEFAULT 0,
            since pg_snapshot NOT NULL DEFAULT '1:1:'
        );
        INSERT INTO relay_epoch (epoch, system_identifier, timeline, relation)
            SELECT 1, s.system_identifier::text,
                   ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::bigint, 'event_log'::regclass::oid
            FROM pg_control_system() s;
        -- One leader per schema; the database's clock decides.
        CREATE TABLE relay_lease (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            term bigint NOT NULL,
            holder text NOT NULL,
            expires_at timestamptz NOT NULL
        );
        INSERT INTO relay_lease (term, holder, expires_at) VALUES (0, '', '-infinity');
        -- A batch of the relay, written before its first publish: positions never change. Its events are those with
        -- after_seq < seq <= through_seq that cur sees and prev did not; of a raised tick, all in that range. A
        -- difference too large for one tick is cut by seq: until_seq is where it ends, later ticks have the same pair.
        CREATE TABLE relay_tick (
            epoch int NOT NULL,
            tick bigint NOT NULL,
            term bigint NOT NULL,
            prev pg_snapshot NOT NULL,
            cur pg_snapshot NOT NULL,
            raised boolean NOT NULL,
            after_seq bigint NOT NULL,
            through_seq bigint NOT NULL CHECK (through_seq > after_seq),
            until_seq bigint NOT NULL CHECK (until_seq >= through_seq),
            count int NOT NULL CHECK (count > 0),
            opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (epoch, tick)
        );
        -- How far is published: all ticks before this one, and of this one the first `confirmed`, up to confirmed_seq.
        CREATE TABLE relay_cursor (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            tick bigint NOT NULL,
            confirmed_seq bigint NOT NULL,
            confirmed int NOT NULL
        );
        INSERT INTO relay_cursor (tick, confirmed_seq, confirmed) VALUES (0, 0, 0);
        """

    private static let inbox = """
        -- Up to which version each aggregate was taken; never expires. Version 0: nothing taken, but something parked.
        CREATE TABLE inbox_position (
            reaction text NOT NULL,
            source text NOT NULL,
            aggregate_type text NOT NULL,
            aggregate_id text NOT NULL,
            epoch int NOT NULL,
            last_version bigint NOT NULL,
            PRIMARY KEY (reaction, source, aggregate_type, aggregate_id)
        ) WITH (fillfactor = 80);
        -- One row an event that had an effect, in the transaction of that effect: what an auditor counts.
        CREATE TABLE effect_log (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            reaction text NOT NULL,
            source text NOT NULL,
            aggregate_type text NOT NULL,
            aggregate_id text NOT NULL,
            version bigint NOT NULL,
            type text NOT NULL,
            event uuid NOT NULL,
            at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        CREATE INDEX effect_log_event ON effect_log (source, aggregate_type, aggregate_id, version);
        -- Events that could not be taken yet, in the order of their aggregate. waiting: for the events before it;
        -- unknown: until wait_key is known; failed: until due_at; dead: for an operator. due_at is when the inbox looks
        -- at it again by itself; NULL: when its turn comes. A restored source may send one version in two epochs.
        CREATE TABLE inbox_parked (
            id uuid PRIMARY KEY,
            reaction text NOT NULL,
            source text NOT NULL,
            aggregate_type text NOT NULL,
            aggregate_id text NOT NULL,
            version bigint NOT NULL,
            epoch int NOT NULL,
            type text NOT NULL,
            envelope jsonb NOT NULL,
            state text NOT NULL CHECK (state IN ('waiting', 'unknown', 'failed', 'dead')),
            wait_key text,
            attempts int NOT NULL DEFAULT 0,
            error text,
            due_at timestamptz,
            parked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            UNIQUE (reaction, source, aggregate_type, aggregate_id, version, epoch)
        );
        CREATE INDEX inbox_parked_due ON inbox_parked (due_at) WHERE due_at IS NOT NULL;
        CREATE INDEX inbox_parked_key ON inbox_parked (wait_key) WHERE state = 'unknown';
        CREATE INDEX inbox_parked_dead ON inbox_parked (id) WHERE state = 'dead';
        -- Messages that are no events of ours (malformed, or from somebody who may not announce them), for an operator.
        CREATE TABLE inbox_refused (
            id uuid PRIMARY KEY,
            reaction text NOT NULL,
            routing_key text NOT NULL,
            message text NOT NULL,
            sender text NOT NULL,
            reason text NOT NULL,
            -- The beginning of the body, and how long it was.
            body bytea NOT NULL,
            body_bytes bigint NOT NULL,
            at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        -- What operators did with dead events and refused messages. A skipped event is neither lost nor waiting.
        CREATE TABLE dead_letter_audit (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            parked uuid NOT NULL,
            what text NOT NULL CHECK (what IN ('inspected', 'edited', 'retried', 'skipped', 'dismissed')),
            actor text NOT NULL,
            reason text,
            source text,
            aggregate_type text,
            aggregate_id text,
            version bigint,
            before jsonb,
            at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        CREATE INDEX dead_letter_audit_skipped ON dead_letter_audit (source, aggregate_type, aggregate_id, version)
            WHERE what = 'skipped';
        -- The position below which everything of these aggregates has arrived here, found out by reading the feed. By
        -- aggregate type, so that one that is consumed anew is read from its start.
        CREATE TABLE inbox_source (
            reaction text NOT NULL,
            source text NOT NULL,
            aggregate_type text NOT NULL,
            epoch int NOT NULL,
            tick bigint NOT NULL,
            ordinal int NOT NULL,
            PRIMARY KEY (reaction, source, aggregate_type)
        );
        CREATE TABLE inbox_counter (
            reaction text PRIMARY KEY,
            duplicates bigint NOT NULL DEFAULT 0
        );
        """

    private static let timers = """
        -- Due at a business time; fired once, in the transaction of the effect.
        CREATE TABLE timers (
            kind text NOT NULL,
            key text NOT NULL,
            due_at timestamptz NOT NULL,
            payload jsonb NOT NULL,
            attempts int NOT NULL DEFAULT 0,
            retry_at timestamptz,
            error text,
            PRIMARY KEY (kind, key)
        );
        CREATE INDEX timers_due ON timers (due_at);
        """
}
