import Foundation

extension OneStop {
    static let dossiers = 1_000_000
    static let agency = "H19.12"
    static let ofAgency = 200_000
    static let openOfOfficer = 2_000
    static let closedOfOfficer = 30_000

    /// Of so many requests one submits a dossier to that agency: what is kept of the counts does not live long.
    static let inboxWrites = 50

    /// `inbox_p99_ms`: 16 connections ask for the inbox of the busiest officer and of his agency, in turn, while a
    /// million dossiers lie in the table and more come in.
    func inbox() throws -> Figure {
        try submitOnce(token: token("citizen"))
        let token = try token("officer")
        try fill(officer: subject(of: token))
        var worst: [Double] = []
        var rates: [Double] = []
        for _ in 1...Self.pairs {
            let result = try Wrk.run(url, connections: 16, seconds: Self.runSeconds, script: inboxScript(token))
            guard result.failures == 0 else { throw BenchFault("inbox: \(result.failures) requests failed") }
            worst.append(result.p99)
            rates.append(result.perSecond)
        }
        return Figure(
            name: "inbox_p99_ms", value: worst.median, floor: 20, aim: 10, better: .lower,
            note: "\(Int(rates.median)) requests per second")
    }

    private func inboxScript(_ officer: String) throws -> String {
        try """
        local threads = 0
        function setup(thread)
            threads = threads + 1
            thread:set("number", threads)
        end
        local officer = {["Authorization"] = "Bearer \(officer)"}
        local citizen = "Bearer \(token("citizen"))"
        local paths = {"/inbox?mine=true", "/inbox?agency=\(Self.agency)", "/inbox?mine=true&status=returned",
            "/inbox?agency=\(Self.agency)&status=processing&limit=20"}
        local count = 0
        function request()
            count = count + 1
            if count % \(Self.inboxWrites) ~= 0 then
                return wrk.format("GET", paths[count % 4 + 1], officer)
            end
            local headers = {["Authorization"] = citizen, ["Content-Type"] = "application/json",
                ["Idempotency-Key"] = "inbox-\(UInt32.random(in: 0 ... .max))-" .. number .. "-" .. count}
            return wrk.format("POST", "/dossiers", headers, [[\(Self.submission)]])
        end

        """
    }

    /// Dossiers like the first one, spread over agencies, officers, statuses and a year. The officer is the one of the
    /// demonstration.
    private func fill(officer: String) throws {
        try Statements.administer(
            """
            SET search_path = onestop; SET client_min_messages = warning;
            CREATE TEMP TABLE template AS SELECT * FROM dossiers WHERE code_agency IS NULL ORDER BY id LIMIT 1;
            -- What the other figures submitted would be a third more, all of it at one desk and due at one moment.
            TRUNCATE dossiers CASCADE;
            CREATE TEMP TABLE agencies AS
                SELECT code, row_number() OVER (ORDER BY code) - 1 AS n FROM directory_agencies
                WHERE code <> '\(Self.agency)';
            CREATE TEMP TABLE shaped AS WITH numbered AS (
                SELECT g AS n, g <= \(Self.ofAgency) AS ours, g % 10 AS tenth, random() AS r
                FROM generate_series(1, \(Self.dossiers)) g),
            shaping AS (
                SELECT n, CASE WHEN ours THEN '\(Self.agency)'
                            ELSE (SELECT code FROM agencies a
                                  WHERE a.n = numbered.n % (SELECT count(*) FROM agencies)) END AS at,
                       CASE WHEN n <= \(Self.openOfOfficer + Self.closedOfOfficer)
                            THEN '\(officer)'::uuid
                            WHEN tenth < 9 THEN md5((n % 4000)::text)::uuid END AS holder,
                       CASE WHEN n <= \(Self.openOfOfficer) THEN 4
                            WHEN n <= \(Self.openOfOfficer + Self.closedOfOfficer)
                            THEN (ARRAY[9, 10, 10, 10, 3])[n % 5 + 1]
                            WHEN tenth = 0 THEN (ARRAY[1, 2, 4, 5, 6])[(n / 10) % 5 + 1]
                            ELSE (ARRAY[9, 10, 10, 10, 8])[n % 5 + 1] END AS state
                FROM numbered)
            SELECT * FROM shaping;
            DO $$
            DECLARE names text; shapes text;
            BEGIN
                SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum), string_agg(CASE attname
                        WHEN 'id' THEN 'gen_random_uuid()' WHEN 'status' THEN 's.state'
                        WHEN 'working_agency' THEN 's.at' WHEN 'receiving_agency' THEN 's.at'
                        WHEN 'officer' THEN 's.holder'
                        WHEN 'act_by' THEN 't.act_by + make_interval(mins => (s.n % 400000)::int)'
                        ELSE 't.' || quote_ident(attname) END, ', ' ORDER BY attnum)
                    INTO names, shapes
                    FROM pg_attribute WHERE attrelid = 'dossiers'::regclass AND attnum > 0 AND NOT attisdropped;
                EXECUTE format(
                    'INSERT INTO dossiers (%s) SELECT %s FROM shaped s CROSS JOIN template t', names, shapes);
            END $$;
            ANALYZE dossiers
            """)
        try Statements.administer("VACUUM onestop.dossiers")
    }

    /// The person of an access token.
    private func subject(of token: String) throws -> String {
        var payload = token.split(separator: ".").dropFirst().first.map(String.init) ?? ""
        payload = payload.replacing("-", with: "+").replacing("_", with: "/")
        payload += String(repeating: "=", count: (4 - payload.count % 4) % 4)
        let claims = try JSONSerialization.jsonObject(with: Data(base64Encoded: payload) ?? Data()) as? [String: Any]
        guard let person = claims?["person"] as? String else { throw BenchFault("the token names no person") }
        return person
    }
}
