import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import IntegrationService

/// The real program, killed at its labelled points while a replay and live events are on their way.
@Suite struct KillTests {
    private static let binary = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent(".build/debug/IntegrationService").path

    /// The same database and broker as the test's own service, which itself runs nothing.
    private func start(_ hall: Hall, kill point: String? = nil) throws -> Program {
        let runtime = hall.service.database.runtime
        var environment = Hall.settings.merging([
            "LIENTHONG_PG_HOST": runtime.host, "LIENTHONG_PG_PORT": "\(runtime.port)",
            "LIENTHONG_PG_DATABASE": runtime.database, "LIENTHONG_PG_USER": runtime.user,
            "LIENTHONG_PG_PASSWORD": runtime.password, "LIENTHONG_PG_CONNECTIONS": "4",
            "LIENTHONG_AMQP_PORT": "\(TestBroker.port)", "LIENTHONG_AMQP_VHOST": hall.room.vhost,
            "LIENTHONG_AMQP_USER": "integration", "LIENTHONG_AMQP_PASSWORD": "integration",
            "LIENTHONG_HTTP_PORT": "0", "LIENTHONG_IDENTITY_URL": "http://127.0.0.1:1",
            "LIENTHONG_CLIENT_SECRET": "own", "LIENTHONG_LOG_LEVEL": "warning",
        ]) { $1 }
        environment["LIENTHONG_KILL_AT"] = point
        return try Program("", program: Self.binary, arguments: ["serve"], environment)
    }

    @Test(.timeLimit(.minutes(5)))
    func `killed midway a replay and what is live leave neither a gap nor a number twice`() async throws {
        try await withRoom { room in
            try await room.allow("integration", topics: "^integration[.]", configure: ".*", exchange: Limits.exchange)
            let settings = Hall.settings.merging(["LIENTHONG_AMQP_VHOST": room.vhost]) { $1 }
            try await withService(Main.self, settings) { service in
                let hall = Hall(service: service, room: room, justice: try AgencyCode("H19.12"))
                try await service.nameAdministrator(hall.administrator)
                try await run(hall)
                await hall.removeUsers()
            }
        }
    }

    private func run(_ hall: Hall) async throws {
        try await hall.submit(200)
        let id = try await hall.subscribe(["kind": "queue", "fromPosition": 0])
        let client = try hall.client(pikaClient, try await hall.credentials(id))
        defer { client.stop() }
        var replay = ""
        var live = 200
        for (index, point) in [
            "before-archive-numbers:1", "after-archive-numbers:1", "before-numbering:1", "after-numbering:1",
            "before-settlement:2", "after-numbering:3", "after-settlement:2", "before-numbering:4",
        ].enumerated() {
            if index == 4 {
                let asked = try await hall.post(
                    "/subscriptions/\(id)/replays", ["fromPosition": 1, "throughPosition": 150, "rate": 100])
                #expect(asked.status == 201, "\(asked.json)")
                replay = asked.json["replay"]?.text ?? ""
            }
            try await hall.submit(10)
            live += 10
            let program = try start(hall, kill: point)
            defer { program.stop() }
            try await eventually("the program dies at \(point): \(program.text)", within: .seconds(40)) {
                program.signal == SIGKILL
            }
        }
        let program = try start(hall)
        defer { program.stop() }
        try await eventually("everything is over", within: .seconds(60)) {
            try await hall.allSettled(id, numbered: live + 150)
        }
        try await eventually("the client has everything") { Set(numbers(client)).count == live + 150 }
        try await judge(hall, client, replay: replay, live: live)
        program.ask()
        try await eventually("it ends when it is told to") { !program.isRunning }
    }

    private func numbers(_ client: Program) -> [Int] {
        client.lines.dropFirst().compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }
    }

    private func judge(_ hall: Hall, _ client: Program, replay: String, live: Int) async throws {
        // What came twice came under the same number and with the same id; the first time in order.
        var seen: [Int: Substring] = [:]
        var (last, replayed) = (0, 0)
        for line in client.lines.dropFirst() {
            let words = line.split(separator: " ")
            let number = Int(words[0]) ?? 0
            if let before = seen[number] {
                #expect(before == words[4], "number \(number) names two events")
            } else {
                #expect(number == last + 1)
                (seen[number], last) = (words[4], number)
                if words[3] == replay { replayed += 1 }
            }
        }
        #expect(last == live + 150 && replayed == 150)
        let rows = try await hall.service.database.database.run(
            """
            SELECT count(*) FILTER (WHERE replay IS NULL) AS live, count(DISTINCT position) FILTER
                   (WHERE replay IS NULL) AS positions, count(*) FILTER (WHERE replay IS NOT NULL) AS again,
                   count(DISTINCT position) FILTER (WHERE replay IS NOT NULL) AS places,
                   max(position) FILTER (WHERE replay IS NOT NULL) AS last
            FROM deliveries
            """)
        let row = try #require(rows.first)
        #expect(try row("live", as: Int.self) == live && row("positions", as: Int.self) == live)
        #expect(try row("again", as: Int.self) == 150 && row("places", as: Int.self) == 150)
        #expect(try row("last", as: Int.self) == 150)
    }
}
