import Contracts
import Foundation
import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(5))) struct MigratorTests {
    private let one = Migration(1, "one", "CREATE TABLE a (x int); INSERT INTO a VALUES (1);")
    private let two = Migration(
        2, "two", "ALTER TABLE a ADD COLUMN y text DEFAULT ';'; -- not; here\nCREATE TABLE b ()")

    private func fault(
        _ migrations: [Migration], on database: TestDatabase
    ) async -> MigrationFault? {
        await #expect(throws: MigrationFault.self) {
            try await Migrator.migrate(migrations, series: "s", on: database.owner)
        }
    }

    @Test func `each runs once, in order, and is told`() async throws {
        try await withDatabase { room in
            #expect(try await Migrator.migrate([one], series: "s", on: room.owner).map { $0.number } == [1])
            #expect(try await Migrator.migrate([one, two], series: "s", on: room.owner).map { $0.number } == [2])
            #expect(try await Migrator.migrate([one, two], series: "s", on: room.owner).isEmpty)
            #expect(
                try await Migrator.migrate([Migration(1, "o", "CREATE TABLE c ()")], series: "t", on: room.owner).count
                    == 1)
            let owner = room.open(room.owner)
            let (kept, entries) = (
                try await owner.run("SELECT x, y FROM a"), try await owner.run("TABLE migration_history")
            )
            #expect(kept.count == 1 && entries.count == 3)
        }
    }

    @Test func `processes that migrate at once take turns`() async throws {
        try await withDatabase { room in
            let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await Migrator.migrate([one, two], series: "s", on: room.owner).map { $0.number }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.sorted() == [1, 2])
        }
    }

    @Test func `a changed, renamed, missing or reordered history is refused and named`() async throws {
        try await withDatabase { room in
            _ = try await Migrator.migrate([one, two], series: "s", on: room.owner)
            let changed = await fault([one, Migration(2, "two", two.sql + " ")], on: room)
            #expect(changed?.description == "migration s/2 “two” was changed after it had run on this schema")
            let renamed = await fault([Migration(1, "first", one.sql), two], on: room)
            #expect(renamed?.number == 1 && renamed?.reason.contains("under the name “one”") == true)
            let missing = await fault([one], on: room)
            #expect(missing?.number == 2 && missing?.reason.contains("not known to this program") == true)
            let none = await fault([], on: room)
            #expect(none?.number == 1)
            let swapped = await fault([Migration(1, "two", two.sql), Migration(2, "one", one.sql)], on: room)
            #expect(swapped?.number == 1)
            let misnumbered = await fault([one, Migration(3, "three", "SELECT 1")], on: room)
            #expect(misnumbered?.number == 3 && misnumbered?.reason.contains("place 2") == true)
            try await room.open(room.owner).run("DELETE FROM migration_history WHERE number = 1")
            let torn = await fault([one, two], on: room)
            #expect(torn?.number == 2 && torn?.reason.contains("number 1 before it has not") == true)
        }
    }

    @Test func `of one that fails nothing stays, those before it stay`() async throws {
        try await withDatabase { room in
            let bad = Migration(2, "bad", "CREATE TABLE c (); INSERT INTO a VALUES ('no number'); CREATE TABLE d ()")
            let fault = await fault([one, bad], on: room)
            #expect(fault?.number == 2 && fault?.cause?.sqlState == "22P02")
            let owner = room.open(room.owner)
            let tables = try await owner.run("SELECT tablename FROM pg_tables WHERE schemaname = 'test' ORDER BY 1")
            #expect(try tables.map { try $0("tablename") } == ["a", "migration_history"])
            #expect(try await Migrator.migrate([one, two], series: "s", on: room.owner).map { $0.number } == [2])
        }
    }
}
