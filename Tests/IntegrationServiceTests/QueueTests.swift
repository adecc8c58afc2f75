import Contracts
import Foundation
import TestKit
import Testing

@testable import IntegrationService

@Suite struct QueueTests {
    @Test(.timeLimit(.minutes(5)))
    func `a subscription from a position goes on from the past to live, each number once`() async throws {
        try await Hall.open { hall in
            try await hall.submit(30)
            try await eventually("everything has a position") { try await hall.head == 30 }
            let id = try await hall.subscribe(["kind": "queue", "fromPosition": 11])
            let credentials = try await hall.credentials(id)
            let client = try hall.client(pikaClient, credentials)
            defer { client.stop() }
            try await hall.submit(20)
            try await eventually("past and live are there") { client.lines.count >= 41 }
            let numbers = client.lines.dropFirst().compactMap { $0.split(separator: " ").first.flatMap { Int($0) } }
            #expect(numbers == Array(1...40))
            try await eventually("all are over") { try await hall.allSettled(id, numbered: 40) }
        }
    }

    /// What `make bench` measures on a release build as backfill_eps.
    @Test(.timeLimit(.minutes(5)))
    func `twenty thousand events of the past come to a new subscriber`() async throws {
        try await Hall.open { hall in
            try await hall.service.database.database.run(
                """
                INSERT INTO archive_events (event, source, type, aggregate_type, aggregate_id, aggregate_version, epoch,
                                            agency, occurred_at, payload)
                SELECT gen_random_uuid(), 'onestop', 'onestop.dossier.submitted.v1', 'dossier', gen_random_uuid()::text,
                       1, 1, 'H19.12', now(), convert_to('{"note":"' || repeat('x', 300) || '"}', 'UTF8')
                FROM generate_series(1, 20000)
                """)
            try await eventually("everything has a position") { try await hall.head == 20_000 }
            let id = try await hall.subscribe(["kind": "queue", "fromPosition": 0])
            try await eventually("all are over", within: .seconds(120)) {
                try await hall.allSettled(id, numbered: 20_000)
            }
        }
    }

    /// Made while a batch goes in, it would have the end of the batch before the beginning.
    @Test(.timeLimit(.minutes(5)))
    func `a queue is not made while a batch is on its way into it, nor a batch sent meanwhile`() async throws {
        try await Hall.open { hall in
            let id = try SubscriptionID(try await hall.subscribe(["kind": "queue"]))
            let runtime = hall.service.running.runtime
            let (broker, turns) = (runtime.resource(BrokerControl.self), runtime.resource(Outlets.self).turns)
            let queue = "queues/\(hall.room.vhost)/\(Subscription.queue(of: id))"
            try await TestBroker.manage("DELETE", queue)
            let making = try await turns.take(of: id) {
                let making = Task { try await broker.provide(id, generation: 1) }
                try await eventually("the making waits") { turns.waiting(for: id) >= 1 }
                try await hall.submit(3)
                try await eventually("so does the batch") { turns.waiting(for: id) >= 2 }
                await #expect(throws: (any Error).self) { try await TestBroker.manage("GET", queue) }
                return making
            }
            try await making.value
            try await eventually("all are over") { try await hall.allSettled(id.text, numbered: 3) }
        }
    }

    /// Each message is refused for itself: of several at once the last might find room that the first did not.
    @Test(.timeLimit(.minutes(5)))
    func `into a queue that is full again and again everything comes in order`() async throws {
        try await Hall.open(["LIENTHONG_QUEUE_LENGTH": "40"]) { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            try await TestBroker.manage(
                "PUT", "policies/\(hall.room.vhost)/short",
                #"{"pattern": "^integration\\.", "definition": {"max-length": 40}, "apply-to": "queues"}"#)
            let client = try hall.client(slowClient, try await hall.credentials(id))
            defer { client.stop() }
            try await hall.service.database.database.run(
                """
                INSERT INTO archive_events (event, source, type, aggregate_type, aggregate_id, aggregate_version, epoch,
                                            agency, occurred_at, payload)
                SELECT gen_random_uuid(), 'onestop', 'onestop.dossier.submitted.v1', 'dossier', gen_random_uuid()::text,
                       1, 1, 'H19.12', now(), convert_to('{}', 'UTF8') FROM generate_series(1, 400)
                """)
            try await eventually("all have come", within: .seconds(120)) { client.lines.count >= 400 }
            #expect(client.lines.compactMap { Int($0) } == Array(1...400))
        }
    }

    @Test func `what surely finds room goes together, and everything else alone`() {
        var room = QueueRoom(length: 100_000)
        #expect(room.isUnknown && room.together == 1)
        room.looked(0)
        #expect(!room.isUnknown && room.together == 5_000)
        room.sent(4_999)
        #expect(!room.isUnknown && room.together == 1)
        room.sent(1)
        #expect(room.isUnknown)
        room.looked(94_000)
        #expect(room.together == 1_000)
        for ready in [95_000, 200_000, nil] {
            var full = QueueRoom(length: 100_000)
            full.looked(ready)
            #expect(!full.isUnknown && full.together == 1)
            full.sent(Limits.Integration.queueAlone)
            #expect(full.isUnknown)
        }
        var short = QueueRoom(length: 3)
        short.looked(0)
        #expect(short.together == 1)
    }

    /// Any copy of the service answers requests; of a batch that is on its way only the one that leads knows.
    @Test(.timeLimit(.minutes(5)))
    func `a queue that was lost is not made again by a request for credentials, but by who leads`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            let before = try await hall.credentials(id)
            let counts = hall.service.running.runtime.resource(Outlets.self).counts
            let database = hall.service.database.database
            try await eventually("it leads") { counts.now.isLeader }
            try await database.run(
                """
                UPDATE exchange_lease SET term = term + 1, holder = 'another copy',
                    expires_at = clock_timestamp() + interval '1 hour'
                """)
            try await eventually("another copy leads") { !counts.now.isLeader }
            let queue = "queues/\(hall.room.vhost)/\(before["queue"]?.text ?? "")"
            try await TestBroker.manage("DELETE", queue)
            let credentials = try await hall.credentials(id)
            #expect(credentials["password"] != before["password"])
            #expect(try await hall.subscription(id)["provisioned"] == .bool(true))
            await #expect(throws: (any Error).self) { try await TestBroker.manage("GET", queue) }
            try await hall.submit(2)
            try await database.run("UPDATE exchange_lease SET expires_at = '-infinity'")
            try await eventually("both are over") { try await hall.allSettled(id, numbered: 2) }
            let client = try hall.client(pikaClient, credentials)
            defer { client.stop() }
            try await eventually("each is there") { client.lines.count == 3 }
        }
    }

    /// Who made it was cut off half-way: it stands and gets nothing.
    @Test(.timeLimit(.minutes(5)))
    func `a queue without its binding gets it again`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            let queue = try await hall.credentials(id)["queue"]?.text ?? ""
            let path = "bindings/\(hall.room.vhost)/e/\(BrokerControl.exchange)/q/\(queue)"
            try await TestBroker.manage("DELETE", "\(path)/\(queue)")
            try await hall.submit(2)
            try await eventually("both are over") { try await hall.allSettled(id, numbered: 2) }
        }
    }
}

/// Takes one at a time, slowly.
private let slowClient = """
    import os, pika, time
    login = pika.PlainCredentials(os.environ["USER_NAME"], os.environ["PASSWORD"])
    channel = pika.BlockingConnection(pika.ConnectionParameters(
        os.environ["HOST"], int(os.environ["PORT"]), os.environ["VHOST"], login)).channel()
    while True:
        time.sleep(0.01)
        delivery, properties, body = channel.basic_get(os.environ["QUEUE"], auto_ack=True)
        if delivery: print(properties.headers["cloudEvents:subscriptionnumber"], flush=True)
    """
