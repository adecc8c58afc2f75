extension Migrations {
    static let standIns = """
        CREATE TABLE delegations (
            id uuid PRIMARY KEY,
            number text NOT NULL,
            year int NOT NULL,
            person uuid NOT NULL REFERENCES officials,
            post uuid NOT NULL REFERENCES posts,
            delegate uuid NOT NULL REFERENCES officials CHECK (delegate <> person),
            agency text NOT NULL REFERENCES agencies,
            valid_from date NOT NULL,
            valid_to date NOT NULL,
            decided_at timestamptz NOT NULL,
            decided_by text NOT NULL,
            revoked_at timestamptz,
            revoked_by text,
            version bigint NOT NULL,
            UNIQUE (number, year)
        );
        CREATE INDEX delegations_person ON delegations (person, valid_from);
        CREATE INDEX delegations_delegate ON delegations (delegate, valid_from);
        CREATE TABLE absences (
            id uuid PRIMARY KEY,
            person uuid NOT NULL REFERENCES officials,
            agency text NOT NULL REFERENCES agencies,
            kind text NOT NULL,
            valid_from date NOT NULL,
            valid_to date NOT NULL,
            decided_at timestamptz NOT NULL,
            decided_by text NOT NULL,
            ended_at timestamptz,
            ended_by text,
            version bigint NOT NULL
        );
        CREATE INDEX absences_person ON absences (person, valid_from);
        """
}
