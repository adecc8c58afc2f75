import AMQP
import Contracts
import EventLog
import Foundation
import Logging
import Postgres

/// `backfill_eps`: how fast a new subscriber of the exchange gets the past, while 500 events a second come in and go to
/// another subscriber too; and `backfill_live_ratio`: what that does to the other one's 99th percentile, from the
/// commit in the source's database to the arrival at the subscriber. Three times, each after a while without one. The
/// exchange is the service; the source is the production relay over OneStop's schema, without OneStop, so that nothing
/// else takes part.
enum Backfill {
    static let history = 100_000
    static let rate = 500.0
    /// Before the new subscriber comes, and from then on: a backfill at the floor ends within this. The first seconds
    /// do not count: connections and plans are new, or the queue of the last one is being removed.
    static let warm = 3.0
    static let quiet = 13.0
    static let busy = 25.0
    static let pairs = 3
    static let type = DossierSubmitted.type

    static func figures(_ services: OneStop) async throws -> [Figure] {
        try Command.script("Deploy/local/services.sh", "stop", "hr", "onestop", "documents", "mail", "budget")
        // What nobody reads the broker would have to write out of its log, while that is measured.
        for service in ["documents", "mail", "budget"] { try Backbone.deleteQueue(service) }
        let source = try await Backbone.database("onestop")
        let publisher = Publisher(try Backbone.amqp("onestop"), exchange: Limits.exchange, logger: Backbone.quiet)
        let relay = Relay(
            database: source, publisher: publisher, source: "onestop", isConsumed: { _ in true }, logger: Backbone.quiet
        )
        let relaying = Task { try await relay.run() }
        try await fill()
        try Machine.rest()
        let token = try services.token("admin")
        let (warm, quiet, busy) = (Int(warm * rate), Int(quiet * rate), Int(busy * rate))
        let (live, _) = try subscribe(token, from: nil)
        async let arrived = arrivals(live, count: pairs * (quiet + busy))
        var written: [ContinuousClock.Instant] = []
        var backfills: [(begun: ContinuousClock.Instant, ended: ContinuousClock.Instant)] = []
        for _ in 1...pairs {
            written += try await write(quiet, source)
            let begun = ContinuousClock.now
            let (queue, subscription) = try subscribe(token, from: 1)
            async let past = arrivals(queue, count: history)
            written += try await write(busy, source)
            backfills.append((begun, try await past[history - 1]))
            try remove(subscription, token)
        }
        let latencies = zip(written, try await arrived).map { 1_000 * ($1 - $0).seconds }

        relaying.cancel()
        try await relaying.value
        await publisher.close()
        await source.close()
        try Command.script("Deploy/local/services.sh", "start")

        var ratios: [Double] = []
        var notes: [String] = []
        for (pair, backfill) in backfills.enumerated() {
            let first = pair * (quiet + busy)
            let before = Array(latencies[(first + warm)..<(first + quiet)])
            let during = (first + quiet..<first + quiet + busy).prefix { written[$0] < backfill.ended }
            let (alone, beside) = (before.quantile(0.99), Array(latencies[during]).quantile(0.99))
            ratios.append(beside / alone)
            notes.append(String(format: "%.1f/%.1f", beside, alone))
        }
        let rates = backfills.map { Double(history) / ($0.ended - $0.begun).seconds }
        return [
            Figure(
                name: "backfill_eps", value: rates.median, floor: 5_000, aim: 5_000, better: .higher,
                note: "of \(history) events: " + rates.map { "\(Int($0))" }.joined(separator: " ")),
            Figure(
                name: "backfill_live_ratio", value: ratios.median, floor: 2, aim: 2, better: .lower,
                note: "live p99 beside it and before: \(notes.joined(separator: ", ")) ms"),
        ]
    }

    /// The archive's past: written as its inbox would have, numbered by the exchange itself.
    private static func fill() async throws {
        try Statements.administer(
            """
            INSERT INTO integration.archive_events
                (event, source, type, aggregate_type, aggregate_id, aggregate_version, epoch, agency, actor,
                 traceparent, occurred_at, payload)
            SELECT gen_random_uuid(), 'onestop', '\(type)', 'dossier', gen_random_uuid()::text, 1, 1, 'H19.12', 'bench',
                   '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', now(),
                   convert_to('{"text":"' || repeat('x', 400) || '"}', 'UTF8')
            FROM generate_series(1, \(history))
            """)
        try Statements.administer("VACUUM ANALYZE integration.archive_events")
        // The past was written to the disk long ago.
        try Statements.administer("CHECKPOINT")
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let head = try Statements.administer("SELECT position FROM integration.archive_head")
            if let head = Int(head), head >= history { return }
            guard ContinuousClock.now < deadline else { throw BenchFault("the archive was not numbered: \(head)") }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// A new subscription, as an integrator gets it: queue, user and password. `from`: a position of the archive; nil:
    /// from now on.
    private static func subscribe(
        _ token: String, from position: Int?
    ) throws -> (queue: (place: BareEffect.Place, name: String), subscription: String) {
        func post(_ path: String, _ body: String) throws -> [String: Any] {
            let answer = try Command.run(
                "curl", "-sS", "--fail-with-body", "-H", "Authorization: Bearer \(token)", "-H",
                "Content-Type: application/json", "-H", "Idempotency-Key: backfill-\(UUID().uuidString)", "-d", body,
                "\(try url)\(path)")
            let object = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
            guard let object else { throw BenchFault("\(path) was answered: \(answer)") }
            return object
        }
        let start = position.map { ",\"fromPosition\":\($0)" } ?? ""
        let made = try post("/subscriptions", "{\"name\":\"bench\",\"kind\":\"queue\",\"types\":[\"\(type)\"]\(start)}")
        guard let id = made["subscription"] as? String else { throw BenchFault("no subscription: \(made)") }
        let key = try post("/subscriptions/\(id)/credentials", "{}")
        guard let queue = key["queue"] as? String, let user = key["user"] as? String,
            let password = key["password"] as? String
        else { throw BenchFault("no credentials of a queue") }
        let place = BareEffect.Place(
            database: "", amqpPort: try Setting.port("AMQP_PORT"), user: user, password: password, vhost: "lienthong")
        return ((place, queue), id)
    }

    private static func remove(_ subscription: String, _ token: String) throws {
        try Command.run(
            "curl", "-sS", "--fail-with-body", "-X", "DELETE", "-H", "If-Match: *", "-H",
            "Authorization: Bearer \(token)", "\(try url)/subscriptions/\(subscription)")
    }

    private static var url: String {
        get throws { "http://127.0.0.1:\(try Setting.service(7))" }
    }

    /// When each of the next messages of a queue arrived. They are acknowledged as clients are told to: a hundred at
    /// once, or after 10 ms what there is.
    private static func arrivals(
        _ queue: (place: BareEffect.Place, name: String), count: Int
    ) async throws -> [ContinuousClock.Instant] {
        try await Bare.onThread {
            let channel = try Bare.Channel(queue.place)
            try channel.consume(queue.name)
            var instants: [ContinuousClock.Instant] = []
            instants.reserveCapacity(count)
            var (waiting, acknowledged) = (0, ContinuousClock.now)
            while instants.count < count {
                let (tag, now) = (try channel.next().tag, ContinuousClock.now)
                instants.append(now)
                waiting += 1
                guard waiting == 100 || now - acknowledged > .milliseconds(10) || instants.count == count else {
                    continue
                }
                channel.acknowledge(tag, multiple: true)
                (waiting, acknowledged) = (0, now)
            }
            return instants
        }
    }

    /// Events at a steady rate, one after the other; when each was committed.
    private static func write(
        _ count: Int, _ source: Database
    ) async throws -> [ContinuousClock.Instant] {
        var committed: [ContinuousClock.Instant] = []
        let start = ContinuousClock.now
        for number in 1...count {
            try await Task.sleep(until: start + .seconds(Double(number) / rate))
            try await Backbone.announce(source)
            committed.append(.now)
        }
        return committed
    }
}
