extension EventLogSchema {
    /// What was sealed. The index finds an event by its id: ids grow with time, so one entry for many pages does, and
    /// costs a writer next to nothing.
    static let receipts = """
        CREATE INDEX event_log_id ON event_log USING brin (id) WITH (pages_per_range = 16, autosummarize = on);
        -- Every public key that signed here.
        CREATE TABLE receipt_key (
            key text PRIMARY KEY,
            public bytea NOT NULL,
            since timestamptz NOT NULL DEFAULT clock_timestamp()
        );
        -- Signed statements over neighbouring ticks: how many events each tick has, the leaf hashes of all of them, 32
        -- bytes each, and the signed text, which holds the root over the ticks and the hash of the statement before.
        CREATE TABLE receipt_seal (
            number bigint PRIMARY KEY CHECK (number >= 1),
            epoch int NOT NULL,
            first_tick bigint NOT NULL,
            last_tick bigint NOT NULL CHECK (last_tick >= first_tick),
            counts int[] NOT NULL,
            leaves bytea NOT NULL,
            statement text NOT NULL,
            signature bytea NOT NULL,
            UNIQUE (epoch, first_tick)
        );
        ALTER TABLE receipt_seal ALTER COLUMN leaves SET STORAGE EXTERNAL;
        """
}
