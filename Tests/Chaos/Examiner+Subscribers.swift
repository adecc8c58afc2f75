#if DEBUG
    import Contracts
    import Postgres

    /// One delivery as a subscriber's client wrote it down.
    struct Heard: Sendable, Equatable {
        var number: Int64
        var event: String
        var position: Int64
        var replay: String?
        /// SHA-256 of the data, in hexadecimal.
        var digest: String?
        /// It did not come and was read as missed.
        var wasRead = false
        /// Its signature is not that of this subscription and these data.
        var isForged = false

        init(number: Int64, event: String, position: Int64, replay: String? = nil, digest: String? = nil) {
            (self.number, self.event, self.position, self.replay) = (number, event, position, replay)
            self.digest = digest
        }

        /// `number event position replay digest`, `-` for none; `missed` behind what was read, or `forged`.
        init?(_ line: Substring) {
            let words = line.split(separator: " ")
            guard words.count >= 5, let number = Int64(words[0]), let position = Int64(words[2]) else { return nil }
            func word(_ index: Int) -> String? { words[index] == "-" ? nil : String(words[index]) }
            self.init(
                number: number, event: String(words[1]), position: position, replay: word(3), digest: word(4))
            (wasRead, isForged) = (words.last == "missed", words.last == "forged")
        }

        func isSame(_ other: Heard) -> Bool {
            number == other.number && event == other.event && position == other.position && replay == other.replay
                && (digest == other.digest || digest == nil || other.digest == nil)
        }
    }

    /// What a subscription was made for, from the intent log alone.
    struct Subscribed: Sendable {
        let id: String
        /// Everything behind this position comes.
        let place: Int64
        /// Types begin like this.
        let types: String
        /// It keeps the order of each aggregate, a queue that of all.
        let isWebhook: Bool
        /// Asked for again: positions, ends included.
        var replays: [String: ClosedRange<Int64>] = [:]

        static func all(_ intents: Intents) -> [Subscribed] {
            var found: [Subscribed] = []
            for intent in intents.intents where intent.service == .integration {
                guard let answer = intents.answers[intent.number], answer.succeeded else { continue }
                if intent.path == Integrator.path, let id = answer.body["subscription"]?.text {
                    let pattern = intent.body["types"]?.array?.first?.text ?? "#"
                    found.append(
                        Subscribed(
                            id: id, place: answer.body["place"]?.integer ?? 0, types: String(pattern.dropLast()),
                            isWebhook: intent.body["kind"]?.text == "webhook"))
                }
                guard intent.path.hasSuffix("/replays"), let replay = answer.body["replay"]?.text,
                    let index = found.firstIndex(where: { $0.id == answer.body["subscription"]?.text }),
                    let first = answer.body["firstPosition"]?.integer, let last = answer.body["lastPosition"]?.integer
                else { continue }
                found[index].replays[replay] = first...max(first, last)
            }
            return found
        }

        /// Of `o`, archive_order, and `a`, archive_events.
        func archived(_ positions: SQL) -> SQL {
            """
            FROM integration.archive_order o JOIN integration.archive_events a ON a.id = o.entry
            WHERE a.type LIKE \("\(types)%") AND \(positions)
            """
        }

        /// All that it is to get has a number and is over, and its client has all of these numbers.
        func isServed(_ heard: [Heard], _ database: Database) async throws -> Bool {
            let rows = try await database.run(
                """
                SELECT p.numbered FROM integration.subscription_progress p
                WHERE p.subscription = \(id)::uuid AND p.settled = p.numbered
                    AND NOT EXISTS (SELECT FROM integration.replays r
                        WHERE r.subscription = p.subscription AND r.state = 'running')
                    AND NOT EXISTS (SELECT \(archived("o.position > p.place")))
                    AND (SELECT position FROM integration.archive_head)
                        = (SELECT count(*) FROM integration.archive_events)
                """)
            guard let row = rows.first else { return false }
            return Set(heard.map(\.number)).count >= (try row("numbered", as: Int.self))
        }
    }

    extension Examiner {
        /// What is announced is in the archive, once and as it was announced, and every subscriber got what he asked
        /// for under numbers of his own: from the past to what is new without a gap, and each replay whole.
        func subscribers(_ verdict: inout Verdict) async throws {
            try await archive(&verdict)
            let all = Subscribed.all(intents)
            let things = all.contains(where: \.isWebhook) ? try await things() : [:]
            for subscribed in all {
                let lines = numbers(subscribed, heard[subscribed.id] ?? [], things, &verdict)
                try await compare(subscribed, nil, subscribed.place + 1...Int64.max, lines, &verdict)
                for (replay, positions) in subscribed.replays.sorted(by: { $0.key < $1.key }) {
                    try await compare(subscribed, replay, positions, lines, &verdict)
                }
            }
        }

        /// Data are compared as JSON: an event that waited parked has its members in the order of `jsonb`.
        private func archive(_ verdict: inout Verdict) async throws {
            let events = Catalogue.events.map { $0.type }
            for service in services {
                for row in try await database.run(
                    """
                    SELECT e.type || ' ' || e.aggregate_id || ' v' || e.aggregate_version AS what,
                        count(o.position) AS n,
                        bool_or(convert_from(a.payload, 'UTF8')::jsonb <> e.payload::jsonb) AS is_other
                    FROM \(raw: service.rawValue).event_log e
                    LEFT JOIN integration.archive_events a ON a.event = e.id
                    LEFT JOIN integration.archive_order o ON o.entry = a.id
                    WHERE e.type = ANY(\(events)) GROUP BY e.seq, e.type, e.aggregate_id, e.aggregate_version
                    HAVING count(o.position) <> 1 OR bool_or(convert_from(a.payload, 'UTF8')::jsonb <> e.payload::jsonb)
                    """)
                {
                    let (what, count): (String, Int) = (try row("what"), try row("n"))
                    verdict.add(.missed, 1 - count, "\(what) is not in the archive")
                    verdict.add(.repeated, count - 1, "\(what) is \(count) times in the archive")
                    if try row("is_other", as: Bool?.self) == true {
                        verdict.add(.altered, 1, "\(what) has other data in the archive")
                    }
                }
            }
        }

        /// What each event is about.
        private func things() async throws -> [String: String] {
            var things: [String: String] = [:]
            for row in try await database.run(
                """
                SELECT event::text AS event, source || ' ' || aggregate_type || ' ' || aggregate_id AS thing
                FROM integration.archive_events
                """)
            {
                things[try row("event")] = try row("thing", as: String.self)
            }
            return things
        }

        /// Numbers without a gap, each naming one event, in their order; the same again is lawful. A webhook's are in
        /// the order of each thing, apart for what is new and for each replay.
        /// - Returns: each number's first hearing.
        private func numbers(
            _ subscribed: Subscribed, _ heard: [Heard], _ things: [String: String], _ verdict: inout Verdict
        ) -> [Heard] {
            var first: [Int64: Heard] = [:]
            var lines: [Heard] = []
            var last: [String: (number: Int64, position: Int64)] = [:]
            for line in heard {
                if line.isForged {
                    verdict.add(.altered, 1, "number \(line.number) of \(subscribed.id) is not signed as agreed")
                    continue
                }
                if let before = first[line.number] {
                    if before.isSame(line) { continue }
                    verdict.add(.repeated, 1, "number \(line.number) of \(subscribed.id) names two deliveries")
                    continue
                }
                first[line.number] = line
                lines.append(line)
                if line.wasRead { continue }
                let thing = things[line.event] ?? line.event
                let lane = subscribed.isWebhook ? "\(thing) \(line.replay ?? "-")" : ""
                let before = last[lane] ?? (0, 0)
                let isLate = line.number < before.number || line.replay == nil && line.position < before.position
                if isLate { verdict.add(.disordered, 1, "number \(line.number) of \(subscribed.id) comes too late") }
                let position = line.replay == nil ? line.position : 0
                last[lane] = (max(before.number, line.number), max(before.position, position))
            }
            let end = Int(first.keys.max() ?? 0)
            verdict.add(.skipped, end - first.count, "numbers of \(subscribed.id) up to \(end)")
            return lines
        }

        /// What these positions hold for him against what he heard, live or of one replay.
        private func compare(
            _ subscribed: Subscribed, _ replay: String?, _ positions: ClosedRange<Int64>, _ lines: [Heard],
            _ verdict: inout Verdict
        ) async throws {
            var heard = Dictionary(grouping: lines.filter { $0.replay == replay }, by: \.event)
            let what = replay.map { "replay \($0)" } ?? "subscription \(subscribed.id)"
            for row in try await database.run(
                """
                SELECT a.event::text AS event, o.position, encode(sha256(a.payload), 'hex') AS digest
                \(subscribed.archived(
                    "o.position BETWEEN \(positions.lowerBound) AND \(positions.upperBound)"))
                ORDER BY o.position
                """)
            {
                let (event, position): (String, Int64) = (try row("event"), try row("position"))
                let digest: String = try row("digest")
                let own = heard.removeValue(forKey: event) ?? []
                let (count, altered) = (own.count, own.count { $0.digest.map { $0 != digest } ?? false })
                verdict.add(.altered, altered, "\(what): event \(event) came with other data")
                verdict.add(.missed, 1 - count, "\(what): event \(event) at position \(position)")
                verdict.add(.repeated, count - 1, "\(what): event \(event) came under \(count) numbers")
            }
            for (event, own) in heard.sorted(by: { $0.key < $1.key }) {
                verdict.add(.repeated, own.count, "\(what): event \(event), which was not asked for")
            }
        }
    }
#endif
