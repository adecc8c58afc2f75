import Foundation
import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(5))) struct GrantTests {
    private let tables = Migration(
        1, "tables",
        """
        CREATE TABLE things (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
        CREATE TABLE log (seq bigserial PRIMARY KEY, what text);
        """)

    private func state(_ database: Database, _ sql: SQL) async -> String? {
        do throws(PostgresError) {
            try await database.run(sql)
            return nil
        } catch { return error.sqlState }
    }

    @Test func `the runtime role gets what it needs and nothing more`() async throws {
        try await withDatabase(["s": [tables]], appendOnly: ["log"]) { room in
            let database = room.database
            for allowed: SQL in [
                "INSERT INTO things (name) VALUES ('a')", "UPDATE things SET name = 'b'", "SELECT * FROM things",
                "DELETE FROM things", "INSERT INTO log (what) VALUES ('a')", "SELECT * FROM log",
                "SELECT * FROM migration_history",
            ] { #expect(await state(database, allowed) == nil, "\(allowed.text)") }
            for forbidden: SQL in [
                "UPDATE log SET what = 'b'", "DELETE FROM log", "TRUNCATE log", "TRUNCATE things",
                "INSERT INTO migration_history (series, number, name, checksum) VALUES ('s', 2, '', '')",
                "UPDATE migration_history SET checksum = ''", "DELETE FROM migration_history",
                "CREATE TABLE mine ()", "DROP TABLE things", "ALTER TABLE things ADD COLUMN x int",
                "CREATE TABLE public.mine ()", "ALTER TABLE log DISABLE TRIGGER ALL", "SELECT setval('log_seq_seq', 1)",
                "SET ROLE \(raw: room.owner.user)",
            ] { #expect(await state(database, forbidden) == "42501", "\(forbidden.text)") }
        }
    }

    @Test func `it can pass nothing on`() async throws {
        try await withDatabase(["s": [tables]], appendOnly: ["log"]) { room in
            _ = await state(room.database, "GRANT SELECT ON things TO PUBLIC")
            _ = await state(room.database, "GRANT UPDATE ON log TO \(raw: room.runtime.user)")
            let open = try await room.database.run(
                """
                SELECT has_table_privilege('log', 'UPDATE') AS log,
                    has_table_privilege('pg_monitor', 'things', 'SELECT') AS others,
                    has_table_privilege('things', 'SELECT WITH GRANT OPTION') AS option
                """)
            let row = try #require(open.first)
            let (log, others, option): (Bool, Bool, Bool) = (try row("log"), try row("others"), try row("option"))
            #expect(!log && !others && !option)
        }
    }

    @Test func `granting again takes away what was given in between`() async throws {
        try await withDatabase(["s": [tables]], appendOnly: []) { room in
            let (database, owner) = (room.database, room.open(room.owner))
            #expect(await state(database, "DELETE FROM log") == nil)
            try await owner.run("GRANT ALL ON log TO \(raw: room.runtime.user) WITH GRANT OPTION")
            try await owner.run("GRANT SELECT ON things TO PUBLIC")
            for _ in 0..<2 { try await Migrator.grant(to: room.runtime.user, on: room.owner, appendOnly: ["log"]) }
            #expect(await state(database, "DELETE FROM log") == "42501")
            #expect(await state(database, "INSERT INTO log (what) VALUES ('a')") == nil)
            let row = try #require(
                try await owner.run("SELECT has_table_privilege('pg_monitor', 'things', 'SELECT') AS public").first)
            let isPublic: Bool = try row("public")
            #expect(!isPublic)
        }
    }

    @Test func `a role that no grant binds, and a table that is not there, are refused by name`() async throws {
        try await withDatabase(["s": [tables]]) { room in
            for role in ["postgres", room.owner.user] {
                let fault = await #expect(throws: GrantFault.self) {
                    try await Migrator.grant(to: role, on: room.owner, appendOnly: [])
                }
                #expect(fault?.description.contains(role) == true)
            }
            let fault = await #expect(throws: GrantFault.self) {
                try await Migrator.grant(to: room.runtime.user, on: room.owner, appendOnly: ["nowhere"])
            }
            #expect(fault?.reason.contains("nowhere") == true)
            #expect(await state(room.database, "DELETE FROM log") == nil)
        }
    }
}
