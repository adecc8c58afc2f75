import ServiceKit

enum Migrations {
    static let all: [Migration] = [
        Migration(1, "archive", archive),
        Migration(2, "subscriptions", subscriptions),
        Migration(3, "deliveries", deliveries),
        Migration(4, "delivery_epochs", deliveryEpochs),
        // The next one goes here. Never edit the ones above: they have run.
    ]

    static let appendOnly = [
        "archive_events", "archive_order", "deliveries", "settlements", "delivery_audit", "subscription_history",
    ]

    private static let archive = """
        -- Every event that arrived, as it arrived; written in the transaction that takes it. Never changed.
        CREATE TABLE archive_events (
            id bigint GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
            xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
            event uuid NOT NULL,
            source text NOT NULL,
            type text NOT NULL,
            aggregate_type text NOT NULL,
            aggregate_id text NOT NULL,
            aggregate_version bigint NOT NULL,
            epoch int NOT NULL,
            -- Where it stands in its source's feed; NULL when it was read as a missing version.
            source_position text,
            agency text,
            actor text,
            traceparent text,
            occurred_at timestamptz NOT NULL,
            payload bytea NOT NULL,
            UNIQUE (source, aggregate_type, aggregate_id, aggregate_version, epoch)
        );
        CREATE INDEX archive_events_xid ON archive_events (xid);
        CREATE INDEX archive_events_event ON archive_events (event);
        -- The order in which they became visible: positions are dense from 1 and never change. One statement numbers
        -- what a new snapshot sees and the one before did not, by id; an aggregate's events commit one after the other,
        -- so their ids and their positions follow their versions.
        CREATE TABLE archive_order (
            position bigint PRIMARY KEY,
            entry bigint NOT NULL UNIQUE,
            -- The latest time of all up to here: the first position of a time is found by it.
            latest_at timestamptz NOT NULL,
            ordered_at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        CREATE INDEX archive_order_latest ON archive_order (latest_at, position);
        CREATE TABLE archive_head (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            position bigint NOT NULL,
            latest_at timestamptz NOT NULL,
            seen pg_snapshot NOT NULL,
            -- The incarnation of this schema in which `seen` means something.
            epoch int NOT NULL
        );
        INSERT INTO archive_head (position, latest_at, seen, epoch) VALUES (0, '-infinity', '1:1:', 0);
        -- Who numbers and delivers; the database's clock decides.
        CREATE TABLE exchange_lease (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            term bigint NOT NULL,
            holder text NOT NULL,
            expires_at timestamptz NOT NULL
        );
        INSERT INTO exchange_lease (term, holder, expires_at) VALUES (0, '', '-infinity');
        """

    private static let deliveryEpochs = """
        -- The incarnation of this history in which the number was given; with the number what a subscriber knows a
        -- repetition by. What has a number already is taken to be of the first.
        ALTER TABLE deliveries ADD COLUMN epoch int NOT NULL DEFAULT 1;
        ALTER TABLE deliveries ALTER COLUMN epoch DROP DEFAULT;
        -- The oldest generation that signs beside the newest one until former_until.
        ALTER TABLE subscriptions ADD COLUMN former_generation int;
        UPDATE subscriptions SET former_generation = generation - 1 WHERE former_until IS NOT NULL;
        """

    private static let subscriptions = """
        CREATE TABLE subscriptions (
            id uuid PRIMARY KEY,
            version bigint NOT NULL,
            name text NOT NULL,
            kind text NOT NULL CHECK (kind IN ('queue', 'webhook')),
            -- What it is about: patterns of types (none: all), an agency with all below it, one aggregate.
            types text[] NOT NULL,
            agency text,
            aggregate_source text,
            aggregate_type text,
            aggregate_id text,
            -- The program that it belongs to.
            client text,
            url text,
            state text NOT NULL CHECK (state IN ('active', 'paused', 'disabled', 'deleted')),
            -- Why it is disabled.
            reason text,
            -- Passwords and signing secrets are derived, never stored: this counts them.
            generation int NOT NULL DEFAULT 1,
            shown boolean NOT NULL DEFAULT false,
            -- Until when the secret before this one signs too.
            former_until timestamptz,
            -- The generation that the broker's user has.
            provisioned int NOT NULL DEFAULT 0,
            created_by text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            CHECK ((kind = 'webhook') = (url IS NOT NULL)),
            CHECK (num_nulls(aggregate_source, aggregate_type, aggregate_id) IN (0, 3))
        );
        CREATE INDEX subscriptions_client ON subscriptions (client) WHERE client IS NOT NULL;
        -- How far it is: positions up to `place` were looked at, numbers up to `numbered` given, all up to `settled`
        -- delivered or left out, and all up to `acknowledged` taken, as the subscriber says.
        CREATE TABLE subscription_progress (
            subscription uuid PRIMARY KEY REFERENCES subscriptions,
            place bigint NOT NULL,
            numbered bigint NOT NULL DEFAULT 0,
            settled bigint NOT NULL DEFAULT 0,
            acknowledged bigint NOT NULL DEFAULT 0
        ) WITH (fillfactor = 50);
        CREATE TABLE subscription_history (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            subscription uuid NOT NULL REFERENCES subscriptions,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            actor text NOT NULL,
            what text NOT NULL,
            note text
        );
        CREATE INDEX subscription_history_of ON subscription_history (subscription, id);
        -- Positions first_position to last_position once more, beside what is live.
        CREATE TABLE replays (
            id uuid PRIMARY KEY,
            subscription uuid NOT NULL REFERENCES subscriptions,
            first_position bigint NOT NULL,
            last_position bigint NOT NULL,
            -- Positions up to here were looked at.
            place bigint NOT NULL,
            happened_from timestamptz,
            happened_until timestamptz,
            aggregate_source text,
            aggregate_type text,
            aggregate_id text,
            rate int NOT NULL,
            sent bigint NOT NULL DEFAULT 0,
            state text NOT NULL CHECK (state IN ('running', 'done', 'cancelled')),
            created_by text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            ended_at timestamptz
        ) WITH (fillfactor = 50);
        CREATE INDEX replays_of ON replays (subscription, id);
        CREATE INDEX replays_running ON replays (subscription, id) WHERE state = 'running';
        """

    private static let deliveries = """
        -- The ledger: written together with the subscription's place and number, before the delivery is sent.
        CREATE TABLE deliveries (
            subscription uuid NOT NULL,
            number bigint NOT NULL,
            event uuid NOT NULL,
            -- NULL: a test.
            position bigint,
            replay uuid,
            numbered_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (subscription, number)
        );
        CREATE INDEX deliveries_position ON deliveries (position);
        CREATE INDEX deliveries_test ON deliveries (event) WHERE position IS NULL;
        -- Numbers that are over, as ranges that do not overlap.
        CREATE TABLE settlements (
            subscription uuid NOT NULL,
            first_number bigint NOT NULL,
            last_number bigint NOT NULL CHECK (last_number >= first_number),
            outcome text NOT NULL CHECK (outcome IN ('delivered', 'skipped')),
            attempts int NOT NULL,
            at timestamptz NOT NULL DEFAULT clock_timestamp(),
            PRIMARY KEY (subscription, last_number)
        );
        -- Deliveries that failed and are not over.
        CREATE TABLE delivery_failures (
            subscription uuid NOT NULL,
            number bigint NOT NULL,
            state text NOT NULL CHECK (state IN ('retrying', 'dead')),
            attempts int NOT NULL,
            first_at timestamptz NOT NULL DEFAULT clock_timestamp(),
            due_at timestamptz NOT NULL,
            status int,
            error text NOT NULL,
            -- The data to send instead.
            edited bytea,
            PRIMARY KEY (subscription, number)
        );
        CREATE TABLE delivery_audit (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            subscription uuid NOT NULL,
            number bigint NOT NULL,
            what text NOT NULL CHECK (what IN ('inspected', 'edited', 'retried', 'skipped')),
            actor text NOT NULL,
            reason text,
            -- The data before an edit.
            before bytea,
            at timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        CREATE INDEX delivery_audit_of ON delivery_audit (subscription, id);
        """
}
