import AMQP
import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

/// What the tests of the services stand on.
@Suite(.timeLimit(.minutes(5))) struct TestServiceTests {
    @Test func `with a room the whole service runs: what is written reaches the broker`() async throws {
        try await withRoom { room in
            try await withService(Desk.self, in: room) { service in
                let collector = Collector()
                let events = QueueTopology(name: "tests", exchange: Exchange(Limits.exchange), bindings: ["hr.#"])
                let consumer = collector.consumer(room.configuration, events)
                consumer.start()
                try await eventually("the queue is there") { collector.created == 1 }
                let body = Array(#"{"label":"heard"}"#.utf8)
                let made = try await service.send("POST", "/things", as: .new(), body: body)
                #expect(made.status == 201)
                try await eventually("the event arrives") { collector.deliveries.count == 1 }
                #expect(collector.deliveries.first?.userID == "hr")
                try await eventually("it listens") { service.running.port != nil }
                collector.deliveries.forEach { consumer.acknowledge($0) }
                await consumer.close()
            }
        }
    }

    @Test func `without a room it answers, knows its directory and believes only its own key`() async throws {
        try await withService(Desk.self) { service in
            let (leader, agency) = (PersonID.new(), try AgencyCode("H19.12"))
            try await service.establish(agency)
            try await service.appoint(leader, .leader, at: agency)
            let body = Array(#"{"agency":"H19.12"}"#.utf8)
            #expect(try await service.send("POST", "/approvals", as: leader, body: body).status < 300)
            #expect(try await service.send("POST", "/approvals", as: .new(), body: body).status == 403)
            #expect(try await service.send("POST", "/approvals", body: body).status == 401)
            let foreign = try SigningKey().sign(["iss": "http://127.0.0.1:1"])
            let headers = [(name: "authorization", value: "Bearer \(foreign)")]
            #expect(try await service.send("POST", "/approvals", body: body, headers: headers).status == 401)
        }
    }
}
