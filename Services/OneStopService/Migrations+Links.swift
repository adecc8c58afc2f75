extension Migrations {
    /// Sets of linked procedures, applications for them, and the slips by which their dossiers are given to agencies.
    static let linked = """
        CREATE TABLE linked_sets (
            code text NOT NULL,
            number int NOT NULL CHECK (number >= 1),
            valid_from date NOT NULL,
            definition jsonb NOT NULL,
            made_by text NOT NULL,
            made_at timestamptz NOT NULL,
            PRIMARY KEY (code, number)
        );
        CREATE TABLE linked_cases (
            parent uuid PRIMARY KEY REFERENCES dossiers,
            set_code text NOT NULL,
            set_number int NOT NULL,
            -- As they were filled in; personal data, as the form of a dossier is.
            forms json NOT NULL,
            FOREIGN KEY (set_code, set_number) REFERENCES linked_sets (code, number)
        );
        CREATE TABLE slips (
            id uuid PRIMARY KEY,
            parent uuid NOT NULL REFERENCES linked_cases,
            key text NOT NULL,
            procedure text NOT NULL,
            child uuid REFERENCES dossiers,
            from_agency text NOT NULL,
            agency text NOT NULL,
            task text NOT NULL,
            opened_at timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            explanation jsonb NOT NULL,
            closed_at timestamptz,
            outcome text CHECK (outcome IN ('finished', 'refused', 'stopped', 'blocked')),
            late boolean,
            decision text CHECK (decision IN ('repeat', 'drop')),
            decided_by text,
            reason text,
            CHECK ((closed_at IS NULL) = (outcome IS NULL)),
            CHECK ((child IS NULL) = (outcome IS NOT DISTINCT FROM 'blocked')),
            CHECK (decision IS NULL OR outcome <> 'finished')
        );
        CREATE UNIQUE INDEX slips_child ON slips (child) WHERE child IS NOT NULL;
        -- A link is opened once at a time.
        CREATE UNIQUE INDEX slips_open ON slips (parent, key) WHERE outcome IS NULL;
        CREATE INDEX slips_parent ON slips (parent);
        CREATE INDEX slips_to ON slips (agency, due_at, id) WHERE outcome IS NULL;
        CREATE INDEX slips_from ON slips (from_agency, due_at, id) WHERE outcome IS NULL;
        """
}
