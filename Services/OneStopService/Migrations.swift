import ServiceKit

enum Migrations {
    static let all: [Migration] = [
        Migration(1, "procedures and working calendar", catalogue),
        Migration(2, "dossiers", dossiers),
        Migration(3, "what hangs on a dossier", around),
        Migration(4, "notices outside of the system", outside),
        Migration(
            5, "procedures that end",
            "ALTER TABLE procedures ADD COLUMN valid_to date, ADD CHECK (valid_to >= valid_from)"),
        Migration(
            6, "exemption from fees",
            "ALTER TABLE dossiers ADD COLUMN fee_exemption text, ADD COLUMN fee_exemption_reason text"),
        Migration(7, "what is published was a draft, as it was checked", published),
        Migration(8, "branches: steps done beside the leading one", branches),
        Migration(9, "numbers of the yearly books, printed forms", forms),
        Migration(10, "finding: inbox and search", finding),
        Migration(11, "counter: tickets and appointments", counter),
        Migration(12, "drafts, and files that come in parts", drafts),
        Migration(13, "papers at the counter, papers taken again, retention", papers),
        Migration(14, "closing of the yearly books", closing),
        Migration(15, "dossiers move to later versions by proven mappings", versionMoves),
        Migration(16, "linked procedures", linked),
        Migration(17, "opinions that are late, branches of an official", reports),
        Migration(18, "dossiers that were forwarded to the right one-stop", forwards),
        Migration(19, "several fees of a dossier", fees),
        Migration(20, "what citizens see, rate and complain of, and who reads about them", citizens),
        Migration(21, "ladders of warnings, and the rungs that were reached", ladder),
        Migration(22, "who acted in whose name", standIns),
        Migration(23, "dossiers given to others in bulk", reassignments),
        Migration(24, "changes of the calendar and the dates that they move", calendarChanges),
        Migration(25, "errors by agencies and what corrects them", errors),
        Migration(26, "hash of the document that answers a dossier", results),
        Migration(27, "reminders of appointments outside of the system", reminders),
        Migration(28, "what reports ask", reporting),
        Migration(29, "acceptances of an agency", received),
        Migration(30, "an agency's dossiers of one status", ofStatus),
        Migration(31, "the answer to a dossier as files", resultFiles),
        Migration(32, "what reports ask, by agency", reportedByAgency),
        Migration(33, "what a dissolved agency leaves goes to its successor", successions),
        Migration(34, "dossiers beside which something stands", accompanied),
        // The next one goes here. Never edit the ones above: they have run.
    ]

    private static let catalogue = """
        CREATE TABLE procedures (
            code text NOT NULL,
            number int NOT NULL CHECK (number >= 1),
            state text NOT NULL CHECK (state IN ('draft', 'published')),
            valid_from date NOT NULL,
            definition jsonb NOT NULL,
            revision bigint NOT NULL,
            drafted_by text NOT NULL,
            drafted_at timestamptz NOT NULL,
            published_by text,
            published_at timestamptz,
            PRIMARY KEY (code, number),
            CHECK ((state = 'published') = (published_at IS NOT NULL))
        );
        -- One draft of a procedure at a time: its number is the next version of the aggregate.
        CREATE UNIQUE INDEX procedures_one_draft ON procedures (code) WHERE state = 'draft';
        -- What is published is law for the dossiers that keep it.
        CREATE FUNCTION procedures_published_stay() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            IF OLD.state = 'published' THEN
                RAISE EXCEPTION 'procedure % version % is published', OLD.code, OLD.number USING ERRCODE = '23001';
            END IF;
            RETURN COALESCE(NEW, OLD);
        END
        $body$;
        CREATE TRIGGER procedures_published_stay BEFORE UPDATE OR DELETE ON procedures
            FOR EACH ROW EXECUTE FUNCTION procedures_published_stay();

        CREATE TABLE calendars (
            one boolean PRIMARY KEY DEFAULT true CHECK (one),
            version bigint NOT NULL,
            decided_through date,
            loaded_by text NOT NULL,
            loaded_at timestamptz NOT NULL
        );
        -- Days that differ from the week (ngày nghỉ, ngày làm bù), each row from one day to another.
        CREATE TABLE calendar_days (
            valid_from date PRIMARY KEY,
            valid_to date NOT NULL CHECK (valid_to >= valid_from),
            kind text NOT NULL CHECK (kind IN ('off', 'makeup')),
            vietnamese text NOT NULL,
            english text NOT NULL,
            source text NOT NULL
        );
        -- Working weeks; agency '' is everybody who has none of their own.
        CREATE TABLE working_hours (
            agency text NOT NULL DEFAULT '',
            valid_from date NOT NULL,
            valid_to date CHECK (valid_to >= valid_from),
            week jsonb NOT NULL,
            PRIMARY KEY (agency, valid_from)
        );
        -- Until an administrator loads the province's own: Monday to Friday, 07:30-11:30 and 13:00-17:00.
        INSERT INTO calendars (version, loaded_by, loaded_at) VALUES (1, 'migration', now());
        INSERT INTO working_hours (valid_from, week)
            SELECT '2000-01-01', jsonb_build_object('validFrom', '2000-01-01', 'makeUpHours', halves, 'hours',
                (SELECT jsonb_agg(jsonb_build_object('weekday', weekday, 'spans', halves))
                 FROM generate_series(1, 5) AS weekday))
            FROM (SELECT '[{"begins":"07:30","ends":"11:30"},{"begins":"13:00","ends":"17:00"}]'::jsonb)
                AS day (halves);
        """

    /// The rule of `catalogue`, and: nothing is published that was no draft, and publishing changes nothing of it.
    private static let published = """
        CREATE OR REPLACE FUNCTION procedures_published_stay() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            IF TG_OP = 'INSERT' THEN
                IF NEW.state = 'published' THEN
                    RAISE EXCEPTION 'procedure % version % was no draft', NEW.code, NEW.number USING ERRCODE = '23001';
                END IF;
                RETURN NEW;
            END IF;
            IF OLD.state = 'published' THEN
                RAISE EXCEPTION 'procedure % version % is published', OLD.code, OLD.number USING ERRCODE = '23001';
            END IF;
            IF TG_OP = 'UPDATE' AND NEW.state = 'published' AND
                (NEW.code, NEW.number, NEW.valid_from, NEW.valid_to, NEW.definition, NEW.revision) IS DISTINCT FROM
                (OLD.code, OLD.number, OLD.valid_from, OLD.valid_to, OLD.definition, OLD.revision)
            THEN
                RAISE EXCEPTION 'procedure % version % is not what was drafted', OLD.code, OLD.number
                    USING ERRCODE = '23001';
            END IF;
            RETURN COALESCE(NEW, OLD);
        END
        $body$;
        DROP TRIGGER procedures_published_stay ON procedures;
        CREATE TRIGGER procedures_published_stay BEFORE INSERT OR UPDATE OR DELETE ON procedures
            FOR EACH ROW EXECUTE FUNCTION procedures_published_stay();
        """

    private static let dossiers = """
        CREATE TABLE dossiers (
            id uuid PRIMARY KEY,
            version bigint NOT NULL,
            status smallint NOT NULL CHECK (status BETWEEN 1 AND 10),
            procedure text NOT NULL,
            procedure_number int NOT NULL,
            channel text NOT NULL,
            receiving_agency text NOT NULL,
            working_agency text NOT NULL,
            answering_agency text,
            sent_from text[] NOT NULL DEFAULT '{}',
            officer uuid,
            step text,
            -- Personal data: only here, never in events, logs or addresses.
            applicant uuid,
            applicant_name text NOT NULL,
            applicant_phone text,
            applicant_national_id text,
            applicant_address text,
            subject text NOT NULL,
            -- As it was filled in; never searched, and jsonb refuses what JSON allows (U+0000, huge numbers).
            form json,
            code_agency text,
            code_day date,
            code_serial int,
            submitted_at timestamptz NOT NULL,
            accepted_at timestamptz,
            -- When something must be done next: the answer to a submission, else the appointment.
            act_by timestamptz NOT NULL,
            due_at timestamptz,
            former_due_at timestamptz,
            hand_over_by timestamptz,
            step_due_at timestamptz,
            pauses jsonb NOT NULL DEFAULT '[]',
            resume_status smallint CHECK (resume_status BETWEEN 1 AND 10),
            withdrawn_from smallint CHECK (withdrawn_from BETWEEN 1 AND 10),
            supplement_requested_at timestamptz,
            supplement_note text,
            reappointed_at timestamptz,
            demand uuid,
            demand_amount bigint,
            demand_kind text,
            paid_at timestamptz,
            paid_amount bigint,
            receipt_number text,
            approved_at timestamptz,
            approved_by uuid,
            document uuid,
            document_number text,
            finished_at timestamptz,
            late boolean,
            returned_at timestamptz,
            reason_code text,
            reason text
            -- No foreign key to procedures: it would make every submission of one procedure lock the same row, and
            -- what is published is never deleted (trigger above).
        );
        CREATE UNIQUE INDEX dossiers_code ON dossiers (code_agency, code_day, code_serial);
        CREATE INDEX dossiers_applicant ON dossiers (applicant, id) WHERE applicant IS NOT NULL;
        CREATE UNIQUE INDEX dossiers_demand ON dossiers (demand) WHERE demand IS NOT NULL;
        CREATE INDEX dossiers_of_officer ON dossiers (officer, act_by, id, status)
            WHERE officer IS NOT NULL AND status IN (1, 2, 4, 5, 6, 7);
        CREATE INDEX dossiers_of_agency ON dossiers (working_agency, act_by, id, status)
            WHERE status IN (1, 2, 4, 5, 6, 7);
        CREATE INDEX dossiers_done_of_officer ON dossiers (officer, status, act_by, id)
            WHERE officer IS NOT NULL AND status IN (3, 8, 9, 10);
        CREATE INDEX dossiers_done_of_agency ON dossiers (working_agency, status, act_by, id)
            WHERE status IN (3, 8, 9, 10);
        CREATE INDEX dossiers_unassigned ON dossiers (working_agency, act_by, id, status)
            WHERE officer IS NULL AND status IN (4, 5, 6, 7);
        CREATE TABLE dossier_serials (
            agency text NOT NULL,
            day date NOT NULL,
            last int NOT NULL,
            PRIMARY KEY (agency, day)
        );
        """

    private static let around = """
        CREATE TABLE dossier_history (
            dossier uuid NOT NULL REFERENCES dossiers,
            version bigint NOT NULL,
            at timestamptz NOT NULL,
            actor text NOT NULL,
            what text NOT NULL,
            from_status smallint,
            to_status smallint NOT NULL,
            agency text NOT NULL,
            officer uuid,
            step text,
            note text,
            PRIMARY KEY (dossier, version)
        );
        CREATE TABLE due_dates (
            dossier uuid NOT NULL REFERENCES dossiers,
            version bigint NOT NULL,
            cause text NOT NULL,
            due_at timestamptz NOT NULL,
            former_due_at timestamptz,
            explanation jsonb NOT NULL,
            PRIMARY KEY (dossier, version)
        );
        CREATE TABLE opinions (
            id uuid PRIMARY KEY,
            dossier uuid NOT NULL REFERENCES dossiers,
            from_agency text NOT NULL,
            to_agency text NOT NULL,
            question text NOT NULL,
            asked_by text NOT NULL,
            asked_at timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            explanation jsonb NOT NULL,
            answered_by text,
            answered_at timestamptz,
            verdict text,
            answer text,
            late boolean
        );
        CREATE INDEX opinions_dossier ON opinions (dossier);
        CREATE INDEX opinions_waiting ON opinions (to_agency, due_at, id) WHERE answered_at IS NULL;
        CREATE TABLE attachments (
            id uuid PRIMARY KEY,
            dossier uuid NOT NULL REFERENCES dossiers,
            part text NOT NULL,
            name text NOT NULL,
            sha256 text NOT NULL,
            bytes bigint NOT NULL,
            media_type text NOT NULL,
            added_by text NOT NULL,
            added_at timestamptz NOT NULL
        );
        CREATE INDEX attachments_dossier ON attachments (dossier);
        CREATE TABLE notifications (
            id uuid PRIMARY KEY,
            person uuid NOT NULL,
            dossier uuid NOT NULL REFERENCES dossiers,
            at timestamptz NOT NULL,
            what text NOT NULL,
            vietnamese text NOT NULL,
            english text NOT NULL,
            read_at timestamptz
        );
        CREATE INDEX notifications_person ON notifications (person, id);
        """

    private static let branches = """
        -- Since when the dossier is at its step; null where it came there before.
        ALTER TABLE dossiers ADD COLUMN step_begun_at timestamptz;
        CREATE TABLE branches (
            id uuid PRIMARY KEY,
            dossier uuid NOT NULL REFERENCES dossiers,
            -- The leading step that was left when it opened.
            fork text NOT NULL,
            step text NOT NULL,
            agency text NOT NULL,
            begun_at timestamptz NOT NULL,
            due_at timestamptz NOT NULL,
            explanation jsonb NOT NULL,
            closed_at timestamptz,
            closed_by text,
            outcome text CHECK (outcome IN ('done', 'recalled')),
            -- The joins at which it waits for the others.
            waits_at text[] NOT NULL DEFAULT '{}',
            note text,
            late boolean,
            CHECK ((closed_at IS NULL) = (outcome IS NULL))
        );
        CREATE INDEX branches_dossier ON branches (dossier);
        CREATE INDEX branches_waiting ON branches (agency, due_at, id) WHERE closed_at IS NULL;
        -- A step is worked on once at a time.
        CREATE UNIQUE INDEX branches_open ON branches (dossier, step) WHERE closed_at IS NULL;
        """

    private static let outside = """
        -- Sealed under the applicant's key, and readable only while that is in subject_keys.
        ALTER TABLE dossiers ADD COLUMN applicant_mail jsonb;
        \(SubjectKeys.schema)
        """
}
