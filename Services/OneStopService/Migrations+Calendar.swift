extension Migrations {
    static let calendarChanges = """
        -- Each change of the calendar; the dates of open dossiers are counted anew, in batches.
        CREATE TABLE calendar_changes (
            version bigint PRIMARY KEY,
            loaded_by text NOT NULL,
            loaded_at timestamptz NOT NULL,
            begun_at timestamptz,
            looked int NOT NULL DEFAULT 0,
            moved int NOT NULL DEFAULT 0,
            finished_at timestamptz,
            superseded_by bigint
        );
        -- The dossiers that are still to be looked at.
        CREATE TABLE calendar_waiting (
            version bigint NOT NULL REFERENCES calendar_changes,
            dossier uuid NOT NULL,
            PRIMARY KEY (version, dossier)
        );
        CREATE TABLE calendar_moves (
            version bigint NOT NULL REFERENCES calendar_changes,
            deadline text NOT NULL,
            dossier uuid NOT NULL REFERENCES dossiers,
            kind text NOT NULL,
            agency text NOT NULL,
            former_due_at timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            explanation jsonb NOT NULL,
            PRIMARY KEY (version, deadline)
        );
        CREATE INDEX calendar_moves_dossier ON calendar_moves (dossier, version);
        """
}
