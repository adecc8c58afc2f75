import Contracts
import Logging

/// Brings a schema to the newest version, and remembers what it ran.
public enum Migrator {
    /// Runs the migrations of a series that have not run yet, each in a transaction of its own together with its entry
    /// in `migration_history`. Processes that do this at once take turns; a second one finds nothing to do.
    ///
    /// - Returns: what was applied now.
    /// - Throws: `MigrationFault` when the recorded history is not the beginning of `migrations`, or when one fails;
    ///   those before it stay, of that one nothing does.
    public static func migrate(
        _ migrations: [Migration], series: String, on owner: PostgresConfiguration
    ) async throws -> [Migration] {
        for (index, migration) in migrations.enumerated() where migration.number != index + 1 {
            throw MigrationFault(
                series, migration, "stands at place \(index + 1): a series is numbered 1, 2, 3 … in order")
        }
        return try await withOwner(owner) { database in
            var applied: [Migration] = []
            for migration in migrations {
                let isNew = try await database.transaction { transaction in
                    try await prepare(transaction)
                    guard try await !check(migrations, series, in: transaction).contains(migration.number) else {
                        return false
                    }
                    try await run(migration, series, in: transaction)
                    return true
                }
                if isNew { applied.append(migration) }
            }
            if migrations.isEmpty {
                try await database.transaction { transaction in
                    try await prepare(transaction)
                    _ = try await check(migrations, series, in: transaction)
                }
            }
            return applied
        }
    }

    /// One connection with patience: rewriting a large table takes its time.
    static func withOwner<T: Sendable>(
        _ owner: PostgresConfiguration, _ body: (Database) async throws -> T
    ) async throws -> T {
        var configuration = owner
        configuration.connections = 1
        configuration.statementTimeout = Limits.Postgres.migration
        let database = Database(configuration, logger: Logger(label: "migrate"))
        let result: Result<T, any Error>
        do { result = .success(try await body(database)) } catch { result = .failure(error) }
        await database.close()
        return try result.get()
    }

    /// Takes this schema's lock for the rest of the transaction; the history's table is there afterwards.
    static func prepare(_ transaction: Transaction) async throws {
        try await transaction.run(
            "SELECT pg_advisory_xact_lock(hashtextextended('lienthong.migrations.' || current_schema(), 0)) IS NULL")
        try await transaction.run(
            """
            CREATE TABLE IF NOT EXISTS migration_history (
                series text NOT NULL,
                number int NOT NULL,
                name text NOT NULL,
                checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),
                PRIMARY KEY (series, number)
            )
            """)
    }

    /// The numbers that have run; throws unless they are the beginning of `migrations`, unchanged.
    private static func check(
        _ migrations: [Migration], _ series: String, in transaction: Transaction
    ) async throws -> Set<Int> {
        let recorded = try await transaction.run(
            "SELECT number, name, checksum FROM migration_history WHERE series = \(series) ORDER BY number")
        let sums = try await transaction.run(
            """
            SELECT encode(sha256(convert_to(sql, 'UTF8')), 'hex') AS checksum
            FROM unnest(\(migrations.map { $0.sql })) WITH ORDINALITY AS given (sql, place) ORDER BY place
            """)
        var numbers: Set<Int> = []
        for row in recorded {
            let number: Int = try row("number")
            let name: String = try row("name")
            guard migrations.indices.contains(number - 1) else {
                throw MigrationFault(series, number, name, "has run on this schema, but is not known to this program")
            }
            let migration = migrations[number - 1]
            guard number == numbers.count + 1 else {
                throw MigrationFault(
                    series, number, name, "has run on this schema, but number \(numbers.count + 1) before it has not")
            }
            guard name == migration.name else {
                throw MigrationFault(series, migration, "has run on this schema under the name “\(name)”")
            }
            guard try row("checksum") == (try sums[number - 1]("checksum") as String) else {
                throw MigrationFault(series, migration, "was changed after it had run on this schema")
            }
            numbers.insert(number)
        }
        return numbers
    }

    private static func run(_ migration: Migration, _ series: String, in transaction: Transaction) async throws {
        do {
            for statement in Script.statements(migration.sql) {
                try await transaction.run(SQL(stringLiteral: statement))
            }
            try await transaction.run(
                """
                INSERT INTO migration_history (series, number, name, checksum)
                VALUES (\(series), \(migration.number), \(migration.name),
                        encode(sha256(convert_to(\(migration.sql), 'UTF8')), 'hex'))
                """)
        } catch {
            throw error.isRetriedAsWhole ? error : MigrationFault(series, migration, "failed", cause: error)
        }
    }
}

/// A migration cannot run, or the schema's history is not this program's.
public struct MigrationFault: Error, CustomStringConvertible {
    public let series: String
    public let number: Int
    public let name: String
    public let reason: String
    public let cause: PostgresError?

    init(_ series: String, _ number: Int, _ name: String, _ reason: String, cause: PostgresError? = nil) {
        self.series = series
        self.number = number
        self.name = name
        self.reason = reason
        self.cause = cause
    }

    init(_ series: String, _ migration: Migration, _ reason: String, cause: PostgresError? = nil) {
        self.init(series, migration.number, migration.name, reason, cause: cause)
    }

    public var description: String {
        "migration \(series)/\(number) “\(name)” \(reason)\(cause.map { ": \($0)" } ?? "")"
    }
}
