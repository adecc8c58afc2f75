import Foundation
import Postgres

/// A migrated database that tests copy: made once for each content, whichever test process comes first.
public struct Template: Sendable {
    public let schema: String
    let name: String
    let migrate: @Sendable (_ owner: PostgresConfiguration, _ runtimeRole: String) async throws -> Void

    /// `content` names everything that `migrate` depends on: another content is another template.
    public init(
        content: String, schema: String,
        migrate: @escaping @Sendable (_ owner: PostgresConfiguration, _ runtimeRole: String) async throws -> Void
    ) {
        self.schema = schema
        self.migrate = migrate
        name = "tpl_\(schema)_\(String(Self.hash("\(content) \(schema)"), radix: 16))"
    }

    static func owner(of schema: String) -> String { "t_\(schema)_owner" }
    static func runtime(of schema: String) -> String { "t_\(schema)" }

    /// FNV-1a: the same in every process, unlike Swift's own.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }

    /// Makes the template unless it is there. Another process that makes the same one is waited for.
    func make() async throws {
        try await TestPostgres.server.transaction { lock in
            try await lock.run("SELECT pg_advisory_xact_lock(\(7_412_003))")
            let found = try await lock.run("SELECT 1 AS one FROM pg_database WHERE datname = \(name) AND datistemplate")
            guard found.isEmpty else { return }
            for role in [Self.owner(of: schema), Self.runtime(of: schema)] {
                let known = try await lock.run("SELECT 1 AS one FROM pg_roles WHERE rolname = \(role)")
                if !known.isEmpty { continue }
                try await TestPostgres.server.run(
                    "CREATE ROLE \(raw: role) LOGIN PASSWORD '\(raw: TestPostgres.rolePassword)'")
            }
            // A process that died half-way left one that is no template yet.
            try await TestPostgres.server.run("DROP DATABASE IF EXISTS \(raw: name) WITH (FORCE)")
            try await TestPostgres.server.run("CREATE DATABASE \(raw: name) TEMPLATE template0")
            try await fill()
            try await TestPostgres.server.run("ALTER DATABASE \(raw: name) IS_TEMPLATE true")
        }
    }

    private func fill() async throws {
        let database = TestDatabase(name: name, schema: schema, connections: 1)
        let administrator = database.open(database.administrator)
        let result: Result<Void, any Error>
        do {
            try await administrator.run("REVOKE ALL ON SCHEMA public FROM PUBLIC")
            try await administrator.run("CREATE SCHEMA \(raw: schema) AUTHORIZATION \(raw: Self.owner(of: schema))")
            try await administrator.run("GRANT USAGE ON SCHEMA \(raw: schema) TO \(raw: Self.runtime(of: schema))")
            try await migrate(database.owner, Self.runtime(of: schema))
            result = .success(())
        } catch { result = .failure(error) }
        await database.close()
        try result.get()
    }
}

/// The templates that this process has asked for.
actor Templates {
    static let shared = Templates()
    private var made: [String: Task<Void, any Error>] = [:]

    /// The template's name, once it can be copied.
    func ready(_ template: Template) async throws -> String {
        let task = made[template.name] ?? Task { try await template.make() }
        made[template.name] = task
        try await task.value
        return template.name
    }
}
