import Contracts
import Logging
import Postgres

/// What happens before a service serves.
enum Start {
    /// Waits for PostgreSQL as long as it takes, saying so, instead of dying and being started again and again.
    ///
    /// - Throws: `SchemaTooOld` when `migrate` has to run first.
    static func awaitDatabase<M: Microservice>(_ database: Database, _ service: M.Type, _ log: Logger) async throws {
        var pause = Limits.Server.databaseFirst
        while true {
            do { return try await checkSchema(database, service) } catch let error as PostgresError
                where error.sqlState == nil || error.isTransient
            {
                log.warning(
                    "PostgreSQL does not answer; trying again",
                    metadata: ["error": "\(error)", "after": "\(pause)", "database": "\(database.configuration)"])
            }
            try await Task.sleep(for: pause)
            pause = min(pause * 2, Limits.Server.databaseMost)
        }
    }

    private static func checkSchema<M: Microservice>(_ database: Database, _ service: M.Type) async throws {
        let known = try await database.run("SELECT to_regclass('migration_history') IS NOT NULL AS known")
        guard try known.first?("known") == true else { throw SchemaTooOld(missing: "everything") }
        let rows = try await database.run(
            "SELECT series, max(number) AS number FROM migration_history GROUP BY series")
        var newest: [String: Int] = [:]
        for row in rows { newest[try row("series")] = try row("number") }
        for (series, migrations) in M.series {
            for migration in migrations where migration.number > newest[series] ?? 0 {
                throw SchemaTooOld(missing: "\(series)/\(migration.number) \(migration.name)")
            }
        }
    }
}

/// The schema lacks what this program needs.
struct SchemaTooOld: Error, CustomStringConvertible {
    let missing: String

    var description: String { "the schema lacks \(missing): run `migrate` first" }
}
