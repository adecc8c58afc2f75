extension Migrations {
    /// Which opinions were reported as late, and to whom a step beside the leading one was given.
    static let reports = """
        ALTER TABLE branches ADD COLUMN officer uuid;
        CREATE INDEX branches_officer ON branches (officer) WHERE officer IS NOT NULL AND closed_at IS NULL;
        -- The one-stop that was told, once for each opinion.
        CREATE TABLE opinion_reports (
            opinion uuid PRIMARY KEY REFERENCES opinions,
            dossier uuid NOT NULL REFERENCES dossiers,
            agency text NOT NULL,
            due_at timestamptz NOT NULL,
            reported_at timestamptz NOT NULL
        );
        CREATE INDEX opinion_reports_agency ON opinion_reports (agency, reported_at, opinion);
        -- Those that are open already are watched from now on.
        INSERT INTO timers (kind, key, due_at, payload)
            SELECT 'onestop.report-overdue-opinion', id::text, due_at + interval '1 second', '{}'::jsonb
            FROM opinions WHERE answered_at IS NULL;
        """

    /// Which one-stops passed a dossier on because they were not in charge.
    static let forwards = """
        CREATE TABLE dossier_forwards (
            dossier uuid NOT NULL REFERENCES dossiers,
            version bigint NOT NULL,
            from_agency text NOT NULL,
            to_agency text NOT NULL,
            reason text NOT NULL,
            by text NOT NULL,
            at timestamptz NOT NULL,
            PRIMARY KEY (dossier, version)
        );
        """
}
