import Contracts

extension Migrator {
    /// Gives the runtime role exactly what it needs on the owner's schema, and takes away the rest: it reads and writes
    /// tables, only reads and adds to append-only ones, only reads the migration history, and can pass nothing on.
    ///
    /// - Throws: `GrantFault` when the role could act as the owner anyway, or an append-only table does not exist.
    public static func grant(
        to runtimeRole: String, on owner: PostgresConfiguration, appendOnly: [String]
    ) async throws {
        try await withOwner(owner) { database in
            try await database.transaction { transaction in
                try await prepare(transaction)
                let power = try await transaction.run(
                    "SELECT pg_has_role(\(runtimeRole)::name, current_user, 'MEMBER') AS is_owner")
                if try power.first?("is_owner") == true {
                    throw GrantFault(role: runtimeRole, reason: "can act as \(owner.user): no grant would bind it")
                }
                let found = try await transaction.run(
                    "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename")
                let tables = try found.map { row in try row("tablename", as: String.self) }
                for name in appendOnly where !tables.contains(name) {
                    throw GrantFault(role: runtimeRole, reason: "the append-only table \(name) does not exist")
                }
                for statement in statements(runtimeRole, owner.schema, tables, Set(appendOnly)) {
                    try await transaction.run(SQL(stringLiteral: statement))
                }
            }
        }
    }

    private static func statements(
        _ role: String, _ schema: String, _ tables: [String], _ appendOnly: Set<String>
    ) -> [String] {
        let (role, schema) = (quoted(role), quoted(schema))
        var statements = ["TABLES", "SEQUENCES"].map {
            "REVOKE ALL ON ALL \($0) IN SCHEMA \(schema) FROM PUBLIC, \(role) CASCADE"
        }
        statements += [
            "REVOKE ALL ON SCHEMA \(schema) FROM PUBLIC, \(role) CASCADE",
            "GRANT USAGE ON SCHEMA \(schema) TO \(role)",
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA \(schema) TO \(role)",
        ]
        for table in tables {
            let rights =
                table == "migration_history"
                ? "SELECT" : appendOnly.contains(table) ? "SELECT, INSERT" : "SELECT, INSERT, UPDATE, DELETE"
            statements.append("GRANT \(rights) ON \(schema).\(quoted(table)) TO \(role)")
        }
        return statements
    }

    private static func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
}

/// The runtime role cannot be given what it needs and nothing more.
public struct GrantFault: Error, CustomStringConvertible {
    public let role: String
    public let reason: String

    public var description: String { "role \(role): \(reason)" }
}
