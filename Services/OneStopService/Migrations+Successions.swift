extension Migrations {
    static let successions = """
        -- Agencies that end, and how far what was open there has gone to their successors. Who succeeds whom stands in
        -- directory_agencies; what is left stands where it lies.
        CREATE TABLE successions (
            agency text PRIMARY KEY,
            decided_by text NOT NULL,
            decided_at timestamptz NOT NULL,
            moved int NOT NULL DEFAULT 0,
            finished_at timestamptz
        );
        -- Each thing in which a successor took the place of an agency, and the version that it got by that: of the
        -- dossier, also of what lies beside it, or of the complaint.
        CREATE TABLE succession_lines (
            subject uuid NOT NULL,
            version bigint NOT NULL,
            kind text NOT NULL CHECK (kind IN ('dossier', 'branch', 'opinion', 'complaint')),
            dossier uuid REFERENCES dossiers,
            from_agency text NOT NULL,
            to_agency text NOT NULL,
            at timestamptz NOT NULL,
            PRIMARY KEY (subject, version),
            CHECK ((dossier IS NULL) = (kind = 'complaint'))
        );
        CREATE INDEX succession_lines_dossier ON succession_lines (dossier) WHERE dossier IS NOT NULL;
        -- Few are away on another level.
        CREATE INDEX dossiers_sent ON dossiers USING gin (sent_from)
            WHERE sent_from <> '{}' AND status IN (1, 2, 4, 5, 6, 7);
        -- What ended before this was kept is looked at now, also where business time stands in the past.
        INSERT INTO successions (agency, decided_by, decided_at)
            SELECT code, 'migration', now() FROM directory_agencies WHERE valid_to IS NOT NULL;
        INSERT INTO timers (kind, key, due_at, payload)
            SELECT 'onestop.succession', agency, '2000-01-01T00:00:00Z', '{}' FROM successions;
        """
}
