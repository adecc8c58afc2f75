extension Migrations {
    /// In whose name a change was made (thay), where a delegation was what allowed it.
    static let standIns = """
        CREATE TABLE acted_for (
            dossier uuid NOT NULL REFERENCES dossiers,
            version bigint NOT NULL,
            delegation uuid NOT NULL,
            person uuid NOT NULL,
            name text NOT NULL,
            for_person uuid NOT NULL,
            for_name text NOT NULL,
            PRIMARY KEY (dossier, version)
        );
        """
}
