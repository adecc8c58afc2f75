import AMQP
import Contracts
import Foundation
import Glibc
import Logging
import Postgres
import TestKit
import Testing

@testable import EventLog

/// What befalls a source's database in earnest, on servers of its own: promotion of a standby that had not everything,
/// recovery to an earlier moment, a logical restore. The consumer keeps its own database throughout, so it knows more
/// than its source does afterwards.
@Suite(.serialized, .timeLimit(.minutes(5))) struct RealEpochTests {
    @Test func `a promoted standby that lacks the tail: the epoch rises, nothing is lost or done twice`() async throws {
        try await withPrivateServers(2) { servers in
            let (primary, standby) = (servers[0], servers[1])
            try await found(primary)
            try standby.copy(primary, following: true)
            try await standby.start()
            // One pool that knows both servers, as a service has it.
            var both = primary.configuration()
            both.further = [PostgresAddress(host: "127.0.0.1", port: standby.port)]
            try await withTaker(of: both) { taker in
                for _ in 0..<3 { try await taker.source.change("a") }
                try await taker.took(["a 1", "a 2", "a 3"])
                let copy = Database(standby.configuration(), logger: quiet)
                try await eventually("the standby has it") {
                    try await copy.number("SELECT count(*) AS n FROM event_log") == 3
                }
                await copy.close()
                try await standby.stop()
                for thing in ["a", "a", "b"] { try await taker.source.change(thing) }
                try await taker.took(["a 1", "a 2", "a 3", "a 4", "a 5", "b 1"])
                try await primary.stop(SIGKILL)
                try await standby.start()
                let promoting = Database(standby.configuration(), logger: quiet)
                try await promoting.run("SELECT pg_promote()")
                await promoting.close()
                try await taker.goesOn()
                #expect(try await taker.source.number("SELECT timeline AS n FROM relay_epoch") == 2)
            }
        }
    }

    @Test func `recovery to an earlier moment: the epoch rises, nothing is lost or done twice`() async throws {
        try await withPrivateServers(2) { servers in
            let source = servers[0]
            // The restored one answers where the first one did.
            let restored = PrivateServer(servers[1].folder, port: source.port)
            try await found(source)
            try await withTaker(of: source.configuration()) { taker in
                try restored.copy(source, following: false)
                for _ in 0..<3 { try await taker.source.change("a") }
                let moment: String = try await taker.source.run("SELECT pg_current_wal_lsn()::text AS at")[0]("at")
                for thing in ["a", "a", "b"] { try await taker.source.change(thing) }
                try await taker.took(["a 1", "a 2", "a 3", "a 4", "a 5", "b 1"])
                try await source.stop()
                try restored.add(settings: [
                    "restore_command = 'cp \"\(source.folder)/pg_wal/%f\" \"%p\"'",
                    "recovery_target_lsn = '\(moment)'", "recovery_target_action = 'promote'",
                ])
                _ = FileManager.default.createFile(atPath: "\(restored.folder)/recovery.signal", contents: nil)
                try await restored.start()
                do { try await taker.goesOn() } catch {
                    try await restored.stop(SIGQUIT)
                    throw error
                }
                try await restored.stop(SIGQUIT)
            }
        }
    }

    @Test(arguments: [false, true])
    func `a logical restore, into the same and into another cluster: everything goes on`(_ isOther: Bool) async throws {
        try await withPrivateServers(2) { servers in
            let source = servers[0]
            try await found(source)
            try await withPlace { room, test in
                let file = "\(source.folder).dump"
                let place = ["-h", "127.0.0.1", "-U", "postgres"]
                try await serve(source.configuration(), room, test) { taker in
                    for thing in ["a", "a", "a", "b"] { try await taker.source.change(thing) }
                    try await taker.took(["a 1", "a 2", "a 3", "b 1"])
                }
                try PrivateServer.run("pg_dump", place + ["-p", "\(source.port)", "-Fc", "-f", file, "postgres"])
                let target = servers[isOther ? 1 : 0]
                if isOther {
                    try target.initialize()
                    try await target.start()
                }
                try PrivateServer.run("createdb", place + ["-p", "\(target.port)", "restored"])
                try PrivateServer.run("pg_restore", place + ["-p", "\(target.port)", "-d", "restored", file])
                try await serve(target.configuration("restored"), room, test) { taker in
                    for thing in ["a", "c"] {
                        try await eventually("\(thing) is written") { try await taker.changed(thing) }
                    }
                    try await taker.took(["a 1", "a 2", "a 3", "a 4", "b 1", "c 1"])
                    #expect(try await taker.effects.parked("a").isEmpty)
                    #expect(try await taker.source.number("SELECT epoch::bigint AS n FROM relay_epoch") == 2)
                }
            }
        }
    }

    /// A source's database on a new server.
    private func found(_ server: PrivateServer) async throws {
        try server.initialize()
        try await server.start()
        let database = Database(server.configuration(), logger: quiet)
        try await database.run("CREATE SCHEMA \(raw: announcer)")
        await database.close()
        for (series, migrations) in [("eventlog", EventLogSchema.migrations), ("test", things)] {
            _ = try await Migrator.migrate(migrations, series: series, on: server.configuration())
        }
    }
}

/// A consumer with a database of its own, at a source whose database changes under it.
private struct Taker: Sendable {
    let source: Database
    let room: Room
    let test: TestDatabase
    let inbox: Inbox
    var effects: Effects { Effects(database: test.database) }

    /// Exactly these effects, each once, in the order of its aggregate.
    func took(_ expected: [String], _ place: Int = #line) async throws {
        try await eventually("\(expected) are taken", within: .seconds(60), line: place) {
            try await effects.all().sorted() == expected
        }
        for thing in ["a", "b", "c"] {
            let versions = try await effects.versions(thing)
            #expect(versions == versions.sorted())
        }
    }

    /// The source is there again and lacks `a 4`, `a 5` and `b 1`: what happens next to `a` is another version 4, which
    /// must be dead with an alarm and never taken for a duplicate; `c` is new and is taken.
    func goesOn() async throws {
        for thing in ["a", "c"] {
            try await eventually("\(thing) is written", within: .seconds(60)) { try await changed(thing) }
        }
        try await took(["a 1", "a 2", "a 3", "a 4", "a 5", "b 1", "c 1"])
        try await eventually("the other version 4 is dead") { try await effects.parked("a") == ["4 dead"] }
        #expect(inbox.metrics.conflicts >= 1)
        #expect(try await source.number("SELECT epoch::bigint AS n FROM relay_epoch") == 2)
        #expect(try await source.number("SELECT count(*) AS n FROM event_log") == 5)
    }

    /// False while the database is away, or has not settled its epoch.
    func changed(_ thing: String) async throws -> Bool {
        do { try await source.change(thing) } catch let error as PostgresError {
            guard error.isTransient || error.isUnknownOutcome || EventLogStart.isUnsettled(error) else { throw error }
            return false
        }
        return true
    }
}

private func withTaker(of source: PostgresConfiguration, _ body: (Taker) async throws -> Void) async throws {
    try await withPlace { room, test in try await serve(source, room, test, body) }
}

/// A consumer's queue and its database.
private func withPlace(_ body: (Room, TestDatabase) async throws -> Void) async throws {
    try await withRoom { room in
        try await room.allow(announcer, topics: #"^announcer\\."#)
        try await Topology.declare(
            room.configuration, exchanges: [room.exchange], queues: [room.queue("taker", ["announcer.thing.#"])])
        try await withInboxDatabase { test in try await body(room, test) }
    }
}

/// Runs relay and inbox while `body` runs.
private func serve(
    _ configuration: PostgresConfiguration, _ room: Room, _ test: TestDatabase, _ body: (Taker) async throws -> Void
) async throws {
    var publishing = room.configuration
    (publishing.user, publishing.password) = (announcer, announcer)
    let source = Database(configuration, logger: quiet)
    let publisher = Publisher(publishing, exchange: room.exchange.name, logger: quiet)
    let relay = Relay(
        database: source, publisher: publisher, source: announcer, isConsumed: { _ in true }, logger: quiet)
    let reaction = AnyReaction(group: "taker", eventType: ThingDone.type) { event, transaction in
        try await transaction.run(
            """
            INSERT INTO effects (aggregate, version, payload)
            VALUES (\(event.aggregateID), \(event.version), \(try JSON(parsing: event.payload)))
            """)
    }
    let inbox = Inbox(
        database: test.database, configuration: room.configuration, service: "taker", exchange: room.exchange.name,
        bindings: ["announcer.thing.#"], reactions: [reaction], consumed: [(announcer, "thing")],
        fetch: { try await Feed(source: announcer).answer($0, in: source) }, pace: hurried, logger: quiet)
    let result: Result<Void, any Error>
    do {
        try await running([relay, inbox]) {
            try await body(Taker(source: source, room: room, test: test, inbox: inbox))
        }
        result = .success(())
    } catch { result = .failure(error) }
    await publisher.close()
    await source.close()
    try result.get()
}
