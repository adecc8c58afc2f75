import Contracts
import EventLog
import Foundation
import Logging
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import AMQP
@testable import OneStopService

/// Who may send, receive and read commands: the broker's rights as Deploy/local provisions them, the feed, the keys.
@Suite(.timeLimit(.minutes(5))) struct CommandRightsTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The definitions that `Deploy/local` gives the broker.
    private func definitions() throws -> JSON {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("rights-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = [
            "-c",
            """
            set -euo pipefail; HERE=Deploy/local; . Deploy/local/common.sh; . Deploy/local/definitions.sh
            make_run_folder; write_definitions
            """,
        ]
        process.currentDirectoryURL = Self.root
        process.environment = ProcessInfo.processInfo.environment.merging([
            "LIENTHONG_RUN_DIR": folder.path, "LIENTHONG_PORT_BASE": "9700",
        ]) { $1 }
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try JSON(parsing: Array(data))
    }

    /// The rights of these services in a vhost of the test; their passwords are their names.
    private func provision(_ room: Room, _ services: [ServiceName]) async throws {
        let all = try definitions()
        for service in services {
            try await room.allow(service.rawValue, topics: "^$")
            for kind in ["permissions", "topic_permissions"] {
                for right in all[kind]?.array ?? [] where right["user"]?.text == service.rawValue {
                    let path = "\(kind.replacing("_", with: "-"))/\(room.vhost)/\(service.rawValue)"
                    try await TestBroker.manage("PUT", path, right.description)
                }
            }
        }
        try await Topology.declare(
            room.configuration, exchanges: [Exchange(Limits.exchange), Exchange(Limits.commandExchange)], queues: [])
    }

    private func connection(_ room: Room, _ service: ServiceName) -> AMQPConfiguration {
        AMQPConfiguration(
            port: TestBroker.port, vhost: room.vhost, user: service.rawValue, password: service.rawValue)
    }

    private func command() throws -> OutgoingMessage {
        var command = SendCitizenNotice()
        (command.notice, command.dossier, command.agency) = (.new(), .new(), Agencies.justice)
        return WireFormat.message(
            Envelope(
                id: UUID.v7(), source: "onestop", type: SendCitizenNotice.type,
                aggregateType: SendCitizenNotice.aggregate, aggregateID: command.aggregateID, version: 1, epoch: 1,
                position: Position(epoch: 1, tick: 1, ordinal: 1), agency: command.agency, actor: nil,
                traceparent: nil, occurredAt: Date(timeIntervalSince1970: 1_612_839_600),
                payload: command.jsonBytes))
    }

    /// What the broker says to this user's publishing.
    private func publish(_ message: OutgoingMessage, as service: ServiceName, _ room: Room) async -> PublishOutcome? {
        let publisher = Publisher(
            connection(room, service), exchange: Limits.exchange, patience: .seconds(3), logger: quiet)
        var message = message
        message.userID = service.rawValue
        let outcomes = try? await publisher.publish([message])
        await publisher.close()
        return outcomes?.first
    }

    private func queue(of service: ServiceName, bound keys: [String]) -> QueueTopology {
        QueueTopology(
            name: "\(service.rawValue).test", exchange: Exchange(Limits.exchange), bindings: [],
            further: [.init(exchange: Exchange(Limits.commandExchange), keys: keys)])
    }

    private func mayBind(_ service: ServiceName, _ keys: [String], _ room: Room) async -> Bool {
        do {
            try await Topology.declare(
                connection(room, service), exchanges: [], queues: [queue(of: service, bound: keys)])
            return true
        } catch { return false }
    }

    @Test func `only the sender publishes a command and only the addressee gets it`() async throws {
        try await withRoom { room in
            try await provision(room, [.onestop, .mail, .documents, .budget])
            let keys = Catalogue.commandBindings(of: .mail)
            #expect(keys == ["onestop.appointment-reminder.#", "onestop.citizen-notice.#"])
            #expect(await mayBind(.mail, keys, room))
            for wider in ["#", "onestop.#", "*.citizen-notice.#", "documents.#"] {
                #expect(await !mayBind(.mail, [wider], room), "mail bound \(wider)")
            }
            for other in [ServiceName.documents, .budget, .onestop] {
                #expect(await !mayBind(other, keys, room), "\(other) bound the addressee's key")
                #expect(await !mayBind(other, ["#"], room), "\(other) bound everything")
            }
            let message = try command()
            #expect(message.exchange == Limits.commandExchange)
            #expect(await publish(message, as: .onestop, room) == .confirmed)
            for other in [ServiceName.mail, .documents, .budget] {
                #expect(await publish(message, as: other, room) == nil, "\(other) published a command")
            }
            var another = message
            another.routingKey = "onestop.dossier.accepted.v1.H19.06"
            #expect(await publish(another, as: .onestop, room) == nil, "an event went through the commands' exchange")
        }
    }

    /// pika (PyPI) asks the broker to consume from the addressee's queue, and says what it answered.
    private func consume(as service: ServiceName, _ room: Room) throws -> String {
        let program = """
            import pika, sys
            port, vhost, user = int(sys.argv[1]), sys.argv[2], sys.argv[3]
            where = pika.ConnectionParameters("127.0.0.1", port, vhost, pika.PlainCredentials(user, user))
            channel = pika.BlockingConnection(where).channel()
            try:
                channel.basic_consume("mail", lambda *_: None)
                print("consumes")
            except pika.exceptions.ChannelClosedByBroker as refusal:
                print(refusal.reply_code)
            """
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: ProcessInfo.processInfo.environment["LIENTHONG_TEST_PYTHON"] ?? "/usr/bin/python3")
        process.arguments = ["-c", program, "\(TestBroker.port)", room.vhost, service.rawValue]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).split { $0.isNewline }.joined()
    }

    @Test func `others cannot read the addressee's queue`() async throws {
        try await withRoom { room in
            try await provision(room, [.onestop, .mail, .documents])
            let queue = QueueTopology(
                name: "mail", exchange: Exchange(Limits.exchange), bindings: [],
                further: [
                    .init(exchange: Exchange(Limits.commandExchange), keys: Catalogue.commandBindings(of: .mail))
                ])
            try await Topology.declare(connection(room, .mail), exchanges: [], queues: [queue])
            #expect(try consume(as: .documents, room) == "403")
            #expect(try consume(as: .onestop, room) == "403")
            #expect(try consume(as: .mail, room) == "consumes")
        }
    }

    @Test func `a command through the events' exchange is no command, and an event through the other no event`() throws
    {
        let message = try command()
        func delivery(_ message: OutgoingMessage, through exchange: String) -> Delivery {
            Delivery(
                routingKey: message.routingKey, exchange: exchange, messageID: message.messageID, type: message.type,
                appID: message.appID, userID: message.appID, contentType: message.contentType,
                timestamp: message.timestamp,
                headers: Dictionary(message.headers.map { ($0.0, $0.1) }, uniquingKeysWith: { $1 }),
                body: message.body, redelivered: false, tag: 1, generation: 1)
        }
        #expect(try WireFormat.envelope(delivery(message, through: Limits.commandExchange)).type == message.type)
        #expect(throws: WireFault.self) { try WireFormat.envelope(delivery(message, through: Limits.exchange)) }
        var event = DossierAccepted()
        event.dossier = .new()
        let accepted = WireFormat.message(
            Envelope(
                id: UUID.v7(), source: "onestop", type: DossierAccepted.type, aggregateType: "dossier",
                aggregateID: event.aggregateID, version: 1, epoch: 1,
                position: Position(epoch: 1, tick: 1, ordinal: 1), agency: nil, actor: nil, traceparent: nil,
                occurredAt: Date(timeIntervalSince1970: 0), payload: event.jsonBytes))
        #expect(accepted.exchange == nil)
        #expect(throws: WireFault.self) {
            try WireFormat.envelope(delivery(accepted, through: Limits.commandExchange))
        }
    }

    @Test func `a feed shows commands to their addressee only, and gives it alone the keys`() async throws {
        try await withRoom { room in
            // Nothing here consumes; an event that no queue takes would hold the relay.
            try await Topology.declare(
                room.configuration, exchanges: [],
                queues: [
                    QueueTopology(
                        name: "all", exchange: Exchange(Limits.exchange), bindings: ["#"],
                        further: [.init(exchange: Exchange(Limits.commandExchange), keys: ["#"])])
                ])
            try await Office.open(in: room) { office in
                let answer = try await office.send(
                    "POST", "/dossiers", as: office.citizen,
                    Office.submission.with("email", "nguyen@outside.example"))
                let id = try #require(answer.json["id"]?.text)
                try await office.done("accept", on: id, as: office.clerk)
                let command = try #require(try await office.harness.events(SendCitizenNotice.self).first)
                func ask(_ path: String, as program: ServiceName) async throws -> TestService.Answer {
                    try await office.harness.send(
                        "GET", path,
                        headers: [("authorization", "Bearer \(try office.harness.token(program: program.rawValue))")])
                }
                func types(_ answer: TestService.Answer) -> [String] {
                    (answer.json["events"]?.array ?? []).compactMap { $0["type"]?.text }
                }
                try await eventually("the tick is there") {
                    try await types(ask("/events?after=0.0.0", as: .mail)).contains(SendCitizenNotice.type)
                }
                for path in ["/events?after=0.0.0", "/events?after=0.0.0&aggregates=citizen-notice&aggregates=dossier"]
                {
                    #expect(try await types(ask(path, as: .mail)).contains(SendCitizenNotice.type))
                    let others = try await types(ask(path, as: .documents))
                    #expect(!others.contains(SendCitizenNotice.type) && others.contains(DossierAccepted.type))
                }
                let alone = "/events?aggregate=citizen-notice&id=\(command.aggregateID)"
                #expect(try await types(ask(alone, as: .mail)) == [SendCitizenNotice.type])
                #expect(try await ask(alone, as: .documents).status == 403)

                let key = "/subject-keys/\(command.address.key)"
                #expect(try await ask(key, as: .mail).status == 200)
                #expect(try await ask(key, as: .documents).status == 403)
                #expect(try await ask("/subject-keys/\(UUID().text)", as: .mail).status == 404)
                #expect(try await office.get(key, as: office.administrator).status == 403)
                let subject = "/subjects/\(office.citizen.text)/erase"
                for person in [office.leader, office.citizen] {
                    #expect(try await office.send("POST", subject, as: person, ["reason": "thử"]).status == 403)
                }
                #expect(try await ask(key, as: .mail).status == 200)
                let unknown = "/subjects/\(UUID().text)/erase"
                #expect(
                    try await office.send("POST", unknown, as: office.administrator, ["reason": "thử"]).status == 404)
                let erased = try await office.send("POST", subject, as: office.administrator, ["reason": "yêu cầu"])
                #expect(erased.status == 200)
                let gone = try await ask(key, as: .mail)
                #expect(gone.status == 410 && gone.code == "sealing.key-erased")
                let noted = try await office.harness.count(
                    "SELECT count(*) AS n FROM subject_erasures WHERE reason = 'yêu cầu' AND actor <> ''")
                #expect(noted == 1)
            }
        }
    }
}
