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
}
