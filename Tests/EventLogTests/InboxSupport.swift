import AMQP
import Contracts
import Foundation
import Logging
import Postgres
import ServiceLifecycle
import Synchronization
import TestKit
import Testing

@testable import EventLog

/// The service whose events the inbox under test takes, and its user at the broker.
let feeder = "feeder"

/// An event of the feeder: its payload names aggregate and version again.
func event(
    _ aggregate: String, _ version: Int64, type: String = "feeder.thing.done.v1", epoch: Int32 = 1, tick: Int64? = nil
) -> Envelope {
    Envelope(
        id: UUID.v7(), source: feeder, type: type, aggregateType: "thing", aggregateID: aggregate, version: version,
        epoch: epoch, position: Position(epoch: epoch, tick: tick ?? version, ordinal: 1), agency: nil, actor: "tester",
        traceparent: nil, occurredAt: Date(timeIntervalSince1970: 1_612_839_600),
        payload: Array(#"{"aggregate":"\#(aggregate)","version":\#(version)}"#.utf8))
}

/// A source's feed in memory, and whether it answers.
final class FakeFeed: Sendable {
    struct Away: Error {}

    private let state = Mutex((events: [Envelope](), isAway: false, hidesTail: false, asked: [FeedRequest]()))

    var asked: [FeedRequest] { state.withLock(\.asked) }
    var isAway: Bool {
        get { state.withLock(\.isAway) }
        set { state.withLock { $0.isAway = newValue } }
    }

    /// What is new is not found by a tail check: only who knows of a gap asks for it.
    func hideTail() { state.withLock { $0.hidesTail = true } }

    func add(_ events: [Envelope]) { state.withLock { $0.events += events } }

    /// The source was restored, and wrote these versions again.
    func replace(_ events: [Envelope]) {
        state.withLock { state in
            state.events.removeAll { old in
                events.contains { $0.aggregate == old.aggregate && $0.version == old.version }
            }
            state.events += events
        }
    }

    /// Pages of three, so that there are several.
    var fetch: FeedFetch {
        { request in
            try self.state.withLock { state in
                state.asked.append(request)
                if state.isAway { throw Away() }
                let found: [Envelope]
                var through = Position.start
                switch request {
                case .after(let position, _, let aggregates):
                    found =
                        state.hidesTail
                        ? []
                        : state.events.filter { $0.position > position && aggregates.contains($0.aggregateType) }
                            .sorted { $0.position < $1.position }
                    through = position
                case .aggregate(let key, let version):
                    found = state.events.filter { $0.aggregate == key && $0.version >= version }
                        .sorted { $0.version < $1.version }
                }
                let page = Array(found.prefix(3))
                let isLast = page.count == found.count
                let reached = isLast ? state.events.map(\.position).max() : page.last?.position
                return FeedPage(events: page, through: max(through, reached ?? through), isLast: isLast)
            }
        }
    }
}

/// Throws what a test tells it to, and else writes what it was given into `effects`.
final class Script: Sendable {
    private let faults = Mutex<[String: [any Error]]>([:])
    private let known = Mutex<Set<String>>([])

    struct Broken: Error {}

    /// The next runs for this event fail so; then it succeeds.
    func fail(_ aggregate: String, _ version: Int64, _ errors: (any Error)...) {
        faults.withLock { $0["\(aggregate) \(version)", default: []] += errors }
    }

    func next(_ event: Envelope) -> (any Error)? {
        faults.withLock { faults in
            guard var left = faults["\(event.aggregateID) \(event.version)"], !left.isEmpty else { return nil }
            let first = left.removeFirst()
            faults["\(event.aggregateID) \(event.version)"] = left
            return first
        }
    }

    var reaction: AnyReaction {
        AnyReaction(group: "taker", eventType: "feeder.thing.done.v1") { event, transaction in
            try await transaction.run(
                """
                INSERT INTO effects (aggregate, version, payload)
                VALUES (\(event.aggregateID), \(event.version), \(try JSON(parsing: event.payload)))
                """)
            if let error = self.next(event) { throw error }
        }
    }
}

let inboxTables = [
    Migration(
        1, "effects",
        """
        CREATE TABLE effects (
            n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, aggregate text NOT NULL, version bigint NOT NULL,
            payload jsonb NOT NULL);
        CREATE TABLE known (key text PRIMARY KEY);
        """)
]

/// Short waits: retries within milliseconds, looks every 50 ms.
let hurried = InboxPace(
    attempts: 3, retryFirst: .milliseconds(5), retryMost: .milliseconds(20), look: .milliseconds(50),
    unknownLook: .seconds(300), gapLook: .milliseconds(100), tail: .milliseconds(300))

func withInboxDatabase<T: Sendable>(_ body: (TestDatabase) async throws -> T) async throws -> T {
    try await withDatabase(
        ["eventlog": EventLogSchema.migrations, "test": inboxTables], schema: "taker",
        appendOnly: EventLogSchema.appendOnly, connections: 8, body)
}

/// What the effects show.
struct Effects: Sendable {
    let database: Database

    /// Aggregate and version of every effect, in the order of their commits as the sequence shows it.
    func all() async throws -> [String] {
        try await database.run("SELECT aggregate, version FROM effects ORDER BY n").map {
            let (aggregate, version): (String, Int64) = (try $0("aggregate"), try $0("version"))
            return "\(aggregate) \(version)"
        }
    }

    func versions(_ aggregate: String) async throws -> [Int64] {
        try await database.run("SELECT version FROM effects WHERE aggregate = \(aggregate) ORDER BY n")
            .map { try $0("version") }
    }

    func logged(_ aggregate: String) async throws -> [Int64] {
        try await database.run("SELECT version FROM effect_log WHERE aggregate_id = \(aggregate) ORDER BY id")
            .map { try $0("version") }
    }

    /// Version and state of what is parked: `2 failed`.
    func parked(_ aggregate: String) async throws -> [String] {
        try await database.run(
            "SELECT version, state FROM inbox_parked WHERE aggregate_id = \(aggregate) ORDER BY version, epoch"
        ).map {
            let (version, state): (Int64, String) = (try $0("version"), try $0("state"))
            return "\(version) \(state)"
        }
    }

    func duplicates() async throws -> Int {
        try await database.run("SELECT coalesce(sum(duplicates), 0)::bigint AS n FROM inbox_counter")[0]("n")
    }
}

/// Runs a service, and ends it as SIGTERM does when the body is through.
func running(_ services: [any Service], _ body: () async throws -> Void) async throws {
    let group = ServiceGroup(configuration: .init(services: services.map { .init(service: $0) }, logger: quiet))
    try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        do { try await body() } catch {
            await group.triggerGracefulShutdown()
            throw error
        }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
    }
}

/// An inbox at a broker of its own, with a feed in memory.
struct InboxBench: Sendable {
    let test: TestDatabase
    let room: Room
    let feed = FakeFeed()
    let script = Script()
    let publisher: Publisher
    var effects: Effects { Effects(database: test.database) }

    func inbox(_ reactions: [AnyReaction]? = nil, pace: InboxPace = hurried) -> Inbox {
        Inbox(
            database: test.database, configuration: room.configuration, service: "taker", exchange: room.exchange.name,
            bindings: ["feeder.thing.#"], reactions: reactions ?? [script.reaction], consumed: [(feeder, "thing")],
            fetch: feed.fetch, pace: pace, logger: quiet)
    }

    /// Into the feed, and to the broker.
    func announce(_ events: [Envelope]) async throws {
        feed.add(events)
        try await publish(events)
    }

    func publish(_ events: [Envelope]) async throws {
        let outcomes = try await publisher.publish(events.map { WireFormat.message($0) })
        #expect(outcomes.allSatisfy { $0 == .confirmed })
    }
}

func withInboxBench(_ body: (InboxBench) async throws -> Void) async throws {
    try await withRoom { room in
        try await room.allow(feeder, topics: "^feeder\\\\.")
        var configuration = room.configuration
        (configuration.user, configuration.password) = (feeder, feeder)
        try await Topology.declare(
            room.configuration, exchanges: [room.exchange], queues: [room.queue("taker", ["feeder.thing.#"])])
        let publisher = Publisher(configuration, exchange: room.exchange.name, logger: quiet)
        try await withInboxDatabase { test in
            try await body(InboxBench(test: test, room: room, publisher: publisher))
        }
        await publisher.close()
    }
}
