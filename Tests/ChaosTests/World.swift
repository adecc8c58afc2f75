import Contracts
import Foundation
import Postgres
import TestKit

@testable import Chaos

/// A small province at rest: the tables of every service as their schemas list them, one dossier from submission to
/// its result, and the intents and answers that brought it there. Nothing in it refuses what is damaged by hand.
struct World {
    let database: Database
    let dossier = UUID.v7().text
    let demand = UUID.v7().text
    let payment = UUID.v7().text
    let subscription = UUID.v7().text
    let replay = UUID.v7().text
    let webhook = UUID.v7().text
    let began = Date()
    var intents = Intents()
    var heard: [String: [Heard]] = [:]

    /// Makes it in a database of its own, and drops that at the end.
    static func with(_ body: (World) async throws -> Void) async throws {
        let name = "chaos_\(UUID.v7().text.replacing("-", with: "_"))"
        let server = Database(TestPostgres.administrator(connections: 1), logger: quiet)
        try await server.run("CREATE DATABASE \(raw: name)")
        let database = Database(TestPostgres.administrator(name, connections: 2), logger: quiet)
        do {
            var world = World(database: database)
            try await world.build()
            try await body(world)
        } catch {
            await database.close()
            try await server.run("DROP DATABASE \(raw: name) WITH (FORCE)")
            await server.close()
            throw error
        }
        await database.close()
        try await server.run("DROP DATABASE \(raw: name) WITH (FORCE)")
        await server.close()
    }

    private init(database: Database) { self.database = database }

    func examine() async throws -> Verdict {
        try await Examiner(database: database, intents: intents, heard: heard).examine()
    }

    func run(_ sql: SQL) async throws { try await database.run(sql) }

    /// A service was restarted as a program of this release.
    mutating func upgraded(_ service: ServiceName, _ release: Release, from: Date, ready: Date) {
        let number = intents.intents.count + 1_000
        intents.add(
            Intent(
                number: number, at: Instant.write(from), journey: "strike", who: "operator", service: service,
                method: Upgrade.method, path: release.rawValue, key: nil, body: [:]
            ).json)
        let body: JSON = ["ready": .string(Instant.write(ready))]
        intents.add(Answered(number: number, status: 200, tries: 1, body: body).json)
    }

    // MARK: - How it came to be

    private mutating func build() async throws {
        for service in ServiceName.running { try await tables(of: service) }
        try await oneStop()
        try await beside()
        try await budget()
        try await planted()
        try await subscribed()
        try await run(
            """
            INSERT INTO documents.documents (id, version, announced, state, agency, dossier, document_type, subject,
                recipients, copies, drafted_at, series, year, number, symbol)
            VALUES (gen_random_uuid(), 3, 3, 'issued', 'H19.12', \(dossier)::uuid, 'phieu', 's', '{}', 1, now(), 'P',
                2021, 1, 'LLTP')
            """)
        try await run(
            """
            WITH told AS (INSERT INTO mail.messages (id, thread, recipients, template, facts, source_event, sent_at)
                SELECT gen_random_uuid(), gen_random_uuid(), '{a}', 't', '{}', id, now() FROM onestop.event_log
                RETURNING id, source_event)
            INSERT INTO mail.copies (id, mailbox, folder, message, source_event, version)
            SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000001', 'inbox', id, source_event, 1 FROM told
            """)
        for service in ServiceName.running {
            try await run(
                """
                UPDATE \(raw: service.rawValue).relay_cursor
                SET confirmed = (SELECT count(*) FROM \(raw: service.rawValue).event_log)
                """)
        }
    }

    /// Tables alone, without constraints: what no service would let happen must be possible here.
    private func tables(of service: ServiceName) async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Services/\(Fleet.program(service))/schema.sql")
        let text = try String(contentsOf: file, encoding: .utf8)
        try await run("CREATE SCHEMA \(raw: service.rawValue)")
        for table in text.components(separatedBy: "\nCREATE TABLE ").dropFirst() {
            guard let end = table.range(of: "\n)")?.lowerBound else { continue }
            let columns = table[..<end].split(separator: "\n").prefix { !$0.hasPrefix("    CONSTRAINT") }
            let body = columns.joined(separator: "\n").trimmingCharacters(in: [","])
            try await run("CREATE TABLE \(raw: service.rawValue).\(raw: body)\n)")
        }
        try await run(
            """
            INSERT INTO \(raw: service.rawValue).relay_epoch (epoch, system_identifier, timeline, relation)
            VALUES (1, 's', 1, 1)
            """)
        try await run(
            """
            INSERT INTO \(raw: service.rawValue).relay_cursor (tick, confirmed_seq, confirmed) VALUES (1, 0, 0)
            """)
        try await run(
            """
            INSERT INTO \(raw: service.rawValue).relay_tick (epoch, tick, term, prev, cur, raised, after_seq,
                through_seq, until_seq, count)
            VALUES (1, 1, 1, '1:1:', '1:1:', true, 0, 100, 100, 100)
            """)
    }

    private mutating func oneStop() async throws {
        let subject = "Chaos w judicial-1"
        try await run(
            """
            INSERT INTO onestop.dossiers (id, version, status, procedure, procedure_number, channel, receiving_agency,
                working_agency, applicant, applicant_name, subject, code_agency, code_day, code_serial, submitted_at,
                act_by, demand, paid_at, approved_at, finished_at, fees)
            VALUES (\(dossier)::uuid, 6, 9, '2.000488', 1, 'online', 'H19.12', 'H19.12', gen_random_uuid(), 'n',
                \(subject), 'H19.12', '2021-03-01', 1, now(), now(), \(demand)::uuid, now(), now(), now(),
                jsonb_build_array(jsonb_build_object('demand', \(demand)::text, 'state', 'paid')))
            """)
        let lines: [(what: String, status: Int16, type: String)] = [
            ("submitted", 1, DossierSubmitted.type), ("accepted", 2, DossierAccepted.type),
            ("payment-required", 6, DossierPaymentRequired.type), ("payment-settled", 4, DossierPaymentSettled.type),
            ("approved", 4, DossierApproved.type), ("finished", 9, DossierFinished.type),
        ]
        for (index, line) in lines.enumerated() {
            let version = Int64(index + 1)
            try await run(
                """
                INSERT INTO onestop.dossier_history (dossier, version, at, actor, what, to_status, agency)
                VALUES (\(dossier)::uuid, \(version), now(), 'a', \(line.what), \(line.status), 'H19.12')
                """)
            try await event(.onestop, "dossier", dossier, version, line.type)
            guard !["submitted", "approved"].contains(line.what) else { continue }
            try await run(
                """
                INSERT INTO onestop.notifications (id, person, dossier, at, what, vietnamese, english)
                VALUES (gen_random_uuid(), gen_random_uuid(), \(dossier)::uuid, now(), \(line.what), 'v', 'e')
                """)
        }
        try await answered(1, "/dossiers", ["subject": .string(subject)], version: 1, status: 1)
        try await answered(2, "/dossiers/\(dossier)/accept", [:], version: 2, status: 2)
    }

    /// An intent, its answer, and the answer that the service keeps.
    private mutating func answered(
        _ number: Int, _ path: String, _ body: JSON, version: Int64, status: Int64
    ) async throws {
        let key = "key-\(number)"
        let answer: JSON = [
            "id": .string(dossier), "version": .integer(version), "statusNumber": .integer(status),
        ]
        let intent = Intent(
            number: number, at: "2021-03-01T09:00:00+07:00", journey: "judicial-1", who: "citizen", service: .onestop,
            method: "POST", path: path, key: key, body: body)
        intents.add(intent.json)
        intents.add(Answered(number: number, status: 200, tries: 1, body: answer).json)
        try await run(
            """
            INSERT INTO onestop.idempotency_keys (caller, route, key, fingerprint, status, body)
            VALUES ('c', 'r', \(key), '', 200, \(answer.bytes))
            """)
    }

    private mutating func budget() async throws {
        try await run(
            """
            INSERT INTO budget.fee_demands (id, dossier, agency, amount, fee_kind, state, demanded_at, paid_at, version)
            VALUES (\(demand)::uuid, \(dossier)::uuid, 'H19.12', 200000, 'fee', 'paid', now(), now(), 2)
            """)
        try await run(
            """
            INSERT INTO budget.payments (id, channel, reference, demand, agency, amount, settled, to_refund, paid_at,
                received_at)
            VALUES (\(payment)::uuid, 'gateway', 'REF-1', \(demand)::uuid, 'H19.12', 200000, 200000, 0, now(), now())
            """)
        try await run(
            """
            INSERT INTO budget.receipts (id, agency, series, year, number, demand, amount, issued_at, issued_by)
            VALUES (gen_random_uuid(), 'H19.12', 'BL', 2021, 1, \(demand)::uuid, 200000, now(), 'a')
            """)
        try await run(
            """
            INSERT INTO budget.chart_accounts (chart, code, name, name_en, off_balance)
            VALUES ('c', '111', 'n', 'n', false), ('c', '511', 'n', 'n', false)
            """)
        try await run(
            """
            WITH e AS (INSERT INTO budget.journal_entries (id, agency, day, chart, kind, document, payment, line_count,
                posted_at, posted_by)
                VALUES (gen_random_uuid(), 'H19.12', '2021-03-01', 'c', 'fee', 'd', \(payment)::uuid, 2, now(), 'a')
                RETURNING id)
            INSERT INTO budget.journal_lines (entry, line, agency, day, chart, account, side, amount)
            SELECT id, n, 'H19.12', '2021-03-01', 'c', account, side, 200000
            FROM e, (VALUES (1, '111', 'debit'), (2, '511', 'credit')) AS l (n, account, side)
            """)
        let intent = Intent(
            number: 3, at: "2021-03-01T09:00:00+07:00", journey: "judicial-1", who: "gateway", service: .budget,
            method: "POST", path: "/payments/callback", key: nil, body: ["reference": "REF-1"])
        intents.add(intent.json)
        intents.add(Answered(number: 3, status: 200, tries: 2, body: ["payment": .string(payment)]).json)
    }

    /// An event that was planted to die, and died.
    private mutating func planted() async throws {
        let aggregate = "chaos-poison-1"
        let intent = Intent(
            number: 4, at: "2021-03-01T09:00:00+07:00", journey: "strike", who: "operator", service: .onestop,
            method: Poison.method, path: aggregate, key: nil, body: [:])
        intents.add(intent.json)
        intents.add(Answered(number: 4, status: 200, tries: 1, body: [:]).json)
        for victim in Poison.victims {
            try await run(
                """
                INSERT INTO \(raw: victim.rawValue).inbox_parked (id, reaction, source, aggregate_type, aggregate_id,
                    version, epoch, type, envelope, state)
                VALUES (gen_random_uuid(), \(victim.rawValue), 'onestop', 'dossier', \(aggregate), 1, 1,
                    \(Poison.type), '{}', 'dead')
                """)
        }
    }

    /// The archive, and two, by queue and by webhook, who heard all of it but the first and then the second and third
    /// again.
    private mutating func subscribed() async throws {
        try await run(
            """
            INSERT INTO integration.archive_events (xid, event, source, type, aggregate_type, aggregate_id,
                aggregate_version, epoch, source_position, occurred_at, payload)
            SELECT '1', id, 'onestop', type, aggregate_type, aggregate_id, aggregate_version, epoch, '1.1.' || seq,
                now(), convert_to(payload::text, 'UTF8')
            FROM onestop.event_log ORDER BY seq
            """)
        let rows = try await database.run(
            """
            INSERT INTO integration.archive_order (position, entry, latest_at, ordered_at)
            SELECT row_number() OVER (ORDER BY id), id, now(), now() FROM integration.archive_events
            RETURNING position, (SELECT event::text FROM integration.archive_events WHERE id = entry) AS event,
                (SELECT encode(sha256(payload), 'hex') FROM integration.archive_events WHERE id = entry) AS digest
            """)
        var lines: [Heard] = []
        for row in rows where try row("position", as: Int64.self) > 1 {
            let (event, position): (String, Int64) = (try row("event"), try row("position"))
            lines.append(
                Heard(
                    number: Int64(lines.count) + 1, event: event, position: position, digest: try row("digest")))
        }
        for line in lines.prefix(2) {
            var again = line
            (again.number, again.replay) = (Int64(lines.count) + 1, replay)
            lines.append(again)
        }
        for (index, (id, kind)) in [(subscription, "queue"), (webhook, "webhook")].enumerated() {
            heard[id] = lines
            try await asked(
                5 + 2 * index, "/subscriptions", ["kind": .string(kind)], ["subscription": .string(id), "place": 1])
            try await asked(
                6 + 2 * index, "/subscriptions/\(id)/replays", [:],
                [
                    "subscription": .string(id), "replay": .string(replay), "firstPosition": 2, "lastPosition": 3,
                ])
        }
    }

    private mutating func asked(_ number: Int, _ path: String, _ body: JSON, _ answer: JSON) async throws {
        let intent = Intent(
            number: number, at: "2021-03-01T09:00:00+07:00", journey: "integrator-0", who: "admin",
            service: .integration, method: "POST", path: path, key: "key-\(number)", body: body)
        intents.add(intent.json)
        intents.add(Answered(number: number, status: 201, tries: 1, body: answer).json)
        try await run(
            """
            INSERT INTO integration.idempotency_keys (caller, route, key, fingerprint, status, body)
            VALUES ('c', 'r', \("key-\(number)"), '', 201, \(answer.bytes))
            """)
    }

    /// An event with its effect at everybody who reacts to it.
    func event(
        _ source: ServiceName, _ aggregate: String, _ id: String, _ version: Int64, _ type: String
    ) async throws {
        let event = UUID.v7()
        try await run(
            """
            INSERT INTO \(raw: source.rawValue).event_log (epoch, id, aggregate_type, aggregate_id, aggregate_version,
                type, actor, occurred_at, payload)
            VALUES (1, \(event), \(aggregate), \(id), \(version), \(type), 'a', now(), '{}')
            """)
        for consumer in Catalogue.consumers(of: type) where ServiceName.running.contains(consumer) {
            let schema: SQL = "\(raw: consumer.rawValue)"
            try await run(
                """
                INSERT INTO \(schema).effect_log (reaction, source, aggregate_type, aggregate_id, version, type, event)
                VALUES (\(consumer.rawValue), \(source.rawValue), \(aggregate), \(id), \(version), \(type),
                    \(event))
                """)
            try await run("DELETE FROM \(schema).inbox_position WHERE aggregate_id = \(id)")
            try await run(
                """
                INSERT INTO \(schema).inbox_position
                    (reaction, source, aggregate_type, aggregate_id, epoch, last_version)
                VALUES (\(consumer.rawValue), \(source.rawValue), \(aggregate), \(id), 1, \(version))
                """)
        }
    }
}
