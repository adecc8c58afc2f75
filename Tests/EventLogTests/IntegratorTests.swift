import AMQP
import Contracts
import Foundation
import Synchronization
import TestKit
import Testing

@testable import EventLog

/// The twenty lines of Deploy/runbooks/integrators.md, run exactly as they stand there.
@Suite struct IntegratorTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Deploy/runbooks/integrators.md")

    @Test(.timeLimit(.minutes(5)))
    func `the integrator's page prints the live events of one agency and of those below it`() async throws {
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let begin = try #require(text.range(of: "```python\n"))
        let end = try #require(text.range(of: "```", range: begin.upperBound..<text.endIndex))
        let program = String(text[begin.upperBound..<end.lowerBound])
        let lines = program.split(separator: "\n").filter { !$0.allSatisfy(\.isWhitespace) }
        #expect(lines.count <= 20, "the page promises twenty lines")

        try await withRoom { room in
            let exchange = Exchange(Limits.exchange)
            try await Topology.declare(room.configuration, exchanges: [exchange], queues: [])
            let listener = try Listener(program, room: room, agency: "H19.30")
            defer { listener.stop() }
            let publisher = Publisher(room.configuration, exchange: exchange.name, logger: quiet)
            // Until the program's queue is bound, a mandatory message comes back.
            try await eventually("the program binds its queue") {
                try await publisher.publish([message(of: "H19.30", source: "before")]) == [.confirmed]
            }
            let agencies = ["H19.30", "H19.31", "H19.30.01", "H19"]
            _ = try await publisher.publish(agencies.map { message(of: $0, source: "event") })
            try await eventually("both events of the subtree are printed") {
                listener.lines.filter { $0.contains("onestop.dossier.submitted.v1") }.count >= 3
            }
            let printed = listener.lines.joined(separator: "\n")
            #expect(printed.contains("'agency': 'H19.30'") && printed.contains("'agency': 'H19.30.01'"))
            #expect(!printed.contains("H19.31") && !printed.contains("'agency': 'H19',"))
            await publisher.close()
        }
    }

    private func message(of agency: String, source: String) -> OutgoingMessage {
        var event = DossierSubmitted()
        event.dossier = .new()
        event.agency = (try? AgencyCode(agency)) ?? .none
        event.procedure = "2.000488"
        event.procedureVersion = 1
        var message = WireFormat.message(
            Envelope(
                id: UUID.v7(), source: "onestop", type: DossierSubmitted.type, aggregateType: "dossier",
                aggregateID: event.aggregateID, version: 1, epoch: 1,
                position: Position(epoch: 1, tick: 1, ordinal: 1), agency: event.agency, actor: source,
                traceparent: nil, occurredAt: Date(timeIntervalSince1970: 1_612_839_600), payload: event.jsonBytes))
        // The broker checks who publishes; here that is the administrator of the test's broker.
        message.userID = nil
        return message
    }
}

/// The program in a process of its own, and what it has printed.
private final class Listener: Sendable {
    private let process: Mutex<Process>
    private let printed = Mutex("")

    init(_ program: String, room: Room, agency: String) throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("listen-\(UUID().uuidString).py")
        try program.write(to: file, atomically: true, encoding: .utf8)
        let process = Process()
        let environment = ProcessInfo.processInfo.environment
        process.executableURL = URL(fileURLWithPath: environment["LIENTHONG_TEST_PYTHON"] ?? "/usr/bin/python3")
        process.arguments = [file.path]
        process.environment = environment.merging([
            "AGENCY": agency, "LIENTHONG_AMQP_PORT": "\(room.configuration.port)",
            "LIENTHONG_AMQP_VHOST": room.configuration.vhost, "LIENTHONG_AMQP_USER": room.configuration.user,
            "LIENTHONG_AMQP_PASSWORD": room.configuration.password,
        ]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        self.process = Mutex(process)
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let text = String(decoding: handle.availableData, as: UTF8.self)
            self?.printed.withLock { $0 += text }
        }
        try self.process.withLock { try $0.run() }
    }

    /// Whole lines: what is read may end within one.
    var lines: [String] {
        printed.withLock { text in
            text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        }
    }

    func stop() { process.withLock { if $0.isRunning { kill($0.processIdentifier, SIGKILL) } } }
}
