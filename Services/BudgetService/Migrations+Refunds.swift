extension Migrations {
    /// Refunds decided by two, void receipts, further ways of payment, what the post holds, the quarterly settlement
    /// and statements to compare with.
    static let refunds = """
        ALTER TABLE fee_demands
            ADD COLUMN refunding bigint NOT NULL DEFAULT 0,
            ADD COLUMN refunded bigint NOT NULL DEFAULT 0,
            -- Proposed, approved and paid out together never exceed what was paid.
            ADD CONSTRAINT fee_demands_refunds CHECK (0 <= refunded AND refunded <= refunding
                AND (refunding = 0 OR state = 'paid' AND refunding <= amount));
        ALTER TABLE payments
            DROP CONSTRAINT payments_channel_check,
            ADD CONSTRAINT payments_channel_check CHECK (channel IN ('gateway', 'counter', 'transfer', 'postal')),
            -- The post office that collected.
            ADD COLUMN collector text,
            -- The official who took it; nobody where the gateway reported it.
            ADD COLUMN taken_by uuid,
            ADD CONSTRAINT payments_collector CHECK ((collector IS NOT NULL) = (channel = 'postal'));
        CREATE TABLE fee_refunds (
            id uuid PRIMARY KEY,
            demand uuid NOT NULL REFERENCES fee_demands,
            payment uuid NOT NULL REFERENCES payments,
            agency text NOT NULL,
            amount bigint NOT NULL CHECK (amount > 0),
            reason text NOT NULL,
            state text NOT NULL CHECK (state IN ('proposed', 'approved', 'refused', 'paid')),
            proposed_by uuid NOT NULL,
            proposed_at timestamptz NOT NULL,
            decided_by uuid,
            decided_at timestamptz,
            decision_reason text,
            way text CHECK (way IN ('cash', 'transfer', 'gateway')),
            reference text,
            paid_at timestamptz,
            paid_by uuid,
            version bigint NOT NULL,
            CONSTRAINT fee_refunds_four_eyes CHECK (decided_by <> proposed_by),
            CHECK ((decided_by IS NULL) = (state = 'proposed') AND (decided_at IS NULL) = (state = 'proposed')),
            CHECK (state <> 'refused' OR decision_reason IS NOT NULL),
            CHECK ((state = 'paid') = (paid_at IS NOT NULL) AND num_nulls(way, reference, paid_at, paid_by) IN (0, 4))
        );
        CREATE INDEX fee_refunds_agency ON fee_refunds (agency, id);
        CREATE INDEX fee_refunds_demand ON fee_refunds (demand);
        CREATE UNIQUE INDEX fee_refunds_one_open ON fee_refunds (demand) WHERE state IN ('proposed', 'approved');
        CREATE UNIQUE INDEX fee_refunds_reference ON fee_refunds (agency, way, reference) WHERE reference IS NOT NULL;
        -- What an entry is about beside its payment: a refund, a hand-over of the post, a settlement.
        ALTER TABLE journal_entries ALTER COLUMN payment DROP NOT NULL, ADD COLUMN cause uuid,
            ADD CONSTRAINT journal_entries_about CHECK (num_nonnulls(payment, cause) > 0);
        DROP INDEX journal_entries_payment;
        CREATE UNIQUE INDEX journal_entries_payment ON journal_entries (payment, kind) WHERE cause IS NULL;
        CREATE UNIQUE INDEX journal_entries_cause ON journal_entries (cause, kind) WHERE cause IS NOT NULL;
        CREATE TABLE receipt_voids (
            receipt uuid PRIMARY KEY REFERENCES receipts,
            reason text NOT NULL,
            issued_by text NOT NULL,
            voided_by text NOT NULL,
            voided_at timestamptz NOT NULL,
            CONSTRAINT receipt_voids_four_eyes CHECK (voided_by <> issued_by)
        );
        -- A number names one receipt for ever. What is void may be replaced, once, by a receipt that names it.
        ALTER TABLE receipts DROP CONSTRAINT receipts_demand_key,
            ADD COLUMN replaces uuid UNIQUE REFERENCES receipt_voids;
        CREATE UNIQUE INDEX receipts_first ON receipts (demand) WHERE replaces IS NULL;
        CREATE TABLE postal_handovers (
            id uuid PRIMARY KEY,
            agency text NOT NULL,
            way text NOT NULL CHECK (way IN ('cash', 'transfer')),
            reference text NOT NULL,
            amount bigint NOT NULL CHECK (amount > 0),
            handed_at timestamptz NOT NULL,
            taken_at timestamptz NOT NULL,
            taken_by text NOT NULL,
            CONSTRAINT postal_handovers_reference UNIQUE (agency, way, reference)
        );
        CREATE TABLE handed_over_payments (
            payment uuid PRIMARY KEY REFERENCES payments,
            handover uuid NOT NULL REFERENCES postal_handovers
        );
        """ + settlements + statements

    private static let settlements = """

        CREATE TABLE settlements (
            id uuid PRIMARY KEY,
            agency text NOT NULL,
            year int NOT NULL,
            quarter int NOT NULL CHECK (quarter BETWEEN 1 AND 4),
            -- The day after the last settlement; nothing before the first.
            from_day date,
            until date NOT NULL,
            kept_percent int NOT NULL CHECK (kept_percent BETWEEN 0 AND 100),
            basis text CHECK (basis IS NOT NULL OR kept_percent = 0),
            closed_at timestamptz NOT NULL,
            closed_by text NOT NULL,
            CONSTRAINT settlements_once UNIQUE (agency, until)
        );
        CREATE TABLE settlement_lines (
            settlement uuid NOT NULL REFERENCES settlements,
            nature text NOT NULL CHECK (nature IN ('fee', 'charge')),
            channel text NOT NULL,
            collected bigint NOT NULL CHECK (collected >= 0),
            refunded bigint NOT NULL CHECK (refunded >= 0),
            PRIMARY KEY (settlement, nature, channel)
        );
        -- What of each kind goes to the budget and what is kept; what more went back than came in is carried over.
        CREATE TABLE settlement_shares (
            settlement uuid NOT NULL REFERENCES settlements,
            nature text NOT NULL CHECK (nature IN ('fee', 'charge')),
            brought bigint NOT NULL CHECK (brought <= 0),
            net bigint NOT NULL,
            due bigint NOT NULL CHECK (due >= 0),
            kept bigint NOT NULL CHECK (kept >= 0 AND (nature = 'fee' OR kept = 0)),
            carried bigint NOT NULL CHECK (carried <= 0),
            PRIMARY KEY (settlement, nature),
            CHECK (brought + net = due + kept + carried)
        );
        CREATE TABLE treasury_payments (
            settlement uuid PRIMARY KEY REFERENCES settlements,
            way text NOT NULL CHECK (way IN ('cash', 'transfer')),
            document text NOT NULL,
            amount bigint NOT NULL CHECK (amount > 0),
            paid_at timestamptz NOT NULL,
            paid_by text NOT NULL
        );
        -- A closed quarter takes no entry: what comes late lands on the first day of the next. Who closes waits for
        -- the entries that are being written, and those that come wait for the closing.
        CREATE FUNCTION journal_entry_lands() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            closed date;
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger ' || NEW.agency, 0));
            SELECT max(until) INTO closed FROM settlements WHERE agency = NEW.agency;
            IF NEW.day <= closed THEN
                NEW.day := closed + 1;
            END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER journal_entry_lands BEFORE INSERT ON journal_entries
            FOR EACH ROW EXECUTE FUNCTION journal_entry_lands();
        """

    private static let statements = """

        CREATE TABLE statements (
            id uuid PRIMARY KEY,
            agency text NOT NULL,
            channel text NOT NULL CHECK (channel IN ('gateway', 'transfer', 'postal')),
            from_day date NOT NULL,
            until date NOT NULL CHECK (until >= from_day),
            sha256 text NOT NULL,
            lines int NOT NULL,
            amount bigint NOT NULL,
            taken_at timestamptz NOT NULL,
            taken_by text NOT NULL,
            CONSTRAINT statements_once UNIQUE (agency, channel, from_day, until, sha256)
        );
        CREATE TABLE statement_lines (
            statement uuid NOT NULL REFERENCES statements,
            line int NOT NULL CHECK (line >= 1),
            reference text NOT NULL,
            amount bigint NOT NULL CHECK (amount > 0),
            day date NOT NULL,
            PRIMARY KEY (statement, line)
        );
        CREATE INDEX statement_lines_reference ON statement_lines (statement, reference, line);
        """
}
