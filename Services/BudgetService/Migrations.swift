import ServiceKit

enum Migrations {
    static let all: [Migration] = [
        Migration(1, "fees", fees),
        Migration(2, "ledger", ledger),
        Migration(3, "balance of entries", balance),
        Migration(4, "chart of Circular 107/2017", ChartOfAccounts.seed),
        Migration(5, "several demands of one dossier", demands),
        Migration(6, "refunds, receipts, settlements, statements", refunds),
        Migration(7, "references of an agency's bank, payments by their day", references),
        // The next one goes here. Never edit the ones above: they have run.
    ]

    private static let fees = """
        CREATE TABLE fee_demands (
            id uuid PRIMARY KEY,
            dossier uuid NOT NULL,
            agency text NOT NULL,
            amount bigint NOT NULL,
            fee_kind text NOT NULL,
            state text NOT NULL CHECK (state IN ('open', 'paid', 'refused')),
            reason_code text CHECK ((reason_code IS NOT NULL) = (state = 'refused')),
            demanded_at timestamptz NOT NULL,
            paid_at timestamptz CHECK ((paid_at IS NOT NULL) = (state = 'paid')),
            receipt_number text CHECK ((receipt_number IS NOT NULL) = (state = 'paid')),
            version bigint NOT NULL,
            CHECK (amount > 0 OR state = 'refused')
        );
        CREATE INDEX fee_demands_agency ON fee_demands (agency, id);
        CREATE INDEX fee_demands_dossier ON fee_demands (dossier);
        -- The last number given out; its row is the lock, so that numbers have no gap and no double.
        CREATE TABLE receipt_counters (
            agency text NOT NULL,
            series text NOT NULL,
            year int NOT NULL,
            last int NOT NULL,
            PRIMARY KEY (agency, series, year)
        );
        CREATE TABLE receipts (
            id uuid PRIMARY KEY,
            agency text NOT NULL,
            series text NOT NULL,
            year int NOT NULL,
            number int NOT NULL CHECK (number >= 1),
            demand uuid NOT NULL UNIQUE REFERENCES fee_demands,
            amount bigint NOT NULL CHECK (amount > 0),
            issued_at timestamptz NOT NULL,
            issued_by text NOT NULL,
            UNIQUE (agency, series, year, number)
        );
        -- Money that came, each once by who reported it and that one's reference.
        CREATE TABLE payments (
            id uuid PRIMARY KEY,
            channel text NOT NULL CHECK (channel IN ('gateway', 'counter')),
            reference text NOT NULL,
            demand uuid NOT NULL REFERENCES fee_demands,
            agency text NOT NULL,
            amount bigint NOT NULL CHECK (amount > 0),
            settled bigint NOT NULL CHECK (settled >= 0),
            to_refund bigint NOT NULL CHECK (to_refund >= 0),
            receipt_number text,
            paid_at timestamptz NOT NULL,
            received_at timestamptz NOT NULL,
            CONSTRAINT payments_reference UNIQUE (channel, reference),
            CHECK (settled + to_refund = amount),
            CHECK ((receipt_number IS NOT NULL) = (settled > 0))
        );
        CREATE INDEX payments_agency ON payments (agency, id);
        -- A demand is settled by one payment.
        CREATE UNIQUE INDEX payments_one_settles ON payments (demand) WHERE settled > 0;
        -- What was owed back and was given back, whole.
        CREATE TABLE refunds (
            payment uuid PRIMARY KEY REFERENCES payments,
            document text NOT NULL,
            refunded_at timestamptz NOT NULL,
            refunded_by text NOT NULL
        );
        -- Call-backs with a good signature that were refused: each tells of money that somebody sent.
        CREATE TABLE refused_callbacks (
            reference text NOT NULL,
            demand uuid NOT NULL,
            amount bigint NOT NULL,
            code text NOT NULL,
            at timestamptz NOT NULL,
            PRIMARY KEY (reference, demand, amount, code)
        );
        """

    private static let ledger = """
        CREATE TABLE charts (
            chart text PRIMARY KEY,
            valid_from date NOT NULL UNIQUE
        );
        CREATE TABLE chart_accounts (
            chart text NOT NULL REFERENCES charts,
            code text NOT NULL,
            parent text,
            name text NOT NULL,
            name_en text NOT NULL,
            off_balance boolean NOT NULL,
            PRIMARY KEY (chart, code),
            FOREIGN KEY (chart, parent) REFERENCES chart_accounts
        );
        CREATE TABLE journal_entries (
            id uuid PRIMARY KEY,
            agency text NOT NULL,
            day date NOT NULL,
            chart text NOT NULL REFERENCES charts,
            kind text NOT NULL,
            document text NOT NULL,
            payment uuid NOT NULL REFERENCES payments,
            -- How many lines it has: nobody adds any to an entry that stands.
            line_count int NOT NULL,
            posted_at timestamptz NOT NULL,
            posted_by text NOT NULL,
            UNIQUE (id, agency, day, chart)
        );
        CREATE INDEX journal_entries_agency ON journal_entries (agency, day, id);
        CREATE UNIQUE INDEX journal_entries_payment ON journal_entries (payment, kind);
        CREATE TABLE journal_lines (
            entry uuid NOT NULL,
            line int NOT NULL CHECK (line >= 1),
            agency text NOT NULL,
            day date NOT NULL,
            chart text NOT NULL,
            account text NOT NULL,
            side text NOT NULL CHECK (side IN ('debit', 'credit')),
            amount bigint NOT NULL CHECK (amount > 0),
            PRIMARY KEY (entry, line),
            FOREIGN KEY (entry, agency, day, chart) REFERENCES journal_entries (id, agency, day, chart),
            FOREIGN KEY (chart, account) REFERENCES chart_accounts
        );
        CREATE INDEX journal_lines_account ON journal_lines (agency, account, day);
        """

    private static let balance = """
        -- Debits equal credits, off-balance accounts (loại 0) excepted; as many lines as the entry says; no line on
        -- an account that has accounts below it. Checked when the transaction commits.
        CREATE FUNCTION check_journal_entry(checked uuid) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE
            expected bigint;
            found bigint;
            difference numeric;
            on_group bigint;
        BEGIN
            SELECT line_count INTO expected FROM journal_entries WHERE id = checked;
            SELECT count(*),
                coalesce(sum(CASE WHEN a.off_balance THEN 0 WHEN l.side = 'debit' THEN l.amount ELSE -l.amount END), 0),
                count(*) FILTER (WHERE EXISTS (
                    SELECT FROM chart_accounts b WHERE b.chart = a.chart AND b.parent = a.code))
            INTO found, difference, on_group
            FROM journal_lines l JOIN chart_accounts a ON a.chart = l.chart AND a.code = l.account
            WHERE l.entry = checked;
            IF found = 0 OR found <> expected OR difference <> 0 THEN
                RAISE EXCEPTION 'journal entry % does not balance: % of % lines, difference %',
                    checked, found, expected, difference
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_balances';
            END IF;
            IF on_group > 0 THEN
                RAISE EXCEPTION 'journal entry % posts to an account that has accounts below it', checked
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_entry_detail_accounts';
            END IF;
        END $$;
        CREATE FUNCTION journal_entry_written() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM check_journal_entry(NEW.id);
            RETURN NULL;
        END $$;
        CREATE FUNCTION journal_line_written() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP <> 'INSERT' THEN
                PERFORM check_journal_entry(OLD.entry);
            END IF;
            IF TG_OP <> 'DELETE' THEN
                PERFORM check_journal_entry(NEW.entry);
            END IF;
            RETURN NULL;
        END $$;
        CREATE CONSTRAINT TRIGGER journal_entry_balances AFTER INSERT OR UPDATE ON journal_entries
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_entry_written();
        CREATE CONSTRAINT TRIGGER journal_line_balances AFTER INSERT OR UPDATE OR DELETE ON journal_lines
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_line_written();
        """
}
