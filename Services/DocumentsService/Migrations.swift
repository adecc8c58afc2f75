import ServiceKit

enum Migrations {
    static let all: [Migration] = [
        Migration(
            1, "outgoing documents",
            """
            CREATE TABLE documents (
                id uuid PRIMARY KEY,
                version bigint NOT NULL,
                -- Events told so far: edits raise the version and tell nothing.
                announced bigint NOT NULL,
                state text NOT NULL CHECK (state IN ('drafted', 'approved', 'issued')),
                agency text NOT NULL,
                dossier uuid UNIQUE,
                dossier_code text,
                document_type text NOT NULL,
                subject text NOT NULL,
                field text,
                recipients text[] NOT NULL,
                kept_by text,
                copies int NOT NULL,
                pages int,
                note text,
                drafter uuid,
                drafted_at timestamptz NOT NULL,
                signer uuid,
                signer_name text,
                signer_title text,
                approved_at timestamptz,
                series text,
                year int,
                number int CHECK (number >= 1),
                symbol text,
                issued_on date,
                issued_at timestamptz,
                issued_by text,
                CHECK ((state = 'drafted') = (approved_at IS NULL)),
                CHECK (num_nulls(series, year, number, symbol, issued_on, issued_at, issued_by)
                       = CASE state WHEN 'issued' THEN 0 ELSE 7 END),
                CONSTRAINT documents_one_number UNIQUE (agency, year, series, number),
                -- Decree 30/2020, Art. 15: number and symbol are used once a year.
                CONSTRAINT documents_one_symbol UNIQUE (agency, year, number, symbol)
            );
            CREATE INDEX documents_agency_state ON documents (agency, state, id);
            -- What is issued stays as it is, and its number with it.
            CREATE FUNCTION documents_keep_issued() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'document % is issued', OLD.id;
            END $$;
            CREATE TRIGGER documents_keep_issued BEFORE UPDATE OR DELETE ON documents
                FOR EACH ROW WHEN (OLD.state = 'issued') EXECUTE FUNCTION documents_keep_issued();
            CREATE TABLE document_history (
                id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                document uuid NOT NULL,
                version bigint NOT NULL,
                at timestamptz NOT NULL,
                actor text NOT NULL,
                what text NOT NULL,
                note text
            );
            CREATE INDEX document_history_document ON document_history (document, id);
            """),
        Migration(
            2, "attachments",
            """
            CREATE TABLE attachments (
                id uuid PRIMARY KEY,
                document uuid NOT NULL REFERENCES documents,
                part text NOT NULL CHECK (part IN ('main', 'annex')),
                name text NOT NULL,
                media_type text NOT NULL,
                sha256 text NOT NULL,
                size bigint NOT NULL,
                attached_by text NOT NULL,
                attached_at timestamptz NOT NULL,
                CONSTRAINT attachments_once UNIQUE (document, sha256)
            );
            CREATE UNIQUE INDEX attachments_one_main ON attachments (document) WHERE part = 'main';
            """),
        Migration(
            3, "numbering",
            """
            -- The abbreviation of an agency and which types of documents have a series of their own.
            CREATE TABLE agency_numbering (
                agency text PRIMARY KEY,
                symbol text NOT NULL,
                books jsonb NOT NULL,
                version bigint NOT NULL
            );
            -- The last number given. The row is locked from taking a number to the commit of the issue.
            CREATE TABLE series_counters (
                agency text NOT NULL,
                series text NOT NULL,
                year int NOT NULL,
                last int NOT NULL CHECK (last >= 1),
                PRIMARY KEY (agency, series, year)
            );
            """),
        Migration(
            4, "what dissolved agencies leave",
            """
            -- What ended before this was kept is looked at now, also where business time stands in the past.
            INSERT INTO timers (kind, key, due_at, payload)
                SELECT 'documents.succession', code, '2000-01-01T00:00:00Z', '{}' FROM directory_agencies
                WHERE valid_to IS NOT NULL;
            """),
        // The next one goes here. Never edit the ones above: they have run.
    ]
}
