-- The schema of MailService, as its migrations make it. Written by `make schema`, never by hand.

CREATE TABLE business_clock (
    one boolean NOT NULL DEFAULT true,
    now timestamp with time zone NOT NULL,
    CONSTRAINT business_clock_pkey PRIMARY KEY (one),
    CONSTRAINT business_clock_one_check CHECK (one)
);

CREATE TABLE copies (
    id uuid NOT NULL,
    mailbox uuid NOT NULL,
    folder text NOT NULL,
    message uuid NOT NULL,
    source_event uuid,
    read_at timestamp with time zone,
    version bigint NOT NULL,
    CONSTRAINT copies_pkey PRIMARY KEY (id),
    CONSTRAINT copies_source_event UNIQUE (mailbox, source_event),
    CONSTRAINT copies_folder FOREIGN KEY (mailbox, folder) REFERENCES folders(mailbox, key),
    CONSTRAINT copies_message_fkey FOREIGN KEY (message) REFERENCES messages(id)
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

CREATE TABLE dossiers (
    dossier uuid NOT NULL,
    code text,
    submitted_on date NOT NULL,
    receiving_agency text NOT NULL,
    working_agency text NOT NULL,
    officer uuid,
    CONSTRAINT dossiers_pkey PRIMARY KEY (dossier)
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

CREATE TABLE folders (
    mailbox uuid NOT NULL,
    key text NOT NULL,
    name text,
    version bigint NOT NULL,
    CONSTRAINT folders_pkey PRIMARY KEY (mailbox, key),
    CONSTRAINT folders_mailbox_fkey FOREIGN KEY (mailbox) REFERENCES mailboxes(id),
    CONSTRAINT folders_check CHECK ((name IS NULL) = (key = ANY (ARRAY['inbox'::text, 'sent'::text, 'archive'::text, 'trash'::text])))
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

CREATE TABLE mailboxes (
    id uuid NOT NULL,
    person uuid NOT NULL,
    address text NOT NULL,
    full_name text NOT NULL,
    state text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    version bigint NOT NULL,
    CONSTRAINT mailboxes_pkey PRIMARY KEY (id),
    CONSTRAINT mailboxes_address_key UNIQUE (address),
    CONSTRAINT mailboxes_person_key UNIQUE (person),
    CONSTRAINT mailboxes_state_check CHECK (state = ANY (ARRAY['open'::text, 'closed'::text]))
);

CREATE TABLE messages (
    id uuid NOT NULL,
    thread uuid NOT NULL,
    sender uuid,
    recipients text[] NOT NULL,
    subject text,
    body text,
    template text,
    facts jsonb,
    source_event uuid,
    sent_at timestamp with time zone NOT NULL,
    CONSTRAINT messages_pkey PRIMARY KEY (id),
    CONSTRAINT messages_source_event UNIQUE (source_event),
    CONSTRAINT messages_sender_fkey FOREIGN KEY (sender) REFERENCES mailboxes(id),
    CONSTRAINT messages_check CHECK ((sender IS NULL) = (template IS NOT NULL)),
    CONSTRAINT messages_check1 CHECK ((template IS NULL) = (facts IS NULL)),
    CONSTRAINT messages_check2 CHECK ((template IS NULL) = (source_event IS NULL)),
    CONSTRAINT messages_check3 CHECK ((sender IS NULL) = (subject IS NULL)),
    CONSTRAINT messages_check4 CHECK ((sender IS NULL) = (body IS NULL))
);

CREATE TABLE migration_history (
    series text NOT NULL,
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT migration_history_pkey PRIMARY KEY (series, number)
);

CREATE TABLE outside_attempts (
    letter uuid NOT NULL,
    number integer NOT NULL,
    began_at timestamp with time zone NOT NULL DEFAULT clock_timestamp(),
    outcome text,
    code integer,
    ended_at timestamp with time zone,
    CONSTRAINT outside_attempts_pkey PRIMARY KEY (letter, number),
    CONSTRAINT outside_attempts_letter_fkey FOREIGN KEY (letter) REFERENCES outside_letters(id),
    CONSTRAINT outside_attempts_outcome_check CHECK (outcome = ANY (ARRAY['taken'::text, 'refused'::text, 'postponed'::text, 'uncertain'::text]))
);

CREATE TABLE outside_letters (
    id uuid NOT NULL,
    source_event uuid NOT NULL,
    sender text NOT NULL,
    dossier uuid,
    agency text NOT NULL,
    what text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    address jsonb NOT NULL,
    state text NOT NULL,
    note text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    made_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    settled_at timestamp with time zone,
    CONSTRAINT outside_letters_pkey PRIMARY KEY (id),
    CONSTRAINT outside_letters_once UNIQUE (source_event),
    CONSTRAINT outside_letters_check CHECK ((state = 'waiting'::text) = (settled_at IS NULL)),
    CONSTRAINT outside_letters_state_check CHECK (state = ANY (ARRAY['waiting'::text, 'sent'::text, 'refused'::text, 'given-up'::text, 'erased'::text]))
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

CREATE TABLE undeliverable (
    id uuid NOT NULL,
    source_event uuid NOT NULL,
    type text NOT NULL,
    template text NOT NULL,
    facts jsonb NOT NULL,
    agency text NOT NULL,
    role text NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT undeliverable_pkey PRIMARY KEY (id),
    CONSTRAINT undeliverable_once UNIQUE (source_event, role)
);

CREATE TABLE verifier_keys (
    kid text NOT NULL,
    jwk jsonb NOT NULL,
    fetched_at timestamp with time zone NOT NULL DEFAULT now(),
    CONSTRAINT verifier_keys_pkey PRIMARY KEY (kid)
);

CREATE INDEX copies_folder ON copies USING btree (mailbox, folder, id);

CREATE INDEX copies_message ON copies USING btree (message);

CREATE INDEX copies_unread ON copies USING btree (mailbox, folder) WHERE read_at IS NULL;

CREATE INDEX dead_letter_audit_skipped ON dead_letter_audit USING btree (source, aggregate_type, aggregate_id, version) WHERE what = 'skipped'::text;

CREATE INDEX directory_absences_person ON directory_absences USING btree (person);

CREATE INDEX directory_delegations_delegate ON directory_delegations USING btree (delegate);

CREATE INDEX directory_delegations_person ON directory_delegations USING btree (person);

CREATE INDEX directory_posts_agency ON directory_posts USING btree (agency, role);

CREATE INDEX directory_posts_person ON directory_posts USING btree (person);

CREATE INDEX effect_log_event ON effect_log USING btree (source, aggregate_type, aggregate_id, version);

CREATE INDEX event_log_id ON event_log USING brin (id) WITH (pages_per_range='16', autosummarize='on');

CREATE INDEX event_log_xid ON event_log USING btree (xid);

CREATE UNIQUE INDEX folders_name ON folders USING btree (mailbox, lower(name));

CREATE INDEX idempotency_keys_age ON idempotency_keys USING btree (created_at);

CREATE INDEX inbox_parked_dead ON inbox_parked USING btree (id) WHERE state = 'dead'::text;

CREATE INDEX inbox_parked_due ON inbox_parked USING btree (due_at) WHERE due_at IS NOT NULL;

CREATE INDEX inbox_parked_key ON inbox_parked USING btree (wait_key) WHERE state = 'unknown'::text;

CREATE INDEX outside_letters_due ON outside_letters USING btree (due_at) WHERE state = 'waiting'::text;

CREATE INDEX timers_due ON timers USING btree (due_at);
