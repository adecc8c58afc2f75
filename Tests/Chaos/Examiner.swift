#if DEBUG
    import Contracts
    import Foundation
    import Postgres

    @testable import Auditing

    /// Compares what was intended and answered with what is there, once all is at rest. It knows the intent log (the
    /// file) and the tables of every service, and shares no code with what it examines.
    struct Examiner: Sendable {
        let database: Database
        let intents: Intents
        /// What the clients of subscriptions wrote down.
        var heard: [String: [Heard]] = [:]
        var services = ServiceName.running

        func examine() async throws -> Verdict {
            var verdict = Verdict()
            try await backbone(&verdict)
            try await keptAnswers(&verdict)
            try await dossiers(&verdict)
            try await beside(&verdict)
            try await payments(&verdict)
            try await books(&verdict)
            try await notices(&verdict)
            try await betweenServices(&verdict)
            try await subscribers(&verdict)
            try await positions(&verdict)
            try await versions(&verdict)
            return verdict
        }

        // MARK: - Event logs and effects

        private func backbone(_ verdict: inout Verdict) async throws {
            let report = try await Audit(database: database, services: services).run()
            let named = report.findings.joined(separator: "; ")
            verdict.add(.lost, report.lost, named)
            verdict.add(.twice, report.twice, named)
            verdict.add(.outOfOrder, report.outOfOrder, named)
            verdict.add(.pending, report.pending, "events on their way or parked")
            for service in services {
                let schema: SQL = "\(raw: service.rawValue)"
                // Versions are dense from 1: what is missing in between was lost.
                for row in try await database.run(
                    """
                    SELECT aggregate_type || ' ' || aggregate_id AS what, max(aggregate_version) - count(*) AS n
                    FROM \(schema).event_log GROUP BY aggregate_type, aggregate_id
                    HAVING max(aggregate_version) <> count(*) OR min(aggregate_version) <> 1
                    """)
                {
                    let missing = max(1, try row("n", as: Int.self))
                    verdict.add(.lost, missing, "\(service): versions of \(try row("what", as: String.self))")
                }
                try await dead(service, &verdict)
                try await rewritten(service, &verdict)
            }
        }

        /// Dead is what was planted to die, and nothing else.
        private func dead(_ service: ServiceName, _ verdict: inout Verdict) async throws {
            let victim = Poison.victims.contains(service)
            var planted = Set(intents.intents.filter { victim && $0.method == Poison.method }.map(\.path))
            for row in try await database.run(
                """
                SELECT type || ' ' || aggregate_id || ' v' || version AS what, aggregate_id,
                    coalesce(error, '') AS error
                FROM \(raw: service.rawValue).inbox_parked WHERE state = 'dead'
                """)
            {
                if planted.remove(try row("aggregate_id")) != nil { continue }
                let (what, error): (String, String) = (try row("what"), try row("error"))
                verdict.add(.dead, 1, "\(service): \(what): \(error)")
            }
            for aggregate in planted.sorted() { verdict.add(.lost, 1, "\(service): \(aggregate) is not dead") }
        }

        private func rewritten(_ service: ServiceName, _ verdict: inout Verdict) async throws {
            let rows = try await database.run(
                """
                SELECT (n_tup_upd + n_tup_del)::bigint AS n FROM pg_stat_user_tables
                WHERE relname = 'event_log' AND schemaname = \(service.rawValue)
                """)
            verdict.add(.rewritten, try rows.first?("n") ?? 0, "rows of \(service).event_log were updated or deleted")
        }

        // MARK: - Answers

        /// Every answered POST has its answer kept, once and the same; a refused one has left nothing.
        private func keptAnswers(_ verdict: inout Verdict) async throws {
            for service in services {
                let mine = intents.intents.filter { $0.service == service && $0.key != nil }
                for chunk in stride(from: 0, to: mine.count, by: 1_000).map({ mine[$0..<min($0 + 1_000, mine.count)] })
                {
                    let rows = try await database.run(
                        """
                        SELECT key, status, convert_from(body, 'UTF8') AS body
                        FROM \(raw: service.rawValue).idempotency_keys WHERE key = ANY(\(chunk.compactMap(\.key)))
                        """)
                    var kept: [String: [(status: Int32, body: String)]] = [:]
                    for row in rows {
                        kept[try row("key"), default: []].append((try row("status"), try row("body")))
                    }
                    for intent in chunk { compare(intent, kept[intent.key ?? ""] ?? [], &verdict) }
                }
            }
        }

        private func compare(_ intent: Intent, _ kept: [(status: Int32, body: String)], _ verdict: inout Verdict) {
            verdict.add(.twice, kept.count - 1, "\(intent.text) has \(kept.count) kept answers")
            guard let answer = intents.answers[intent.number] else { return }
            if answer.succeeded, kept.isEmpty {
                verdict.add(.lost, 1, "\(intent.text) was answered \(answer.status), and nothing of it is there")
            } else if answer.succeeded, let same = kept.first,
                Int(same.status) != answer.status
                    || (try? JSON(parsing: Array(same.body.utf8))).map(Self.kept) != Self.kept(answer.body)
            {
                verdict.add(.contradictions, 1, "\(intent.text) was answered otherwise than what is kept")
            } else if !answer.succeeded, !kept.isEmpty {
                verdict.add(.contradictions, 1, "\(intent.text) was refused (\(answer.status)), and it was done")
            }
        }

        /// A one-time link is told once and kept nowhere; a queue is made after what is kept.
        private static func kept(_ answer: JSON) -> JSON {
            guard case .object(let members) = answer else { return answer }
            return .object(members.filter { !["link", "provisioned"].contains($0.name) })
        }

        // MARK: - Dossiers

        private struct Line: Hashable {
            let dossier: String
            let version: Int64
        }

        private func dossiers(_ verdict: inout Verdict) async throws {
            var history: [Line: Int] = [:]
            for row in try await database.run(
                "SELECT dossier::text AS dossier, version, to_status::int AS status FROM onestop.dossier_history")
            {
                history[Line(dossier: try row("dossier"), version: try row("version"))] = try row("status")
            }
            for intent in intents.intents where intent.service == .onestop {
                guard let answer = intents.answers[intent.number], answer.succeeded,
                    let version = answer.body["version"]?.integer, let id = answer.body["id"]?.text,
                    let status = answer.body["statusNumber"]?.integer
                else { continue }
                guard let found = history[Line(dossier: id, version: version)] else {
                    verdict.add(.lost, 1, "\(intent.text): no line \(version) in the history of dossier \(id)")
                    continue
                }
                if Int64(found) != status {
                    verdict.add(
                        .contradictions, 1, "\(intent.text) was answered status \(status), the history has \(found)")
                }
            }
            try await linesAndEvents(&verdict)
            try await subjects(&verdict)
        }

        /// What was done to a dossier and what was announced of it are the same lines.
        private func linesAndEvents(_ verdict: inout Verdict) async throws {
            let rows = try await database.run(
                """
                SELECT coalesce(h.dossier::text, e.aggregate_id) AS dossier, coalesce(h.version, e.aggregate_version)
                    AS version, h.version IS NULL AS unseen
                FROM onestop.dossier_history h
                FULL JOIN (SELECT * FROM onestop.event_log WHERE aggregate_type = 'dossier') e
                    ON e.aggregate_id = h.dossier::text AND e.aggregate_version = h.version
                WHERE (h.version IS NULL OR e.seq IS NULL)
                """)
            for row in rows {
                let (dossier, version): (String, Int64) = (try row("dossier"), try row("version"))
                let what = try row("unseen") ? "announced and not in the history" : "in the history and not announced"
                verdict.add(.lost, 1, "dossier \(dossier) version \(version) is \(what)")
            }
        }

        /// One wish to submit is one dossier.
        private func subjects(_ verdict: inout Verdict) async throws {
            var there: [String: Int] = [:]
            for row in try await database.run(
                """
                SELECT subject, count(*) AS n FROM onestop.dossiers d WHERE subject LIKE 'Chaos %'
                    AND NOT EXISTS (SELECT FROM onestop.slips s WHERE s.child = d.id) GROUP BY subject
                """)
            {
                there[try row("subject")] = try row("n")
            }
            for intent in intents.intents where intent.service == .onestop {
                guard let subject = intent.body["subject"]?.text ?? intent.body["submission"]?["subject"]?.text else {
                    continue
                }
                let count = there[subject] ?? 0
                verdict.add(.twice, count - 1, "\(intent.text): \(count) dossiers '\(subject)'")
                if count == 0, intents.answers[intent.number]?.succeeded == true {
                    verdict.add(.lost, 1, "\(intent.text) was answered, and there is no dossier '\(subject)'")
                }
            }
        }

        // MARK: - Money

        private func payments(_ verdict: inout Verdict) async throws {
            var booked: [String: String] = [:]
            for row in try await database.run("SELECT reference, id::text AS id FROM budget.payments") {
                booked[try row("reference")] = try row("id", as: String.self)
            }
            for intent in intents.intents where intent.path == "/payments/callback" {
                guard let answer = intents.answers[intent.number], answer.succeeded else { continue }
                let reference = intent.body["reference"]?.text ?? ""
                if booked[reference] == nil {
                    verdict.add(.lost, 1, "\(intent.text) was answered, and payment \(reference) is not there")
                } else if answer.body["payment"]?.text != booked[reference] {
                    verdict.add(.contradictions, 1, "\(intent.text) was answered another payment than \(reference) is")
                }
            }
            let doubles: [(String, SQL)] = [
                (
                    "fees were settled twice of demand",
                    """
                    SELECT demand::text AS what, count(*) - 1 AS n FROM budget.payments WHERE settled > 0
                    GROUP BY demand HAVING count(*) > 1
                    """
                ),
                (
                    "references were booked twice",
                    """
                    SELECT reference AS what, count(*) - 1 AS n FROM budget.payments
                    GROUP BY channel, reference, CASE WHEN channel IN ('transfer', 'postal') THEN agency END
                    HAVING count(*) > 1
                    """
                ),
                (
                    "receipts were issued twice for demand",
                    """
                    SELECT demand::text AS what, count(*) - 1 AS n FROM budget.receipts
                    WHERE replaces IS NULL GROUP BY demand HAVING count(*) > 1
                    """
                ),
                (
                    "entries were posted twice for payment",
                    """
                    SELECT payment::text AS what, count(*) - 1 AS n FROM budget.journal_entries
                    WHERE payment IS NOT NULL GROUP BY payment, kind, cause HAVING count(*) > 1
                    """
                ),
                (
                    "fees were demanded twice of dossier",
                    """
                    SELECT dossier::text AS what, count(*) - 1 AS n FROM budget.fee_demands
                    WHERE state NOT IN ('refused', 'cancelled')
                    GROUP BY dossier, nature, moment, fee_kind HAVING count(*) > 1
                    """
                ),
            ]
            for (what, sql) in doubles { try await add(.doubleFees, what, sql, &verdict) }
            try await add(
                .unbalanced, "does not balance: entry",
                """
                SELECT l.entry::text AS what, 1 AS n FROM budget.journal_lines l
                JOIN budget.chart_accounts a ON a.chart = l.chart AND a.code = l.account AND NOT a.off_balance
                GROUP BY l.entry HAVING sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) <> 0
                """, &verdict)
            try await add(
                .lost, "is settled and stands in no journal: payment",
                """
                SELECT reference AS what, 1 AS n FROM budget.payments p WHERE settled > 0 AND NOT EXISTS (
                    SELECT FROM budget.journal_entries e WHERE e.payment = p.id)
                """, &verdict)
        }

        func add(_ count: Count, _ what: String, _ sql: SQL, _ verdict: inout Verdict) async throws {
            for row in try await database.run(sql) {
                verdict.add(count, try row("n"), "\(what) \(try row("what", as: String.self))")
            }
        }

        // MARK: - Official numbers

        /// Each book counts from 1 without a gap and gives no number twice.
        private func books(_ verdict: inout Verdict) async throws {
            func faults(_ number: SQL) -> SQL {
                "(max(\(number)) - count(DISTINCT \(number)) + count(*) - count(DISTINCT \(number)))::int"
            }
            let books: [(String, SQL)] = [
                (
                    "receipts",
                    """
                    SELECT agency || ' ' || series || ' ' || year AS what, \(faults("number")) AS n FROM budget.receipts
                    GROUP BY agency, series, year
                    """
                ),
                (
                    "documents",
                    """
                    SELECT agency || ' ' || series || ' ' || year AS what, \(faults("number")) AS n
                    FROM documents.documents WHERE number IS NOT NULL GROUP BY agency, series, year
                    """
                ),
                (
                    "dossier codes",
                    """
                    SELECT code_agency || ' ' || code_day AS what, \(faults("code_serial")) AS n FROM onestop.dossiers
                    WHERE code_agency IS NOT NULL GROUP BY code_agency, code_day
                    """
                ),
                (
                    "codes of complaints",
                    """
                    SELECT code_agency || ' ' || code_day AS what, \(faults("code_serial")) AS n
                    FROM onestop.complaints GROUP BY code_agency, code_day
                    """
                ),
            ]
            for (what, sql) in books { try await add(.numberGaps, what, sql, &verdict) }
        }

        // MARK: - Notices and what several services know

        /// What applicants hear, as often as it happened.
        private func notices(_ verdict: inout Verdict) async throws {
            let told = [
                "accepted", "refused", "supplement-requested", "supplement-requested-late", "supplement-supplied",
                "payment-required", "payment-settled", "finished", "returned", "taken-over",
            ]
            for row in try await database.run(
                """
                SELECT h.dossier::text AS dossier, h.what, h.n AS happened, coalesce(t.n, 0) AS told FROM (
                    SELECT h.dossier, h.what, count(*) AS n FROM onestop.dossier_history h
                    JOIN onestop.dossiers d ON d.id = h.dossier AND d.applicant IS NOT NULL
                    WHERE h.what = ANY(\(told)) GROUP BY h.dossier, h.what) h
                LEFT JOIN (SELECT dossier, what, count(*) AS n FROM onestop.notifications GROUP BY dossier, what) t
                    USING (dossier, what)
                WHERE h.n <> coalesce(t.n, 0)
                """)
            {
                let (happened, heard): (Int, Int) = (try row("happened"), try row("told"))
                let what = "\(try row("what", as: String.self)) of dossier \(try row("dossier", as: String.self))"
                verdict.add(.doubleNotices, heard - happened, "\(what): told \(heard) times")
                verdict.add(.lost, happened - heard, "\(what): happened \(happened) times, told \(heard)")
            }
            try await add(
                .doubleNotices, "officials were told twice of event",
                """
                SELECT source_event::text AS what, count(*) - 1 AS n FROM mail.messages
                WHERE source_event IS NOT NULL GROUP BY source_event HAVING count(*) > 1
                """, &verdict)
            try await add(
                .doubleNotices, "a mailbox holds twice the message of event",
                """
                SELECT source_event::text AS what, count(*) - 1 AS n FROM mail.copies
                WHERE source_event IS NOT NULL GROUP BY mailbox, source_event HAVING count(*) > 1
                """, &verdict)
        }

        /// Effects of one service at another, by their meaning.
        private func betweenServices(_ verdict: inout Verdict) async throws {
            let effects: [(String, SQL)] = [
                (
                    "is paid at Budget and not at OneStop: dossier",
                    """
                    SELECT f.dossier::text AS what, 1 AS n FROM budget.fee_demands f
                    JOIN onestop.dossiers d ON d.id = f.dossier
                    WHERE f.state = 'paid' AND NOT d.fees @> jsonb_build_array(jsonb_build_object(
                        'demand', f.id, 'state', CASE WHEN f.refunded = f.amount THEN 'refunded' ELSE 'paid' END))
                    """
                ),
                (
                    "is demanded by OneStop and unknown to Budget: dossier",
                    """
                    SELECT d.id::text AS what, 1 AS n FROM onestop.dossiers d, jsonb_array_elements(d.fees) fee
                    WHERE fee ? 'demand'
                        AND NOT EXISTS (SELECT FROM budget.fee_demands f WHERE f.id = (fee->>'demand')::uuid)
                    """
                ),
                (
                    "is approved and has no document: dossier",
                    """
                    SELECT d.id::text AS what, 1 AS n FROM onestop.dossiers d WHERE d.approved_at IS NOT NULL
                        AND NOT EXISTS (SELECT FROM documents.documents o WHERE o.dossier = d.id)
                    """
                ),
                (
                    "is issued and its dossier is not finished: document",
                    """
                    SELECT o.id::text AS what, 1 AS n FROM documents.documents o JOIN onestop.dossiers d
                        ON d.id = o.dossier WHERE o.number IS NOT NULL AND d.finished_at IS NULL
                    """
                ),
            ]
            for (what, sql) in effects { try await add(.lost, what, sql, &verdict) }
        }
    }
#endif
