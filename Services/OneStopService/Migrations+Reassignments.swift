extension Migrations {
    static let reassignments = """
        -- Dossiers of an official given to others, in batches: `cursor` is the last one that was looked at.
        CREATE TABLE reassignments (
            id uuid PRIMARY KEY,
            agency text NOT NULL,
            officer uuid NOT NULL,
            to_officers uuid[] NOT NULL,
            procedure text,
            step text,
            reason_code text NOT NULL,
            note text,
            asked_by text NOT NULL,
            asked_person uuid NOT NULL,
            asked_at timestamptz NOT NULL,
            cursor uuid NOT NULL,
            moved int NOT NULL DEFAULT 0,
            kept int NOT NULL DEFAULT 0,
            finished_at timestamptz
        );
        -- What became of each dossier: whom it went to, or the code of the reason why it did not.
        CREATE TABLE reassignment_lines (
            reassignment uuid NOT NULL REFERENCES reassignments,
            dossier uuid NOT NULL REFERENCES dossiers,
            to_officer uuid,
            refused text,
            PRIMARY KEY (reassignment, dossier),
            CHECK ((to_officer IS NULL) <> (refused IS NULL))
        );
        """
}
