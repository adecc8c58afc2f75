import Contracts
import Foundation
import Synchronization
import TestKit
import Testing

@testable import Postgres

/// Whoever waits for what is announced hears of it when it has committed, not before, and not of what was undone.
@Suite(.timeLimit(.minutes(5))) struct AnnouncementTests {
    private let tables: KeyValuePairs<String, [Migration]> = [
        "test": [Migration(1, "t", "CREATE TABLE t (n int PRIMARY KEY)")]
    ]

    private final class Ear: Sendable {
        private let heard = Atomic(0)
        var count: Int { heard.load(ordering: .acquiring) }
        func hear() { heard.add(1, ordering: .acquiringAndReleasing) }
    }

    private static var thread: UInt { UInt(pthread_self()) }

    private func insert(_ n: Int, announces: Bool = true) -> SQL {
        var sql: SQL = "INSERT INTO t VALUES (\(n))"
        sql.announces = announces
        return sql
    }

    private func listening(_ body: (Database, Ear) async throws -> Void) async throws {
        try await withDatabase(tables, connections: 4) { room in
            let ear = Ear()
            room.database.onAnnouncement { ear.hear() }
            try await body(room.database, ear)
        }
    }

    @Test func `a statement on its own, before its caller has the answer`() async throws {
        try await listening { database, ear in
            try await database.run(insert(1))
            #expect(ear.count == 1)
            try await database.run(sharing: insert(2))
            #expect(ear.count == 2)
            try await database.run(insert(3, announces: false))
            await #expect(throws: PostgresError.self) { try await database.run(insert(1)) }
            #expect(ear.count == 2)
        }
    }

    @Test func `a transaction, with its commit`() async throws {
        try await listening { database, ear in
            try await database.transaction { transaction in
                try await transaction.run(insert(1))
                try await transaction.run(insert(2, announces: false))
                #expect(ear.count == 0)
            }
            #expect(ear.count == 1)
            // The same connection: what the one before announced is not announced once more.
            for n in 3...9 {
                try await database.transaction { try await $0.run(insert(n, announces: false)) }
            }
            #expect(ear.count == 1)
        }
    }

    @Test func `nothing of a transaction that was undone`() async throws {
        struct Changed: Error {}
        try await listening { database, ear in
            for _ in 1...8 {
                await #expect(throws: Changed.self) {
                    try await database.transaction { transaction in
                        try await transaction.run(insert(1))
                        throw Changed()
                    }
                }
            }
            try await database.transaction { try await $0.run(insert(2, announces: false)) }
            #expect(ear.count == 0)
        }
    }

    /// Tasks on the connections' thread go on when the database is closed.
    @Test func `a task that prefers the thread runs there, and elsewhere once that has ended`() async throws {
        try await withDatabase(tables, connections: 4) { room in
            let database = room.database
            let connections = Atomic<UInt>(0)
            database.onAnnouncement { connections.store(Self.thread, ordering: .releasing) }
            try await withTaskExecutorPreference(database.executor) {
                try await database.run(insert(1))
                #expect(Self.thread == connections.load(ordering: .acquiring))
                await database.close()
                try await Task.sleep(for: .milliseconds(1))
                await #expect(throws: PostgresError.self) { try await database.run(insert(2)) }
                #expect(Self.thread != connections.load(ordering: .acquiring))
            }
        }
    }
}
