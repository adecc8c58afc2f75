import Contracts
import EventLog
import FakeBroker
import Foundation
import Glibc
import Logging
import Postgres
import ServiceLifecycle
import Synchronization
import TestKit
import Testing

@testable import ServiceKit

/// The whole service with its HTTP server; the broker is away, at first or all the time.
@Suite struct ServingTests {
    private func serve<T: Sendable>(
        changing: [String: String] = [:], _ body: (DeskRoom, String) async throws -> T
    ) async throws -> T {
        try await withDesk(changing: changing) { desk in
            let group = desk.running.group()
            return try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await eventually("it listens") { desk.running.port != nil }
                let result: Result<T, any Error>
                do { result = .success(try await body(desk, "http://127.0.0.1:\(desk.running.port ?? 0)")) } catch {
                    result = .failure(error)
                }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return try result.get()
            }
        }
    }

    @Test func `it serves, and writes, while the broker is away`() async throws {
        try await serve { desk, address in
            let client = Outbound()
            #expect(try await client.send(.GET, "\(address)/health/ready").status == 200)
            let authorization = ("authorization", "Bearer \(try desk.token())")
            let made = try await client.send(
                .POST, "\(address)/things", headers: [authorization, ("content-type", "application/json")],
                body: Array(#"{"label":"loud"}"#.utf8))
            #expect(made.status == 201)
            #expect(try await desk.count("event_log") == 1)
            let list = try await client.send(.GET, "\(address)/things?limit=5", headers: [authorization])
            #expect(try JSON(parsing: list.body)["things"]?.array?.count == 1)
        }
    }

    @Test func `what it wrote while the broker was away goes out when it comes`() async throws {
        let place = try FakeBroker()
        place.close()
        try await serve(changing: ["LIENTHONG_AMQP_PORT": "\(place.port)"]) { desk, _ in
            let made = await desk.ask("POST", "/things", #"{"label":"loud"}"#, token: try desk.token())
            #expect(made.status == 201)
            let broker = try FakeBroker(port: place.port)
            defer { broker.close() }
            try await eventually("the event is published") { broker.record.published.count == 1 }
            try await eventually("the relay knows that it is") {
                try await desk.database.database.run("SELECT confirmed_seq FROM relay_cursor").first?("confirmed_seq")
                    == 1
            }
            try await eventually("and listens to others") { broker.record.consumers > 0 }
        }
    }

    @Test func `another service reads the feed with a token of its own, which it keeps`() async throws {
        let identity = try await FakeIdentity.start()
        try await serve(changing: ["LIENTHONG_IDENTITY_URL": identity.address]) { desk, address in
            let token = try identity.key.sign(
                DeskRoom.claims(.official, changing: ["iss": .string(identity.address)]))
            let made = await desk.ask("POST", "/things", #"{"label":"loud"}"#, token: token)
            #expect(made.status == 201)
            let mail = try Configuration(
                service: .mail,
                environment: environment(
                    desk.database,
                    changing: ["LIENTHONG_IDENTITY_URL": identity.address, "LIENTHONG_FEEDS": "hr=\(address)"]),
                for: .serve)
            let feed = FeedClient(mail, log: quiet)
            let all = FeedRequest.after(.start, source: "hr", aggregates: ["agency", "unit"])
            try await eventually("the relay's tick is readable") { try await feed.fetch(all).events.count == 1 }
            let page = try await feed.fetch(all)
            let event = try #require(page.events.first)
            #expect(event.type == AgencyDissolved.type && event.version == 1 && page.isLast)
            #expect(try JSON(parsing: event.payload)["code"] == "H19.12")
            #expect(try await feed.fetch(.after(page.through, source: "hr", aggregates: ["agency"])).events.isEmpty)
            let one = try await feed.fetch(.aggregate(event.aggregate, from: 1))
            #expect(one.events.map(\.id) == [event.id])
            #expect(try await feed.fetch(.aggregate(event.aggregate, from: 2)).events.isEmpty)
            #expect(identity.given.filter { $0 == "mail" }.count == 1)
            await #expect(throws: OutboundFault.self) {
                _ = try await feed.fetch(.after(.start, source: "budget", aggregates: ["fee"]))
            }
        }
        await identity.stop()
    }

    @Test func `a body over the limit is answered before it is read`() async throws {
        try await serve { _, address in
            let answer = try await Outbound().send(
                .POST, "\(address)/raw", body: [UInt8](repeating: 0x61, count: 500_000))
            #expect(answer.status == 413)
            #expect(try JSON(parsing: answer.body)["code"] == "body-too-large")
            #expect(try await Outbound().send(.POST, "\(address)/raw", body: [0x61]).body == [0x31])
        }
    }

    @Test func `raw HTTP: HEAD, 204, Date, unknown length over the limit`() async throws {
        try await serve { desk, address in
            let port = try #require(desk.running.port)
            let head = try await talk(port, "HEAD /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 200"))
            #expect(head.lowercased().contains("content-length: 17\r\n"))
            #expect(head.contains(" GMT\r\n"))
            #expect(head.hasSuffix("\r\n\r\n"))
            let chunk = "20\r\n\(String(repeating: "a", count: 32))\r\n0\r\n\r\n"
            let chunked = try await talk(
                port, "POST /raw HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)")
            #expect(chunked.hasPrefix("HTTP/1.1 413"))
            #expect(chunked.lowercased().contains("connection: close\r\n"))
            let bad = try await talk(port, "NOT HTTP\r\n\r\n")
            #expect(bad.hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test func `a graceful stop lets the running request finish`() async throws {
        try await withDesk { desk in
            let group = desk.running.group()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await eventually("it listens") { desk.running.port != nil }
                let port = try #require(desk.running.port)
                let token = try desk.token()
                let latch = desk.running.runtime.resource(Latch.self)
                async let answer = Outbound().send(
                    .POST, "http://127.0.0.1:\(port)/wait", headers: [("authorization", "Bearer \(token)")])
                try await eventually("the request is inside") { latch.entered == 1 }
                await group.triggerGracefulShutdown()
                try await eventually("nobody else is let in") {
                    (try? await Outbound().send(.GET, "http://127.0.0.1:\(port)/health/live")) == nil
                }
                latch.open()
                #expect(try await answer.status == 200)
                try await tasks.waitForAll()
            }
        }
    }

    @Test func `a port that is taken ends the service with an error, and nothing goes on running`() async throws {
        try await serve { desk, _ in
            let changed = ["LIENTHONG_HTTP_PORT": "\(try #require(desk.running.port))"]
            let configuration = try Configuration(
                service: .hr, environment: environment(desk.database, changing: changed), for: .serve)
            let twin = try await RunningService(Desk.self, configuration, log: quiet)
            let run = Task { try await twin.group().run() }
            let ended = Mutex(false)
            let watch = Task {
                await #expect(throws: (any Error).self) { try await run.value }
                ended.withLock { $0 = true }
            }
            try await eventually("it gave up") { ended.withLock { $0 } }
            run.cancel()
            await watch.value
        }
    }

    @Test func `with the database away the start waits and says so; a schema that lacks something is named`()
        async throws
    {
        try await withDeskDatabase { database in
            let log = LogLines()
            let away = try Configuration(
                service: .hr, environment: environment(database, changing: ["LIENTHONG_PG_PORT": "1"]), for: .serve)
            let start = Task { try await RunningService(Desk.self, away, log: log.logger()) }
            try await eventually("it says that it waits") {
                log.lines.contains { $0.contains("PostgreSQL does not answer") }
            }
            #expect(!log.lines.contains { $0.contains(database.runtime.password + "\"") })
            start.cancel()
            _ = try? await start.value
            try await database.open(database.owner).run("DELETE FROM migration_history WHERE series = 'hr'")
            let configuration = try Configuration(service: .hr, environment: environment(database), for: .serve)
            await #expect(throws: SchemaTooOld.self) {
                _ = try await RunningService(Desk.self, configuration, log: quiet)
            }
        }
    }

    /// Sends raw bytes and reads until the server closes, off the cooperative pool.
    private func talk(_ port: Int, _ text: String) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            DispatchQueue.global().async {
                let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
                defer { close(socket) }
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = in_port_t(port).bigEndian
                address.sin_addr.s_addr = inet_addr("127.0.0.1")
                var patience = timeval(tv_sec: 20, tv_usec: 0)
                setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
                let connected = withUnsafePointer(to: &address) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
                guard connected == 0 else { return continuation.resume(throwing: URLError(.cannotConnectToHost)) }
                _ = text.withCString { send(socket, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
                var all: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 4_096)
                while case let count = recv(socket, &buffer, buffer.count, 0), count > 0 { all += buffer[..<count] }
                continuation.resume(returning: String(decoding: all, as: UTF8.self))
            }
        }
    }
}
