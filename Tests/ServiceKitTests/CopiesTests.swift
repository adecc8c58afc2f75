import AMQP
import Contracts
import Foundation
import Logging
import Postgres
import ServiceTestKit
import TestKit
import Testing

@testable import ServiceKit

/// Two copies of one service on one database and one broker, as behind a balancer. `make cluster-test` does it with
/// processes.
@Suite(.timeLimit(.minutes(5))) struct CopiesTests {
    private func withTwo(
        _ settings: [String: String] = [:], _ body: (TestService, RunningService, Room) async throws -> Void
    ) async throws {
        try await withRoom { room in
            try await withService(Desk.self, settings, in: room) { service in
                let second = try await RunningService(
                    Desk.self, service.running.runtime.configuration, log: quiet)
                let group = second.group()
                let task = Task { try await group.run() }
                let result: Result<Void, any Error>
                do { result = .success(try await body(service, second, room)) } catch { result = .failure(error) }
                await group.triggerGracefulShutdown()
                try await task.value
                try result.get()
            }
        }
    }

    @Test func `one key at both copies at once: done once, answered alike`() async throws {
        try await withTwo { service, second, _ in
            let token = try service.token(.new())
            for number in 0..<10 {
                let request = Incoming(
                    "POST", "/things",
                    headers: [
                        ("authorization", "Bearer \(token)"), ("content-type", "application/json"),
                        ("idempotency-key", "k\(number)"),
                    ], body: Array(#"{"label":"quiet \#(number)"}"#.utf8), peer: "127.0.0.1")
                async let left = service.running.responder.respond(request)
                async let right = second.responder.respond(request)
                let answers = await [left, right]
                #expect(answers.map(\.status) == [201, 201])
                #expect(answers[0].body == answers[1].body)
            }
            let rows = try await service.database.database.run("SELECT count(*) AS n FROM things")
            #expect(try rows[0]("n", as: Int.self) == 10)
        }
    }

    @Test func `the time that a rehearsal sets at one copy is that of the other`() async throws {
        try await withTwo(["LIENTHONG_REHEARSAL": "1"]) { service, second, _ in
            for day in ["2021-02-09", "2021-02-10"] {
                let moment = try Day(day).instant(minute: 600)
                try await service.running.runtime.clock.set(moment, in: service.database.database)
                try await eventually("the other copy has it") { second.runtime.clock.now == moment }
                #expect(service.running.runtime.clock.now == moment)
            }
        }
    }

    @Test func `one relay leads; events of both copies arrive, in order, and go on when the leader ends`() async throws
    {
        try await withRoom { room in
            try await withService(Desk.self, in: room) { service in
                let collector = Collector()
                let consumer = collector.consumer(
                    room.configuration,
                    QueueTopology(name: "tests", exchange: Exchange(Limits.exchange), bindings: ["hr.#"]))
                consumer.start()
                try await eventually("the queue is there") { collector.created == 1 }
                let second = try await RunningService(
                    Desk.self, service.running.runtime.configuration, log: quiet)
                let group = second.group()
                let task = Task { try await group.run() }
                func announce(_ copy: RunningService, _ version: Int64) async throws {
                    try await copy.runtime.database.run(
                        """
                        INSERT INTO event_log (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, actor,
                            occurred_at, payload)
                        SELECT e.epoch, gen_random_uuid(), 'agency', 'H19.12', \(version), 'hr.agency.dissolved.v1',
                            'tester', now(), '{}' FROM relay_epoch e
                        """)
                }
                for version in Int64(1)...10 {
                    try await announce(version % 2 == 0 ? second : service.running, version)
                }
                try await eventually("all arrive") { collector.deliveries.count == 10 }
                let holders = try await service.database.database.run(
                    "SELECT term FROM relay_lease WHERE expires_at > clock_timestamp()")
                #expect(holders.count == 1)
                await group.triggerGracefulShutdown()
                try await task.value
                try await announce(service.running, 11)
                try await eventually("the one that is left leads") { collector.deliveries.count == 11 }
                let versions = collector.deliveries.map { $0.headers["cloudEvents:aggregateversion"] }
                #expect(versions == (1...11).map { .integer($0) })
                collector.deliveries.forEach { consumer.acknowledge($0) }
                await consumer.close()
            }
        }
    }
}
