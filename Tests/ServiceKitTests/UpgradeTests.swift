import Contracts
import EventLog
import Foundation
import Postgres
import ServiceTestKit
import TestKit
import Testing

@testable import ServiceKit

/// The schema that every service shares, brought from each of its earlier states to the newest with data in it; and the
/// two programs that meet in between.
@Suite(.timeLimit(.minutes(5))) struct UpgradeTests {
    @Test func `every earlier state of the shared schema takes its data along`() async throws {
        for count in 1..<EventLogSchema.migrations.count {
            let earlier = Array(EventLogSchema.migrations.prefix(count))
            try await withDatabase(["eventlog": earlier], schema: "hr", appendOnly: ["event_log"]) { database in
                let owner = database.open(database.owner)
                // relay_epoch, which says the epoch, is of the second migration.
                try await owner.run(
                    """
                    INSERT INTO event_log (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, actor,
                        occurred_at, payload)
                    SELECT 1, gen_random_uuid(), 'agency', 'H19.' || g, 1, 'hr.agency.dissolved.v1', 'tester', now(),
                        '{}' FROM generate_series(1, 50) g
                    """)
                let text: SQL = "SELECT md5(string_agg(l::text, '' ORDER BY seq)) AS hash FROM event_log l"
                let before: String = try await owner.run(text)[0]("hash")
                let applied = try await Desk.migrate(database.owner, runtimeRole: database.runtime.user)
                #expect(applied.contains { $0.hasPrefix("eventlog/\(count + 1) ") }, "from \(count): \(applied)")
                #expect(!applied.contains { $0.hasPrefix("eventlog/\(count) ") })
                #expect(try await owner.run(text)[0]("hash", as: String.self) == before)
                // Once more: nothing to do. And what is there is published as if it had always been there.
                #expect(try await Desk.migrate(database.owner, runtimeRole: database.runtime.user).isEmpty)
                try await Start.awaitDatabase(database.database, Desk.self, quiet)
            }
        }
    }

    @Test func `a program goes on with a newer schema, and not with an older one`() async throws {
        try await withDatabase(of: Desk.self) { database in
            let owner = database.open(database.owner)
            // What the next release adds: a column that may be absent, a table, a line in the history.
            try await owner.run("ALTER TABLE event_log ADD COLUMN later text")
            try await owner.run("CREATE TABLE later (id int PRIMARY KEY)")
            try await owner.run(
                """
                INSERT INTO migration_history
                SELECT (jsonb_populate_record(h, '{"number": 999}')).* FROM migration_history h
                WHERE series = 'eventlog' AND number = 1
                """)
            try await Start.awaitDatabase(database.database, Desk.self, quiet)
            try await database.database.run(
                """
                INSERT INTO event_log (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, actor,
                    occurred_at, payload)
                SELECT e.epoch, gen_random_uuid(), 'agency', 'H19', 1, 'hr.agency.dissolved.v1', 'tester', now(), '{}'
                FROM relay_epoch e
                """)
            let newest = EventLogSchema.migrations.count
            try await owner.run("DELETE FROM migration_history WHERE series = 'eventlog' AND number >= \(newest)")
            await #expect(throws: SchemaTooOld.self) {
                try await Start.awaitDatabase(database.database, Desk.self, quiet)
            }
        }
    }
}
