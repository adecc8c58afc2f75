import Contracts
import Foundation
import ServiceKit
import TestKit
import Testing

@testable import IntegrationService

/// What a replay brings: by time, of one thing, by numbers; and its end.
@Suite struct ReplayTests {
    /// Events that came again, in their order.
    private func replayed(_ hall: Hall, _ id: String, _ answer: JSON) async throws -> [String] {
        let replay = answer["replay"]?.text ?? ""
        try await eventually("the replay is over") {
            let list = try await hall.get("/subscriptions/\(id)/replays").json["replays"]?.array ?? []
            return list.first { $0["replay"]?.text == replay }?["state"]?.text == "done"
        }
        let rows = try await hall.service.database.database.run(
            """
            SELECT a.aggregate_id AS id FROM deliveries d JOIN archive_order o ON o.position = d.position
            JOIN archive_events a ON a.id = o.entry WHERE d.replay = \(try ReplayID(replay)) ORDER BY d.number
            """)
        return try rows.map { try $0("id") }
    }

    @Test(.timeLimit(.minutes(5)))
    func `by time, of one thing, by numbers`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            let dossiers = (0..<6).map { _ in DossierID.new() }
            for (index, dossier) in dossiers.enumerated() {
                try await hall.submit(dossier, at: Date(timeIntervalSince1970: Double(1_600_000_000 + index * 60)))
                try await eventually("in this order") { try await hall.head == index + 1 }
            }
            try await eventually("all are over") { try await hall.allSettled(id, numbered: 6) }
            func replay(_ body: JSON) async throws -> [String] {
                let answer = try await hall.post("/subscriptions/\(id)/replays", body)
                #expect(answer.status == 201, "\(answer.json)")
                return try await replayed(hall, id, answer.json)
            }
            let texts = dossiers.map(\.text)
            func at(_ index: Int) -> JSON {
                .string(Instant.write(Date(timeIntervalSince1970: Double(1_600_000_000 + index * 60))))
            }
            #expect(try await replay(["fromTime": at(2), "untilTime": at(4)]) == [texts[2], texts[3]])
            let thing: JSON = ["source": "onestop", "type": "dossier", "id": .string(texts[4])]
            #expect(try await replay(["aggregate": thing]) == [texts[4]])
            #expect(try await replay(["fromPosition": 3, "aggregate": thing]) == [texts[4]])
            #expect(try await replay(["throughPosition": 2, "aggregate": thing]).isEmpty)
            #expect(try await replay(["afterNumber": 1, "throughNumber": 3]) == [texts[1], texts[2]])
            // Numbers 7 and 8 are a replay of the third and fourth themselves: they come again too.
            #expect(try await replay(["afterNumber": 6, "throughNumber": 8]) == [texts[2], texts[3]])
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `at most so many at once; cancelled it ends; one with an older id is seen too`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            try await hall.submit(40)
            try await eventually("all are over") { try await hall.allSettled(id, numbered: 40) }
            var made: [String] = []
            for _ in 0..<Limits.Integration.replays {
                let answer = try await hall.post("/subscriptions/\(id)/replays", ["fromPosition": 1, "rate": 1])
                #expect(answer.status == 201)
                made.append(answer.json["replay"]?.text ?? "")
            }
            let more = try await hall.post("/subscriptions/\(id)/replays", ["fromPosition": 1])
            #expect(more.status == 409 && more.code == "integration.too-many-replays", "\(more.json)")
            for replay in made {
                let path = "/subscriptions/\(id)/replays/\(replay)/cancel"
                #expect(try await hall.post(path).json["state"]?.text == "cancelled")
                #expect(try await hall.post(path).status == 409)
            }
            // Made by a copy whose clock is behind.
            let early = try ReplayID("00000000-0000-7000-8000-000000000001")
            try await hall.service.database.database.run(
                """
                INSERT INTO replays (id, subscription, first_position, last_position, place, rate, state, created_by)
                VALUES (\(early), \(try SubscriptionID(id)), 1, 40, 0, 5000, 'running', 'test')
                """)
            try await eventually("it is over") {
                let list = try await hall.get("/subscriptions/\(id)/replays").json["replays"]?.array ?? []
                return list.contains { $0["state"]?.text == "done" && $0["sent"]?.integer == 40 }
            }
        }
    }
}
