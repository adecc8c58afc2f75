extension Migrations {
    /// Errors by agencies (Decree 61/2018/NĐ-CP, Art. 21) and the dossiers that correct them.
    static let errors = """
        CREATE TABLE agency_errors (
            id uuid PRIMARY KEY,
            dossier uuid NOT NULL REFERENCES dossiers,
            kind text NOT NULL,
            -- At fault; it pays.
            agency text NOT NULL,
            what text NOT NULL,
            apology text NOT NULL,
            cost bigint NOT NULL CHECK (cost >= 0),
            recorded_by text NOT NULL,
            recorded_at timestamptz NOT NULL
        );
        CREATE INDEX agency_errors_dossier ON agency_errors (dossier, id);
        CREATE INDEX agency_errors_agency ON agency_errors (agency, recorded_at);
        CREATE TABLE corrections (
            dossier uuid PRIMARY KEY REFERENCES dossiers,
            corrects uuid NOT NULL REFERENCES dossiers,
            error uuid NOT NULL UNIQUE REFERENCES agency_errors
        );
        """
}
