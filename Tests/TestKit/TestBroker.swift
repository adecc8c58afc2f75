import AMQP
import Contracts
import Foundation
import FoundationNetworking
import Logging

/// The broker that the test command started, told by LIENTHONG_TEST_AMQP_*.
public enum TestBroker {
    private static func setting(_ name: String, _ standard: String) -> String {
        ProcessInfo.processInfo.environment["LIENTHONG_TEST_AMQP_\(name)"] ?? standard
    }

    public static let port = Int(setting("PORT", "8191")) ?? 8191
    public static let management = Int(setting("MANAGEMENT_PORT", "8194")) ?? 8194
    public static let user = setting("USER", "guest")
    public static let password = setting("PASSWORD", "guest")

    public struct Refused: Error { public let path: String, status: Int }

    /// One call of the management API as the administrator.
    @discardableResult
    public static func manage(_ method: String, _ path: String, _ body: String? = nil) async throws -> Data {
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

    /// rabbitmqctl of the tests' broker; what it prints.
    @discardableResult
    public static func control(_ words: String...) throws -> String {
        let (process, output) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: "Deploy/local/servers.sh")
        process.arguments = ["control"] + words
        process.standardOutput = output
        try process.run()
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Refused(path: words.joined(separator: " "), status: Int(process.terminationStatus))
        }
        return String(decoding: said, as: UTF8.self)
    }
}

/// A vhost for one test: everything in it goes away with it.
public struct Room: Sendable {
    public let vhost: String
    public let exchange = Exchange("events")

    /// As after a crash: the quorum queue is known, and its log is gone.
    public func ruin(_ queue: String) throws {
        try TestBroker.control(
            "eval",
            """
            {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"\(vhost)">>, queue, <<"\(queue)">>)),
            ra:force_delete_server(quorum_queues, amqqueue:get_pid(Q)).
            """)
    }

    /// As when who asked for it went away while it was made: the quorum queue stands anew, and has no leader.
    public func halve(_ queue: String) throws {
        try TestBroker.control(
            "eval",
            """
            {ok, Q} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"\(vhost)">>, queue, <<"\(queue)">>)),
            {Name, _} = amqqueue:get_pid(Q),
            Folder = ra_env:server_data_dir(quorum_queues, ra_directory:uid_of(quorum_queues, Name)),
            {ok, Made} = ra_log:read_config(Folder),
            {ok, _} = rabbit_amqqueue:delete(Q, false, false, <<"test">>),
            timer:sleep(500),
            {created, _} = rabbit_amqqueue:internal_declare(Q, false),
            ok = ra:start_server(quorum_queues, Made#{uid => ra:new_uid(<<"half">>)}).
            """)
    }

    public var configuration: AMQPConfiguration { configuration() }

    public func configuration(
        heartbeat: Duration = .seconds(10), port: Int = TestBroker.port
    ) -> AMQPConfiguration {
        AMQPConfiguration(
            port: port, vhost: vhost, user: TestBroker.user, password: TestBroker.password, heartbeat: heartbeat)
    }

    public func queue(_ name: String, _ bindings: [String] = ["#"]) -> QueueTopology {
        QueueTopology(name: name, exchange: exchange, bindings: bindings)
    }

    public func publisher(_ patience: Duration = .seconds(20), declaring: [QueueTopology] = []) -> Publisher {
        Publisher(configuration, exchange: exchange.name, patience: patience, declaring: declaring, logger: quiet)
    }

    /// Another user of this room with its own rights; its password is its name.
    public func allow(_ user: String, topics: String, configure: String = "^$", exchange: String = "events")
        async throws
    {
        try await Users.shared.make(user)
        try await TestBroker.manage(
            "PUT", "permissions/\(vhost)/\(user)", #"{"configure":"\#(configure)","write":".*","read":".*"}"#)
        try await TestBroker.manage(
            "PUT", "topic-permissions/\(vhost)/\(user)",
            #"{"exchange":"\#(exchange)","write":"\#(topics)","read":".*"}"#)
    }
}

/// A fresh vhost while `body` runs.
public func withRoom<T: Sendable>(_ body: (Room) async throws -> T) async throws -> T {
    let room = Room(vhost: "test-\(UUID().uuidString.lowercased())")
    try await TestBroker.manage("PUT", "vhosts/\(room.vhost)")
    try await TestBroker.manage(
        "PUT", "permissions/\(room.vhost)/\(TestBroker.user)", #"{"configure":".*","write":".*","read":".*"}"#)
    let result: T
    do { result = try await body(room) } catch {
        try await TestBroker.manage("DELETE", "vhosts/\(room.vhost)")
        throw error
    }
    try await TestBroker.manage("DELETE", "vhosts/\(room.vhost)")
    return result
}

/// Users are the broker's, not a vhost's. Each is made once: the broker refuses one that two tests make at once.
private actor Users {
    static let shared = Users()

    private var made: [String: Task<Void, any Error>] = [:]

    func make(_ user: String) async throws {
        let making =
            made[user]
            ?? Task {
                _ = try await TestBroker.manage("PUT", "users/\(user)", #"{"password":"\#(user)","tags":""}"#)
            }
        made[user] = making
        try await making.value
    }
}
