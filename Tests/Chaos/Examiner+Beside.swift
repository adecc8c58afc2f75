#if DEBUG
    import Contracts
    import Postgres

    /// What hangs on a dossier and has rows of its own: files, ratings, complaints, links, forwards and demands that
    /// were taken back. Each wish that was answered is there, once.
    extension Examiner {
        func beside(_ verdict: inout Verdict) async throws {
            try await files(&verdict)
            try await ratings(&verdict)
            try await complaints(&verdict)
            try await storiesOfTheirOwn(&verdict)
            try await links(&verdict)
            try await forwards(&verdict)
            try await successions(&verdict)
            try await takenBack(&verdict)
            try await statements(&verdict)
        }

        private func answered(_ method: String, _ matches: (String) -> Bool) -> [(intent: Intent, body: JSON)] {
            intents.intents.compactMap { intent in
                guard intent.service == .onestop, intent.method == method, matches(intent.path),
                    let answer = intents.answers[intent.number], answer.succeeded
                else { return nil }
                return (intent, answer.body)
            }
        }

        /// The dossier of a path.
        private func dossier(_ path: String) -> String {
            let parts = path.split(separator: "/")
            return parts.count > 1 ? String(parts[1]) : ""
        }

        /// A file of which somebody heard that it is whole lies in the dossier once, as it was announced.
        private func files(_ verdict: inout Verdict) async throws {
            var there: [String: (sha256: String, count: Int)] = [:]
            // An upload that is in its dossier is forgotten days later; the file has its id.
            for row in try await database.run(
                """
                SELECT f.id::text AS id, f.sha256, (SELECT count(*) FROM onestop.attachments a
                    WHERE a.dossier = f.dossier AND a.part = f.part AND a.sha256 = f.sha256) AS n
                FROM (SELECT id, dossier, part, sha256 FROM onestop.uploads WHERE dossier IS NOT NULL
                      UNION SELECT id, dossier, part, sha256 FROM onestop.attachments) f
                """)
            {
                there[try row("id")] = (try row("sha256"), try row("n"))
            }
            for (intent, body) in answered("POST", { $0.hasSuffix("/uploads") }) {
                let id = body["id"]?.text ?? ""
                if there[id] == nil { verdict.add(.lost, 1, "\(intent.text) was answered; no upload \(id)") }
            }
            var looked: Set<String> = []
            for (intent, body) in answered("PUT", { $0.hasPrefix("/uploads/") }) {
                guard body["state"]?.text == "attached", looked.insert(intent.path).inserted else { continue }
                let found = there[body["id"]?.text ?? ""]
                let count = found?.count ?? 0
                if count == 0 { verdict.add(.lost, 1, "\(intent.text): the file is whole and not in the dossier") }
                verdict.add(.twice, count - 1, "\(intent.text): the file is \(count) times in the dossier")
                if let found, found.sha256 != intent.body["sha256"]?.text {
                    verdict.add(.contradictions, 1, "\(intent.text): the file has another SHA-256")
                }
            }
        }

        /// Each rating that was answered is one revision, with the stars that were given.
        private func ratings(_ verdict: inout Verdict) async throws {
            var there: [String: [Int64: Int64]] = [:]
            for row in try await database.run(
                "SELECT dossier || ' ' || occasion AS what, revision, stars::bigint AS stars FROM onestop.ratings")
            {
                there[try row("what"), default: [:]][try row("revision")] = try row("stars")
            }
            var given: [String: Int] = [:]
            for (intent, body) in answered("POST", { $0.hasSuffix("/ratings") }) {
                let what = "\(dossier(intent.path)) \(intent.body["occasion"]?.text ?? "")"
                given[what, default: 0] += 1
                guard let stars = there[what]?[body["revision"]?.integer ?? 0] else {
                    verdict.add(.lost, 1, "\(intent.text) was answered, and the rating is not there")
                    continue
                }
                if stars != intent.body["stars"]?.integer {
                    verdict.add(.contradictions, 1, "\(intent.text): the rating has \(stars) stars")
                }
            }
            for (what, count) in given {
                verdict.add(.twice, (there[what]?.count ?? 0) - count, "rating \(what) has revisions that nobody gave")
            }
        }

        private func complaints(_ verdict: inout Verdict) async throws {
            var there: [String: Int] = [:]
            for row in try await database.run(
                "SELECT subject, count(*) AS n FROM onestop.complaints WHERE subject LIKE 'Chaos %' GROUP BY subject")
            {
                there[try row("subject")] = try row("n")
            }
            for (intent, _) in answered("POST", { $0 == "/my/complaints" }) {
                let subject = intent.body["grievance"]?["subject"]?.text ?? ""
                let count = there[subject] ?? 0
                verdict.add(.twice, count - 1, "\(intent.text): \(count) complaints '\(subject)'")
                if count == 0 { verdict.add(.lost, 1, "\(intent.text) was answered, and there is no such complaint") }
            }
        }

        /// What was done to a complaint or a rating and what was announced of it are the same.
        private func storiesOfTheirOwn(_ verdict: inout Verdict) async throws {
            let stories: [(String, SQL)] = [
                ("complaint", "SELECT complaint AS id, version FROM onestop.complaint_history"),
                ("rating", "SELECT id, revision AS version FROM onestop.ratings"),
            ]
            for (kind, story) in stories {
                try await add(
                    .lost, "\(kind) is written and not announced, or the other way:",
                    """
                    SELECT coalesce(h.id::text, e.aggregate_id) || ' v' || coalesce(h.version, e.aggregate_version)
                        AS what, 1 AS n
                    FROM (\(story)) h
                    FULL JOIN (SELECT * FROM onestop.event_log WHERE aggregate_type = \(kind)) e
                        ON e.aggregate_id = h.id::text AND e.aggregate_version = h.version
                    WHERE h.id IS NULL OR e.seq IS NULL
                    """, &verdict)
            }
        }

        /// Each link of an application is opened once, and once more for each time that this was decided.
        private func links(_ verdict: inout Verdict) async throws {
            try await add(
                .twice, "a link is open twice: application",
                """
                SELECT parent || ' ' || key AS what, count(*) - 1 AS n FROM onestop.slips
                WHERE decision IS DISTINCT FROM 'repeat' GROUP BY parent, key HAVING count(*) > 1
                """, &verdict)
            try await add(
                .lost, "was accepted, and not all of its links are open: application",
                """
                SELECT c.parent::text AS what, jsonb_array_length(s.definition::jsonb->'links') -
                    (SELECT count(DISTINCT key) FROM onestop.slips WHERE parent = c.parent) AS n
                FROM onestop.linked_cases c JOIN onestop.dossiers d ON d.id = c.parent
                JOIN onestop.linked_sets s ON s.code = c.set_code AND s.number = c.set_number
                WHERE d.accepted_at IS NOT NULL AND s.definition::jsonb->>'order' = 'parallel'
                """, &verdict)
            try await add(
                .lost, "has ended, and its application does not know: dossier",
                """
                SELECT d.id::text AS what, 1 AS n FROM onestop.slips s JOIN onestop.dossiers d ON d.id = s.child
                WHERE d.status IN (3, 8, 9, 10) AND s.outcome IS NULL
                """, &verdict)
            try await add(
                .lost, "a slip names a dossier that is not there:",
                """
                SELECT s.id::text AS what, 1 AS n FROM onestop.slips s WHERE s.child IS NOT NULL
                    AND NOT EXISTS (SELECT FROM onestop.dossiers d WHERE d.id = s.child)
                """, &verdict)
        }

        private func forwards(_ verdict: inout Verdict) async throws {
            var there: [String: Int] = [:]
            for row in try await database.run(
                "SELECT dossier::text AS dossier, count(*) AS n FROM onestop.dossier_forwards GROUP BY dossier")
            {
                there[try row("dossier")] = try row("n")
            }
            for (intent, _) in answered("POST", { $0.hasSuffix("/forward") }) {
                let count = there[dossier(intent.path)] ?? 0
                verdict.add(.twice, count - 1, "\(intent.text): forwarded \(count) times")
                if count == 0 { verdict.add(.lost, 1, "\(intent.text) was answered, and it was not forwarded") }
            }
        }

        /// What was open at an agency that has ended is its successor's, by one change.
        private func successions(_ verdict: inout Verdict) async throws {
            try await add(
                .twice, "was taken over twice: dossier",
                """
                SELECT dossier::text AS what, count(*) - 1 AS n FROM onestop.dossier_history
                WHERE what = 'taken-over' GROUP BY dossier HAVING count(*) > 1
                """, &verdict)
            try await add(
                .lost, "is open at an agency that has ended: dossier",
                """
                SELECT d.id::text AS what, 1 AS n FROM onestop.dossiers d
                JOIN hr.agencies a ON a.code IN (d.receiving_agency, d.working_agency)
                WHERE d.status NOT IN (3, 10) AND a.successor IS NOT NULL
                    AND a.valid_to < (SELECT (now AT TIME ZONE 'Asia/Ho_Chi_Minh')::date FROM onestop.business_clock)
                """, &verdict)
        }

        /// A statement that was answered is there with all its lines, and once.
        private func statements(_ verdict: inout Verdict) async throws {
            var whole: Set<String> = []
            for row in try await database.run(
                """
                SELECT s.id::text AS id FROM budget.statements s
                WHERE s.lines = (SELECT count(*) FROM budget.statement_lines l WHERE l.statement = s.id)
                """)
            { whole.insert(try row("id")) }
            for intent in intents.intents where intent.service == .budget && intent.path.hasPrefix(Door.statements) {
                guard let answer = intents.answers[intent.number], answer.succeeded else { continue }
                if !whole.contains(answer.body["statement"]?.text ?? "") {
                    verdict.add(.lost, 1, "\(intent.text) was answered, and the statement is not there, or not whole")
                }
            }
            try await add(
                .twice, "a statement was taken in twice: file",
                """
                SELECT sha256 AS what, count(*) - 1 AS n FROM budget.statements
                GROUP BY agency, channel, from_day, until, sha256 HAVING count(*) > 1
                """, &verdict)
        }

        /// A demand that was taken back is asked for by nobody any more.
        private func takenBack(_ verdict: inout Verdict) async throws {
            var states: [String: String] = [:]
            for row in try await database.run(
                """
                SELECT fee->>'demand' AS demand, fee->>'state' AS state
                FROM onestop.dossiers d, jsonb_array_elements(d.fees) fee WHERE fee ? 'demand'
                """)
            {
                states[try row("demand")] = try row("state", as: String.self)
            }
            for (intent, _) in answered("POST", { $0.hasSuffix("/withdraw-demand") }) {
                let state = states[intent.body["demand"]?.text ?? ""]
                if state != "withdrawn" {
                    verdict.add(.lost, 1, "\(intent.text) was answered, and the demand is \(state ?? "nowhere")")
                }
            }
            try await add(
                .lost, "is taken back at OneStop and open at Budget: demand",
                """
                SELECT f.id::text AS what, 1 AS n FROM onestop.dossiers d, jsonb_array_elements(d.fees) fee,
                    budget.fee_demands f
                WHERE fee->>'state' = 'withdrawn' AND f.id = (fee->>'demand')::uuid AND f.state = 'open'
                """, &verdict)
        }
    }
#endif
