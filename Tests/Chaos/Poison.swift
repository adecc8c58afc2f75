#if DEBUG
    import Contracts
    import Foundation
    import Postgres

    @testable import Journeys

    /// Events that look like a service's own, of aggregates that do not exist, with data that no reaction can take.
    /// They die at every service that reacts, are seen dead by the auditor, and are taken back as an operator does it,
    /// so that the next run finds a system in which nothing is dead.
    struct Poison: Sendable {
        let machines: Machines
        let desk: Desk
        let eye: Database

        static let type = DossierPaymentRequired.type
        /// Of the intent log: what was planted.
        static let method = "PLANT"
        private static let prefix = "chaos-poison-"

        /// Where it dies. The exchange keeps any data: it only hands it on.
        static let victims = Catalogue.consumers(of: type).filter {
            $0 != .integration && ServiceName.running.contains($0)
        }

        /// One more, until it is dead everywhere.
        func plant() async throws {
            let id = UUID.v7().text
            let intent = try desk.log.intend(
                desk.journey, "operator", .onestop, Self.method, Self.prefix + id, key: nil, [:])
            try await publish(id)
            try await dies(id)
            try desk.log.answer(Answered(number: intent.number, status: 200, tries: 1, body: [:]))
        }

        /// After a run that was interrupted: what it was about to plant is planted to its end, which does not matter
        /// twice, because whatever of it is still on its way would die later. Then nothing planted stays.
        func clear(after before: Intents) async throws {
            let planted = before.intents.filter { $0.method == Self.method }
            for intent in planted where before.answers[intent.number] == nil {
                let id = String(intent.path.dropFirst(Self.prefix.count))
                try await publish(id)
                try await dies(id)
            }
            if !planted.isEmpty { try await takeBack() }
        }

        /// Every planted event that is dead is left out by the operation that operators have for it.
        func takeBack() async throws {
            for service in Self.victims {
                let dead = try await desk.office.all(service, "/dead-events", list: "events", as: Cast.administrator)
                for event in dead where try event.text("aggregate").hasPrefix(Self.prefix) {
                    try await desk.office.post(
                        service, "/dead-events/\(try event.text("event"))/skip", ["reason": "planted by the harness"],
                        as: Cast.administrator)
                }
            }
        }

        /// Until the broker has it: while it starts it may take a request and never answer. The same once more is
        /// absorbed.
        private func publish(_ id: String) async throws {
            let deadline = ContinuousClock.now + Limits.Chaos.ready
            while true {
                do { return try await send(id) } catch {
                    guard ContinuousClock.now < deadline else { throw error }
                    try await Task.sleep(for: Limits.Chaos.look)
                }
            }
        }

        /// As that service, which RabbitMQ allows to who may impersonate.
        private func send(_ id: String) async throws {
            try await machines.broker.ask(
                "PUT", "users/operator",
                ["password": .string(machines.broker.password), "tags": "administrator,impersonator"])
            let headers: JSON = [
                "cloudEvents:specversion": "1.0", "cloudEvents:id": .string(id), "cloudEvents:source": "onestop",
                "cloudEvents:type": .string(Self.type), "cloudEvents:time": .string(Instant.write(Date())),
                "cloudEvents:subject": .string(Self.prefix + id), "cloudEvents:datacontenttype": "application/json",
                "cloudEvents:aggregateversion": 1, "cloudEvents:epoch": 1, "cloudEvents:position": "1.1.1",
                "cloudEvents:agency": "H19.12",
            ]
            try await machines.broker.ask(
                "POST", "exchanges/lienthong/lienthong.events/publish",
                [
                    "properties": [
                        "user_id": "onestop", "app_id": "onestop", "message_id": .string(id),
                        "type": .string(Self.type), "content_type": "application/json", "delivery_mode": 2,
                        "timestamp": .integer(Int64(Date().timeIntervalSince1970)), "headers": headers,
                    ],
                    "routing_key": .string("\(Self.type).H19.12"), "payload": "{\"dossier\":\"poison\"}",
                    "payload_encoding": "string",
                ])
        }

        /// Until it is dead, or was left out before. Between its tries there are two hours of waits: they pass at once.
        private func dies(_ id: String) async throws {
            let database = machines.database(connections: 1)
            let deadline = ContinuousClock.now + Limits.Chaos.ready
            do {
                for service in Self.victims {
                    while try await !isOver(id, at: service) {
                        guard ContinuousClock.now < deadline else {
                            throw Stumbled("poison \(id) does not die at \(service)")
                        }
                        try await database.run(
                            """
                            UPDATE \(raw: service.rawValue).inbox_parked
                            SET attempts = \(Limits.Inbox.attempts - 1), due_at = clock_timestamp()
                            WHERE aggregate_id = \(Self.prefix + id) AND state = 'failed' AND due_at > clock_timestamp()
                            """)
                        try await Task.sleep(for: Limits.Chaos.look)
                    }
                }
            } catch {
                await database.close()
                throw error
            }
            await database.close()
        }

        private func isOver(_ id: String, at service: ServiceName) async throws -> Bool {
            try await !eye.run(
                """
                SELECT 1 AS one FROM \(raw: service.rawValue).inbox_parked
                WHERE aggregate_id = \(Self.prefix + id) AND state = 'dead'
                UNION ALL
                SELECT 1 FROM \(raw: service.rawValue).dead_letter_audit
                WHERE aggregate_id = \(Self.prefix + id) AND what = 'skipped'
                """
            ).isEmpty
        }
    }
#endif
