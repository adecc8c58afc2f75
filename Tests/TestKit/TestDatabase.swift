import Contracts
import Foundation
import Postgres
import Synchronization

/// The PostgreSQL server that the test command started, told by LIENTHONG_TEST_PG_PORT and LIENTHONG_TEST_PG_PASSWORD.
public enum TestPostgres {
    private static let environment = ProcessInfo.processInfo.environment
    public static let port = Int(environment["LIENTHONG_TEST_PG_PORT"] ?? "") ?? 8190
    /// The password of the roles that tests make: theirs is a server that lives as long as the tests.
    static let rolePassword = "test"

    /// The superuser in one database.
    public static func administrator(
        _ database: String = "postgres", schema: String = "public", connections: Int = 2
    ) -> PostgresConfiguration {
        PostgresConfiguration(
            host: "127.0.0.1", port: port, database: database, user: "postgres",
            password: environment["LIENTHONG_TEST_PG_PASSWORD"] ?? "", schema: schema, connections: connections,
            statementTimeout: .seconds(120))
    }

    /// Creates and drops databases; lives as long as the process.
    static let server = Database(administrator(connections: 6), logger: quiet)
    /// The server has 400 connections, and several test processes may share it.
    static let gate = Gate(12)
    @TaskLocal static var isInside = false
}

/// A database for one test, with the schema of one service, its owner role and its runtime role.
public struct TestDatabase: Sendable {
    public let name: String
    /// Connects as the superuser, the schema in its path.
    public let administrator: PostgresConfiguration
    /// The role that owns the schema and migrates it.
    public let owner: PostgresConfiguration
    /// The role that the service runs as.
    public let runtime: PostgresConfiguration
    /// Open as the runtime role.
    public let database: Database
    private let opened = Opened()

    private final class Opened: Sendable { let all = Mutex<[Database]>([]) }

    init(name: String, schema: String, connections: Int) {
        self.name = name
        administrator = TestPostgres.administrator(name, schema: schema)
        func role(_ user: String) -> PostgresConfiguration {
            PostgresConfiguration(
                host: "127.0.0.1", port: TestPostgres.port, database: name, user: user,
                password: TestPostgres.rolePassword, schema: schema, connections: connections)
        }
        owner = role(Template.owner(of: schema))
        runtime = role(Template.runtime(of: schema))
        database = Database(runtime, logger: quiet)
    }

    public var schema: String { owner.schema }

    /// Another pool on this database, closed when the test ends.
    public func open(_ configuration: PostgresConfiguration) -> Database {
        let database = Database(configuration, logger: quiet)
        opened.all.withLock { $0.append(database) }
        return database
    }

    func close() async {
        await database.close()
        for database in opened.all.withLock({ $0 }) { await database.close() }
    }
}

/// A fresh database while `body` runs: `withDatabase(["eventlog": EventLogSchema.migrations], schema: "hr") { … }`.
///
/// It is copied from a template that holds these migrations, made once for each content, so that it takes little time.
/// Without migrations the runtime role may create tables in the schema itself.
public func withDatabase<T: Sendable>(
    _ series: KeyValuePairs<String, [Migration]> = [:], schema: String = "test", appendOnly: [String] = [],
    connections: Int = 4, _ body: (TestDatabase) async throws -> T
) async throws -> T {
    let content = series.map { "\($0.key)\($0.value.map { "\($0.number)\($0.name)\($0.sql)" })" }
    let template = Template(content: "\(content)\(appendOnly)", schema: schema) { owner, runtime in
        for (name, migrations) in series { _ = try await Migrator.migrate(migrations, series: name, on: owner) }
        if series.isEmpty {
            let database = Database(owner, logger: quiet)
            try await database.run("GRANT ALL ON SCHEMA \(raw: schema) TO \(raw: runtime)")
            await database.close()
        } else {
            try await Migrator.grant(to: runtime, on: owner, appendOnly: appendOnly)
        }
    }
    return try await withDatabase(from: template, connections: connections, body)
}

/// A fresh copy of a template while `body` runs.
public func withDatabase<T: Sendable>(
    from template: Template, connections: Int = 4, _ body: (TestDatabase) async throws -> T
) async throws -> T {
    // A test that needs a second database while it holds one must not wait for others that do the same.
    let waits = !TestPostgres.isInside
    if waits { await TestPostgres.gate.enter() }
    do {
        let result = try await copy(template, connections, body)
        if waits { await TestPostgres.gate.leave() }
        return result
    } catch {
        if waits { await TestPostgres.gate.leave() }
        throw error
    }
}

private func copy<T: Sendable>(
    _ template: Template, _ connections: Int, _ body: (TestDatabase) async throws -> T
) async throws -> T {
    let source = try await Templates.shared.ready(template)
    let name = "t_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
    try await TestPostgres.server.run("CREATE DATABASE \(raw: name) TEMPLATE \(raw: source)")
    let database = TestDatabase(name: name, schema: template.schema, connections: connections)
    let result: Result<T, any Error>
    do {
        result = .success(try await TestPostgres.$isInside.withValue(true) { try await body(database) })
    } catch { result = .failure(error) }
    await database.close()
    // Not cancelled with the test: what was made goes away.
    try await Task { _ = try await TestPostgres.server.run("DROP DATABASE \(raw: name) WITH (FORCE)") }.value
    return try result.get()
}
