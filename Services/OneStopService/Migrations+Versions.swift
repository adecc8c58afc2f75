extension Migrations {
    /// How running dossiers go to a later version of their procedure, and which of them did.
    static let versionMoves = """
        -- The version whose limit counts, where a dossier moved and kept its date.
        ALTER TABLE dossiers ADD COLUMN limit_number int;
        CREATE TABLE version_mappings (
            id uuid PRIMARY KEY,
            procedure text NOT NULL,
            from_number int NOT NULL,
            to_number int NOT NULL CHECK (to_number > from_number),
            steps jsonb NOT NULL,
            due_dates text NOT NULL CHECK (due_dates IN ('keep', 'project')),
            reason text NOT NULL,
            states int NOT NULL,
            made_by text NOT NULL,
            made_at timestamptz NOT NULL
        );
        CREATE INDEX version_mappings_procedure ON version_mappings (procedure, id);
        CREATE TABLE version_moves (
            mapping uuid NOT NULL REFERENCES version_mappings,
            dossier uuid NOT NULL REFERENCES dossiers,
            state text NOT NULL CHECK (state IN ('waiting', 'moved', 'stayed')),
            at timestamptz NOT NULL,
            asked_by text NOT NULL,
            code text,
            vietnamese text,
            english text,
            PRIMARY KEY (mapping, dossier),
            CHECK ((state = 'stayed') = (code IS NOT NULL))
        );
        CREATE INDEX version_moves_waiting ON version_moves (mapping, dossier) WHERE state = 'waiting';
        """
}
