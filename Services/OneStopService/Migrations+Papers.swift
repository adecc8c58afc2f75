extension Migrations {
    /// What a clerk took in, papers that are taken again, and until when a dossier is kept.
    static let papers = """
        CREATE TABLE dossier_papers (
            id uuid PRIMARY KEY,
            dossier uuid NOT NULL REFERENCES dossiers,
            part text NOT NULL,
            name text,
            form text NOT NULL CHECK (form IN ('original', 'copy', 'result')),
            count int NOT NULL CHECK (count > 0),
            -- The earlier dossier whose result stands for the paper.
            result uuid REFERENCES dossiers,
            document_number text,
            taken_by text NOT NULL,
            taken_at timestamptz NOT NULL,
            CHECK ((form = 'result') = (result IS NOT NULL AND document_number IS NOT NULL))
        );
        CREATE INDEX dossier_papers_dossier ON dossier_papers (dossier);
        -- The same stored file, taken from an earlier dossier.
        ALTER TABLE attachments ADD COLUMN reused_from uuid REFERENCES attachments;
        CREATE TABLE dossier_retention (
            dossier uuid PRIMARY KEY REFERENCES dossiers,
            closed_on date NOT NULL,
            -- Null where the procedure does not say.
            retention text,
            -- Null where it is kept for good, or nobody decided it.
            kept_until date
        );
        CREATE INDEX dossier_retention_until ON dossier_retention (kept_until) WHERE kept_until IS NOT NULL;
        """
}
