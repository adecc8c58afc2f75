import Contracts
import Foundation

/// Where PostgreSQL is and as whom we speak to it. The password never appears in a description.
public struct PostgresConfiguration: Sendable, CustomStringConvertible {
    public var host: String
    public var port: Int
    public var database: String
    public var user: String
    public var password: String
    /// The search path: the service's own schema.
    public var schema: String
    public var connections: Int
    public var statementTimeout: Duration

    public init(
        host: String, port: Int, database: String, user: String, password: String, schema: String,
        connections: Int = Limits.Postgres.connections, statementTimeout: Duration = Limits.Postgres.statement
    ) {
        self.host = host
        self.port = port
        self.database = database
        self.user = user
        self.password = password
        self.schema = schema
        self.connections = connections
        self.statementTimeout = statementTimeout
    }

    public var description: String { "\(user)@\(host):\(port)/\(database) schema \(schema)" }

    /// Parameters of PQconnectStartParams. `host` is an address, so that nothing resolves names on the reactor.
    var parameters: [(String, String)] {
        let options = [
            "search_path=\(schema)", "TimeZone=UTC", "statement_timeout=\(statementTimeout.milliseconds)",
            "idle_in_transaction_session_timeout=\(Limits.Postgres.idleInTransaction.milliseconds)",
            "client_min_messages=warning", "jit=off",
        ].map { "-c \($0)" }.joined(separator: " ")
        return [
            ("host", host), ("port", "\(port)"), ("dbname", database), ("user", user), ("password", password),
            ("application_name", "lienthong-\(schema)"), ("options", options), ("client_encoding", "UTF8"),
            ("tcp_user_timeout", "\(Limits.Postgres.tcpSilence.milliseconds)"), ("keepalives_idle", "10"),
            ("connect_timeout", "\(Limits.Postgres.connect.components.seconds)"),
        ]
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000 }
}

/// How the pool stands.
public struct PoolMetrics: Sendable {
    public var connected = 0
    public var borrowed = 0
    /// Statements waiting for a connection, and sent and not answered.
    public var waiting = 0
    public var inFlight = 0
    public var reconnects = 0
    public var statements = 0
}
