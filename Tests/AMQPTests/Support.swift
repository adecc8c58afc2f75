import AMQP
import Contracts
import Foundation
import FoundationNetworking
import Logging
import Synchronization
import Testing

/// The broker that the test command started, told by LIENTHONG_TEST_AMQP_*.
enum TestBroker {
    private static func setting(_ name: String, _ standard: String) -> String {
        ProcessInfo.processInfo.environment["LIENTHONG_TEST_AMQP_\(name)"] ?? standard
    }

    static let port = Int(setting("PORT", "8191")) ?? 8191
    static let management = Int(setting("MANAGEMENT_PORT", "8194")) ?? 8194
    static let user = setting("USER", "guest")
    static let password = setting("PASSWORD", "guest")

    struct Refused: Error { let path: String, status: Int }

    /// One call of the management API as the administrator.
    @discardableResult
    static func manage(_ method: String, _ path: String, _ body: String? = nil) async throws -> Data {
        guard let url = URL(string: "http://127.0.0.1:\(management)/api/\(path)") else { throw URLError(.badURL) }
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.httpBody = body.map { Data($0.utf8) }
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        let credentials = Data("\(user):\(password)".utf8).base64EncodedString()
        request.setValue("Basic \(credentials)", forHTTPHeaderField: "Authorization")
        let (data, response) = try await URLSession.shared.data(for: request)
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard (200..<300).contains(status) else { throw Refused(path: path, status: status) }
        return data
    }
}

/// A vhost for one test: everything in it goes away with it.
struct Room: Sendable {
    let vhost: String
    let exchange = Exchange("events")

    var configuration: AMQPConfiguration { configuration() }

    func configuration(heartbeat: Duration = .seconds(10), port: Int = TestBroker.port) -> AMQPConfiguration {
        AMQPConfiguration(
            port: port, vhost: vhost, user: TestBroker.user, password: TestBroker.password, heartbeat: heartbeat)
    }

    func queue(_ name: String, _ bindings: [String] = ["#"]) -> QueueTopology {
        QueueTopology(name: name, exchange: exchange, bindings: bindings)
    }

    func publisher(_ patience: Duration = .seconds(20), declaring: [QueueTopology] = []) -> Publisher {
        Publisher(configuration, exchange: exchange.name, patience: patience, declaring: declaring, logger: quiet)
    }

    /// Another user of this room with its own rights.
    func allow(_ user: String, topics: String) async throws {
        try await TestBroker.manage("PUT", "users/\(user)", #"{"password":"\#(user)","tags":""}"#)
        try await TestBroker.manage(
            "PUT", "permissions/\(vhost)/\(user)", #"{"configure":"^$","write":".*","read":".*"}"#)
        try await TestBroker.manage(
            "PUT", "topic-permissions/\(vhost)/\(user)",
            #"{"exchange":"events","write":"\#(topics)","read":".*"}"#)
    }
}

func withRoom(_ body: (Room) async throws -> Void) async throws {
    let room = Room(vhost: "amqp-\(UUID().uuidString.lowercased())")
    try await TestBroker.manage("PUT", "vhosts/\(room.vhost)")
    try await TestBroker.manage(
        "PUT", "permissions/\(room.vhost)/\(TestBroker.user)", #"{"configure":".*","write":".*","read":".*"}"#)
    do { try await body(room) } catch {
        try await TestBroker.manage("DELETE", "vhosts/\(room.vhost)")
        throw error
    }
    try await TestBroker.manage("DELETE", "vhosts/\(room.vhost)")
}

let quiet: Logger = {
    var logger = Logger(label: "amqp-tests")
    logger.logLevel = ProcessInfo.processInfo.environment["LIENTHONG_TEST_LOUD"] == nil ? .critical : .debug
    return logger
}()

func message(_ key: String, _ id: String = UUID().uuidString, body: [UInt8] = Array("{}".utf8)) -> OutgoingMessage {
    OutgoingMessage(
        routingKey: key, messageID: id, type: "test.v1", appID: "tests",
        timestamp: Date(timeIntervalSince1970: 1_700_000_000), body: body)
}

/// Waits for a condition; records an issue when it does not come true before the deadline.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(30), at place: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record(what, sourceLocation: place)
            return
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// Deliveries and queue creations in the order they came.
final class Collector: Sendable {
    private let state = Mutex((deliveries: [Delivery](), created: 0))
    var deliveries: [Delivery] { state.withLock(\.deliveries) }
    var bodies: [String] { deliveries.map { String(decoding: $0.body, as: UTF8.self) } }
    var created: Int { state.withLock(\.created) }

    func consumer(_ configuration: AMQPConfiguration, _ topology: QueueTopology, prefetch: Int = 256) -> Consumer {
        Consumer(
            configuration, topology: topology, prefetch: prefetch, logger: quiet,
            onQueueCreated: { self.state.withLock { $0.created += 1 } },
            handler: { delivery in self.state.withLock { $0.deliveries.append(delivery) } })
    }
}
