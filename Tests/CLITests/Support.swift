import Contracts
import EventLog
import Foundation
import Postgres
import Receipts
import ServiceKit
import ServiceTestKit
import Synchronization
import TestKit
import Testing

@testable import lienthong

/// A service with one way to announce something, and the whole backbone behind it.
enum Office: Microservice {
    static let name = ServiceName.hr
    static let title = "Office"
    static let migrations = [Migration(1, "things", "CREATE TABLE things (id uuid PRIMARY KEY, version bigint)")]
    static let endpoints: [any Mountable.Type] = []
    static let reactions: [any Reaction.Type] = []
}

/// The service runs, and files are kept in a folder of the test.
struct CLIBench: Sendable {
    let service: TestService
    let key: SealingKey
    let folder: URL

    var database: Database { service.database.database }
    var address: String { "http://127.0.0.1:\(service.running.port ?? 0)" }
    var pem: String { path("public.pem") }
    var keys: [SealKey] { [key.open.of(Office.name.rawValue)] }

    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    func announce(_ count: Int, _ prefix: String = "thing") async throws {
        try await database.run(
            """
            INSERT INTO event_log
                (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, actor, occurred_at, payload)
            SELECT e.epoch, gen_random_uuid(), 'thing', \(prefix) || ' ' || g, 1, 'hr.thing.done.v1', 'tester', now(),
                   '{"việc":"đã làm"}'
            FROM generate_series(1, \(Int64(count))) g CROSS JOIN relay_epoch e
            """)
    }

    func sealed(_ count: Int) async throws {
        try await eventually("\(count) events are sealed") {
            let rows = try await database.run("SELECT coalesce(sum(cardinality(counts)), 0) AS n FROM receipt_seal")
            let seals = try await database.run("SELECT statement FROM receipt_seal")
            let events = try seals.compactMap { Seal(try $0("statement", as: String.self))?.events }.reduce(0, +)
            return !rows.isEmpty && events == count
        }
    }

    /// What the command says, and whether it is content.
    func run(_ arguments: String...) async throws -> (isGood: Bool, said: String) {
        let lines = Kept<[String]>([])
        let isGood = try await Main.run(arguments) { line in lines.change { $0.append(line) } }
        return (isGood, lines.value.joined(separator: "\n"))
    }

    /// The receipt of the event in this row, as the endpoint answers it.
    func receipt(seq: Int64) async throws -> TestService.Answer {
        let row = try #require(try await database.run("SELECT id FROM event_log WHERE seq = \(seq)").first)
        let id: UUID = try row("id")
        return try await service.send(
            "GET", "/events/\(id.text)/receipt",
            headers: [("authorization", "Bearer \(try service.token(program: "onestop"))")])
    }

    func audit(anchor: String?) async throws -> (isGood: Bool, said: String) {
        let lines = Kept<[String]>([])
        let isGood = try await AuditCommand.run(
            "hr", service.database.open(service.database.owner), keys, anchor: anchor
        ) { line in lines.change { $0.append(line) } }
        return (isGood, lines.value.joined(separator: "\n"))
    }
}

func withCLI(_ body: (CLIBench) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("cli-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let seed = Hex.encode((0..<32).map { _ in UInt8.random(in: 0...255) })
    let key = try #require(SealingKey(hex: seed))
    try key.open.of(Office.name.rawValue).labelled.write(
        to: folder.appendingPathComponent("public.pem"), atomically: true, encoding: .utf8)
    try await withRoom { room in
        try await withService(Office.self, ["LIENTHONG_RECEIPT_KEY": seed], in: room) { service in
            try await eventually("it listens") { service.running.port != nil }
            try await body(CLIBench(service: service, key: key, folder: folder))
        }
    }
}
