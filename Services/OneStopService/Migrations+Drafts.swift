extension Migrations {
    /// Submissions that are being written, and files that come in parts.
    static let drafts = """
        CREATE TABLE drafts (
            id uuid PRIMARY KEY,
            -- 0 only inside the transaction that makes it.
            version bigint NOT NULL CHECK (version >= 0),
            owner uuid NOT NULL,
            -- A clerk's, for an applicant at the counter.
            desk boolean NOT NULL,
            -- Personal data; emptied when a dossier is made of it. As it was filled in, so json and not jsonb.
            content json NOT NULL,
            saved_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            -- One dossier at most.
            dossier uuid UNIQUE REFERENCES dossiers
        );
        CREATE INDEX drafts_owner ON drafts (owner, saved_at);
        CREATE TABLE uploads (
            id uuid PRIMARY KEY,
            version bigint NOT NULL,
            draft uuid REFERENCES drafts ON DELETE CASCADE,
            dossier uuid REFERENCES dossiers,
            owner uuid NOT NULL,
            part text NOT NULL,
            name text NOT NULL,
            sha256 text NOT NULL,
            bytes bigint NOT NULL CHECK (bytes > 0),
            declared text,
            -- How much of it is on the disk.
            received bigint NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND bytes),
            -- verified: whole, and what it says it is. attached: a paper of the dossier.
            state text NOT NULL CHECK (state IN ('receiving', 'verified', 'attached')),
            media_type text,
            signed boolean,
            scanned_at timestamptz,
            begun_at timestamptz NOT NULL,
            expires_at timestamptz NOT NULL,
            CHECK (num_nonnulls(draft, dossier) = 1),
            CHECK (state = 'receiving' OR (received = bytes AND media_type IS NOT NULL))
        );
        CREATE INDEX uploads_draft ON uploads (draft) WHERE draft IS NOT NULL;
        CREATE INDEX uploads_dossier ON uploads (dossier) WHERE dossier IS NOT NULL;
        -- Files in which the scanner found something: what is known of them, without the file and without its name.
        CREATE TABLE refused_files (
            id uuid PRIMARY KEY,
            at timestamptz NOT NULL,
            sent_by text NOT NULL,
            draft uuid,
            dossier uuid,
            part text NOT NULL,
            sha256 text NOT NULL,
            bytes bigint NOT NULL,
            found text NOT NULL
        );
        -- Null: nobody scanned it, or looked for a signature.
        ALTER TABLE attachments ADD COLUMN scanned_at timestamptz, ADD COLUMN signed boolean;
        """
}
