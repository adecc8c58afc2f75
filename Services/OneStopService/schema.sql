-- The schema of OneStopService, as its migrations make it. Written by `make schema`, never by hand.

CREATE OR REPLACE FUNCTION accompany()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    UPDATE dossiers SET accompanied = true
    WHERE id = (to_jsonb(NEW) ->> TG_ARGV[0])::uuid AND NOT accompanied;
    RETURN NULL;
END
$function$;

CREATE OR REPLACE FUNCTION fold(text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN lower(translate(regexp_replace(NORMALIZE($1, NFD), '[\u0300-\u036f]'::text, ''::text, 'g'::text), 'đĐÐð'::text, 'dddd'::text));

CREATE OR REPLACE FUNCTION procedures_published_stay()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION search_agencies(text[])
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN (SELECT array_agg(DISTINCT ('a:'::text || array_to_string((string_to_array(a.agency, '.'::text))[:level.level], '.'::text))) AS array_agg FROM unnest($1) a(agency), LATERAL generate_series(1, cardinality(string_to_array(a.agency, '.'::text))) level(level));

CREATE OR REPLACE FUNCTION search_query(asked text, every text[], either text[], agencies text[])
 RETURNS tsquery
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN (concat_ws(' & '::text, (SELECT COALESCE(string_agg((quote_literal(w.word) || CASE WHEN ((w.n = cardinality(search_words(search_query.asked))) AND (length(w.word) >= 3)) THEN ':*'::text ELSE ''::text END), ' & '::text), CASE WHEN (search_query.asked <> ''::text) THEN quote_literal('-'::text) ELSE NULL::text END) AS "coalesce" FROM unnest(search_words(search_query.asked)) WITH ORDINALITY w(word, n)), (SELECT string_agg(quote_literal(m.mark), ' & '::text) AS string_agg FROM unnest(search_query.every) m(mark)), (('('::text || (SELECT string_agg(quote_literal(m.mark), ' | '::text) AS string_agg FROM unnest(search_query.either) m(mark))) || ')'::text), (('('::text || (SELECT string_agg(quote_literal(('a:'::text || a.agency)), ' | '::text) AS string_agg FROM unnest(search_query.agencies) a(agency))) || ')'::text)))::tsquery;

CREATE OR REPLACE FUNCTION search_words(text)
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN array_remove(regexp_split_to_array(fold($1), '[^a-z0-9\u0080-\uffff]+'::text), ''::text);

CREATE OR REPLACE FUNCTION watch_deadline()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    INSERT INTO timers (kind, key, due_at, payload)
    VALUES ('onestop.deadline', TG_ARGV[0] || '/' || NEW.id,
            (to_jsonb(NEW) ->> TG_ARGV[1])::timestamptz, '{}')
    ON CONFLICT (kind, key) DO UPDATE SET due_at = excluded.due_at, attempts = 0, retry_at = NULL,
        error = NULL;
    RETURN NULL;
END
$function$;

CREATE TABLE acted_for (
    dossier uuid NOT NULL,
    version bigint NOT NULL,
    delegation uuid NOT NULL,
    person uuid NOT NULL,
    name text NOT NULL,
    for_person uuid NOT NULL,
    for_name text NOT NULL,
    CONSTRAINT acted_for_pkey PRIMARY KEY (dossier, version),
    CONSTRAINT acted_for_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id)
);

CREATE TABLE agency_errors (
    id uuid NOT NULL,
    dossier uuid NOT NULL,
    kind text NOT NULL,
    agency text NOT NULL,
    what text NOT NULL,
    apology text NOT NULL,
    cost bigint NOT NULL,
    recorded_by text NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    CONSTRAINT agency_errors_pkey PRIMARY KEY (id),
    CONSTRAINT agency_errors_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT agency_errors_cost_check CHECK (cost >= 0)
);

CREATE TABLE appointment_slots (
    agency text NOT NULL,
    desk_group text NOT NULL,
    day date NOT NULL,
    minute smallint NOT NULL,
    taken integer NOT NULL,
    CONSTRAINT appointment_slots_pkey PRIMARY KEY (agency, desk_group, day, minute),
    CONSTRAINT appointment_slots_taken_check CHECK (taken >= 0)
);

CREATE TABLE appointments (
    id uuid NOT NULL,
    version bigint NOT NULL,
    agency text NOT NULL,
    desk_group text NOT NULL,
    day date NOT NULL,
    minute smallint NOT NULL,
    person uuid NOT NULL,
    name text NOT NULL,
    procedure text,
    state text NOT NULL,
    booked_at timestamp with time zone NOT NULL,
    reminded_at timestamp with time zone,
    closed_at timestamp with time zone,
    mail jsonb,
    language text,
    CONSTRAINT appointments_pkey PRIMARY KEY (id),
    CONSTRAINT appointments_language_check CHECK (language = ANY (ARRAY['vi'::text, 'en'::text])),
    CONSTRAINT appointments_state_check CHECK (state = ANY (ARRAY['booked'::text, 'kept'::text, 'cancelled'::text, 'missed'::text]))
);

CREATE TABLE attachments (
    id uuid NOT NULL,
    dossier uuid NOT NULL,
    part text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    media_type text NOT NULL,
    added_by text NOT NULL,
    added_at timestamp with time zone NOT NULL,
    scanned_at timestamp with time zone,
    signed boolean,
    reused_from uuid,
    CONSTRAINT attachments_pkey PRIMARY KEY (id),
    CONSTRAINT attachments_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT attachments_reused_from_fkey FOREIGN KEY (reused_from) REFERENCES attachments(id)
);

CREATE TABLE book_counters (
    agency text NOT NULL,
    series text NOT NULL,
    year integer NOT NULL,
    last integer NOT NULL,
    closed_at timestamp with time zone,
    CONSTRAINT book_counters_pkey PRIMARY KEY (agency, series, year),
    CONSTRAINT book_counters_last_check CHECK (last >= 0),
    CONSTRAINT book_counters_series_check CHECK (series = ANY (ARRAY['accepted'::text, 'supplement'::text, 'refusal'::text, 'apology'::text]))
) WITH (fillfactor=50);

CREATE TABLE book_lines (
    agency text NOT NULL,
    series text NOT NULL,
    year integer NOT NULL,
    number integer NOT NULL,
    dossier uuid NOT NULL,
    version bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT book_lines_pkey PRIMARY KEY (agency, series, year, number),
    CONSTRAINT book_lines_dossier_version_key UNIQUE (dossier, version),
    CONSTRAINT book_lines_number_check CHECK (number >= 1)
);

CREATE TABLE branches (
    id uuid NOT NULL,
    dossier uuid NOT NULL,
    fork text NOT NULL,
    step text NOT NULL,
    agency text NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    explanation jsonb NOT NULL,
    closed_at timestamp with time zone,
    closed_by text,
    outcome text,
    waits_at text[] NOT NULL DEFAULT '{}'::text[],
    note text,
    late boolean,
    officer uuid,
    CONSTRAINT branches_pkey PRIMARY KEY (id),
    CONSTRAINT branches_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT branches_check CHECK ((closed_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT branches_outcome_check CHECK (outcome = ANY (ARRAY['done'::text, 'recalled'::text]))
);

CREATE TABLE business_clock (
    one boolean NOT NULL DEFAULT true,
    now timestamp with time zone NOT NULL,
    CONSTRAINT business_clock_pkey PRIMARY KEY (one),
    CONSTRAINT business_clock_one_check CHECK (one)
);

CREATE TABLE calendar_changes (
    version bigint NOT NULL,
    loaded_by text NOT NULL,
    loaded_at timestamp with time zone NOT NULL,
    begun_at timestamp with time zone,
    looked integer NOT NULL DEFAULT 0,
    moved integer NOT NULL DEFAULT 0,
    finished_at timestamp with time zone,
    superseded_by bigint,
    CONSTRAINT calendar_changes_pkey PRIMARY KEY (version)
);

CREATE TABLE calendar_days (
    valid_from date NOT NULL,
    valid_to date NOT NULL,
    kind text NOT NULL,
    vietnamese text NOT NULL,
    english text NOT NULL,
    source text NOT NULL,
    CONSTRAINT calendar_days_pkey PRIMARY KEY (valid_from),
    CONSTRAINT calendar_days_check CHECK (valid_to >= valid_from),
    CONSTRAINT calendar_days_kind_check CHECK (kind = ANY (ARRAY['off'::text, 'makeup'::text]))
);

CREATE TABLE calendar_moves (
    version bigint NOT NULL,
    deadline text NOT NULL,
    dossier uuid NOT NULL,
    kind text NOT NULL,
    agency text NOT NULL,
    former_due_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    explanation jsonb NOT NULL,
    CONSTRAINT calendar_moves_pkey PRIMARY KEY (version, deadline),
    CONSTRAINT calendar_moves_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT calendar_moves_version_fkey FOREIGN KEY (version) REFERENCES calendar_changes(version)
);

CREATE TABLE calendar_waiting (
    version bigint NOT NULL,
    dossier uuid NOT NULL,
    CONSTRAINT calendar_waiting_pkey PRIMARY KEY (version, dossier),
    CONSTRAINT calendar_waiting_version_fkey FOREIGN KEY (version) REFERENCES calendar_changes(version)
);

CREATE TABLE calendars (
    one boolean NOT NULL DEFAULT true,
    version bigint NOT NULL,
    decided_through date,
    loaded_by text NOT NULL,
    loaded_at timestamp with time zone NOT NULL,
    CONSTRAINT calendars_pkey PRIMARY KEY (one),
    CONSTRAINT calendars_one_check CHECK (one)
);

CREATE TABLE citizen_changes (
    person uuid NOT NULL,
    number bigint NOT NULL,
    event bigint NOT NULL,
    kind text NOT NULL,
    subject uuid NOT NULL,
    version bigint NOT NULL,
    what text NOT NULL,
    status text,
    at timestamp with time zone NOT NULL,
    CONSTRAINT citizen_changes_pkey PRIMARY KEY (person, number),
    CONSTRAINT citizen_changes_event_key UNIQUE (event)
);

CREATE TABLE citizen_counters (
    person uuid NOT NULL,
    last bigint NOT NULL,
    CONSTRAINT citizen_counters_pkey PRIMARY KEY (person)
) WITH (fillfactor=80);

CREATE TABLE citizen_feed (
    one boolean NOT NULL DEFAULT true,
    epoch integer NOT NULL,
    raised boolean NOT NULL,
    seen pg_snapshot NOT NULL,
    target pg_snapshot,
    after_seq bigint NOT NULL,
    CONSTRAINT citizen_feed_pkey PRIMARY KEY (one),
    CONSTRAINT citizen_feed_one_check CHECK (one)
);

CREATE TABLE closed_book_lines (
    agency text NOT NULL,
    year integer NOT NULL,
    form smallint NOT NULL,
    number integer NOT NULL,
    cells text[] NOT NULL,
    CONSTRAINT closed_book_lines_pkey PRIMARY KEY (agency, year, form, number)
);

CREATE TABLE closed_books (
    agency text NOT NULL,
    year integer NOT NULL,
    form smallint NOT NULL,
    lines integer NOT NULL,
    sha256 text NOT NULL,
    closed_at timestamp with time zone NOT NULL,
    closed_by text NOT NULL,
    CONSTRAINT closed_books_pkey PRIMARY KEY (agency, year, form),
    CONSTRAINT closed_books_form_check CHECK (form >= 1 AND form <= 6)
);

CREATE TABLE complaint_history (
    complaint uuid NOT NULL,
    version bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    what text NOT NULL,
    handler uuid,
    CONSTRAINT complaint_history_pkey PRIMARY KEY (complaint, version),
    CONSTRAINT complaint_history_complaint_fkey FOREIGN KEY (complaint) REFERENCES complaints(id)
);

CREATE TABLE complaint_limits (
    kind text NOT NULL,
    version bigint NOT NULL,
    amount integer NOT NULL,
    unit text NOT NULL,
    CONSTRAINT complaint_limits_pkey PRIMARY KEY (kind),
    CONSTRAINT complaint_limits_kind_check CHECK (kind = ANY (ARRAY['report'::text, 'suggestion'::text, 'complaint'::text]))
);

CREATE TABLE complaint_serials (
    agency text NOT NULL,
    day date NOT NULL,
    last integer NOT NULL,
    CONSTRAINT complaint_serials_pkey PRIMARY KEY (agency, day)
);

CREATE TABLE complaints (
    id uuid NOT NULL,
    version bigint NOT NULL,
    code_agency text NOT NULL,
    code_day date NOT NULL,
    code_serial integer NOT NULL,
    kind text NOT NULL,
    agency text NOT NULL,
    about_agency text NOT NULL,
    official uuid,
    dossier uuid,
    person uuid,
    look_up bytea,
    contact jsonb,
    subject text NOT NULL,
    body text NOT NULL,
    lodged_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    explanation jsonb NOT NULL,
    handler uuid,
    assigned_at timestamp with time zone,
    answered_at timestamp with time zone,
    answered_by uuid,
    answer text,
    justified boolean,
    late boolean,
    CONSTRAINT complaints_pkey PRIMARY KEY (id),
    CONSTRAINT complaints_code_agency_code_day_code_serial_key UNIQUE (code_agency, code_day, code_serial),
    CONSTRAINT complaints_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT complaints_check CHECK ((person IS NULL) = (look_up IS NOT NULL)),
    CONSTRAINT complaints_check1 CHECK ((answered_at IS NULL) = (justified IS NULL)),
    CONSTRAINT complaints_kind_check CHECK (kind = ANY (ARRAY['report'::text, 'suggestion'::text, 'complaint'::text]))
);

CREATE TABLE corrections (
    dossier uuid NOT NULL,
    corrects uuid NOT NULL,
    error uuid NOT NULL,
    CONSTRAINT corrections_pkey PRIMARY KEY (dossier),
    CONSTRAINT corrections_error_key UNIQUE (error),
    CONSTRAINT corrections_corrects_fkey FOREIGN KEY (corrects) REFERENCES dossiers(id),
    CONSTRAINT corrections_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT corrections_error_fkey FOREIGN KEY (error) REFERENCES agency_errors(id)
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

CREATE TABLE deadline_rungs (
    deadline text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    rung text NOT NULL,
    id uuid NOT NULL,
    dossier uuid NOT NULL,
    reached_at timestamp with time zone NOT NULL,
    reader text NOT NULL,
    agency text NOT NULL,
    officer uuid,
    CONSTRAINT deadline_rungs_pkey PRIMARY KEY (deadline, due_at, rung),
    CONSTRAINT deadline_rungs_id_key UNIQUE (id)
);

CREATE TABLE desk_groups (
    agency text NOT NULL,
    code text NOT NULL,
    version bigint NOT NULL,
    settings jsonb NOT NULL,
    CONSTRAINT desk_groups_pkey PRIMARY KEY (agency, code)
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

CREATE TABLE dossier_ends (
    agency text NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    dossier uuid NOT NULL,
    accepted_at timestamp with time zone NOT NULL,
    received boolean NOT NULL,
    CONSTRAINT dossier_ends_pkey PRIMARY KEY (agency, ended_at, dossier) INCLUDE (accepted_at, received),
    CONSTRAINT dossier_ends_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id)
);

CREATE TABLE dossier_forwards (
    dossier uuid NOT NULL,
    version bigint NOT NULL,
    from_agency text NOT NULL,
    to_agency text NOT NULL,
    reason text NOT NULL,
    by text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT dossier_forwards_pkey PRIMARY KEY (dossier, version),
    CONSTRAINT dossier_forwards_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id)
);

CREATE TABLE dossier_history (
    dossier uuid NOT NULL,
    version bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    what text NOT NULL,
    from_status smallint,
    to_status smallint NOT NULL,
    agency text NOT NULL,
    officer uuid,
    step text,
    note text,
    CONSTRAINT dossier_history_pkey PRIMARY KEY (dossier, version),
    CONSTRAINT dossier_history_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id)
);

CREATE TABLE dossier_papers (
    id uuid NOT NULL,
    dossier uuid NOT NULL,
    part text NOT NULL,
    name text,
    form text NOT NULL,
    count integer NOT NULL,
    result uuid,
    document_number text,
    taken_by text NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    document uuid,
    sha256 text,
    CONSTRAINT dossier_papers_pkey PRIMARY KEY (id),
    CONSTRAINT dossier_papers_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT dossier_papers_result_fkey FOREIGN KEY (result) REFERENCES dossiers(id),
    CONSTRAINT dossier_papers_check CHECK ((form = 'result'::text) = (result IS NOT NULL AND document_number IS NOT NULL)),
    CONSTRAINT dossier_papers_count_check CHECK (count > 0),
    CONSTRAINT dossier_papers_form_check CHECK (form = ANY (ARRAY['original'::text, 'copy'::text, 'result'::text]))
);

CREATE TABLE dossier_reads (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    dossier uuid,
    what text NOT NULL,
    about text NOT NULL,
    purpose text NOT NULL,
    at timestamp with time zone NOT NULL,
    times integer NOT NULL,
    caller text NOT NULL,
    caller_kind text NOT NULL,
    person uuid,
    post uuid,
    agency text,
    unit text,
    role text,
    trace text NOT NULL,
    CONSTRAINT dossier_reads_pkey PRIMARY KEY (id),
    CONSTRAINT dossier_reads_times_check CHECK (times >= 1)
);

CREATE TABLE dossier_retention (
    dossier uuid NOT NULL,
    closed_on date NOT NULL,
    retention text,
    kept_until date,
    CONSTRAINT dossier_retention_pkey PRIMARY KEY (dossier),
    CONSTRAINT dossier_retention_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id)
);

CREATE TABLE dossier_search (
    dossier uuid NOT NULL,
    words tsvector NOT NULL,
    CONSTRAINT dossier_search_pkey PRIMARY KEY (dossier)
);

CREATE TABLE dossier_serials (
    agency text NOT NULL,
    day date NOT NULL,
    last integer NOT NULL,
    CONSTRAINT dossier_serials_pkey PRIMARY KEY (agency, day)
);

CREATE TABLE dossiers (
    id uuid NOT NULL,
    version bigint NOT NULL,
    status smallint NOT NULL,
    procedure text NOT NULL,
    procedure_number integer NOT NULL,
    channel text NOT NULL,
    receiving_agency text NOT NULL,
    working_agency text NOT NULL,
    answering_agency text,
    sent_from text[] NOT NULL DEFAULT '{}'::text[],
    officer uuid,
    step text,
    applicant uuid,
    applicant_name text NOT NULL,
    applicant_phone text,
    applicant_national_id text,
    applicant_address text,
    subject text NOT NULL,
    form json,
    code_agency text,
    code_day date,
    code_serial integer,
    submitted_at timestamp with time zone NOT NULL,
    accepted_at timestamp with time zone,
    act_by timestamp with time zone NOT NULL,
    due_at timestamp with time zone,
    former_due_at timestamp with time zone,
    hand_over_by timestamp with time zone,
    step_due_at timestamp with time zone,
    pauses jsonb NOT NULL DEFAULT '[]'::jsonb,
    resume_status smallint,
    withdrawn_from smallint,
    supplement_requested_at timestamp with time zone,
    supplement_note text,
    reappointed_at timestamp with time zone,
    demand uuid,
    demand_amount bigint,
    demand_kind text,
    paid_at timestamp with time zone,
    paid_amount bigint,
    receipt_number text,
    approved_at timestamp with time zone,
    approved_by uuid,
    document uuid,
    document_number text,
    finished_at timestamp with time zone,
    late boolean,
    returned_at timestamp with time zone,
    reason_code text,
    reason text,
    applicant_mail jsonb,
    fee_exemption text,
    fee_exemption_reason text,
    step_begun_at timestamp with time zone,
    limit_number integer,
    fees jsonb NOT NULL DEFAULT '[]'::jsonb,
    document_sha256 text,
    accompanied boolean NOT NULL DEFAULT false,
    CONSTRAINT dossiers_pkey PRIMARY KEY (id),
    CONSTRAINT dossiers_resume_status_check CHECK (resume_status >= 1 AND resume_status <= 10),
    CONSTRAINT dossiers_status_check CHECK (status >= 1 AND status <= 10),
    CONSTRAINT dossiers_withdrawn_from_check CHECK (withdrawn_from >= 1 AND withdrawn_from <= 10)
);

CREATE TABLE drafts (
    id uuid NOT NULL,
    version bigint NOT NULL,
    owner uuid NOT NULL,
    desk boolean NOT NULL,
    content json NOT NULL,
    saved_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    dossier uuid,
    CONSTRAINT drafts_pkey PRIMARY KEY (id),
    CONSTRAINT drafts_dossier_key UNIQUE (dossier),
    CONSTRAINT drafts_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT drafts_version_check CHECK (version >= 0)
);

CREATE TABLE due_dates (
    dossier uuid NOT NULL,
    version bigint NOT NULL,
    cause text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    former_due_at timestamp with time zone,
    explanation jsonb NOT NULL,
    CONSTRAINT due_dates_pkey PRIMARY KEY (dossier, version),
    CONSTRAINT due_dates_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id)
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

CREATE TABLE inbox_filters (
    id uuid NOT NULL,
    version bigint NOT NULL,
    official uuid NOT NULL,
    name text NOT NULL,
    filter jsonb NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT inbox_filters_pkey PRIMARY KEY (id),
    CONSTRAINT inbox_filters_name UNIQUE (official, name)
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

CREATE TABLE ladders (
    procedure text NOT NULL,
    version bigint NOT NULL,
    rungs jsonb NOT NULL,
    set_by text NOT NULL,
    set_at timestamp with time zone NOT NULL,
    CONSTRAINT ladders_pkey PRIMARY KEY (procedure)
);

CREATE TABLE linked_cases (
    parent uuid NOT NULL,
    set_code text NOT NULL,
    set_number integer NOT NULL,
    forms json NOT NULL,
    CONSTRAINT linked_cases_pkey PRIMARY KEY (parent),
    CONSTRAINT linked_cases_parent_fkey FOREIGN KEY (parent) REFERENCES dossiers(id),
    CONSTRAINT linked_cases_set_code_set_number_fkey FOREIGN KEY (set_code, set_number) REFERENCES linked_sets(code, number)
);

CREATE TABLE linked_sets (
    code text NOT NULL,
    number integer NOT NULL,
    valid_from date NOT NULL,
    definition jsonb NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT linked_sets_pkey PRIMARY KEY (code, number),
    CONSTRAINT linked_sets_number_check CHECK (number >= 1)
);

CREATE TABLE migration_history (
    series text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT migration_history_pkey PRIMARY KEY (series, number)
);

CREATE TABLE notifications (
    id uuid NOT NULL,
    person uuid NOT NULL,
    dossier uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    what text NOT NULL,
    vietnamese text NOT NULL,
    english text NOT NULL,
    read_at timestamp with time zone,
    CONSTRAINT notifications_pkey PRIMARY KEY (id),
    CONSTRAINT notifications_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id)
);

CREATE TABLE opinion_reports (
    opinion uuid NOT NULL,
    dossier uuid NOT NULL,
    agency text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    CONSTRAINT opinion_reports_pkey PRIMARY KEY (opinion),
    CONSTRAINT opinion_reports_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT opinion_reports_opinion_fkey FOREIGN KEY (opinion) REFERENCES opinions(id)
);

CREATE TABLE opinions (
    id uuid NOT NULL,
    dossier uuid NOT NULL,
    from_agency text NOT NULL,
    to_agency text NOT NULL,
    question text NOT NULL,
    asked_by text NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    explanation jsonb NOT NULL,
    answered_by text,
    answered_at timestamp with time zone,
    verdict text,
    answer text,
    late boolean,
    CONSTRAINT opinions_pkey PRIMARY KEY (id),
    CONSTRAINT opinions_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id)
);

CREATE TABLE printed_forms (
    dossier uuid NOT NULL,
    form smallint NOT NULL,
    version bigint NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    printed_by text NOT NULL,
    printed_at timestamp with time zone NOT NULL,
    CONSTRAINT printed_forms_pkey PRIMARY KEY (dossier, form, version),
    CONSTRAINT printed_forms_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT printed_forms_form_check CHECK (form >= 1 AND form <= 5)
);

CREATE TABLE procedures (
    code text NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    valid_from date NOT NULL,
    definition jsonb NOT NULL,
    revision bigint NOT NULL,
    drafted_by text NOT NULL,
    drafted_at timestamp with time zone NOT NULL,
    published_by text,
    published_at timestamp with time zone,
    valid_to date,
    CONSTRAINT procedures_pkey PRIMARY KEY (code, number),
    CONSTRAINT procedures_check CHECK ((state = 'published'::text) = (published_at IS NOT NULL)),
    CONSTRAINT procedures_check1 CHECK (valid_to >= valid_from),
    CONSTRAINT procedures_number_check CHECK (number >= 1),
    CONSTRAINT procedures_state_check CHECK (state = ANY (ARRAY['draft'::text, 'published'::text]))
);

CREATE TABLE queue_days (
    agency text NOT NULL,
    desk_group text NOT NULL,
    day date NOT NULL,
    last integer NOT NULL,
    CONSTRAINT queue_days_pkey PRIMARY KEY (agency, desk_group, day)
);

CREATE TABLE queue_tickets (
    agency text NOT NULL,
    desk_group text NOT NULL,
    day date NOT NULL,
    number integer NOT NULL,
    place integer NOT NULL,
    priority text,
    state text NOT NULL,
    taken_at timestamp with time zone NOT NULL,
    called_at timestamp with time zone,
    closed_at timestamp with time zone,
    calls integer NOT NULL DEFAULT 0,
    desk smallint,
    clerk uuid,
    person uuid,
    CONSTRAINT queue_tickets_pkey PRIMARY KEY (agency, desk_group, day, number),
    CONSTRAINT queue_tickets_state_check CHECK (state = ANY (ARRAY['waiting'::text, 'called'::text, 'served'::text, 'no-show'::text]))
);

CREATE TABLE ratings (
    dossier uuid NOT NULL,
    occasion text NOT NULL,
    revision bigint NOT NULL,
    id uuid NOT NULL,
    channel text NOT NULL,
    agency text NOT NULL,
    stars smallint NOT NULL,
    indicator_1 smallint,
    indicator_2 smallint,
    indicator_3 smallint,
    indicator_4 smallint,
    indicator_6 smallint,
    indicator_7 smallint,
    remark text,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    CONSTRAINT ratings_pkey PRIMARY KEY (dossier, occasion, revision),
    CONSTRAINT ratings_id_revision_key UNIQUE (id, revision),
    CONSTRAINT ratings_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT ratings_channel_check CHECK (channel = ANY (ARRAY['paper'::text, 'device'::text, 'online'::text])),
    CONSTRAINT ratings_indicator_1_check CHECK (indicator_1 >= 0 AND indicator_1 <= 2),
    CONSTRAINT ratings_indicator_2_check CHECK (indicator_2 >= 0 AND indicator_2 <= 2),
    CONSTRAINT ratings_indicator_3_check CHECK (indicator_3 >= 0 AND indicator_3 <= 2),
    CONSTRAINT ratings_indicator_4_check CHECK (indicator_4 >= 0 AND indicator_4 <= 2),
    CONSTRAINT ratings_indicator_6_check CHECK (indicator_6 >= 0 AND indicator_6 <= 2),
    CONSTRAINT ratings_indicator_7_check CHECK (indicator_7 >= 0 AND indicator_7 <= 2),
    CONSTRAINT ratings_occasion_check CHECK (occasion = ANY (ARRAY['receipt'::text, 'supplement'::text, 'refusal'::text, 'result'::text])),
    CONSTRAINT ratings_revision_check CHECK (revision >= 1),
    CONSTRAINT ratings_stars_check CHECK (stars >= 1 AND stars <= 5)
);

CREATE TABLE reassignment_lines (
    reassignment uuid NOT NULL,
    dossier uuid NOT NULL,
    to_officer uuid,
    refused text,
    CONSTRAINT reassignment_lines_pkey PRIMARY KEY (reassignment, dossier),
    CONSTRAINT reassignment_lines_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT reassignment_lines_reassignment_fkey FOREIGN KEY (reassignment) REFERENCES reassignments(id),
    CONSTRAINT reassignment_lines_check CHECK ((to_officer IS NULL) <> (refused IS NULL))
);

CREATE TABLE reassignments (
    id uuid NOT NULL,
    agency text NOT NULL,
    officer uuid NOT NULL,
    to_officers uuid[] NOT NULL,
    procedure text,
    step text,
    reason_code text NOT NULL,
    note text,
    asked_by text NOT NULL,
    asked_person uuid NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    cursor uuid NOT NULL,
    moved integer NOT NULL DEFAULT 0,
    kept integer NOT NULL DEFAULT 0,
    finished_at timestamp with time zone,
    CONSTRAINT reassignments_pkey PRIMARY KEY (id)
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

CREATE TABLE refused_files (
    id uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    sent_by text NOT NULL,
    draft uuid,
    dossier uuid,
    part text NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    found text NOT NULL,
    CONSTRAINT refused_files_pkey PRIMARY KEY (id)
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

CREATE TABLE result_files (
    id uuid NOT NULL,
    dossier uuid NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    media_type text NOT NULL,
    added_by text NOT NULL,
    added_at timestamp with time zone NOT NULL,
    scanned_at timestamp with time zone,
    signed boolean,
    dossier_version bigint NOT NULL,
    dossier_status smallint NOT NULL,
    CONSTRAINT result_files_pkey PRIMARY KEY (id),
    CONSTRAINT result_files_dossier_number_key UNIQUE (dossier, number),
    CONSTRAINT result_files_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT result_files_bytes_check CHECK (bytes > 0),
    CONSTRAINT result_files_dossier_status_check CHECK (dossier_status = ANY (ARRAY[4, 9])),
    CONSTRAINT result_files_number_check CHECK (number >= 1)
);

CREATE TABLE slips (
    id uuid NOT NULL,
    parent uuid NOT NULL,
    key text NOT NULL,
    procedure text NOT NULL,
    child uuid,
    from_agency text NOT NULL,
    agency text NOT NULL,
    task text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    explanation jsonb NOT NULL,
    closed_at timestamp with time zone,
    outcome text,
    late boolean,
    decision text,
    decided_by text,
    reason text,
    CONSTRAINT slips_pkey PRIMARY KEY (id),
    CONSTRAINT slips_child_fkey FOREIGN KEY (child) REFERENCES dossiers(id),
    CONSTRAINT slips_parent_fkey FOREIGN KEY (parent) REFERENCES linked_cases(parent),
    CONSTRAINT slips_check CHECK ((closed_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT slips_check1 CHECK ((child IS NULL) = (NOT outcome IS DISTINCT FROM 'blocked'::text)),
    CONSTRAINT slips_check2 CHECK (decision IS NULL OR outcome <> 'finished'::text),
    CONSTRAINT slips_decision_check CHECK (decision = ANY (ARRAY['repeat'::text, 'drop'::text])),
    CONSTRAINT slips_outcome_check CHECK (outcome = ANY (ARRAY['finished'::text, 'refused'::text, 'stopped'::text, 'blocked'::text]))
);

CREATE TABLE step_dates (
    dossier uuid NOT NULL,
    version bigint NOT NULL,
    cause text NOT NULL,
    due_at timestamp with time zone NOT NULL,
    former_due_at timestamp with time zone,
    explanation jsonb NOT NULL,
    CONSTRAINT step_dates_pkey PRIMARY KEY (dossier, version),
    CONSTRAINT step_dates_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id)
);

CREATE TABLE subject_erasures (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    key uuid NOT NULL,
    subject uuid NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT subject_erasures_pkey PRIMARY KEY (id),
    CONSTRAINT subject_erasures_key_key UNIQUE (key)
);

CREATE TABLE subject_keys (
    id uuid NOT NULL,
    subject uuid NOT NULL,
    wrapped bytea NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT subject_keys_pkey PRIMARY KEY (id),
    CONSTRAINT subject_keys_subject_key UNIQUE (subject)
);

CREATE TABLE succession_lines (
    subject uuid NOT NULL,
    version bigint NOT NULL,
    kind text NOT NULL,
    dossier uuid,
    from_agency text NOT NULL,
    to_agency text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT succession_lines_pkey PRIMARY KEY (subject, version),
    CONSTRAINT succession_lines_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT succession_lines_check CHECK ((dossier IS NULL) = (kind = 'complaint'::text)),
    CONSTRAINT succession_lines_kind_check CHECK (kind = ANY (ARRAY['dossier'::text, 'branch'::text, 'opinion'::text, 'complaint'::text]))
);

CREATE TABLE successions (
    agency text NOT NULL,
    decided_by text NOT NULL,
    decided_at timestamp with time zone NOT NULL,
    moved integer NOT NULL DEFAULT 0,
    finished_at timestamp with time zone,
    CONSTRAINT successions_pkey PRIMARY KEY (agency)
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

CREATE TABLE uploads (
    id uuid NOT NULL,
    version bigint NOT NULL,
    draft uuid,
    dossier uuid,
    owner uuid NOT NULL,
    part text NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    bytes bigint NOT NULL,
    declared text,
    received bigint NOT NULL DEFAULT 0,
    state text NOT NULL,
    media_type text,
    signed boolean,
    scanned_at timestamp with time zone,
    begun_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT uploads_pkey PRIMARY KEY (id),
    CONSTRAINT uploads_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT uploads_draft_fkey FOREIGN KEY (draft) REFERENCES drafts(id) ON DELETE CASCADE,
    CONSTRAINT uploads_bytes_check CHECK (bytes > 0),
    CONSTRAINT uploads_check CHECK (received >= 0 AND received <= bytes),
    CONSTRAINT uploads_check1 CHECK (num_nonnulls(draft, dossier) = 1),
    CONSTRAINT uploads_check2 CHECK (state = 'receiving'::text OR received = bytes AND media_type IS NOT NULL),
    CONSTRAINT uploads_state_check CHECK (state = ANY (ARRAY['receiving'::text, 'verified'::text, 'attached'::text]))
);

CREATE TABLE verifier_keys (
    kid text NOT NULL,
    jwk jsonb NOT NULL,
    fetched_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT verifier_keys_pkey PRIMARY KEY (kid)
);

CREATE TABLE version_mappings (
    id uuid NOT NULL,
    procedure text NOT NULL,
    from_number integer NOT NULL,
    to_number integer NOT NULL,
    steps jsonb NOT NULL,
    due_dates text NOT NULL,
    reason text NOT NULL,
    states integer NOT NULL,
    made_by text NOT NULL,
    made_at timestamp with time zone NOT NULL,
    CONSTRAINT version_mappings_pkey PRIMARY KEY (id),
    CONSTRAINT version_mappings_check CHECK (to_number > from_number),
    CONSTRAINT version_mappings_due_dates_check CHECK (due_dates = ANY (ARRAY['keep'::text, 'project'::text]))
);

CREATE TABLE version_moves (
    mapping uuid NOT NULL,
    dossier uuid NOT NULL,
    state text NOT NULL,
    at timestamp with time zone NOT NULL,
    asked_by text NOT NULL,
    code text,
    vietnamese text,
    english text,
    CONSTRAINT version_moves_pkey PRIMARY KEY (mapping, dossier),
    CONSTRAINT version_moves_dossier_fkey FOREIGN KEY (dossier) REFERENCES dossiers(id),
    CONSTRAINT version_moves_mapping_fkey FOREIGN KEY (mapping) REFERENCES version_mappings(id),
    CONSTRAINT version_moves_check CHECK ((state = 'stayed'::text) = (code IS NOT NULL)),
    CONSTRAINT version_moves_state_check CHECK (state = ANY (ARRAY['waiting'::text, 'moved'::text, 'stayed'::text]))
);

CREATE TABLE working_hours (
    agency text NOT NULL DEFAULT ''::text,
    valid_from date NOT NULL,
    valid_to date,
    week jsonb NOT NULL,
    CONSTRAINT working_hours_pkey PRIMARY KEY (agency, valid_from),
    CONSTRAINT working_hours_check CHECK (valid_to >= valid_from)
);

CREATE INDEX agency_errors_agency ON agency_errors USING btree (agency, recorded_at);

CREATE INDEX agency_errors_dossier ON agency_errors USING btree (dossier, id);

CREATE INDEX appointments_day ON appointments USING btree (agency, desk_group, day, minute, id) WHERE state = ANY (ARRAY['booked'::text, 'kept'::text]);

CREATE UNIQUE INDEX appointments_once ON appointments USING btree (person, agency, desk_group, day) WHERE state = 'booked'::text;

CREATE INDEX appointments_person ON appointments USING btree (person, id);

CREATE INDEX attachments_dossier ON attachments USING btree (dossier);

CREATE INDEX branches_dossier ON branches USING btree (dossier);

CREATE INDEX branches_officer ON branches USING btree (officer) WHERE officer IS NOT NULL AND closed_at IS NULL;

CREATE UNIQUE INDEX branches_open ON branches USING btree (dossier, step) WHERE closed_at IS NULL;

CREATE INDEX branches_waiting ON branches USING btree (agency, due_at, id) WHERE closed_at IS NULL;

CREATE INDEX calendar_moves_dossier ON calendar_moves USING btree (dossier, version);

CREATE INDEX complaints_done ON complaints USING btree (agency, due_at, id) WHERE answered_at IS NOT NULL;

CREATE INDEX complaints_dossier ON complaints USING btree (dossier) WHERE dossier IS NOT NULL;

CREATE INDEX complaints_open ON complaints USING btree (agency, due_at, id) WHERE answered_at IS NULL;

CREATE INDEX complaints_person ON complaints USING btree (person, id) WHERE person IS NOT NULL;

CREATE INDEX dead_letter_audit_skipped ON dead_letter_audit USING btree (source, aggregate_type, aggregate_id, version) WHERE what = 'skipped'::text;

CREATE INDEX deadline_rungs_dossier ON deadline_rungs USING btree (dossier, reached_at);

CREATE INDEX directory_absences_person ON directory_absences USING btree (person);

CREATE INDEX directory_delegations_delegate ON directory_delegations USING btree (delegate);

CREATE INDEX directory_delegations_person ON directory_delegations USING btree (person);

CREATE INDEX directory_posts_agency ON directory_posts USING btree (agency, role);

CREATE INDEX directory_posts_person ON directory_posts USING btree (person);

CREATE INDEX dossier_forwards_from ON dossier_forwards USING btree (from_agency, at);

CREATE INDEX dossier_history_paid_later ON dossier_history USING btree (agency, at, dossier) WHERE what = 'payment-settled'::text AND (to_status = ANY (ARRAY[8, 9, 10]));

CREATE INDEX dossier_papers_dossier ON dossier_papers USING btree (dossier);

CREATE INDEX dossier_reads_dossier ON dossier_reads USING btree (dossier, id) WHERE dossier IS NOT NULL;

CREATE INDEX dossier_retention_until ON dossier_retention USING btree (kept_until) WHERE kept_until IS NOT NULL;

CREATE INDEX dossier_search_words ON dossier_search USING gin (words) WITH (gin_pending_list_limit='512');

CREATE INDEX dossiers_applicant ON dossiers USING btree (applicant, id) WHERE applicant IS NOT NULL;

CREATE INDEX dossiers_away ON dossiers USING btree (receiving_agency, id) WHERE working_agency <> receiving_agency AND (status = ANY (ARRAY[1, 2, 4, 5, 6, 7]));

CREATE UNIQUE INDEX dossiers_code ON dossiers USING btree (code_agency, code_day, code_serial);

CREATE UNIQUE INDEX dossiers_demand ON dossiers USING btree (demand) WHERE demand IS NOT NULL;

CREATE INDEX dossiers_done_of_agency ON dossiers USING btree (working_agency, status, act_by, id) INCLUDE (procedure) WHERE status = ANY (ARRAY[3, 8, 9, 10]);

CREATE INDEX dossiers_done_of_officer ON dossiers USING btree (officer, status, act_by, id) INCLUDE (procedure) WHERE officer IS NOT NULL AND (status = ANY (ARRAY[3, 8, 9, 10]));

CREATE INDEX dossiers_of_agency ON dossiers USING btree (working_agency, act_by, id) INCLUDE (status, procedure, step) WHERE status = ANY (ARRAY[1, 2, 4, 5, 6, 7]);

CREATE INDEX dossiers_of_officer ON dossiers USING btree (officer, act_by, id) INCLUDE (status, procedure, step) WHERE officer IS NOT NULL AND (status = ANY (ARRAY[1, 2, 4, 5, 6, 7]));

CREATE INDEX dossiers_of_procedure ON dossiers USING btree (working_agency, procedure, act_by, id) INCLUDE (status, step) WHERE status = ANY (ARRAY[1, 2, 4, 5, 6, 7]);

CREATE INDEX dossiers_of_status ON dossiers USING btree (working_agency, status, act_by, id) INCLUDE (procedure, step) WHERE status = ANY (ARRAY[1, 2, 4, 5, 6, 7]);

CREATE INDEX dossiers_received ON dossiers USING btree (receiving_agency, accepted_at) WHERE accepted_at IS NOT NULL;

CREATE INDEX dossiers_sent ON dossiers USING gin (sent_from) WHERE sent_from <> '{}'::text[] AND (status = ANY (ARRAY[1, 2, 4, 5, 6, 7]));

CREATE INDEX dossiers_unassigned ON dossiers USING btree (working_agency, act_by, id) INCLUDE (status, procedure, step) WHERE officer IS NULL AND (status = ANY (ARRAY[4, 5, 6, 7]));

CREATE INDEX drafts_owner ON drafts USING btree (owner, saved_at);

CREATE INDEX effect_log_event ON effect_log USING btree (source, aggregate_type, aggregate_id, version);

CREATE INDEX event_log_id ON event_log USING brin (id) WITH (pages_per_range='16', autosummarize='on');

CREATE INDEX event_log_xid ON event_log USING btree (xid);

CREATE INDEX idempotency_keys_age ON idempotency_keys USING btree (created_at);

CREATE INDEX inbox_parked_dead ON inbox_parked USING btree (id) WHERE state = 'dead'::text;

CREATE INDEX inbox_parked_due ON inbox_parked USING btree (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX inbox_parked_key ON inbox_parked USING btree (wait_key) WHERE state = 'unknown'::text;

CREATE INDEX notifications_person ON notifications USING btree (person, id);

CREATE INDEX opinion_reports_agency ON opinion_reports USING btree (agency, reported_at, opinion);

CREATE INDEX opinions_dossier ON opinions USING btree (dossier);

CREATE INDEX opinions_waiting ON opinions USING btree (to_agency, due_at, id) WHERE answered_at IS NULL;

CREATE UNIQUE INDEX procedures_one_draft ON procedures USING btree (code) WHERE state = 'draft'::text;

CREATE UNIQUE INDEX queue_tickets_desk ON queue_tickets USING btree (agency, desk_group, day, desk) WHERE state = 'called'::text;

CREATE UNIQUE INDEX queue_tickets_person ON queue_tickets USING btree (person, agency, desk_group, day) WHERE person IS NOT NULL AND (state = ANY (ARRAY['waiting'::text, 'called'::text]));

CREATE INDEX queue_tickets_waiting ON queue_tickets USING btree (agency, desk_group, day, place, number) WHERE state = 'waiting'::text;

CREATE INDEX ratings_agency ON ratings USING btree (agency, at);

CREATE UNIQUE INDEX slips_child ON slips USING btree (child) WHERE child IS NOT NULL;

CREATE INDEX slips_from ON slips USING btree (from_agency, due_at, id) WHERE outcome IS NULL;

CREATE UNIQUE INDEX slips_open ON slips USING btree (parent, key) WHERE outcome IS NULL;

CREATE INDEX slips_parent ON slips USING btree (parent);

CREATE INDEX slips_to ON slips USING btree (agency, due_at, id) WHERE outcome IS NULL;

CREATE INDEX subject_erasures_subject ON subject_erasures USING btree (subject, id);

CREATE INDEX succession_lines_dossier ON succession_lines USING btree (dossier) WHERE dossier IS NOT NULL;

CREATE INDEX timers_due ON timers USING btree (due_at);

CREATE INDEX uploads_dossier ON uploads USING btree (dossier) WHERE dossier IS NOT NULL;

CREATE INDEX uploads_draft ON uploads USING btree (draft) WHERE draft IS NOT NULL;

CREATE INDEX version_mappings_procedure ON version_mappings USING btree (procedure, id);

CREATE INDEX version_moves_waiting ON version_moves USING btree (mapping, dossier) WHERE state = 'waiting'::text;

CREATE TRIGGER branches_accompany AFTER INSERT ON branches FOR EACH ROW EXECUTE FUNCTION accompany('dossier');

CREATE TRIGGER branches_watched AFTER INSERT OR UPDATE OF due_at ON branches FOR EACH ROW EXECUTE FUNCTION watch_deadline('branch', 'begun_at');

CREATE TRIGGER linked_cases_accompany AFTER INSERT ON linked_cases FOR EACH ROW EXECUTE FUNCTION accompany('parent');

CREATE TRIGGER opinions_accompany AFTER INSERT ON opinions FOR EACH ROW EXECUTE FUNCTION accompany('dossier');

CREATE TRIGGER opinions_watched AFTER INSERT OR UPDATE OF due_at ON opinions FOR EACH ROW EXECUTE FUNCTION watch_deadline('opinion', 'asked_at');

CREATE TRIGGER procedures_published_stay BEFORE INSERT OR DELETE OR UPDATE ON procedures FOR EACH ROW EXECUTE FUNCTION procedures_published_stay();

CREATE TRIGGER slips_accompany AFTER INSERT ON slips FOR EACH ROW EXECUTE FUNCTION accompany('child');
