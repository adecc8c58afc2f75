import AMQP
import Contracts
import Foundation
import Logging
import Postgres
import Synchronization
import TestKit
import Testing

@testable import EventLog

/// The service whose relay is under test: its schema, and its user at the broker.
let announcer = "announcer"

/// What it announces.
struct ThingDone: Event {
    static let type = "announcer.thing.done.v1"
    static let doc = "A thing of the tests was done."
    var thing = ""
    var note = ""
    var aggregateID: String { thing }
    static let fields: [Field<Self>] = [
        .init("thing", \.thing, .text(1...100), "Which"), .init("note", \.note, .text(0...100), "Anything"),
    ]
}

let things = [
    Migration(1, "things", "CREATE TABLE things (id text PRIMARY KEY, version bigint NOT NULL, touched int)")
]

func withAnnouncer<T: Sendable>(_ body: (TestDatabase) async throws -> T) async throws -> T {
    try await withDatabase(
        ["eventlog": EventLogSchema.migrations, "test": things], schema: announcer,
        appendOnly: EventLogSchema.appendOnly, connections: 8, body)
}

extension Session {
    /// Changes a thing and announces it, as a use case does.
    func change(_ thing: String, agency: AgencyCode? = nil) async throws {
        var event = ThingDone()
        event.thing = thing
        let announcement = Announcement(
            event: event, agency: agency, actor: "tester", traceparent: nil,
            occurredAt: Date(timeIntervalSince1970: 1_612_839_600))
        let rows = try await run(
            EventWriter.flight(
                change: """
                    INSERT INTO things (id, version) VALUES (\(thing), 1)
                    ON CONFLICT (id) DO UPDATE SET version = things.version + 1 RETURNING version
                    """,
                then: [], announcing: [announcement]))
        #expect(rows.count == 1)
    }

    /// Many events in one statement: aggregate `prefix 1`, `prefix 2` …, one event each.
    func announceMany(_ count: Int, prefix: String = "bulk", type: String = ThingDone.type) async throws {
        try await run(
            """
            INSERT INTO event_log
                (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, actor, occurred_at, payload)
            SELECT e.epoch, gen_random_uuid(), split_part(\(type), '.', 2), \(prefix) || ' ' || g, 1, \(type), 'tester',
                   now(), '{}'
            FROM generate_series(1, \(Int64(count))) g CROSS JOIN relay_epoch e
            """)
    }

    func number(_ sql: SQL) async throws -> Int { try await run(sql)[0]("n") }
}

/// What came out of the broker: aggregate and version, and positions.
extension Collector {
    var envelopes: [Envelope] { get throws { try deliveries.map { try Envelope($0) } } }
    var arrived: [String] { get throws { try envelopes.map { "\($0.aggregateID) \($0.version)" } } }
    var positions: [Position] { get throws { try envelopes.map(\.position) } }
}

/// A database, a vhost with one queue for everything, and what arrives there.
struct RelayBench: Sendable {
    let test: TestDatabase
    let room: Room
    let publisher: Publisher
    let collector: Collector
    var database: Database { test.database }
    var store: RelayStore { store() }

    func store(most: Int = Limits.Relay.tick) -> RelayStore {
        RelayStore(database: test.database, source: announcer, most: most)
    }

    func relay(most: Int = Limits.Relay.tick, isConsumed: @escaping @Sendable (String) -> Bool = { _ in true }) -> Relay
    {
        Relay(
            database: test.database, publisher: publisher, source: announcer, isConsumed: isConsumed, mostOfTick: most,
            logger: quiet)
    }

    /// The lease of a leader that died is over.
    func expireLease() async throws {
        try await database.run("UPDATE relay_lease SET expires_at = clock_timestamp()")
    }

    /// A leader that dies at some point: what it did stays, and nothing is let go of in order.
    func dyingLeader(most: Int = Limits.Relay.tick) async throws -> (store: RelayStore, term: Int64) {
        let store = store(most: most)
        return (store, try #require(try await store.claim(holder: "dying")))
    }

    func arrives(_ count: Int, _ place: Int = #line) async throws {
        try await eventually("\(count) arrive", line: place) { collector.deliveries.count >= count }
    }
}

func withRelayBench(
    queue isThere: Bool = true, bindings: [String] = ["announcer.#"], _ body: (RelayBench) async throws -> Void
) async throws {
    try await withRoom { room in
        try await room.allow(announcer, topics: #"^announcer\\."#)
        var configuration = room.configuration
        (configuration.user, configuration.password) = (announcer, announcer)
        try await Topology.declare(
            room.configuration, exchanges: [room.exchange], queues: isThere ? [room.queue("all", bindings)] : [])
        let publisher = Publisher(configuration, exchange: room.exchange.name, logger: quiet)
        let collector = Collector()
        let consumer = collector.consumer(room.configuration, room.queue("all", bindings), prefetch: 10_000)
        if isThere { consumer.start() }
        try await withAnnouncer { test in
            try await body(RelayBench(test: test, room: room, publisher: publisher, collector: collector))
        }
        await publisher.close()
        await consumer.close()
    }
}
