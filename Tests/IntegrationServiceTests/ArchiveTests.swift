import Contracts
import EventLog
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import IntegrationService

@Suite struct ArchiveTests {
    private static let settings = ["LIENTHONG_SUBSCRIPTION_SECRET": "a secret of the tests"]

    private func insert(_ aggregate: String, _ version: Int64, at: Double = 0, in session: any Session) async throws {
        try await session.run(
            """
            INSERT INTO archive_events (event, source, type, aggregate_type, aggregate_id, aggregate_version, epoch,
                                        agency, occurred_at, payload)
            VALUES (\(UUID.v7()), 'onestop', 'onestop.dossier.accepted.v1', 'dossier', \(aggregate), \(version), 1,
                    'H19.30', \(Date(timeIntervalSince1970: at)), \(Array("{}".utf8)))
            """)
    }

    private func order(_ database: Database) async throws -> [String] {
        try await database.run(
            """
            SELECT a.aggregate_id || a.aggregate_version AS what FROM archive_order o
            JOIN archive_events a ON a.id = o.entry ORDER BY o.position
            """
        ).map { try $0("what") }
    }

    @Test func `what commits late is numbered late, and nothing waits for it`() async throws {
        try await withService(Main.self, Self.settings) { service in
            let database = service.database.database
            let numbers = Numbers(database: database)
            try await insert("a", 1, in: database)
            try await database.transaction { late in
                // Has a lower id and a lower transaction than what follows.
                try await insert("late", 1, in: late)
                try await insert("a", 2, in: database)
                #expect(try await numbers.give().count == 2)
                try await insert("b", 1, in: database)
                #expect(try await numbers.give().count == 1)
                #expect(try await numbers.give().count == 0)
            }
            #expect(try await numbers.give().head == 4)
            #expect(try await order(database) == ["a1", "a2", "b1", "late1"])
        }
    }

    @Test func `many writers and several who number leave no gap and no aggregate out of order`() async throws {
        try await withService(Main.self, Self.settings) { service in
            let database = service.database.open(service.database.runtime)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<3 {
                    group.addTask {
                        for version in 1...40 {
                            try await database.transaction { transaction in
                                try await self.insert("w\(writer)", Int64(version), in: transaction)
                            }
                        }
                    }
                }
                for _ in 0..<2 {
                    group.addTask {
                        let numbers = Numbers(database: database)
                        while try await numbers.give().head < 120 { try Task.checkCancellation() }
                    }
                }
                // A writer that fails ends those who would number for ever.
                for try await _ in group {}
            }
            let rows = try await database.run(
                """
                SELECT count(*) AS n, min(position) AS first, max(position) AS last, count(DISTINCT entry) AS entries
                FROM archive_order
                """)
            let row = try #require(rows.first)
            #expect(try row("n", as: Int.self) == 120 && row("first", as: Int.self) == 1)
            #expect(try row("last", as: Int.self) == 120 && row("entries", as: Int.self) == 120)
            let order = try await order(database)
            for writer in 0..<3 {
                let own = order.filter { $0.hasPrefix("w\(writer)") }
                #expect(own == (1...40).map { "w\(writer)\($0)" })
            }
        }
    }

    @Test func `after a restored history what has no position gets one, whatever its transaction`() async throws {
        try await withService(Main.self, Self.settings) { service in
            let database = service.database.database
            let numbers = Numbers(database: database)
            try await insert("a", 1, in: database)
            _ = try await numbers.give()
            let owner = service.database.open(service.database.administrator)
            // As after a logical restore: what was seen lies above all transactions to come.
            try await owner.run("UPDATE archive_head SET seen = '900000000:900000000:'")
            try await insert("a", 2, in: database)
            #expect(try await numbers.give().count == 0)
            try await owner.run("UPDATE relay_epoch SET epoch = epoch + 1")
            #expect(try await numbers.give().count == 1)
            try await insert("a", 3, in: database)
            #expect(try await numbers.give().count == 1)
            #expect(try await order(database) == ["a1", "a2", "a3"])
        }
    }

    @Test func `a time leads to the first position that happened then or later`() async throws {
        try await withService(Main.self, Self.settings) { service in
            let database = service.database.database
            for (version, at) in [(1, 100.0), (2, 50), (3, 200), (4, 150), (5, 300)] {
                try await insert("a", Int64(version), at: at, in: database)
            }
            _ = try await Numbers(database: database).give()
            let reader = ArchiveReader(database: database)
            for (at, place) in [(0.0, 0), (100, 0), (101, 2), (200, 2), (201, 4), (300, 4), (301, 5)] {
                #expect(try await reader.place(before: Date(timeIntervalSince1970: at)) == Int64(place), "\(at)")
            }
        }
    }

    @Test func `the filter means the same here and in the database`() async throws {
        try await withService(Main.self, Self.settings) { service in
            let database = service.database.database
            let types = [
                "onestop.dossier.accepted.v1", "onestop.dossier.hand-over.v2", "hr.agency.established.v1", "a.b.c.v1",
            ]
            for (index, type) in types.enumerated() {
                for (number, agency) in [nil, "H19", "H19.3", "H19.30", "H19.30.01"].enumerated() {
                    try await database.run(
                        """
                        INSERT INTO archive_events (event, source, type, aggregate_type, aggregate_id,
                            aggregate_version, epoch, agency, occurred_at, payload)
                        VALUES (\(UUID.v7()), 'x', \(type), 'y', \("\(index)"), \(Int64(number + 1)), 1, \(agency),
                                now(), \(Array("{}".utf8)))
                        """)
                }
            }
            _ = try await Numbers(database: database).give()
            let reader = ArchiveReader(database: database)
            let all = try await reader.page(after: 0, head: 20, Filter(), limit: 100).events
            #expect(all.count == 20)
            let patterns = [
                [], ["#"], ["onestop.#"], ["onestop.*.*.v1"], ["*.*.*.v1"], ["onestop.dossier.accepted.v1"],
                ["onestop.dossier"], ["*"], ["hr.#", "a.b.#"], ["onestop.dossier.accepted.v1.#"], ["*.agency.#"],
            ]
            for patterns in patterns {
                for agency in [nil, try AgencyCode("H19"), try AgencyCode("H19.30")] {
                    let filter = Filter(types: patterns, agency: agency)
                    let found = try await reader.page(after: 0, head: 20, filter, limit: 100).events
                    #expect(found == all.filter(filter.takes), "\(patterns) \(agency?.text ?? "")")
                }
            }
        }
    }

    @Test func `the tail answers as the database does, or not at all`() async throws {
        try await withService(Main.self, Self.settings) { service in
            let database = service.database.database
            let (tail, reader, numbers) = (Tail(), ArchiveReader(database: database), Numbers(database: database))
            for version in 1...10 {
                try await insert("a", Int64(version), in: database)
                let given = try await numbers.give()
                // The first ones are not in it: it began later.
                tail.grow(version <= 3 ? [] : given.events, head: given.head)
            }
            #expect(tail.page(after: 2, Filter(), limit: 100) == nil)
            for place in 3...10 {
                let page = try #require(tail.page(after: Int64(place), Filter(), limit: 4))
                let same = try await reader.page(after: Int64(place), head: 10, Filter(), limit: 4)
                #expect(page.events == same.events && page.reached == same.reached)
            }
        }
    }

    /// A queue that begins at position 0, without a deliverer.
    private func subscribe(in database: Database) async throws -> Ledger {
        let id = SubscriptionID.new()
        try await database.run(
            """
            WITH made AS (
                INSERT INTO subscriptions (id, version, name, kind, types, state, created_by)
                VALUES (\(id), 1, 'a', 'queue', '{}', 'active', 'tests'))
            INSERT INTO subscription_progress (subscription, place) VALUES (\(id), 0)
            """)
        return Ledger(database: database, subscription: id, version: 1, epoch: 1)
    }

    /// By it a deliverer chooses the connection, so that what is new does not wait behind the past.
    @Test func `an intake says whether its deliveries are of the past`() async throws {
        try await withService(Main.self, Self.settings) { service in
            let database = service.database.database
            let (numbers, tail) = (Numbers(database: database), Tail())
            try await insert("a", 1, in: database)
            tail.grow([], head: try await numbers.give().head)
            let ledger = try await subscribe(in: database)
            var intake = try await Intake(
                ledger, ArchiveReader(database: database), tail, Filter(), noticed: [])
            // The past comes at a rate.
            let deadline = ContinuousClock.now + .seconds(10)
            var past: [Delivery] = []
            while past.isEmpty, .now < deadline { past = try await intake.next(limit: 10) }
            #expect(past.map(\.number) == [1] && intake.isPast)
            try await insert("a", 2, in: database)
            let given = try await numbers.give()
            tail.grow(given.events, head: given.head)
            #expect(try await intake.next(limit: 10).map(\.number) == [2] && !intake.isPast)
        }
    }

    /// Whoever is slower than what comes in has always something new.
    @Test func `a replay gets its turn while there is always something new`() async throws {
        try await withService(Main.self, Self.settings) { service in
            let database = service.database.database
            let (numbers, tail) = (Numbers(database: database), Tail())
            let ledger = try await subscribe(in: database)
            let replay = UUID.v7()
            try await database.run(
                """
                INSERT INTO replays (id, subscription, first_position, last_position, place, rate, state, created_by)
                VALUES (\(replay), \(ledger.subscription), 1, 2, 0, 1000, 'running', 'tests')
                """)
            for version in 1...20 { try await insert("a", Int64(version), in: database) }
            let given = try await numbers.give()
            tail.grow(given.events, head: given.head)
            var intake = try await Intake(
                ledger, ArchiveReader(database: database), tail, Filter(), noticed: [])
            var replays: [UUID?] = []
            for _ in 1...8 {
                try await Task.sleep(for: .milliseconds(10))
                replays += try await intake.next(limit: 1).map(\.replay)
            }
            #expect(replays == [nil, replay, nil, replay, nil, nil, nil, nil])
        }
    }
}
