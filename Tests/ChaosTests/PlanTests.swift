import Contracts
import EventLog
import Foundation
import Postgres
import TestKit
import Testing

@testable import Chaos
@testable import Journeys

@Suite struct PlanTests {
    @Test func `the same seed plans the same, another seed otherwise`() throws {
        func plan(_ seed: UInt64, _ part: Int) -> ([Strike], [FaultKind], [Play]) {
            var options = Options()
            options.seed = seed
            var (services, servers) = (
                ServiceSchedule(.onestop, options, part: part), ServerSchedule(options, part: part)
            )
            var plays = PlayGenerator(options, part: part)
            return (
                (0..<200).compactMap { _ in services.next() }, (0..<60).compactMap { _ in servers.next()?.kind },
                (0..<100).map { _ in plays.next() }
            )
        }
        let (first, again) = (plan(7, 0), plan(7, 0))
        #expect(first.0 == again.0 && first.1 == again.1 && first.2 == again.2)
        let (other, next) = (plan(8, 0), plan(7, 1))
        #expect(first.0 != other.0 && first.1 != other.1 && first.2 != other.2)
        #expect(first.0 != next.0)
    }

    @Test func `every kill point comes once before chance decides, every kind of fault before any comes again`() {
        var services = ServiceSchedule(.hr, Options(), part: 0)
        let points = ServiceSchedule.points(of: .hr)
        #expect(points.contains(.beforeTimerCommit) && points.contains(.beforeConfirm))
        let strikes = points.compactMap { _ in services.next() }
        #expect(Set(strikes.compactMap(\.point)) == Set(points))
        var servers = ServerSchedule(Options(), part: 0)
        let kinds = FaultKind.allCases.filter { !$0.isOfService }
        #expect(Set(kinds.compactMap { _ in servers.next()?.kind }) == Set(kinds))
    }

    @Test func `who has timers is struck at them: all whose Main has any`() throws {
        let services = Settings.checkout.appendingPathComponent("Services")
        for service in ServiceName.running {
            let file = services.appendingPathComponent("\(Fleet.program(service))/Main.swift")
            let hasTimers = try String(contentsOf: file, encoding: .utf8).contains("timers: [any TimedTask.Type]")
            let points = ServiceSchedule.points(of: service)
            #expect(points.contains(.beforeTimerCommit) == hasTimers, "\(service)")
            #expect(points.contains(.afterTimerCommit) == hasTimers, "\(service)")
        }
    }

    @Test func `a kill point that a full run never reached is named, a shorter one cannot tell`() {
        let all = ServiceName.running.flatMap { service in
            ServiceSchedule.points(of: service).map { "\(service)/\($0.rawValue)" }
        }
        let (full, reached) = (Limits.Chaos.everyPoint, Set(all.dropFirst()))
        var options = Options()
        #expect(options.unreached(reached, within: full) == [all[0]])
        #expect(options.unreached(Set(all), within: full).isEmpty)
        #expect(options.unreached([], within: full - .seconds(1)).isEmpty)
        options.kills = all.count
        #expect(options.unreached([], within: full).isEmpty)
        options.kills = 0
        #expect(options.unreached([], within: full) == all)
        options.faults.remove(.point)
        #expect(options.unreached([], within: full).isEmpty)
    }

    @Test func `a writer in another database stays for minutes where the run has them, and begins it`() {
        func held(_ seconds: Int, isLong: Bool) -> Duration {
            var options = Options()
            (options.seconds, options.isLong) = (seconds, isLong)
            return options.foreignWriter
        }
        #expect(held(299, isLong: false) == .seconds(20) && held(299, isLong: true) == .seconds(20))
        #expect(held(300, isLong: false) == .seconds(120) && held(1_499, isLong: true) == .seconds(120))
        #expect(held(1_800, isLong: false) == .seconds(120) && held(1_500, isLong: true) == .seconds(600))
        for seed in 1...20 {
            var options = Options()
            options.seed = UInt64(seed)
            var servers = ServerSchedule(options, part: 0)
            #expect(servers.next()?.kind == .foreignWriter)
        }
    }

    @Test func `each service is knocked at where it commits something, another thing each time`() throws {
        let words = ["m-1", "m-2"]
        for service in ServiceName.running {
            let door = Door(service: service, name: "there")
            let knocks = words.map { door.knock($0) }
            if case .read = knocks[0] { Issue.record("\(service) is only read") }
            // That one gets everything up to nothing, again and again.
            #expect((knocks[0] == knocks[1]) == (service == .integration), "\(service)")
        }
        #expect(Door(service: .integration).knock("m-1") == .read(target: "/subscriptions", who: "admin"))
        guard case .wish(_, let position, _) = Door(service: .hr).knock(UUID.v7().text) else {
            Issue.record("no position")
            return
        }
        #expect(try position.text("code").count == Limits.Personnel.positionCode)
    }

    @Test func `a wish is read, and everything wrong with it is said at once`() throws {
        let options = try Options([
            "CHAOS_KILLS": "9", "CHAOS_SECONDS": "60", "CHAOS_SEED": "5", "CHAOS_FAULTS": "kill,black-hole",
        ])
        #expect(options.kills == 9 && options.seconds == 60 && options.seed == 5)
        #expect(options.faults == [.kill, .blackHole])
        #expect(try Options(["CHAOS_KILLS": "1000"]).seconds == Limits.Chaos.longest)
        #expect {
            try Options(["CHAOS_KILLS": "many", "CHAOS_FAULTS": "flood", "CHAOS_SECONDS": "9999"])
        } throws: { error in
            (error as? OptionFaults)?.faults.count == 3
        }
    }

    @Test func `only the chosen faults are planned`() {
        var options = Options()
        options.faults = [.pause, .latency]
        var (services, servers) = (ServiceSchedule(.mail, options, part: 0), ServerSchedule(options, part: 0))
        #expect(Set((0..<50).compactMap { _ in services.next()?.kind }) == [.pause])
        #expect(Set((0..<50).compactMap { _ in servers.next()?.kind }) == [.latency])
        options.faults = []
        services = ServiceSchedule(.mail, options, part: 0)
        #expect(services.next() == nil)
    }
}

@Suite struct IntentTests {
    @Test func `an intent is on disk before its answer, and a cut last line is no fault`() throws {
        let file = NSTemporaryDirectory() + "intents-\(UUID.v7().text)"
        defer { unlink(file) }
        let log = try IntentLog(file)
        let intent = try log.intend("j-1", "clerk", .onestop, "POST", "/dossiers", key: "k", ["subject": "s"])
        #expect(try Intents(file: file).unanswered == [intent])
        try log.answer(Answered(number: intent.number, status: 201, tries: 3, body: ["id": "x"]))
        let handle = try #require(FileHandle(forWritingAtPath: file))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("{\"intent\":2,\"at".utf8))
        let read = try Intents(file: file)
        #expect(read.intents == [intent] && read.unanswered.isEmpty)
        #expect(read.answers[1]?.tries == 3)
    }
}

/// The proxy between a client of PostgreSQL and the server.
@Suite struct ProxyTests {
    private func through(_ body: (Proxy, Database) async throws -> Void) async throws {
        let proxy = try Proxy(port: 0, to: TestPostgres.port)
        var configuration = TestPostgres.administrator(connections: 1)
        configuration.port = proxy.port
        let database = Database(configuration, logger: quiet)
        #expect(try await database.run("SELECT 1 AS n").count == 1)
        try await body(proxy, database)
        proxy.set { $0 = Proxy.Weather() }
        await database.close()
    }

    private func answers(_ database: Database) async -> Bool {
        do { return try await database.run("SELECT 1 AS n").count == 1 } catch { return false }
    }

    @Test func `it passes on, late when it is told to`() async throws {
        try await through { proxy, database in
            proxy.set { $0.latency = .milliseconds(200) }
            let since = ContinuousClock.now
            try await database.run("SELECT 2 AS n")
            #expect(.now - since >= .milliseconds(400))
        }
    }

    @Test(arguments: Proxy.Way.allCases) func `a black hole holds one way, and lets go of what it held`(
        _ way: Proxy.Way
    ) async throws {
        try await through { proxy, database in
            proxy.set { $0.held = way }
            let answered = Kept(false)
            async let rows = {
                let rows = try await database.run("SELECT 3 AS n")
                answered.set(true)
                return rows
            }()
            try await eventually("the question is on its way") { proxy.connections == 1 }
            #expect(!answered.value)
            proxy.set { $0.held = nil }
            #expect(try await rows.count == 1)
        }
    }

    @Test func `it cuts inside of what is said, and resets`() async throws {
        try await through { proxy, database in
            proxy.set { $0.cuts = 1 }
            await #expect(throws: PostgresError.self) {
                try await database.run("CREATE TEMPORARY TABLE once AS SELECT repeat('x', 10000) AS n")
            }
            try await eventually("a new connection works") { await answers(database) }
            proxy.resetAll()
            try await eventually("and one after that") { await answers(database) }
        }
    }
}
