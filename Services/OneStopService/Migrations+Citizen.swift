extension Migrations {
    /// Tables of these that are only added to.
    static let citizensOnlyAdd = ["dossier_reads", "citizen_changes", "step_dates", "ratings", "complaint_history"]

    static let citizens = """
        -- How far the log of events is numbered for citizens. What `seen` saw is done; of a difference to `target` that
        -- was too large for one go, what lies up to after_seq. Raised: what an earlier epoch wrote is looked through.
        CREATE TABLE citizen_feed (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            epoch int NOT NULL,
            raised boolean NOT NULL,
            seen pg_snapshot NOT NULL,
            target pg_snapshot,
            after_seq bigint NOT NULL
        );
        INSERT INTO citizen_feed (epoch, raised, seen, after_seq) VALUES (0, false, '1:1:', 0);
        CREATE TABLE citizen_counters (
            person uuid PRIMARY KEY,
            last bigint NOT NULL
        ) WITH (fillfactor = 80);
        CREATE TABLE citizen_changes (
            person uuid NOT NULL,
            -- Dense from 1 for each person.
            number bigint NOT NULL,
            -- Its seq in the log: each is numbered once.
            event bigint NOT NULL UNIQUE,
            kind text NOT NULL,
            subject uuid NOT NULL,
            version bigint NOT NULL,
            what text NOT NULL,
            status text,
            at timestamptz NOT NULL,
            PRIMARY KEY (person, number)
        );

        -- When each step was due and why, as `due_dates` has it of the appointments.
        CREATE TABLE step_dates (
            dossier uuid NOT NULL REFERENCES dossiers,
            version bigint NOT NULL,
            cause text NOT NULL,
            due_at timestamptz NOT NULL,
            former_due_at timestamptz,
            explanation jsonb NOT NULL,
            PRIMARY KEY (dossier, version)
        );

        -- Who read what about whom, beside the log. Lists are a row each, without a dossier.
        CREATE TABLE dossier_reads (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            dossier uuid,
            what text NOT NULL,
            about text NOT NULL,
            purpose text NOT NULL,
            at timestamptz NOT NULL,
            -- Reads of the same by the same within half a second are one row.
            times int NOT NULL CHECK (times >= 1),
            caller text NOT NULL,
            caller_kind text NOT NULL,
            person uuid,
            -- The reader's post on that day.
            post uuid,
            agency text,
            unit text,
            role text,
            trace text NOT NULL
        );
        CREATE INDEX dossier_reads_dossier ON dossier_reads (dossier, id) WHERE dossier IS NOT NULL;

        -- Every rating and every change of one: the last revision counts.
        CREATE TABLE ratings (
            dossier uuid NOT NULL REFERENCES dossiers,
            occasion text NOT NULL CHECK (occasion IN ('receipt', 'supplement', 'refusal', 'result')),
            revision bigint NOT NULL CHECK (revision >= 1),
            id uuid NOT NULL,
            channel text NOT NULL CHECK (channel IN ('paper', 'device', 'online')),
            agency text NOT NULL,
            stars smallint NOT NULL CHECK (stars BETWEEN 1 AND 5),
            -- Points of the indicators that are per dossier (Circular 01/2018/TT-VPCP, Art. 13).
            indicator_1 smallint CHECK (indicator_1 BETWEEN 0 AND 2),
            indicator_2 smallint CHECK (indicator_2 BETWEEN 0 AND 2),
            indicator_3 smallint CHECK (indicator_3 BETWEEN 0 AND 2),
            indicator_4 smallint CHECK (indicator_4 BETWEEN 0 AND 2),
            indicator_6 smallint CHECK (indicator_6 BETWEEN 0 AND 2),
            indicator_7 smallint CHECK (indicator_7 BETWEEN 0 AND 2),
            remark text,
            at timestamptz NOT NULL,
            actor text NOT NULL,
            PRIMARY KEY (dossier, occasion, revision),
            UNIQUE (id, revision)
        );
        CREATE INDEX ratings_agency ON ratings (agency, at);

        CREATE TABLE complaint_serials (
            agency text NOT NULL,
            day date NOT NULL,
            last int NOT NULL,
            PRIMARY KEY (agency, day)
        );
        -- Within what time each kind is answered. Data of the province: the law differs by kind and changes.
        CREATE TABLE complaint_limits (
            kind text PRIMARY KEY CHECK (kind IN ('report', 'suggestion', 'complaint')),
            version bigint NOT NULL,
            amount int NOT NULL,
            unit text NOT NULL
        );
        INSERT INTO complaint_limits (kind, version, amount, unit) VALUES
            ('report', 1, 10, 'workingDays'), ('suggestion', 1, 10, 'workingDays'), ('complaint', 1, 30, 'days');
        CREATE TABLE complaints (
            id uuid PRIMARY KEY,
            version bigint NOT NULL,
            code_agency text NOT NULL,
            code_day date NOT NULL,
            code_serial int NOT NULL,
            kind text NOT NULL CHECK (kind IN ('report', 'suggestion', 'complaint')),
            -- Who has to answer; fixed.
            agency text NOT NULL,
            -- Whom it is about.
            about_agency text NOT NULL,
            official uuid,
            dossier uuid REFERENCES dossiers,
            -- Who complains: an account, or nobody who is known. Then a key opens the answer, and a contact that was
            -- given lies sealed under the complaint's own key.
            person uuid,
            look_up bytea,
            contact jsonb,
            subject text NOT NULL,
            body text NOT NULL,
            lodged_at timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            explanation jsonb NOT NULL,
            handler uuid,
            assigned_at timestamptz,
            answered_at timestamptz,
            answered_by uuid,
            answer text,
            justified boolean,
            late boolean,
            CHECK ((person IS NULL) = (look_up IS NOT NULL)),
            CHECK ((answered_at IS NULL) = (justified IS NULL)),
            UNIQUE (code_agency, code_day, code_serial)
        );
        CREATE INDEX complaints_person ON complaints (person, id) WHERE person IS NOT NULL;
        CREATE INDEX complaints_dossier ON complaints (dossier) WHERE dossier IS NOT NULL;
        CREATE INDEX complaints_open ON complaints (agency, due_at, id) WHERE answered_at IS NULL;
        CREATE INDEX complaints_done ON complaints (agency, due_at, id) WHERE answered_at IS NOT NULL;
        CREATE TABLE complaint_history (
            complaint uuid NOT NULL REFERENCES complaints,
            version bigint NOT NULL,
            at timestamptz NOT NULL,
            actor text NOT NULL,
            what text NOT NULL,
            handler uuid,
            PRIMARY KEY (complaint, version)
        );
        """
}
