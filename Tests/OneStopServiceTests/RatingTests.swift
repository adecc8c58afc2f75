import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

@Suite struct RatingTests {
    static let good: JSON = [
        "occasion": "receipt", "stars": 4, "points": [["indicator": 7, "points": 2], ["indicator": 3, "points": 1]],
        "remark": "Tận tình",
    ]

    @Test func `os-134: a rating is offered with forms 01, 02 and 03 and the result, for thirty days`() throws {
        var before = try dossier(.submitted, accepted: "2021-03-01 09:00")
        before.acceptedAt = nil
        #expect(Offered.all(before, refused: nil, known: []).isEmpty)
        let accepted = try dossier(.processing)
        let offered = try #require(Offered.all(accepted, refused: nil, known: []).first)
        #expect(try (offered.occasion, offered.until) == (.receipt, at("2021-04-01 00:00")))
        var input = RateDossier.Input()
        func code(_ now: String, _ offered: Offered?) throws -> String? {
            let now = try at(now)
            do throws(Refused) {
                _ = try RateDossier.decide(accepted, input, offered: offered, isApplicant: true, now: now)
                return nil
            } catch { return error.code }
        }
        #expect(try code("2021-03-31 23:59", offered) == nil)
        #expect(try code("2021-04-01 00:00", offered) == "onestop.rating-too-late")
        input.occasion = .result
        #expect(try code("2021-03-02 09:00", nil) == "onestop.rating-not-offered")
    }

    @Test func `os-134: every occasion, as it comes`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            #expect(try await rate(office, id, Self.good).code == "onestop.rating-not-offered")
            try await office.done("accept", on: id, as: office.clerk)
            #expect(try await offered(office, id) == ["receipt"])
            try await office.done("request-supplement", on: id, as: office.clerk, ["missing": "x"])
            #expect(try await offered(office, id) == ["receipt", "supplement"])
            try await office.done("stop", on: id, as: office.officer, ["reasonCode": "x", "reason": "y"])
            #expect(try await offered(office, id) == ["receipt", "supplement", "refusal"])
            try await office.done("return", on: id, as: office.clerk, [:])
            #expect(try await offered(office, id) == ["receipt", "supplement", "refusal", "result"])
            try await office.set("2021-04-15 09:00")
            #expect(try await rate(office, id, Self.good).code == "onestop.rating-too-late")
        }
    }

    @Test func `os-136: one rating of a dossier and occasion, changed as often as one likes, every revision kept`()
        async throws
    {
        try await Office.open { office in
            let id = try await office.inWork()
            let first = try await rate(office, id, Self.good, key: "first")
            #expect(first.status == 200 && first.json["revision"] == 1)
            let again = try await rate(office, id, Self.good, key: "first")
            #expect(again.body == first.body && again.outgoing.header("idempotent-replayed") == "true")
            let changed = try await rate(office, id, Self.good.with("stars", 2).with("remark", nil))
            #expect((changed.json["revision"], changed.json["id"]) == (2, first.json["id"]))
            let stale = try await office.act("ratings", on: id, as: office.citizen, Self.good, ifMatch: 1)
            #expect((stale.status, stale.code) == (412, "stale-version"))
            let read = try await office.get("/dossiers/\(id)/ratings", as: office.citizen)
            let rating = read.json["occasions"]?.array?.first?["rating"]
            #expect((rating?["stars"], rating?["revision"], rating?["remark"]) == (2, 2, nil))
            #expect(
                rating?["points"] == [["indicator": 3, "points": 1], ["indicator": 7, "points": 2]])
            let kept = try await office.harness.count("SELECT sum(stars)::int AS n FROM ratings")
            #expect(kept == 6)
            #expect(try await office.harness.announced(RatingGiven.self) == 2)
            let error = await #expect(throws: PostgresError.self) {
                try await office.harness.database.database.run("UPDATE ratings SET stars = 5")
            }
            #expect(error?.sqlState == "42501")
        }
    }

    @Test func `os-136: points are for the indicators of a dossier, each once`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            for (points, code): (JSON, String) in [
                ([["indicator": 5, "points": 2]], "onestop.indicator-unknown"),
                ([["indicator": 7, "points": 2], ["indicator": 7, "points": 0]], "onestop.key-twice"),
                ([["indicator": 7, "points": 3]], "invalid-fields"),
            ] {
                let refused = try await rate(office, id, Self.good.with("points", points))
                #expect((refused.status, refused.code) == (422, code))
            }
        }
    }

    @Test func `os-135: the applicant rates online, a clerk types in the others, and not over the applicant's own`()
        async throws
    {
        try await Office.open { office in
            let id = try await office.inWork()
            let slip = Self.good.with("channel", "paper")
            #expect(try await rate(office, id, slip).code == "onestop.rating-channel")
            #expect(
                try await office.act("ratings", on: id, as: office.clerk, Self.good).code == "onestop.rating-channel")
            #expect(try await office.act("ratings", on: id, as: office.officer, slip).status == 403)
            #expect(try await office.act("ratings", on: id, as: office.stranger, Self.good).status == 404)
            #expect(try await office.done("ratings", on: id, as: office.clerk, slip)["channel"] == "paper")
            #expect(try await rate(office, id, Self.good).json["channel"] == "online")
            let over = try await office.act("ratings", on: id, as: office.clerk, slip)
            #expect((over.status, over.code) == (409, "onestop.rated-by-applicant"))
            // Who is rated does not look.
            #expect(try await office.get("/dossiers/\(id)/ratings", as: office.officer).status == 403)
            #expect(try await office.get("/dossiers/\(id)/ratings", as: office.clerk).status == 403)
            #expect(try await office.get("/dossiers/\(id)/ratings", as: office.leader).status == 200)
        }
    }

    @Test func `of two at once one is told to read again`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...8 { group.addTask { try await rate(office, id, Self.good).status } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(answers.allSatisfy { [200, 412].contains($0) })
            let dense = try await office.harness.count("SELECT (max(revision) - count(*))::int AS n FROM ratings")
            #expect(dense == 0)
            #expect(try await office.harness.announced(RatingGiven.self) == answers.filter { $0 == 200 }.count)
        }
    }

    private func rate(
        _ office: Office, _ id: String, _ body: JSON, key: String? = nil
    ) async throws -> TestService.Answer {
        try await office.act("ratings", on: id, as: office.citizen, body, key: key)
    }

    private func offered(_ office: Office, _ id: String) async throws -> [String] {
        let read = try await office.get("/dossiers/\(id)/ratings", as: office.citizen)
        return (read.json["occasions"]?.array ?? []).compactMap { $0["occasion"]?.text }
    }
}
