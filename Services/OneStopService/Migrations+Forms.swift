extension Migrations {
    static let forms = """
        -- The last number of each sequence of an agency's books in a year; its row is the lock, so there is no gap.
        CREATE TABLE book_counters (
            agency text NOT NULL,
            series text NOT NULL CHECK (series IN ('accepted', 'supplement', 'refusal', 'apology')),
            year int NOT NULL,
            last int NOT NULL CHECK (last >= 0),
            PRIMARY KEY (agency, series, year)
        ) WITH (fillfactor = 50);
        -- The change of a dossier that has a number.
        CREATE TABLE book_lines (
            agency text NOT NULL,
            series text NOT NULL,
            year int NOT NULL,
            number int NOT NULL CHECK (number >= 1),
            dossier uuid NOT NULL,
            version bigint NOT NULL,
            at timestamptz NOT NULL,
            PRIMARY KEY (agency, series, year, number),
            -- Of a row of dossier_history, written by the same statement.
            UNIQUE (dossier, version)
        );
        -- What happened before there were books has its numbers in the order in which it happened.
        INSERT INTO book_lines (agency, series, year, number, dossier, version, at)
            SELECT agency, series, year,
                   row_number() OVER (PARTITION BY agency, series, year ORDER BY at, dossier, version),
                   dossier, version, at
            FROM (SELECT d.receiving_agency AS agency, h.dossier, h.version, h.at,
                         extract(year FROM h.at AT TIME ZONE 'Asia/Ho_Chi_Minh')::int AS year,
                         CASE h.what WHEN 'accepted' THEN 'accepted' WHEN 'supplement-requested' THEN 'supplement'
                             WHEN 'reappointed' THEN 'apology' ELSE 'refusal' END AS series
                  FROM dossier_history h JOIN dossiers d ON d.id = h.dossier
                  WHERE h.what IN ('accepted', 'supplement-requested', 'refused', 'stopped', 'reappointed')) acts;
        INSERT INTO book_counters (agency, series, year, last)
            SELECT agency, series, year, max(number) FROM book_lines GROUP BY agency, series, year;
        -- A form as it was first printed: later prints are that file.
        CREATE TABLE printed_forms (
            dossier uuid NOT NULL REFERENCES dossiers,
            form smallint NOT NULL CHECK (form BETWEEN 1 AND 5),
            -- Of the dossier, when what the form says happened.
            version bigint NOT NULL,
            sha256 text NOT NULL,
            bytes bigint NOT NULL,
            printed_by text NOT NULL,
            printed_at timestamptz NOT NULL,
            PRIMARY KEY (dossier, form, version)
        );
        """

    static let closing = """
        ALTER TABLE book_counters ADD COLUMN closed_at timestamptz;
        -- A book as it was when its year was closed, and what it hashes to as a table.
        CREATE TABLE closed_books (
            agency text NOT NULL,
            year int NOT NULL,
            form smallint NOT NULL CHECK (form BETWEEN 1 AND 6),
            lines int NOT NULL,
            sha256 text NOT NULL,
            closed_at timestamptz NOT NULL,
            closed_by text NOT NULL,
            PRIMARY KEY (agency, year, form)
        );
        -- Personal data, as in the dossiers that they were taken from.
        CREATE TABLE closed_book_lines (
            agency text NOT NULL,
            year int NOT NULL,
            form smallint NOT NULL,
            number int NOT NULL,
            cells text[] NOT NULL,
            PRIMARY KEY (agency, year, form, number)
        );
        -- From now on whoever takes the first number of a year sets its timer.
        INSERT INTO timers (kind, key, due_at, payload)
            SELECT DISTINCT 'onestop.books-close', agency || ' ' || year,
                   make_timestamptz(year + 1, 1, 1, 1, 0, 0, 'Asia/Ho_Chi_Minh'), '{}'::jsonb
            FROM book_counters;
        """
}
