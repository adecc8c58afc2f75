#if DEBUG
    import Contracts
    import Postgres

    /// One delivery as a subscriber's client wrote it down.
    struct Heard: Sendable, Equatable {
        var number: Int64
        var event: String
        var position: Int64
        var replay: String?
        /// It did not come and was read as missed.
        var wasRead = false

        init(number: Int64, event: String, position: Int64, replay: String? = nil) {
            (self.number, self.event, self.position, self.replay) = (number, event, position, replay)
        }

        /// `number event position replay`, `-` for no replay; `missed` behind what was read.
        init?(_ line: Substring) {
            let words = line.split(separator: " ")
            guard words.count >= 4, let number = Int64(words[0]), let position = Int64(words[2]) else { return nil }
            self.init(
                number: number, event: String(words[1]), position: position,
                replay: words[3] == "-" ? nil : String(words[3]))
            wasRead = words.last == "missed"
        }

        func isSame(_ other: Heard) -> Bool {
            number == other.number && event == other.event && position == other.position && replay == other.replay
        }
    }

    /// What a subscription was made for, from the intent log alone.
    struct Subscribed: Sendable {
        let id: String
        /// Everything behind this position comes.
        let place: Int64
        /// Types begin like this.
        let types: String
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
                            id: id, place: answer.body["place"]?.integer ?? 0, types: String(pattern.dropLast())))
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
        /// What is announced is in the archive, once, and every subscriber got what he asked for under numbers of his
        /// own: from the past to what is new without a gap, and each replay whole.
        func subscribers(_ verdict: inout Verdict) async throws {
            try await archive(&verdict)
            for subscribed in Subscribed.all(intents) {
                let lines = numbers(subscribed, heard[subscribed.id] ?? [], &verdict)
                try await compare(subscribed, nil, subscribed.place + 1...Int64.max, lines, &verdict)
                for (replay, positions) in subscribed.replays.sorted(by: { $0.key < $1.key }) {
                    try await compare(subscribed, replay, positions, lines, &verdict)
                }
            }
        }

        private func archive(_ verdict: inout Verdict) async throws {
            let events = Catalogue.events.map { $0.type }
            for service in services {
                for row in try await database.run(
                    """
                    SELECT e.type || ' ' || e.aggregate_id || ' v' || e.aggregate_version AS what,
                        count(o.position) AS n
                    FROM \(raw: service.rawValue).event_log e
                    LEFT JOIN integration.archive_events a ON a.event = e.id
                    LEFT JOIN integration.archive_order o ON o.entry = a.id
                    WHERE e.type = ANY(\(events)) GROUP BY e.seq, e.type, e.aggregate_id, e.aggregate_version
                    HAVING count(o.position) <> 1
                    """)
                {
                    let (what, count): (String, Int) = (try row("what"), try row("n"))
                    verdict.add(.missed, 1 - count, "\(what) is not in the archive")
                    verdict.add(.repeated, count - 1, "\(what) is \(count) times in the archive")
                }
            }
        }

        /// Numbers without a gap, each naming one event, in their order; the same again is lawful.
        /// - Returns: each number's first hearing.
        private func numbers(_ subscribed: Subscribed, _ heard: [Heard], _ verdict: inout Verdict) -> [Heard] {
            var first: [Int64: Heard] = [:]
            var lines: [Heard] = []
            var (last, live): (Int64, Int64) = (0, 0)
            for line in heard {
                if let before = first[line.number] {
                    if before.isSame(line) { continue }
                    verdict.add(.repeated, 1, "number \(line.number) of \(subscribed.id) names two deliveries")
                    continue
                }
                first[line.number] = line
                lines.append(line)
                if line.wasRead { continue }
                let isLate = line.number < last || line.replay == nil && line.position < live
                if isLate { verdict.add(.disordered, 1, "number \(line.number) of \(subscribed.id) comes too late") }
                last = max(last, line.number)
                if line.replay == nil { live = max(live, line.position) }
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
            var times: [String: Int] = [:]
            for line in lines where line.replay == replay { times[line.event, default: 0] += 1 }
            let what = replay.map { "replay \($0)" } ?? "subscription \(subscribed.id)"
            for row in try await database.run(
                """
                SELECT a.event::text AS event, o.position \(subscribed.archived(
                    "o.position BETWEEN \(positions.lowerBound) AND \(positions.upperBound)"))
                ORDER BY o.position
                """)
            {
                let (event, position): (String, Int64) = (try row("event"), try row("position"))
                let count = times.removeValue(forKey: event) ?? 0
                verdict.add(.missed, 1 - count, "\(what): event \(event) at position \(position)")
                verdict.add(.repeated, count - 1, "\(what): event \(event) came under \(count) numbers")
            }
            for (event, count) in times.sorted(by: { $0.key < $1.key }) {
                verdict.add(.repeated, count, "\(what): event \(event), which was not asked for")
            }
        }
    }
#endif
