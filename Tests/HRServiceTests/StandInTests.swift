import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import HRService

@Suite struct StandInTests {
    private func delegate(
        _ person: PersonID, to delegate: PersonID, _ from: String, _ to: String, number: String = "12/GUQ",
        as decider: PersonID? = nil, _ office: Office
    ) async throws -> TestService.Answer {
        try await office.post(
            "/officials/\(person)/delegations", as: decider ?? office.administrator,
            [
                "number": .string(number), "delegate": .string(delegate.text), "validFrom": .string(from),
                "validTo": .string(to),
            ])
    }

    private func away(
        _ person: PersonID, _ from: String, _ to: String, as decider: PersonID? = nil, _ office: Office
    ) async throws -> TestService.Answer {
        try await office.post(
            "/officials/\(person)/absences", as: decider ?? office.administrator,
            ["validFrom": .string(from), "validTo": .string(to), "kind": "leave"])
    }

    private func leader(_ office: Office) async throws -> PersonID {
        let person = try await office.register("truong")
        _ = try await office.decide(
            person, .appoint, "1/QĐ", from: "2021-01-04", at: "H19.12", ["position": "leader"])
        try await office.fire()
        // What HR's own projection learns from its events.
        try await office.service.appoint(person, .leader, at: try AgencyCode("H19.12"))
        return person
    }

    @Test func `a leader delegates within the agency, for a time, to one person at a time`() async throws {
        try await Office.open { office in
            let leader = try await leader(office)
            let officer = try await office.official("an", at: "H19.12")
            let elsewhere = try await office.official("binh", at: "H19.30")
            let other = try await office.official("chi", at: "H19.12")
            func code(_ to: PersonID, _ from: String, _ last: String, as who: PersonID? = nil) async throws -> String? {
                try await delegate(leader, to: to, from, last, number: UUID().uuidString, as: who, office).code
            }
            #expect(try await code(elsewhere, "2021-02-01", "2021-02-05") == "hr.delegate-elsewhere")
            #expect(try await code(leader, "2021-02-01", "2021-02-05") == "hr.delegate-elsewhere")
            #expect(try await code(officer, "2021-01-31", "2021-02-05") == "hr.stand-in-window")
            #expect(try await code(officer, "2021-02-05", "2021-02-04") == "hr.stand-in-window")
            #expect(try await code(officer, "2021-02-05", "2022-02-06") == "hr.stand-in-window")
            #expect(try await code(officer, "2021-02-01", "2021-02-05", as: office.district) != nil)
            let given = try await delegate(leader, to: officer, "2021-02-01", "2021-02-05", as: leader, office)
            #expect(given.status == 201, "\(given.json)")
            #expect(try await delegate(leader, to: other, "2021-02-05", "2021-02-09", office).status == 409)
            #expect(try await code(other, "2021-02-05", "2021-02-09") == "hr.delegation-overlaps")
            #expect(try await code(other, "2021-02-06", "2021-02-09") == nil)
            let listed = try await office.get("/officials/\(leader)/delegations").json["delegations"]?.array
            #expect(listed?.count == 2)
            let id = given.json["delegation"]?.text ?? ""
            #expect(try await office.story(id) == ["hr.delegation.decided.v1"])
            // Revoked before its end it ends at once; then the days are free again.
            try await office.clock("2021-02-03T09:00:00+07:00")
            let revoked = try await office.post("/officials/\(leader)/delegations/\(id)/revoke", as: leader)
            #expect(revoked.status == 200 && revoked.json["validTo"]?.text == "2021-02-02", "\(revoked.json)")
            #expect(
                try await office.post("/officials/\(leader)/delegations/\(id)/revoke", as: leader).code
                    == "hr.stand-in-over")
            #expect(try await office.story(id) == ["hr.delegation.decided.v1", "hr.delegation.revoked.v1"])
            #expect(try await code(other, "2021-02-03", "2021-02-05") == nil)
        }
    }

    @Test func `only the work on dossiers is delegated`() throws {
        func post(_ role: PostRole) -> Post {
            var post = Post()
            (post.post, post.agency, post.role) = (.new(), .none, role)
            return post
        }
        let today = (try? Day("2021-02-01")) ?? .none
        for own in PostRole.allCases {
            for taker in PostRole.allCases {
                var input = DecideDelegation.Input()
                (input.person, input.delegate) = (.new(), .new())
                (input.validFrom, input.validTo) = (today, today)
                let others = DecideDelegation.Others(delegate: post(taker))
                let isAllowed: Bool
                do {
                    _ = try DecideDelegation.decide(input, own: post(own), others, today: today)
                    isAllowed = true
                } catch { isAllowed = false }
                let expected: Set<PostRole> =
                    switch own {
                    case .leader: [.leader, .officer]
                    case .officer: [.officer, .leader]
                    case .clerk: [.clerk, .officer, .leader]
                    default: []
                    }
                #expect(isAllowed == expected.contains(taker), "\(own) to \(taker)")
            }
        }
    }

    @Test func `delegations end with the post of either of the two, in the transaction that ends it`() async throws {
        try await Office.open { office in
            let leader = try await leader(office)
            let officer = try await office.official("an", at: "H19.12")
            let given = try await delegate(leader, to: officer, "2021-02-01", "2021-03-31", office)
            let second = try await delegate(officer, to: leader, "2021-02-01", "2021-02-05", number: "13/GUQ", office)
            #expect(given.status == 201 && second.status == 201)
            let moved = try await office.decide(officer, .transfer, "5/QĐ", from: "2021-02-10", at: "H19.30")
            #expect(moved.status == 201, "\(moved.json)")
            try await office.clock("2021-02-10T08:00:00+07:00")
            try await office.fire()
            let listed = try await office.get("/officials/\(leader)/delegations").json["delegations"]?.array ?? []
            #expect(listed.compactMap { $0["validTo"]?.text }.sorted() == ["2021-02-05", "2021-02-09"])
            #expect(
                try await office.story(given.json["delegation"]?.text ?? "")
                    == ["hr.delegation.decided.v1", "hr.delegation.revoked.v1"])
            #expect(try await office.story(second.json["delegation"]?.text ?? "") == ["hr.delegation.decided.v1"])
        }
    }

    @Test func `an absence is decided for days to come, ends early, and keeps its official from standing in`()
        async throws
    {
        try await Office.open { office in
            let leader = try await leader(office)
            let officer = try await office.official("an", at: "H19.12")
            let made = try await away(officer, "2021-02-02", "2021-02-10", as: leader, office)
            #expect(made.status == 201, "\(made.json)")
            #expect(try await away(officer, "2021-02-10", "2021-02-12", office).code == "hr.absence-overlaps")
            #expect(try await away(officer, "2021-01-10", "2021-01-12", office).code == "hr.stand-in-window")
            #expect(try await away(officer, "2021-02-20", "2021-02-21", as: office.district, office).status == 403)
            let absent = try await delegate(leader, to: officer, "2021-02-05", "2021-02-06", office)
            #expect(absent.code == "hr.delegate-absent")
            try await office.clock("2021-02-04T09:00:00+07:00")
            let id = made.json["absence"]?.text ?? ""
            let ended = try await office.post("/officials/\(officer)/absences/\(id)/end", as: leader)
            #expect(ended.status == 200 && ended.json["validTo"]?.text == "2021-02-03")
            #expect(try await office.story(id) == ["hr.absence.decided.v1", "hr.absence.ended.v1"])
            #expect(try await delegate(leader, to: officer, "2021-02-05", "2021-02-06", office).status == 201)
            let listed = try await office.get("/officials/\(officer)/absences").json["absences"]?.array
            #expect(listed?.count == 1)
        }
    }
}
