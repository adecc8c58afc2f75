import Contracts
import Foundation

/// Where PostgreSQL is and as whom we speak to it. The password never appears in a description.
public struct PostgresConfiguration: Sendable, CustomStringConvertible {
    /// An address; with `further` one of several servers of one cluster, of which one takes writes.
    public var host: String
    public var port: Int
    /// The other servers. A connection is made to whichever of them all is what `target` asks for.
    public var further: [PostgresAddress]
    /// Which server will do. Nil: with one address whatever answers there, with several the one that takes writes.
    public var target: PostgresTarget?
    public var database: String
    public var user: String
    public var password: String
    /// The search path: the service's own schema.
    public var schema: String
    public var connections: Int
    public var statementTimeout: Duration

    public init(
        host: String, port: Int, database: String, user: String, password: String, schema: String,
        connections: Int = Limits.Postgres.connections, statementTimeout: Duration = Limits.Postgres.statement,
        further: [PostgresAddress] = []
    ) {
        self.host = host
        self.port = port
        self.further = further
        self.database = database
        self.user = user
        self.password = password
        self.schema = schema
        self.connections = connections
        self.statementTimeout = statementTimeout
    }

    public var description: String {
        "\(user)@\(addresses.map(\.description).joined(separator: ","))/\(database) schema \(schema)"
    }

    var addresses: [PostgresAddress] { [PostgresAddress(host: host, port: port)] + further }

    /// Parameters of PQconnectStartParams. `host` is an address, so that nothing resolves names on the reactor. libpq
    /// tries several in the order given, and waits for a silent one until our own time is over: so each connection
    /// begins with another one.
    var parameters: [(String, String)] {
        let options = [
            "search_path=\(schema)", "TimeZone=UTC", "statement_timeout=\(statementTimeout.milliseconds)",
            "idle_in_transaction_session_timeout=\(Limits.Postgres.idleInTransaction.milliseconds)",
            "client_min_messages=warning", "jit=off",
        ].map { "-c \($0)" }.joined(separator: " ")
        let servers = addresses.shuffled()
        return [
            ("host", servers.map(\.host).joined(separator: ",")),
            ("port", servers.map { "\($0.port)" }.joined(separator: ",")),
            ("target_session_attrs", (target ?? (further.isEmpty ? .any : .writable)).rawValue),
            ("dbname", database), ("user", user), ("password", password),
            ("application_name", "lienthong-\(schema)"), ("options", options), ("client_encoding", "UTF8"),
            ("tcp_user_timeout", "\(Limits.Postgres.tcpSilence.milliseconds)"), ("keepalives_idle", "10"),
            ("connect_timeout", "\(Limits.Postgres.connect.components.seconds)"),
        ]
    }
}

/// One server of a PostgreSQL cluster.
public struct PostgresAddress: Sendable, Hashable, CustomStringConvertible {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What a server must be for a connection to be kept (libpq's target_session_attrs).
public enum PostgresTarget: String, Sendable {
    case any
    /// Takes writes, and the role may write by default.
    case writable = "read-write"
    /// Takes writes; for roles that only read.
    case primary
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
