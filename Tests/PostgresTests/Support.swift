@testable import Postgres

/// What is in the test's table `t`.
func ids(_ database: Database) async throws -> [Int] {
    try await database.run("SELECT id FROM t ORDER BY id").map { row in try row("id", as: Int.self) }
}

/// What PostgreSQL's client threw; nil when nothing, or something else.
func fault<T>(_ body: () async throws -> T) async -> PostgresError? {
    do {
        _ = try await body()
        return nil
    } catch { return error as? PostgresError }
}
