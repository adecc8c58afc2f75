extension Migrations {
    /// What reports ask: which dossiers were accepted in a period, and which have ended since a moment.
    static let reporting = """
        CREATE INDEX dossiers_accepted ON dossiers (accepted_at) WHERE accepted_at IS NOT NULL;
        CREATE INDEX dossier_history_ended ON dossier_history (at, dossier)
            WHERE to_status IN (8, 9) AND from_status <> to_status;
        """

    /// What an agency accepted in a period, without reading what the others did: in the place of the province's.
    static let received = """
        DROP INDEX dossiers_accepted;
        CREATE INDEX dossiers_received ON dossiers (receiving_agency, accepted_at) WHERE accepted_at IS NOT NULL;
        """

    /// What an agency's report asks, without reading what the others did: the ends of dossiers by the agency, in the
    /// place of the index of the province's. An end is written once in a dossier's life, with what a report must know
    /// of it before it looks at the dossier. What else is needed is rare, and costs nothing where it is not: payments
    /// after the end, open dossiers that are away, what was forwarded.
    static let reportedByAgency = """
        CREATE TABLE dossier_ends (
            agency text NOT NULL,
            ended_at timestamptz NOT NULL,
            dossier uuid NOT NULL REFERENCES dossiers,
            accepted_at timestamptz NOT NULL,
            -- Whether the agency received it, or officials there held it for the one that did.
            received boolean NOT NULL,
            PRIMARY KEY (agency, ended_at, dossier) INCLUDE (accepted_at, received)
        );
        \(endsBefore);
        DROP INDEX dossier_history_ended;
        CREATE INDEX dossier_history_paid_later ON dossier_history (agency, at, dossier)
            WHERE what = 'payment-settled' AND to_status IN (8, 9, 10);
        CREATE INDEX dossiers_away ON dossiers (receiving_agency, id)
            WHERE working_agency <> receiving_agency AND status IN (1, 2, 4, 5, 6, 7);
        CREATE INDEX dossier_forwards_from ON dossier_forwards (from_agency, at);
        """

    /// The ends that history already has.
    static let endsBefore = """
        WITH ended AS (
            SELECT e.dossier, e.at, d.accepted_at, d.receiving_agency
            FROM dossier_history e JOIN dossiers d ON d.id = e.dossier
            WHERE e.to_status IN (8, 9) AND e.from_status <> e.to_status AND d.accepted_at IS NOT NULL
        )
        INSERT INTO dossier_ends (agency, ended_at, dossier, accepted_at, received)
            SELECT receiving_agency, at, dossier, accepted_at, true FROM ended
            UNION ALL
            SELECT DISTINCT h.agency, e.at, e.dossier, e.accepted_at, false
            FROM ended e JOIN dossier_history h ON h.dossier = e.dossier
            WHERE h.officer IS NOT NULL AND h.agency <> e.receiving_agency
        """
}
