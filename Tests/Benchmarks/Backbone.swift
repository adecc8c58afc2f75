import AMQP
import Contracts
import EventLog
import Foundation
import Logging
import Postgres

/// The production relay and inbox between the schemas of two services, with those services' own roles and users, and
/// nothing else running.
enum Backbone {
    static let quiet: Logger = {
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        return logger
    }()

    /// What Deploy/local wrote for a service.
    static func environment(_ service: String) throws -> [String: String] {
        let text = try String(contentsOfFile: "\(Setting.value("RUN_DIR"))/env/\(service).env", encoding: .utf8)
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[String(line[..<equals])] = line[line.index(after: equals)...].trimmingCharacters(
                in: CharacterSet(charactersIn: "\""))
        }
        return values
    }

    static func amqp(_ user: String, _ password: String) throws -> AMQPConfiguration {
        AMQPConfiguration(port: try Setting.port("AMQP_PORT"), vhost: "lienthong", user: user, password: password)
    }

    static func amqp(_ service: String) throws -> AMQPConfiguration {
        try amqp(service, environment(service)["LIENTHONG_AMQP_PASSWORD"] ?? "")
    }

    static func operatorAMQP() throws -> AMQPConfiguration {
        try amqp(Setting.value("AMQP_USER"), Setting.value("AMQP_PASSWORD"))
    }

    /// The service's schema with the backbone's tables, as its runtime role.
    static func database(_ service: String) async throws -> Database {
        let values = try environment(service)
        func configuration(_ user: String, _ password: String) throws -> PostgresConfiguration {
            PostgresConfiguration(
                host: "127.0.0.1", port: try Setting.port("PG_PORT"), database: "lienthong",
                user: values[user] ?? "", password: values[password] ?? "", schema: service)
        }
        let owner = try configuration("LIENTHONG_PG_OWNER", "LIENTHONG_PG_OWNER_PASSWORD")
        _ = try await Migrator.migrate(EventLogSchema.migrations, series: "eventlog", on: owner)
        try await Migrator.grant(to: service, on: owner, appendOnly: EventLogSchema.appendOnly)
        return Database(try configuration("LIENTHONG_PG_USER", "LIENTHONG_PG_PASSWORD"), logger: quiet)
    }

    /// Everything that was written by the run before is gone.
    static func empty(_ schema: String) throws {
        try Statements.administer(
            """
            TRUNCATE \(schema).event_log, \(schema).relay_tick, \(schema).effect_log, \(schema).inbox_position,
                \(schema).receipt_seal;
            UPDATE \(schema).relay_cursor SET tick = 0, confirmed_seq = 0, confirmed = 0
            """)
    }

    static func deleteQueue(_ name: String) throws {
        try Command.run(
            "curl", "-sS", "--fail", "-X", "DELETE", "-u",
            "\(Setting.value("AMQP_USER")):\(Setting.value("AMQP_PASSWORD"))",
            "http://127.0.0.1:\(try Setting.port("AMQP_MANAGEMENT_PORT"))/api/queues/lienthong/\(name)")
    }

    static func libpq() throws -> String {
        try """
        host=127.0.0.1 port=\(Setting.port("PG_PORT")) dbname=lienthong user=postgres \
        password=\(Setting.value("PG_PASSWORD"))
        """
    }

    static func event() -> DossierSubmitted {
        var event = DossierSubmitted()
        event.dossier = .new()
        (event.procedure, event.procedureVersion, event.channel) = ("2.000488", 1, .online)
        event.submittedAt = Date(timeIntervalSince1970: 1_612_839_600)
        return event
    }

    /// Writes an event as a use case does, in one flight.
    static func announce(_ source: Database) async throws {
        let announcement = Announcement(
            event: event(), agency: nil, actor: "bench", traceparent: nil, occurredAt: Date())
        try await source.run(
            EventWriter.flight(change: "SELECT 1::bigint AS version", then: [], announcing: [announcement]))
    }

    /// The relay of OneStop and the inbox of Mail with one reaction, while `body` runs; then Mail's queue is gone.
    static func whileRunning<T: Sendable>(
        _ source: Database, _ target: Database, reacting handle: @escaping AnyReaction.Handle,
        _ body: (Inbox) async throws -> T
    ) async throws -> T {
        let publisher = Publisher(try amqp("onestop"), exchange: Limits.exchange, logger: quiet)
        let relay = Relay(
            database: source, publisher: publisher, source: "onestop", isConsumed: { _ in true }, logger: quiet)
        let reaction = AnyReaction(group: "mail", eventType: DossierSubmitted.type, handle: handle)
        let inbox = Inbox(
            database: target, configuration: try amqp("mail"), service: "mail", bindings: ["onestop.dossier.#"],
            reactions: [reaction], consumed: [("onestop", "dossier")],
            fetch: { _ in FeedPage(events: [], through: .start, isLast: true) }, logger: quiet)
        let running = Task {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { try await relay.run() }
                group.addTask { try await inbox.run() }
            }
        }
        while !inbox.metrics.isConnected || !relay.metrics.isLeader { try await Task.sleep(for: .milliseconds(20)) }
        let result = try await body(inbox)
        running.cancel()
        try await running.value
        await publisher.close()
        try deleteQueue("mail")
        return result
    }

    /// Also acknowledged: what is not would come again in the next run.
    static func settle(_ inbox: Inbox, taken count: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while inbox.metrics.taken < count || inbox.metrics.outstanding > 0 {
            guard ContinuousClock.now < deadline else { throw BenchFault("\(inbox.metrics.taken) of \(count) taken") }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// `drain_vs_raw_publish`: a backlog through the relay against librabbitmq alone.
enum Drain {
    static let backlog = 200_000
    static let pairs = 3
    static let key = "onestop.dossier.submitted.v1.H19.12"

    static func figure() async throws -> Figure {
        let database = try await Backbone.database("onestop")
        var ratios: [Double] = []
        var notes: [String] = []
        for _ in 1...pairs {
            let ours = try await relay(database)
            let bare = try await bare()
            ratios.append(ours / bare)
            notes.append("\(Int(ours))/\(Int(bare))")
        }
        await database.close()
        // Nobody has consumed any of it: the services that are measured next begin without.
        try Backbone.empty("onestop")
        try Backbone.empty("mail")
        return Figure(
            name: "drain_vs_raw_publish", value: ratios.median, floor: 0.4, aim: 0.8, better: .higher,
            note: "events per second: \(notes.joined(separator: " "))")
    }

    static func withQueue<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        let configuration = try Backbone.operatorAMQP()
        let queue = QueueTopology(name: "operator.drain", exchange: Exchange(Limits.exchange), bindings: ["onestop.#"])
        try await Topology.declare(configuration, exchanges: [], queues: [queue])
        let result = try await body()
        try Backbone.deleteQueue("operator.drain")
        return result
    }

    /// Events a second, from the relay's start until every event is confirmed.
    private static func relay(_ database: Database) async throws -> Double {
        try Backbone.empty("onestop")
        try Statements.administer(
            """
            INSERT INTO onestop.event_log (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, agency,
                                           actor, traceparent, occurred_at, payload)
            SELECT 1, gen_random_uuid(), 'dossier', gen_random_uuid()::text, 1,
                   'onestop.dossier.submitted.v1', 'H19.12', 'bench',
                   '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', now(),
                   ('{"text":"' || repeat('x', 1013) || '"}')::json
            FROM generate_series(1, \(backlog))
            """)
        try Statements.administer("VACUUM ANALYZE onestop.event_log")
        return try await withQueue {
            let publisher = Publisher(try Backbone.amqp("onestop"), exchange: Limits.exchange, logger: Backbone.quiet)
            let relay = Relay(
                database: database, publisher: publisher, source: "onestop", isConsumed: { _ in true },
                logger: Backbone.quiet)
            let start = ContinuousClock.now
            let running = Task { try await relay.run() }
            while publisher.metrics.confirmed < backlog {
                guard ContinuousClock.now - start < .seconds(120) else { throw BenchFault("the backlog did not drain") }
                try await Task.sleep(for: .milliseconds(5))
            }
            let took = (ContinuousClock.now - start).seconds
            running.cancel()
            try await running.value
            await publisher.close()
            return Double(backlog) / took
        }
    }

    private static func bare() async throws -> Double {
        let sample = WireFormat.message(
            Envelope(
                id: UUID.v7(), source: "onestop", type: DossierSubmitted.type, aggregateType: "dossier",
                aggregateID: UUID.v7().text, version: 1, epoch: 1, position: Position(epoch: 1, tick: 1, ordinal: 1),
                agency: try AgencyCode("H19.12"), actor: "bench",
                traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", occurredAt: Date(),
                payload: Array("{\"text\":\"\(String(repeating: "x", count: 1_013))\"}".utf8)))
        let headers = sample.headers.map { name, value in (name, value.text ?? "\(value.integer ?? 0)") }
        let configuration = try Backbone.operatorAMQP()
        return try await withQueue {
            let start = ContinuousClock.now
            try await Bare.onThread {
                let publisher = try BarePublisher(
                    port: configuration.port, user: configuration.user, password: configuration.password,
                    vhost: configuration.vhost, headers: headers)
                for number in 1...backlog {
                    try publisher.publish(
                        key, messageID: "\(number)-0190a6c2-7b1e-7c3d-8e4f", body: sample.body,
                        window: Limits.AMQP.window)
                }
                try publisher.settleAll()
            }
            return Double(backlog) / (ContinuousClock.now - start).seconds
        }
    }
}

/// `effect_vs_floor`: from the commit of an event to the commit of its effect in another service. One writer commits at
/// a steady rate, in ours and in the bare program; the first second after the start (connections, plans) counts in
/// neither. Many short pairs: the machine has better and worse moments, and both of a pair should meet the same.
/// Nothing is emptied in between: blocks that are given back to the disk seconds later stall whatever is written then.
enum Effect {
    static let rate = 500.0
    static let warmUp = 1.0
    static let seconds = 6.0
    static let pairs = 9
    static let events = Int(rate * (warmUp + seconds))

    static func figure() async throws -> Figure {
        let (source, target) = (try await Backbone.database("onestop"), try await Backbone.database("mail"))
        let place = BareEffect.Place(
            database: try Backbone.libpq(), amqpPort: try Setting.port("AMQP_PORT"),
            user: try Setting.value("AMQP_USER"),
            password: try Setting.value("AMQP_PASSWORD"), vhost: "lienthong")
        var ratios: [Double] = []
        var notes: [String] = []
        try Backbone.empty("onestop")
        try Backbone.empty("mail")
        try BareEffect.prepare(place)
        for pair in 0..<pairs {
            let ours = try await ours(source, target)
            try await BareEffect.run(place, after: pair * events, count: events, rate: rate)
            let bare = try await latencies("bare_source s JOIN bare_effect t USING (id)")
            ratios.append(ours.quantile(0.99) / bare.quantile(0.99))
            notes.append(String(format: "%.1f/%.1f ms", ours.quantile(0.99), bare.quantile(0.99)))
        }
        await source.close()
        await target.close()
        return Figure(
            name: "effect_vs_floor", value: ratios.median, floor: 3, aim: 1.5, better: .lower,
            note: "p99: \(notes.joined(separator: ", "))")
    }

    /// Milliseconds of each event but those of the first second.
    static func ours(_ source: Database, _ target: Database) async throws -> [Double] {
        try await Backbone.whileRunning(source, target, reacting: { _, _ in }) { inbox in
            let start = ContinuousClock.now
            for number in 1...events {
                try await Task.sleep(until: start + .seconds(Double(number) / rate))
                try await Backbone.announce(source)
            }
            try await Backbone.settle(inbox, taken: events)
        }
        return try await latencies("onestop.event_log s JOIN mail.effect_log t ON t.event = s.id")
    }

    /// Milliseconds between the commits of the two rows, by PostgreSQL's own record, of the last run after its first
    /// second.
    private static func latencies(_ pairs: String) async throws -> [Double] {
        let database = Database(
            PostgresConfiguration(
                host: "127.0.0.1", port: try Setting.port("PG_PORT"), database: "lienthong", user: "postgres",
                password: try Setting.value("PG_PASSWORD"), schema: "public", connections: 1),
            logger: Backbone.quiet)
        let rows = try await database.run(
            """
            SELECT 1000 * extract(
                epoch FROM pg_xact_commit_timestamp(t.xmin) - pg_xact_commit_timestamp(s.xmin))::float8 AS ms
            FROM \(raw: pairs) ORDER BY pg_xact_commit_timestamp(s.xmin) DESC LIMIT \(Int64(events))
            """)
        let values: [Double] = try rows.map { try $0("ms") }
        await database.close()
        guard values.count == events else { throw BenchFault("\(values.count) of \(events) pairs were found") }
        return Array(values.dropLast(Int(rate * warmUp)))
    }
}
