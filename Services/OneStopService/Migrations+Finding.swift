import ServiceKit

extension Migrations {
    /// What inboxes and the search ask.
    static let finding = #"""
        -- What an inbox filters by stands in the index of its range: a page looks at index entries, and at rows only
        -- for what it shows.
        DROP INDEX dossiers_of_officer, dossiers_of_agency, dossiers_unassigned, dossiers_done_of_officer,
            dossiers_done_of_agency;
        CREATE INDEX dossiers_of_officer ON dossiers (officer, act_by, id) INCLUDE (status, procedure, step)
            WHERE officer IS NOT NULL AND status IN (1, 2, 4, 5, 6, 7);
        CREATE INDEX dossiers_of_agency ON dossiers (working_agency, act_by, id) INCLUDE (status, procedure, step)
            WHERE status IN (1, 2, 4, 5, 6, 7);
        CREATE INDEX dossiers_of_procedure ON dossiers (working_agency, procedure, act_by, id) INCLUDE (status, step)
            WHERE status IN (1, 2, 4, 5, 6, 7);
        CREATE INDEX dossiers_unassigned ON dossiers (working_agency, act_by, id) INCLUDE (status, procedure, step)
            WHERE officer IS NULL AND status IN (4, 5, 6, 7);
        CREATE INDEX dossiers_done_of_officer ON dossiers (officer, status, act_by, id) INCLUDE (procedure)
            WHERE officer IS NOT NULL AND status IN (3, 8, 9, 10);
        CREATE INDEX dossiers_done_of_agency ON dossiers (working_agency, status, act_by, id) INCLUDE (procedure)
            WHERE status IN (3, 8, 9, 10);

        CREATE TABLE inbox_filters (
            id uuid PRIMARY KEY,
            version bigint NOT NULL,
            official uuid NOT NULL,
            name text NOT NULL,
            filter jsonb NOT NULL,
            made_at timestamptz NOT NULL,
            CONSTRAINT inbox_filters_name UNIQUE (official, name)
        );

        -- A text without diacritics, in small letters. The unaccent of PostgreSQL is STABLE, because it reads a
        -- dictionary that may change; this is what Unicode says, and đ, which has no decomposition.
        CREATE FUNCTION fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
            lower(translate(regexp_replace(normalize($1, NFD), '[\u0300-\u036f]', '', 'g'), 'đĐÐð', 'dddd'));
        -- Its words. What is not ASCII after folding (other scripts) is a letter. Neither is STRICT, so that they are
        -- written into the statement instead of called.
        CREATE FUNCTION search_words(text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
            array_remove(regexp_split_to_array(fold($1), '[^a-z0-9\u0080-\uffff]+'), '');
        -- That all words are there, the last one maybe only begun, all of the marks `every`, one of `either`, and
        -- one of the agencies.
        CREATE FUNCTION search_query(asked text, every text[], either text[], agencies text[]) RETURNS tsquery
            LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN concat_ws(' & ',
                (SELECT coalesce(string_agg(quote_literal(word) || CASE
                    WHEN n = cardinality(search_words(asked)) AND length(word) >= 3 THEN ':*' ELSE '' END, ' & '),
                    -- What has no word at all is nowhere.
                    CASE WHEN asked <> '' THEN quote_literal('-') END)
                 FROM unnest(search_words(asked)) WITH ORDINALITY AS w (word, n)),
                (SELECT string_agg(quote_literal(mark), ' & ') FROM unnest(every) AS m (mark)),
                '(' || (SELECT string_agg(quote_literal(mark), ' | ') FROM unnest(either) AS m (mark)) || ')',
                '(' || (SELECT string_agg(quote_literal('a:' || agency), ' | ') FROM unnest(agencies) AS a (agency))
                    || ')')::tsquery;
        -- Whom a dossier is found by: the words of name, subject and procedure, and marks with a letter before a
        -- colon: n national id, f telephone, u account, p procedure, a agency that may read it, and those above.
        -- No foreign key: every dossier is written together with its row here, and none is ever deleted.
        CREATE TABLE dossier_search (dossier uuid PRIMARY KEY, words tsvector NOT NULL);
        CREATE INDEX dossier_search_words ON dossier_search USING gin (words) WITH (gin_pending_list_limit = 512);
        CREATE FUNCTION search_agencies(text[]) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
            (SELECT array_agg(DISTINCT 'a:' || array_to_string((string_to_array(agency, '.'))[:level], '.'))
             FROM unnest($1) AS a (agency), generate_series(1, cardinality(string_to_array(agency, '.'))) AS level);
        INSERT INTO dossier_search SELECT d.id, array_to_tsvector(
            search_words(concat_ws(' ', d.applicant_name, d.subject, p.definition ->> 'name'))
            || array_remove(ARRAY['p:' || d.procedure, 'n:' || d.applicant_national_id, 'u:' || d.applicant,
                'f:' || regexp_replace(d.applicant_phone, '^\+?84', '0')], NULL)
            || search_agencies(array_remove(
                ARRAY[d.receiving_agency, d.working_agency, d.answering_agency] || d.sent_from, NULL)))
        FROM dossiers d LEFT JOIN procedures p ON p.code = d.procedure AND p.number = d.procedure_number;
        """#

    /// The open dossiers of one status are a range of their own: behind thousands that are only submitted the few in
    /// work would be found by walking through all of those.
    static let ofStatus = """
        CREATE INDEX dossiers_of_status ON dossiers (working_agency, status, act_by, id) INCLUDE (procedure, step)
            WHERE status IN (1, 2, 4, 5, 6, 7);
        """
}
