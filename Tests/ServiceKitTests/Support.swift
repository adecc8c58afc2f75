import Contracts
import EventLog
import Foundation
import Logging
import Postgres
import Synchronization
import TestKit

@testable import ServiceKit

/// The desk on a database of its own, asked in this process; no broker and no HTTP.
struct DeskRoom: Sendable {
    static let issuer = "http://127.0.0.1:1"

    let database: TestDatabase
    let running: RunningService
    let key: SigningKey

    var responder: Responder { running.responder }

    /// Claims of a token that is valid now.
    static func claims(
        _ kind: AccountKind, account: AccountID = .new(), person: PersonID? = nil, client: String = "portal",
        changing: [String: JSON] = [:]
    ) -> JSON {
        let now = Int64(Date().timeIntervalSince1970)
        var members: [String: JSON] = [
            "iss": .string(issuer), "aud": "lienthong", "sub": .string(kind == .program ? client : account.text),
            "iat": .integer(now), "exp": .integer(now + 300), "client_id": .string(client),
            "kind": .string(kind.rawValue),
        ]
        if kind != .program { members["person"] = .string((person ?? .new()).text) }
        // null: the claim is left out.
        for (name, value) in changing { members[name] = value == .null ? nil : value }
        return .object(members.sorted { $0.key < $1.key }.map { JSON.Member($0.key, $0.value) })
    }

    func token(
        _ kind: AccountKind = .official, account: AccountID = .new(), person: PersonID? = nil,
        client: String = "portal", changing: [String: JSON] = [:]
    ) throws -> String {
        try key.sign(Self.claims(kind, account: account, person: person, client: client, changing: changing))
    }

    func ask(
        _ method: String, _ target: String, _ body: String? = nil, token: String? = nil,
        headers: [(name: String, value: String)] = []
    ) async -> Outgoing {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        var all = headers
        if let token { all.append(("authorization", "Bearer \(token)")) }
        if body != nil, !headers.contains(where: { $0.name == "content-type" }) {
            all.append(("content-type", "application/json"))
        }
        return await responder.respond(
            Incoming(
                method, parts[0], query: parts.count > 1 ? parts[1] : "", headers: all, body: Array((body ?? "").utf8)))
    }

    /// How many rows a table has.
    func count(_ table: String) async throws -> Int {
        try await database.database.run("SELECT count(*) AS n FROM \(raw: table)").first?("n") ?? 0
    }
}

extension Outgoing {
    var json: JSON { (try? JSON(parsing: body)) ?? .null }
    var code: String? { json["code"]?.text }
    var faults: [String] { (json["errors"]?.array ?? []).compactMap { $0["field"]?.text } }
}

func environment(_ database: TestDatabase, changing: [String: String] = [:]) -> [String: String] {
    [
        "LIENTHONG_PG_HOST": database.runtime.host, "LIENTHONG_PG_PORT": "\(database.runtime.port)",
        "LIENTHONG_PG_DATABASE": database.name, "LIENTHONG_PG_USER": database.runtime.user,
        "LIENTHONG_PG_PASSWORD": database.runtime.password, "LIENTHONG_PG_CONNECTIONS": "4",
        "LIENTHONG_AMQP_PORT": "1", "LIENTHONG_AMQP_USER": "nobody", "LIENTHONG_AMQP_PASSWORD": "nothing",
        "LIENTHONG_HTTP_PORT": "0", "LIENTHONG_IDENTITY_URL": DeskRoom.issuer, "LIENTHONG_CLIENT_SECRET": "own",
        "LIENTHONG_REHEARSAL": "1",
    ].merging(changing) { $1 }
}

func withDeskDatabase<T: Sendable>(_ body: (TestDatabase) async throws -> T) async throws -> T {
    try await withDatabase(
        [
            "eventlog": EventLogSchema.migrations, "servicekit": ServiceKitSchema.migrations, "hr": Desk.migrations,
        ], schema: "hr", appendOnly: EventLogSchema.appendOnly, body)
}

/// - Parameter log: where the desk logs; silent when absent.
func withDesk<T: Sendable>(
    changing: [String: String] = [:], log: Logger = quiet, _ body: (DeskRoom) async throws -> T
) async throws -> T {
    try await withDeskDatabase { database in
        let configuration = try Configuration(
            service: .hr, environment: environment(database, changing: changing), for: .serve)
        let running = try await RunningService(Desk.self, configuration, log: log)
        let key = SigningKey()
        try running.runtime.tokens.use([key.jwk])
        let room = DeskRoom(database: database, running: running, key: key)
        let result: Result<T, any Error>
        do { result = .success(try await body(room)) } catch { result = .failure(error) }
        await running.runtime.database.close()
        return try result.get()
    }
}

/// What was logged, line by line.
final class LogLines: Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }

    func logger(_ level: Logger.Level = .debug) -> Logger {
        Logger(label: "hr") { label in
            JSONLogHandler(service: "hr", label: label, level: level) { line in
                self.kept.withLock { $0.append(String(decoding: line.dropLast(), as: UTF8.self)) }
            }
        }
    }
}
