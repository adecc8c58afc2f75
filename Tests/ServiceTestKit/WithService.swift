import AMQP
import Contracts
import EventLog
import Foundation
import Logging
import Postgres
import Sealing
import ServiceKit
import ServiceLifecycle
import TestKit

/// A service while `body` runs: on a database of its own, asked in this process, trusting a key of the tests.
///
/// Nothing runs in the background and there is no broker, so that a test decides what happens when; with a room, the
/// whole service runs: relay, inbox, timers and HTTP too.
/// - Parameters:
///   - settings: further variables of its environment, or others in place of the usual ones.
///   - log: for a test that reads what the service logs.
@discardableResult
public func withService<M: Microservice, T: Sendable>(
    _ service: M.Type, _ settings: [String: String] = [:], in room: Room? = nil, log: Logger = quiet,
    _ body: (TestService) async throws -> T
) async throws -> T {
    let files = FileManager.default.temporaryDirectory.appendingPathComponent("files-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: files, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: files) }
    return try await withDatabase(of: service) { database in
        let key = SigningKey()
        try await database.database.run("INSERT INTO verifier_keys (kid, jwk) VALUES (\(key.kid), \(key.jwk))")
        var environment = usual(M.name, database, files: files.path)
        if let room { environment.merge(try await broker(room, M.name)) { $1 } }
        environment.merge(settings) { $1 }
        let running = try await RunningService(
            service, Configuration(service: M.name, environment: environment, for: .serve), log: log)
        let issuer = environment["LIENTHONG_IDENTITY_URL"] ?? ""
        let test = TestService(database: database, running: running, key: key, issuer: issuer)
        guard room != nil else {
            let result: Result<T, any Error>
            do { result = .success(try await body(test)) } catch { result = .failure(error) }
            await running.runtime.database.close()
            return try result.get()
        }
        return try await whileRunning(running) { try await body(test) }
    }
}

/// A database with the schema of a service, and nothing in it.
public func withDatabase<M: Microservice, T: Sendable>(
    of service: M.Type, _ body: (TestDatabase) async throws -> T
) async throws -> T {
    try await withDatabase(
        [
            "eventlog": EventLogSchema.migrations, "servicekit": ServiceKitSchema.migrations,
            M.name.rawValue: M.migrations,
        ], schema: M.name.rawValue, appendOnly: EventLogSchema.appendOnly + M.appendOnly, body)
}

private func usual(_ service: ServiceName, _ database: TestDatabase, files: String) -> [String: String] {
    [
        "LIENTHONG_PG_HOST": database.runtime.host, "LIENTHONG_PG_PORT": "\(database.runtime.port)",
        "LIENTHONG_PG_DATABASE": database.name, "LIENTHONG_PG_USER": database.runtime.user,
        "LIENTHONG_PG_PASSWORD": database.runtime.password, "LIENTHONG_PG_CONNECTIONS": "4",
        "LIENTHONG_AMQP_PORT": "1", "LIENTHONG_AMQP_USER": "nobody", "LIENTHONG_AMQP_PASSWORD": "none",
        "LIENTHONG_HTTP_PORT": "0", "LIENTHONG_IDENTITY_URL": "http://127.0.0.1:1", "LIENTHONG_CLIENT_SECRET": "own",
        "LIENTHONG_FILES_DIR": files, "LIENTHONG_SEALING_KEY": TestKeys.secret(service),
        "LIENTHONG_SEALING_PUBLIC": TestKeys.everybody,
    ]
}

/// Key pairs for what services seal for each other; anybody who reads this knows them.
public enum TestKeys {
    public static func secret(_ service: ServiceName) -> String {
        let digits = String(Array(service.rawValue.utf8).reduce(17) { $0 &* 31 &+ UInt64($1) }, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits + String(repeating: "5", count: 48)
    }

    public static func key(_ service: ServiceName) throws -> ServiceKey {
        try ServiceKey(service, hex: secret(service))
    }

    static let everybody = ServiceName.allCases.compactMap { service in
        (try? key(service)).map { "\(service.rawValue)=\($0.publicKey.hex)" }
    }.joined(separator: ",")
}

/// The broker checks that events of a service come from the user of its name.
private func broker(_ room: Room, _ service: ServiceName) async throws -> [String: String] {
    let user = service.rawValue
    try await room.allow(user, topics: "^\(user)[.]", configure: ".*", exchange: Limits.exchange)
    // What the definitions of Deploy/local make: no service needs the right to declare them. The queue stands for the
    // consumers that do not run here: a relay holds what none of them can get.
    try await Topology.declare(
        room.configuration, exchanges: [Exchange(Limits.exchange), Exchange(Limits.commandExchange)],
        queues: [QueueTopology(name: "everybody", exchange: Exchange(Limits.exchange), bindings: ["#"])])
    return [
        "LIENTHONG_AMQP_PORT": "\(TestBroker.port)", "LIENTHONG_AMQP_VHOST": room.vhost, "LIENTHONG_AMQP_USER": user,
        "LIENTHONG_AMQP_PASSWORD": user,
    ]
}

private func whileRunning<T: Sendable>(_ running: RunningService, _ body: () async throws -> T) async throws -> T {
    let group = running.group()
    let task = Task { try await group.run() }
    let result: Result<T, any Error>
    do { result = .success(try await body()) } catch { result = .failure(error) }
    await group.triggerGracefulShutdown()
    try await task.value
    return try result.get()
}
