import Foundation

/// Dossiers made by SQL: so many as a province has in a year or in seven, spread over agencies, officers, procedures,
/// statuses and people, as they would be.
struct ManyDossiers: Sendable {
    /// One agency has a fifth of them, as the busiest department of a province may have.
    static let agency = "H19.12"
    static let ofAgency = 5
    static let openOfOfficer = 2_000
    static let closedOfOfficer = 30_000

    var count: Int
    var database = "lienthong"
    /// The officer of the demonstration, who holds the most.
    var officer: String
    /// With rows for the search, and the first line of the history of each.
    var whole = false
    /// With what became of each until today, its dates and a rating of every tenth: accepted in the course of 2020, or
    /// in its last month where it is open still.
    var histories = false

    /// From one that was submitted: all else of it is copied. Indexes are made anew when the rows are there.
    func fill() throws {
        try run("\(Self.dropIndexes) \(insert)")
        if whole { try run("\(Self.dropIndexes) \(around) \(histories ? lines : firstLine)") }
        try run(Self.makeIndexes)
        for table in ["dossiers", "dossier_search", "dossier_history", "due_dates", "step_dates", "dossier_ends"] {
            try run("VACUUM ANALYZE \(table)")
        }
        try run("CHECKPOINT")
    }

    private func run(_ sql: String) throws {
        try Statements.administer(
            """
            SET search_path = onestop; SET synchronous_commit = off; SET maintenance_work_mem = '512MB';
            SET client_min_messages = warning;
            \(sql)
            """, database: database, fromFile: true)
    }

    private static let dropIndexes = """
        CREATE TABLE IF NOT EXISTS public.indexes_made_anew (text text PRIMARY KEY);
        DO $$
        DECLARE found record;
        BEGIN
            FOR found IN SELECT indexrelid::regclass AS name, pg_get_indexdef(indexrelid) AS text FROM pg_index
                WHERE indrelid = ANY(ARRAY['dossiers', 'dossier_search', 'dossier_history']::regclass[])
                    AND NOT indisprimary
            LOOP
                INSERT INTO public.indexes_made_anew VALUES (found.text);
                EXECUTE format('DROP INDEX %s', found.name);
            END LOOP;
        END $$;

        """

    private static let makeIndexes = """
        DO $$
        DECLARE found record;
        BEGIN
            FOR found IN SELECT text FROM public.indexes_made_anew LOOP EXECUTE found.text; END LOOP;
            DELETE FROM public.indexes_made_anew;
        END $$
        """

    private var insert: String {
        """
        CREATE TEMP TABLE template AS SELECT * FROM dossiers ORDER BY id DESC LIMIT 1;
        -- What the other figures submitted would be a third more, all of it at one desk and due at one moment.
        TRUNCATE dossiers, dossier_search CASCADE;
        SELECT setseed(0.5);
        DO $$
        DECLARE names text; shapes text;
        BEGIN
            SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum), string_agg(CASE attname
                    WHEN 'id' THEN 's.id' WHEN 'status' THEN 's.state' WHEN 'procedure' THEN 's.code'
                    WHEN 'working_agency' THEN 's.at' WHEN 'receiving_agency' THEN 's.at'
                    WHEN 'officer' THEN 's.holder' WHEN 'step' THEN 's.step'
                    WHEN 'applicant' THEN 'md5((s.n % 500000)::text)::uuid'
                    WHEN 'applicant_name' THEN 's.name'
                    WHEN 'applicant_national_id' THEN 'lpad((s.n % 700000)::text, 12, ''0'')'
                    WHEN 'applicant_phone' THEN '''09'' || lpad((s.n % 600000)::text, 8, ''0'')'
                    \(histories ? Self.moments : "")
                    WHEN 'act_by' THEN 't.act_by + make_interval(mins => (s.n % 400000)::int)'
                    ELSE 't.' || quote_ident(attname) END, ', ' ORDER BY attnum)
                INTO names, shapes
                FROM pg_attribute WHERE attrelid = 'dossiers'::regclass AND attnum > 0 AND NOT attisdropped;
            EXECUTE format('INSERT INTO dossiers (%s) SELECT %s FROM (%s) s CROSS JOIN template t',
                names, shapes, $shape$SELECT *, \(accepted) AS accepted FROM (\(shape)) n$shape$);
        END $$
        """
    }

    private static let moments = """
        WHEN 'submitted_at' THEN 's.accepted - interval ''1 hour'''
        WHEN 'accepted_at' THEN 'CASE WHEN s.state NOT IN (1, 3) THEN s.accepted END'
        """

    /// In the order of the ids, as they would come; but those of one officer in the course of the whole year.
    private var accepted: String {
        """
        CASE WHEN state IN (1, 2, 4, 5, 6) THEN '2020-12-01'::timestamptz + make_interval(mins => (n % 43200)::int)
             WHEN n <= \(Self.openOfOfficer + Self.closedOfOfficer)
             THEN '2020-01-01'::timestamptz + make_interval(mins => (n * 7919 % 527040)::int)
             ELSE '2020-01-01'::timestamptz + n * interval '366 days' / \(count) END
        """
    }

    /// Ids of version 7, thirty milliseconds apart; nine of ten are done.
    private var shape: String {
        let own = Self.openOfOfficer + Self.closedOfOfficer
        return """
            SELECT n, (lpad(to_hex(1700000000000 + n * 30), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8'
                       || substr(md5(n::text), 4, 15))::uuid AS id,
                CASE WHEN n % \(Self.ofAgency) = 0 OR n <= \(own) THEN '\(Self.agency)'
                     ELSE agencies[1 + n % cardinality(agencies)] END AS at,
                CASE WHEN n <= \(own) THEN '\(officer)'::uuid
                     WHEN n % 11 > 0 THEN md5((n % 4000)::text)::uuid END AS holder,
                CASE WHEN n <= \(Self.openOfOfficer) THEN 4
                     WHEN n <= \(own) THEN (ARRAY[9, 10, 10, 10, 3])[n % 5 + 1]
                     WHEN n % 13 = 0 THEN (ARRAY[1, 2, 4, 5, 6])[(n / 13) % 5 + 1]
                     ELSE (ARRAY[9, 10, 10, 10, 8])[n % 7 % 5 + 1] END AS state,
                CASE WHEN n % 3 > 0 THEN '2.000488' ELSE codes[1 + n % cardinality(codes)] END AS code,
                (ARRAY['appraise', 'conclude', 'approve'])[n % 3 + 1] AS step,
                (ARRAY['Nguyễn', 'Trần', 'Lê', 'Phạm', 'Hoàng', 'Phan', 'Vũ', 'Đặng', 'Bùi', 'Đỗ', 'Hồ', 'Ngô'])
                    [1 + floor(12 * random() * random())::int] || ' ' ||
                (ARRAY['Thị', 'Văn', 'Thị Hồng', 'Thị Thu', 'Đức', 'Minh', 'Ngọc', 'Thanh', 'Quốc', 'Hữu'])
                    [1 + floor(10 * random() * random())::int] || ' ' ||
                (ARRAY['Ánh', 'Bích', 'Cường', 'Dũng', 'Đào', 'Giang', 'Hà', 'Hạnh', 'Hiếu', 'Hoa', 'Hùng', 'Hương',
                       'Khánh', 'Lan', 'Linh', 'Long', 'Mai', 'Nam', 'Nga', 'Ngân', 'Nhung', 'Oanh', 'Phúc', 'Phương',
                       'Quân', 'Quỳnh', 'Sơn', 'Tâm', 'Thảo', 'Thịnh', 'Trang', 'Trung', 'Tuấn', 'Uyên', 'Vân', 'Yến'])
                    [1 + floor(36 * random())::int] AS name
            FROM generate_series(1::bigint, \(count)) AS g (n)
            CROSS JOIN (SELECT array_agg(code ORDER BY code) AS agencies FROM directory_agencies
                        WHERE code <> '\(Self.agency)') AS a
            CROSS JOIN (SELECT array_agg(DISTINCT code) AS codes FROM procedures
                        WHERE state = 'published' AND number = 1) AS p
            """
    }

    private let around = """
        INSERT INTO dossier_search SELECT d.id, array_to_tsvector(
            search_words(concat_ws(' ', d.applicant_name, d.subject))
            || ARRAY['p:' || d.procedure, 'n:' || d.applicant_national_id, 'u:' || d.applicant,
                     'f:' || d.applicant_phone]
            || search_agencies(ARRAY[d.receiving_agency])) FROM dossiers d;
        """

    private let firstLine = """
        INSERT INTO dossier_history (dossier, version, at, actor, what, to_status, agency)
            SELECT id, 1, submitted_at, 'bench', 'submitted', status, receiving_agency FROM dossiers
        """

    /// In the order in which they would have been written; work takes from one day to three weeks, and the appointment
    /// is after fifteen days.
    private let lines = """
        CREATE TEMP TABLE lives AS
            SELECT id, status, receiving_agency, officer, step, submitted_at, accepted_at,
                   abs(hashtext(id::text)) AS luck,
                   accepted_at + make_interval(mins => 1440 + abs(hashtext(id::text)) % 28800) AS done_at FROM dossiers;
        INSERT INTO dossier_history (dossier, version, at, actor, what, from_status, to_status, agency, officer, step)
            SELECT d.id, l.version, l.at, 'bench', l.what, l.from_status, l.to_status, d.receiving_agency,
                   CASE WHEN l.version > 2 THEN d.officer END, CASE WHEN l.version > 2 THEN d.step END
            FROM lives d CROSS JOIN LATERAL (VALUES
                (1, submitted_at, 'submitted', NULL, 1, ARRAY[1, 2, 3, 4, 5, 6, 8, 9, 10]),
                (2, submitted_at + interval '1 hour', 'refused', 1, 3, ARRAY[3]),
                (2, accepted_at, 'accepted', 1, 2, ARRAY[2, 4, 5, 6, 8, 9, 10]),
                (3, accepted_at + interval '1 hour', 'handed-over', 2, 4, ARRAY[4, 5, 6, 8, 9, 10]),
                (4, accepted_at + interval '1 day', 'supplement-requested', 4, 5, ARRAY[5]),
                (4, accepted_at + interval '1 day', 'payment-required', 4, 6, ARRAY[6]),
                (4, done_at, 'stopped', 4, 8, ARRAY[8]), (4, done_at, 'finished', 4, 9, ARRAY[9, 10]),
                (5, done_at + interval '2 days', 'returned', 9, 10, ARRAY[10])
            ) AS l (version, at, what, from_status, to_status, states)
            WHERE d.status = ANY(l.states) ORDER BY l.at;
        INSERT INTO due_dates (dossier, version, cause, due_at, explanation)
            SELECT id, 2, 'accepted', accepted_at + interval '15 days', '{}' FROM lives
            WHERE accepted_at IS NOT NULL ORDER BY accepted_at;
        INSERT INTO step_dates (dossier, version, cause, due_at, explanation)
            SELECT id, 3, 'handed-over', accepted_at + interval '12 days', '{}' FROM lives
            WHERE accepted_at IS NOT NULL AND status <> 2 ORDER BY accepted_at;
        INSERT INTO dossier_ends (agency, ended_at, dossier, accepted_at, received)
            SELECT receiving_agency, done_at, id, accepted_at, true FROM lives WHERE status IN (8, 9, 10)
            ORDER BY done_at;
        INSERT INTO ratings (dossier, occasion, revision, id, channel, agency, stars, indicator_3, at, actor)
            SELECT id, 'result', 1, gen_random_uuid(), 'online', receiving_agency, 1 + luck % 5, luck % 3, done_at,
                   'bench'
            FROM lives WHERE status IN (9, 10) AND luck % 10 = 0
        """
}
