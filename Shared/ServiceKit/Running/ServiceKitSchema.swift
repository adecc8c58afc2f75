import Postgres

/// ServiceKit's tables in every service's schema.
public enum ServiceKitSchema {
    public static let migrations: [Migration] = [
        Migration(
            1, "requests",
            """
            -- Answers kept for repetitions of a request; written in the transaction of the effect.
            CREATE TABLE idempotency_keys (
                caller text NOT NULL,
                route text NOT NULL,
                key text NOT NULL,
                fingerprint bytea NOT NULL,
                status int NOT NULL,
                etag text,
                location text,
                body bytea NOT NULL,
                created_at timestamptz NOT NULL DEFAULT now(),
                PRIMARY KEY (caller, route, key)
            );
            CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
            -- What a rehearsal set business time to; no row: real time.
            CREATE TABLE business_clock (
                one boolean PRIMARY KEY DEFAULT true CHECK (one),
                now timestamptz NOT NULL
            );
            -- Identity's public keys as they were last fetched: a restart does not need Identity.
            CREATE TABLE verifier_keys (
                kid text PRIMARY KEY,
                jwk jsonb NOT NULL,
                fetched_at timestamptz NOT NULL DEFAULT now()
            );
            """),
        Directory.migration,
        Directory.fieldsOfPosts,
        Directory.standIns,
        // The next one goes here. Never edit the ones above: they have run.
    ]
}
