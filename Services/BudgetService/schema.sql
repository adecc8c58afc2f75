-- The schema of BudgetService, as its migrations make it. Written by `make schema`, never by hand.

CREATE OR REPLACE FUNCTION check_journal_entry(checked uuid)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
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
END $function$;

CREATE OR REPLACE FUNCTION journal_entry_lands()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
DECLARE
    closed date;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('ledger ' || NEW.agency, 0));
    SELECT max(until) INTO closed FROM settlements WHERE agency = NEW.agency;
    IF NEW.day <= closed THEN
        NEW.day := closed + 1;
    END IF;
    RETURN NEW;
END $function$;

CREATE OR REPLACE FUNCTION journal_entry_written()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM check_journal_entry(NEW.id);
    RETURN NULL;
END $function$;

CREATE OR REPLACE FUNCTION journal_line_written()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM check_journal_entry(OLD.entry);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM check_journal_entry(NEW.entry);
    END IF;
    RETURN NULL;
END $function$;

CREATE TABLE business_clock (
    one boolean NOT NULL DEFAULT true,
    now timestamp with time zone NOT NULL,
    CONSTRAINT business_clock_pkey PRIMARY KEY (one),
    CONSTRAINT business_clock_one_check CHECK (one)
);

CREATE TABLE chart_accounts (
    chart text NOT NULL,
    code text NOT NULL,
    parent text,
    name text NOT NULL,
    name_en text NOT NULL,
    off_balance boolean NOT NULL,
    CONSTRAINT chart_accounts_pkey PRIMARY KEY (chart, code),
    CONSTRAINT chart_accounts_chart_fkey FOREIGN KEY (chart) REFERENCES charts(chart),
    CONSTRAINT chart_accounts_chart_parent_fkey FOREIGN KEY (chart, parent) REFERENCES chart_accounts(chart, code)
);

CREATE TABLE charts (
    chart text NOT NULL,
    valid_from date NOT NULL,
    CONSTRAINT charts_pkey PRIMARY KEY (chart),
    CONSTRAINT charts_valid_from_key UNIQUE (valid_from)
);

CREATE TABLE dead_letter_audit (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    parked uuid NOT NULL,
    what text NOT NULL,
    actor text NOT NULL,
    reason text,
    source text,
    aggregate_type text,
    aggregate_id text,
    version bigint,
    before jsonb,
    at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT dead_letter_audit_pkey PRIMARY KEY (id),
    CONSTRAINT dead_letter_audit_what_check CHECK (what = ANY (ARRAY['inspected'::text, 'edited'::text, 'retried'::text, 'skipped'::text, 'dismissed'::text]))
);

CREATE TABLE directory_absences (
    absence uuid NOT NULL,
    person uuid NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    CONSTRAINT directory_absences_pkey PRIMARY KEY (absence)
);

CREATE TABLE directory_administrators (
    person uuid NOT NULL,
    CONSTRAINT directory_administrators_pkey PRIMARY KEY (person)
);

CREATE TABLE directory_agencies (
    code text NOT NULL,
    name text NOT NULL,
    name_en text NOT NULL,
    kind text NOT NULL,
    parent text,
    valid_from date NOT NULL,
    valid_to date,
    successor text,
    CONSTRAINT directory_agencies_pkey PRIMARY KEY (code)
);

CREATE TABLE directory_delegations (
    delegation uuid NOT NULL,
    person uuid NOT NULL,
    post uuid NOT NULL,
    delegate uuid NOT NULL,
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    CONSTRAINT directory_delegations_pkey PRIMARY KEY (delegation)
);

CREATE TABLE directory_posts (
    post uuid NOT NULL,
    person uuid NOT NULL,
    full_name text NOT NULL,
    mailbox text NOT NULL,
    agency text NOT NULL,
    unit text NOT NULL,
    role text NOT NULL,
    title text NOT NULL,
    valid_from date NOT NULL,
    valid_to date,
    fields text[],
    CONSTRAINT directory_posts_pkey PRIMARY KEY (post)
);

CREATE TABLE effect_log (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    reaction text NOT NULL,
    source text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    version bigint NOT NULL,
    type text NOT NULL,
    event uuid NOT NULL,
    at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT effect_log_pkey PRIMARY KEY (id)
);

CREATE TABLE event_log (
    seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    epoch integer NOT NULL,
    id uuid NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    aggregate_version bigint NOT NULL,
    type text NOT NULL,
    agency text,
    actor text NOT NULL,
    traceparent text,
    occurred_at timestamp with time zone NOT NULL,
    payload json NOT NULL,
    CONSTRAINT event_log_pkey PRIMARY KEY (seq),
    CONSTRAINT event_log_aggregate_type_aggregate_id_aggregate_version_key UNIQUE (aggregate_type, aggregate_id, aggregate_version),
    CONSTRAINT event_log_aggregate_version_check CHECK (aggregate_version >= 1)
);

CREATE TABLE fee_demands (
    id uuid NOT NULL,
    dossier uuid NOT NULL,
    agency text NOT NULL,
    amount bigint NOT NULL,
    fee_kind text NOT NULL,
    state text NOT NULL,
    reason_code text,
    demanded_at timestamp with time zone NOT NULL,
    paid_at timestamp with time zone,
    receipt_number text,
    version bigint NOT NULL,
    nature text,
    moment text,
    refunding bigint NOT NULL DEFAULT 0,
    refunded bigint NOT NULL DEFAULT 0,
    CONSTRAINT fee_demands_pkey PRIMARY KEY (id),
    CONSTRAINT fee_demands_check CHECK ((reason_code IS NOT NULL) = (state = ANY (ARRAY['refused'::text, 'cancelled'::text]))),
    CONSTRAINT fee_demands_check1 CHECK ((paid_at IS NOT NULL) = (state = 'paid'::text)),
    CONSTRAINT fee_demands_check2 CHECK ((receipt_number IS NOT NULL) = (state = 'paid'::text)),
    CONSTRAINT fee_demands_check3 CHECK (amount > 0 OR state = 'refused'::text),
    CONSTRAINT fee_demands_moment_check CHECK (moment = ANY (ARRAY['reception'::text, 'supplement'::text, 'return'::text])),
    CONSTRAINT fee_demands_nature_check CHECK (nature = ANY (ARRAY['fee'::text, 'charge'::text])),
    CONSTRAINT fee_demands_refunds CHECK (0 <= refunded AND refunded <= refunding AND (refunding = 0 OR state = 'paid'::text AND refunding <= amount)),
    CONSTRAINT fee_demands_state_check CHECK (state = ANY (ARRAY['open'::text, 'paid'::text, 'refused'::text, 'cancelled'::text]))
);

CREATE TABLE fee_refunds (
    id uuid NOT NULL,
    demand uuid NOT NULL,
    payment uuid NOT NULL,
    agency text NOT NULL,
    amount bigint NOT NULL,
    reason text NOT NULL,
    state text NOT NULL,
    proposed_by uuid NOT NULL,
    proposed_at timestamp with time zone NOT NULL,
    decided_by uuid,
    decided_at timestamp with time zone,
    decision_reason text,
    way text,
    reference text,
    paid_at timestamp with time zone,
    paid_by uuid,
    version bigint NOT NULL,
    CONSTRAINT fee_refunds_pkey PRIMARY KEY (id),
    CONSTRAINT fee_refunds_demand_fkey FOREIGN KEY (demand) REFERENCES fee_demands(id),
    CONSTRAINT fee_refunds_payment_fkey FOREIGN KEY (payment) REFERENCES payments(id),
    CONSTRAINT fee_refunds_amount_check CHECK (amount > 0),
    CONSTRAINT fee_refunds_check CHECK ((decided_by IS NULL) = (state = 'proposed'::text) AND (decided_at IS NULL) = (state = 'proposed'::text)),
    CONSTRAINT fee_refunds_check1 CHECK (state <> 'refused'::text OR decision_reason IS NOT NULL),
    CONSTRAINT fee_refunds_check2 CHECK ((state = 'paid'::text) = (paid_at IS NOT NULL) AND (num_nulls(way, reference, paid_at, paid_by) = ANY (ARRAY[0, 4]))),
    CONSTRAINT fee_refunds_four_eyes CHECK (decided_by <> proposed_by),
    CONSTRAINT fee_refunds_state_check CHECK (state = ANY (ARRAY['proposed'::text, 'approved'::text, 'refused'::text, 'paid'::text])),
    CONSTRAINT fee_refunds_way_check CHECK (way = ANY (ARRAY['cash'::text, 'transfer'::text, 'gateway'::text]))
);

CREATE TABLE handed_over_payments (
    payment uuid NOT NULL,
    handover uuid NOT NULL,
    CONSTRAINT handed_over_payments_pkey PRIMARY KEY (payment),
    CONSTRAINT handed_over_payments_handover_fkey FOREIGN KEY (handover) REFERENCES postal_handovers(id),
    CONSTRAINT handed_over_payments_payment_fkey FOREIGN KEY (payment) REFERENCES payments(id)
);

CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status integer NOT NULL,
    etag text,
    location text,
    body bytea NOT NULL,
    created_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (caller, route, key)
);

CREATE TABLE inbox_counter (
    reaction text NOT NULL,
    duplicates bigint NOT NULL DEFAULT 0,
    CONSTRAINT inbox_counter_pkey PRIMARY KEY (reaction)
);

CREATE TABLE inbox_parked (
    id uuid NOT NULL,
    reaction text NOT NULL,
    source text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    version bigint NOT NULL,
    epoch integer NOT NULL,
    type text NOT NULL,
    envelope jsonb NOT NULL,
    state text NOT NULL,
    wait_key text,
    attempts integer NOT NULL DEFAULT 0,
    error text,
    due_at timestamp with time zone,
    parked_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT inbox_parked_pkey PRIMARY KEY (id),
    CONSTRAINT inbox_parked_reaction_source_aggregate_type_aggregate_id_ve_key UNIQUE (reaction, source, aggregate_type, aggregate_id, version, epoch),
    CONSTRAINT inbox_parked_state_check CHECK (state = ANY (ARRAY['waiting'::text, 'unknown'::text, 'failed'::text, 'dead'::text]))
);

CREATE TABLE inbox_position (
    reaction text NOT NULL,
    source text NOT NULL,
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    epoch integer NOT NULL,
    last_version bigint NOT NULL,
    CONSTRAINT inbox_position_pkey PRIMARY KEY (reaction, source, aggregate_type, aggregate_id)
) WITH (fillfactor=80);

CREATE TABLE inbox_refused (
    id uuid NOT NULL,
    reaction text NOT NULL,
    routing_key text NOT NULL,
    message text NOT NULL,
    sender text NOT NULL,
    reason text NOT NULL,
    body bytea NOT NULL,
    body_bytes bigint NOT NULL,
    at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT inbox_refused_pkey PRIMARY KEY (id)
);

CREATE TABLE inbox_source (
    reaction text NOT NULL,
    source text NOT NULL,
    aggregate_type text NOT NULL,
    epoch integer NOT NULL,
    tick bigint NOT NULL,
    ordinal integer NOT NULL,
    CONSTRAINT inbox_source_pkey PRIMARY KEY (reaction, source, aggregate_type)
);

CREATE TABLE journal_entries (
    id uuid NOT NULL,
    agency text NOT NULL,
    day date NOT NULL,
    chart text NOT NULL,
    kind text NOT NULL,
    document text NOT NULL,
    payment uuid,
    line_count integer NOT NULL,
    posted_at timestamp with time zone NOT NULL,
    posted_by text NOT NULL,
    cause uuid,
    CONSTRAINT journal_entries_pkey PRIMARY KEY (id),
    CONSTRAINT journal_entries_id_agency_day_chart_key UNIQUE (id, agency, day, chart),
    CONSTRAINT journal_entries_chart_fkey FOREIGN KEY (chart) REFERENCES charts(chart),
    CONSTRAINT journal_entries_payment_fkey FOREIGN KEY (payment) REFERENCES payments(id),
    CONSTRAINT journal_entries_about CHECK (num_nonnulls(payment, cause) > 0)
);

CREATE TABLE journal_lines (
    entry uuid NOT NULL,
    line integer NOT NULL,
    agency text NOT NULL,
    day date NOT NULL,
    chart text NOT NULL,
    account text NOT NULL,
    side text NOT NULL,
    amount bigint NOT NULL,
    CONSTRAINT journal_lines_pkey PRIMARY KEY (entry, line),
    CONSTRAINT journal_lines_chart_account_fkey FOREIGN KEY (chart, account) REFERENCES chart_accounts(chart, code),
    CONSTRAINT journal_lines_entry_agency_day_chart_fkey FOREIGN KEY (entry, agency, day, chart) REFERENCES journal_entries(id, agency, day, chart),
    CONSTRAINT journal_lines_amount_check CHECK (amount > 0),
    CONSTRAINT journal_lines_line_check CHECK (line >= 1),
    CONSTRAINT journal_lines_side_check CHECK (side = ANY (ARRAY['debit'::text, 'credit'::text]))
);

CREATE TABLE migration_history (
    series text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT migration_history_pkey PRIMARY KEY (series, number)
);

CREATE TABLE payments (
    id uuid NOT NULL,
    channel text NOT NULL,
    reference text NOT NULL,
    demand uuid NOT NULL,
    agency text NOT NULL,
    amount bigint NOT NULL,
    settled bigint NOT NULL,
    to_refund bigint NOT NULL,
    receipt_number text,
    paid_at timestamp with time zone NOT NULL,
    received_at timestamp with time zone NOT NULL,
    collector text,
    taken_by uuid,
    CONSTRAINT payments_pkey PRIMARY KEY (id),
    CONSTRAINT payments_demand_fkey FOREIGN KEY (demand) REFERENCES fee_demands(id),
    CONSTRAINT payments_amount_check CHECK (amount > 0),
    CONSTRAINT payments_channel_check CHECK (channel = ANY (ARRAY['gateway'::text, 'counter'::text, 'transfer'::text, 'postal'::text])),
    CONSTRAINT payments_check CHECK ((settled + to_refund) = amount),
    CONSTRAINT payments_check1 CHECK ((receipt_number IS NOT NULL) = (settled > 0)),
    CONSTRAINT payments_collector CHECK ((collector IS NOT NULL) = (channel = 'postal'::text)),
    CONSTRAINT payments_settled_check CHECK (settled >= 0),
    CONSTRAINT payments_to_refund_check CHECK (to_refund >= 0)
);

CREATE TABLE postal_handovers (
    id uuid NOT NULL,
    agency text NOT NULL,
    way text NOT NULL,
    reference text NOT NULL,
    amount bigint NOT NULL,
    handed_at timestamp with time zone NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    taken_by text NOT NULL,
    CONSTRAINT postal_handovers_pkey PRIMARY KEY (id),
    CONSTRAINT postal_handovers_reference UNIQUE (agency, way, reference),
    CONSTRAINT postal_handovers_amount_check CHECK (amount > 0),
    CONSTRAINT postal_handovers_way_check CHECK (way = ANY (ARRAY['cash'::text, 'transfer'::text]))
);

CREATE TABLE receipt_counters (
    agency text NOT NULL,
    series text NOT NULL,
    year integer NOT NULL,
    last integer NOT NULL,
    CONSTRAINT receipt_counters_pkey PRIMARY KEY (agency, series, year)
);

CREATE TABLE receipt_key (
    key text NOT NULL,
    public bytea NOT NULL,
    since timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT receipt_key_pkey PRIMARY KEY (key)
);

CREATE TABLE receipt_seal (
    number bigint NOT NULL,
    epoch integer NOT NULL,
    first_tick bigint NOT NULL,
    last_tick bigint NOT NULL,
    counts integer[] NOT NULL,
    leaves bytea NOT NULL,
    statement text NOT NULL,
    signature bytea NOT NULL,
    CONSTRAINT receipt_seal_pkey PRIMARY KEY (number),
    CONSTRAINT receipt_seal_epoch_first_tick_key UNIQUE (epoch, first_tick),
    CONSTRAINT receipt_seal_check CHECK (last_tick >= first_tick),
    CONSTRAINT receipt_seal_number_check CHECK (number >= 1)
);

CREATE TABLE receipt_voids (
    receipt uuid NOT NULL,
    reason text NOT NULL,
    issued_by text NOT NULL,
    voided_by text NOT NULL,
    voided_at timestamp with time zone NOT NULL,
    CONSTRAINT receipt_voids_pkey PRIMARY KEY (receipt),
    CONSTRAINT receipt_voids_receipt_fkey FOREIGN KEY (receipt) REFERENCES receipts(id),
    CONSTRAINT receipt_voids_four_eyes CHECK (voided_by <> issued_by)
);

CREATE TABLE receipts (
    id uuid NOT NULL,
    agency text NOT NULL,
    series text NOT NULL,
    year integer NOT NULL,
    number integer NOT NULL,
    demand uuid NOT NULL,
    amount bigint NOT NULL,
    issued_at timestamp with time zone NOT NULL,
    issued_by text NOT NULL,
    replaces uuid,
    CONSTRAINT receipts_pkey PRIMARY KEY (id),
    CONSTRAINT receipts_agency_series_year_number_key UNIQUE (agency, series, year, number),
    CONSTRAINT receipts_replaces_key UNIQUE (replaces),
    CONSTRAINT receipts_demand_fkey FOREIGN KEY (demand) REFERENCES fee_demands(id),
    CONSTRAINT receipts_replaces_fkey FOREIGN KEY (replaces) REFERENCES receipt_voids(receipt),
    CONSTRAINT receipts_amount_check CHECK (amount > 0),
    CONSTRAINT receipts_number_check CHECK (number >= 1)
);

CREATE TABLE refunds (
    payment uuid NOT NULL,
    document text NOT NULL,
    refunded_at timestamp with time zone NOT NULL,
    refunded_by text NOT NULL,
    CONSTRAINT refunds_pkey PRIMARY KEY (payment),
    CONSTRAINT refunds_payment_fkey FOREIGN KEY (payment) REFERENCES payments(id)
);

CREATE TABLE refused_callbacks (
    reference text NOT NULL,
    demand uuid NOT NULL,
    amount bigint NOT NULL,
    code text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT refused_callbacks_pkey PRIMARY KEY (reference, demand, amount, code)
);

CREATE TABLE relay_cursor (
    one boolean NOT NULL DEFAULT true,
    tick bigint NOT NULL,
    confirmed_seq bigint NOT NULL,
    confirmed integer NOT NULL,
    CONSTRAINT relay_cursor_pkey PRIMARY KEY (one),
    CONSTRAINT relay_cursor_one_check CHECK (one)
);

CREATE TABLE relay_epoch (
    one boolean NOT NULL DEFAULT true,
    epoch integer NOT NULL,
    system_identifier text NOT NULL,
    timeline bigint NOT NULL,
    relation oid NOT NULL,
    base_seq bigint NOT NULL DEFAULT 0,
    since pg_snapshot NOT NULL DEFAULT '1:1:'::pg_snapshot,
    CONSTRAINT relay_epoch_pkey PRIMARY KEY (one),
    CONSTRAINT relay_epoch_one_check CHECK (one)
);

CREATE TABLE relay_lease (
    one boolean NOT NULL DEFAULT true,
    term bigint NOT NULL,
    holder text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT relay_lease_pkey PRIMARY KEY (one),
    CONSTRAINT relay_lease_one_check CHECK (one)
);

CREATE TABLE relay_tick (
    epoch integer NOT NULL,
    tick bigint NOT NULL,
    term bigint NOT NULL,
    prev pg_snapshot NOT NULL,
    cur pg_snapshot NOT NULL,
    raised boolean NOT NULL,
    after_seq bigint NOT NULL,
    through_seq bigint NOT NULL,
    until_seq bigint NOT NULL,
    count integer NOT NULL,
    opened_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT relay_tick_pkey PRIMARY KEY (epoch, tick),
    CONSTRAINT relay_tick_check CHECK (through_seq > after_seq),
    CONSTRAINT relay_tick_check1 CHECK (until_seq >= through_seq),
    CONSTRAINT relay_tick_count_check CHECK (count > 0)
);

CREATE TABLE settlement_lines (
    settlement uuid NOT NULL,
    nature text NOT NULL,
    channel text NOT NULL,
    collected bigint NOT NULL,
    refunded bigint NOT NULL,
    CONSTRAINT settlement_lines_pkey PRIMARY KEY (settlement, nature, channel),
    CONSTRAINT settlement_lines_settlement_fkey FOREIGN KEY (settlement) REFERENCES settlements(id),
    CONSTRAINT settlement_lines_collected_check CHECK (collected >= 0),
    CONSTRAINT settlement_lines_nature_check CHECK (nature = ANY (ARRAY['fee'::text, 'charge'::text])),
    CONSTRAINT settlement_lines_refunded_check CHECK (refunded >= 0)
);

CREATE TABLE settlement_shares (
    settlement uuid NOT NULL,
    nature text NOT NULL,
    brought bigint NOT NULL,
    net bigint NOT NULL,
    due bigint NOT NULL,
    kept bigint NOT NULL,
    carried bigint NOT NULL,
    CONSTRAINT settlement_shares_pkey PRIMARY KEY (settlement, nature),
    CONSTRAINT settlement_shares_settlement_fkey FOREIGN KEY (settlement) REFERENCES settlements(id),
    CONSTRAINT settlement_shares_brought_check CHECK (brought <= 0),
    CONSTRAINT settlement_shares_carried_check CHECK (carried <= 0),
    CONSTRAINT settlement_shares_check CHECK (kept >= 0 AND (nature = 'fee'::text OR kept = 0)),
    CONSTRAINT settlement_shares_check1 CHECK ((brought + net) = (due + kept + carried)),
    CONSTRAINT settlement_shares_due_check CHECK (due >= 0),
    CONSTRAINT settlement_shares_nature_check CHECK (nature = ANY (ARRAY['fee'::text, 'charge'::text]))
);

CREATE TABLE settlements (
    id uuid NOT NULL,
    agency text NOT NULL,
    year integer NOT NULL,
    quarter integer NOT NULL,
    from_day date,
    until date NOT NULL,
    kept_percent integer NOT NULL,
    basis text,
    closed_at timestamp with time zone NOT NULL,
    closed_by text NOT NULL,
    CONSTRAINT settlements_pkey PRIMARY KEY (id),
    CONSTRAINT settlements_once UNIQUE (agency, until),
    CONSTRAINT settlements_check CHECK (basis IS NOT NULL OR kept_percent = 0),
    CONSTRAINT settlements_kept_percent_check CHECK (kept_percent >= 0 AND kept_percent <= 100),
    CONSTRAINT settlements_quarter_check CHECK (quarter >= 1 AND quarter <= 4)
);

CREATE TABLE statement_lines (
    statement uuid NOT NULL,
    line integer NOT NULL,
    reference text NOT NULL,
    amount bigint NOT NULL,
    day date NOT NULL,
    CONSTRAINT statement_lines_pkey PRIMARY KEY (statement, line),
    CONSTRAINT statement_lines_statement_fkey FOREIGN KEY (statement) REFERENCES statements(id),
    CONSTRAINT statement_lines_amount_check CHECK (amount > 0),
    CONSTRAINT statement_lines_line_check CHECK (line >= 1)
);

CREATE TABLE statements (
    id uuid NOT NULL,
    agency text NOT NULL,
    channel text NOT NULL,
    from_day date NOT NULL,
    until date NOT NULL,
    sha256 text NOT NULL,
    lines integer NOT NULL,
    amount bigint NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    taken_by text NOT NULL,
    CONSTRAINT statements_pkey PRIMARY KEY (id),
    CONSTRAINT statements_once UNIQUE (agency, channel, from_day, until, sha256),
    CONSTRAINT statements_channel_check CHECK (channel = ANY (ARRAY['gateway'::text, 'transfer'::text, 'postal'::text])),
    CONSTRAINT statements_check CHECK (until >= from_day)
);

CREATE TABLE timers (
    kind text NOT NULL,
    key text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    payload jsonb NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    retry_at timestamp with time zone,
    error text,
    CONSTRAINT timers_pkey PRIMARY KEY (kind, key)
);

CREATE TABLE treasury_payments (
    settlement uuid NOT NULL,
    way text NOT NULL,
    document text NOT NULL,
    amount bigint NOT NULL,
    paid_at timestamp with time zone NOT NULL,
    paid_by text NOT NULL,
    CONSTRAINT treasury_payments_pkey PRIMARY KEY (settlement),
    CONSTRAINT treasury_payments_settlement_fkey FOREIGN KEY (settlement) REFERENCES settlements(id),
    CONSTRAINT treasury_payments_amount_check CHECK (amount > 0),
    CONSTRAINT treasury_payments_way_check CHECK (way = ANY (ARRAY['cash'::text, 'transfer'::text]))
);

CREATE TABLE verifier_keys (
    kid text NOT NULL,
    jwk jsonb NOT NULL,
    fetched_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT verifier_keys_pkey PRIMARY KEY (kid)
);

CREATE INDEX dead_letter_audit_skipped ON dead_letter_audit USING btree (source, aggregate_type, aggregate_id, version) WHERE what = 'skipped'::text;

CREATE INDEX directory_absences_person ON directory_absences USING btree (person);

CREATE INDEX directory_delegations_delegate ON directory_delegations USING btree (delegate);

CREATE INDEX directory_delegations_person ON directory_delegations USING btree (person);

CREATE INDEX directory_posts_agency ON directory_posts USING btree (agency, role);

CREATE INDEX directory_posts_person ON directory_posts USING btree (person);

CREATE INDEX effect_log_event ON effect_log USING btree (source, aggregate_type, aggregate_id, version);

CREATE INDEX event_log_id ON event_log USING brin (id) WITH (pages_per_range='16', autosummarize='on');

CREATE INDEX event_log_xid ON event_log USING btree (xid);

CREATE INDEX fee_demands_agency ON fee_demands USING btree (agency, id);

CREATE INDEX fee_demands_dossier ON fee_demands USING btree (dossier);

CREATE INDEX fee_refunds_agency ON fee_refunds USING btree (agency, id);

CREATE INDEX fee_refunds_demand ON fee_refunds USING btree (demand);

CREATE UNIQUE INDEX fee_refunds_one_open ON fee_refunds USING btree (demand) WHERE state = ANY (ARRAY['proposed'::text, 'approved'::text]);

CREATE UNIQUE INDEX fee_refunds_reference ON fee_refunds USING btree (agency, way, reference) WHERE reference IS NOT NULL;

CREATE INDEX idempotency_keys_age ON idempotency_keys USING btree (created_at);

CREATE INDEX inbox_parked_dead ON inbox_parked USING btree (id) WHERE state = 'dead'::text;

CREATE INDEX inbox_parked_due ON inbox_parked USING btree (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX inbox_parked_key ON inbox_parked USING btree (wait_key) WHERE state = 'unknown'::text;

CREATE INDEX journal_entries_agency ON journal_entries USING btree (agency, day, id);

CREATE UNIQUE INDEX journal_entries_cause ON journal_entries USING btree (cause, kind) WHERE cause IS NOT NULL;

CREATE UNIQUE INDEX journal_entries_payment ON journal_entries USING btree (payment, kind) WHERE cause IS NULL;

CREATE INDEX journal_lines_account ON journal_lines USING btree (agency, account, day);

CREATE INDEX payments_agency ON payments USING btree (agency, id);

CREATE INDEX payments_days ON payments USING btree (agency, channel, paid_at);

CREATE UNIQUE INDEX payments_one_settles ON payments USING btree (demand) WHERE settled > 0;

CREATE UNIQUE INDEX payments_reference ON payments USING btree (channel, reference) WHERE channel = ANY (ARRAY['gateway'::text, 'counter'::text]);

CREATE UNIQUE INDEX payments_reference_there ON payments USING btree (agency, channel, reference);

CREATE UNIQUE INDEX receipts_first ON receipts USING btree (demand) WHERE replaces IS NULL;

CREATE INDEX statement_lines_reference ON statement_lines USING btree (statement, reference, line);

CREATE INDEX timers_due ON timers USING btree (due_at);

CREATE CONSTRAINT TRIGGER journal_entry_balances AFTER INSERT OR UPDATE ON journal_entries DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_entry_written();

CREATE TRIGGER journal_entry_lands BEFORE INSERT ON journal_entries FOR EACH ROW EXECUTE FUNCTION journal_entry_lands();

CREATE CONSTRAINT TRIGGER journal_line_balances AFTER INSERT OR DELETE OR UPDATE ON journal_lines DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION journal_line_written();
