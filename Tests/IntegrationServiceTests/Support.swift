import Contracts
import Foundation
import Logging
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import IntegrationService

/// The exchange with an administrator and an official of one department.
struct Hall: Sendable {
    let service: TestService
    let room: Room
    let justice: AgencyCode
    let administrator = PersonID.new()
    let official = PersonID.new()
    let clerk = PersonID.new()

    static let settings = [
        "LIENTHONG_SUBSCRIPTION_SECRET": "a secret of the tests", "LIENTHONG_REHEARSAL": "1",
        "LIENTHONG_WEBHOOK_NETWORKS": "127.0.0.0/8", "LIENTHONG_WEBHOOK_RETRY": "0.05",
        "LIENTHONG_MANAGEMENT_URL": "http://127.0.0.1:\(TestBroker.management)",
        "LIENTHONG_MANAGEMENT_USER": TestBroker.user, "LIENTHONG_MANAGEMENT_PASSWORD": TestBroker.password,
    ]

    /// As with a cluster: queues of subscriptions are quorum queues.
    static let severalNodes = ["LIENTHONG_AMQP_HOST": "127.0.0.1,127.0.0.1"]

    /// The whole service with broker, relay, inbox and exchange.
    static func open(_ settings: [String: String] = [:], _ body: (Hall) async throws -> Void) async throws {
        try await withRoom { room in
            try await withService(Main.self, Self.settings.merging(settings) { $1 }, in: room) { service in
                let hall = Hall(service: service, room: room, justice: try AgencyCode("H19.12"))
                try await service.establish(hall.justice)
                try await service.nameAdministrator(hall.administrator)
                try await service.appoint(hall.official, .administrator, at: hall.justice)
                try await service.appoint(hall.clerk, .clerk, at: hall.justice)
                let result: Result<Void, any Error>
                do { result = .success(try await body(hall)) } catch { result = .failure(error) }
                await hall.removeUsers()
                try result.get()
            }
        }
    }

    /// Users are the whole broker's: they do not go with the vhost.
    func removeUsers() async {
        let known = try? await service.database.database.run("SELECT id FROM subscriptions WHERE kind = 'queue'")
        guard let known else { return }
        for row in known {
            guard let id: SubscriptionID = try? row("id") else { continue }
            _ = try? await TestBroker.manage("DELETE", "users/\(Subscription.queue(of: id))")
        }
    }

    // MARK: - Events

    /// A dossier that is submitted to an agency; each its own aggregate.
    func submit(_ dossier: DossierID = .new(), to agency: String = "H19.12", at: Date? = nil) async throws {
        var event = DossierSubmitted()
        (event.dossier, event.procedure, event.procedureVersion) = (dossier, "2.000488", 1)
        (event.agency, event.channel, event.submittedAt) = (try AgencyCode(agency), .online, Date())
        var envelope = service.envelope(event, at: at)
        envelope.agency = event.agency
        await service.take(envelope)
    }

    func submit(_ count: Int) async throws { for _ in 0..<count { try await submit() } }

    var archived: Int { get async throws { try await service.count("SELECT count(*) AS n FROM archive_events") } }
    var head: Int { get async throws { try await service.count("SELECT position AS n FROM archive_head") } }

    // MARK: - HTTP

    func post(
        _ path: String, as person: PersonID? = nil, _ body: JSON? = nil, headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        try await service.send("POST", path, as: person ?? administrator, body: body?.bytes, headers: headers)
    }

    func get(_ path: String, as person: PersonID? = nil) async throws -> TestService.Answer {
        try await service.send("GET", path, as: person ?? administrator)
    }

    /// Makes a subscription; answers its id.
    func subscribe(_ body: JSON) async throws -> String {
        guard case .object(let members) = body else { return "" }
        let answer = try await post("/subscriptions", .object([.init("name", "Phần mềm một cửa")] + members))
        #expect(answer.status == 201, "\(answer.json)")
        return answer.json["subscription"]?.text ?? ""
    }

    func credentials(_ subscription: String) async throws -> JSON {
        let answer = try await post("/subscriptions/\(subscription)/credentials")
        #expect(answer.status == 200, "\(answer.json)")
        return answer.json
    }

    func subscription(_ id: String) async throws -> JSON { try await get("/subscriptions/\(id)").json }

    /// Everything that has a number is over.
    func allSettled(_ id: String, numbered: Int) async throws -> Bool {
        let json = try await subscription(id)
        return json["numbered"]?.integer == Int64(numbered) && json["settled"]?.integer == Int64(numbered)
    }

    /// A client of the queue, told by its environment where it is.
    func client(_ script: String, _ credentials: JSON, _ more: [String: String] = [:]) throws -> Program {
        try Program(script, environment(credentials).merging(more) { $1 })
    }

    func environment(_ credentials: JSON) -> [String: String] {
        [
            "HOST": "127.0.0.1", "PORT": "\(room.configuration.port)", "VHOST": credentials["vhost"]?.text ?? "",
            "USER_NAME": credentials["user"]?.text ?? "", "PASSWORD": credentials["password"]?.text ?? "",
            "QUEUE": credentials["queue"]?.text ?? "",
        ]
    }
}

/// Prints `number type subject replay` of every message and acknowledges it.
let pikaClient = """
    import os, pika
    login = pika.PlainCredentials(os.environ["USER_NAME"], os.environ["PASSWORD"])
    connection = pika.BlockingConnection(pika.ConnectionParameters(
        os.environ["HOST"], int(os.environ["PORT"]), os.environ["VHOST"], login))
    channel = connection.channel()
    channel.basic_qos(prefetch_count=100)
    def show(channel, delivery, properties, body):
        a = {k.removeprefix("cloudEvents:"): v for k, v in properties.headers.items()}
        print(a["subscriptionnumber"], a["type"], a["subject"], a.get("replay", "-"), a["id"], flush=True)
        channel.basic_ack(delivery.delivery_tag)
    channel.basic_consume(os.environ["QUEUE"], show)
    print("ready", flush=True)
    channel.start_consuming()
    """
