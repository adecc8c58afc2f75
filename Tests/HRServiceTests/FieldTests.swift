import Contracts
import Foundation
import ServiceTestKit
import TestKit
import Testing

@testable import HRService

/// A position may be limited to fields of procedures (lĩnh vực), and with it whoever holds it.
@Suite struct `A position's fields of procedures` {
    private func fields(_ json: JSON?) -> [String]? { json?["fields"]?.array?.compactMap(\.text) }

    @Test func `are announced and listed, and are all where none is named`() async throws {
        try await Office.open { office in
            let made = try await office.position("ho-tich", at: "H19.12", fields: ["HT", "CT"])
            #expect(made.status == 201 && fields(made.json) == ["HT", "CT"])
            #expect(fields(try await office.position("chung", at: "H19.12").json) == [])
            #expect(fields(try await office.position("rong", at: "H19.12", fields: []).json) == [])
            let events = try await office.service.events(PositionEstablished.self)
            let announced = events.filter { $0.agency.text == "H19.12" }.map {
                "\($0.code) \($0.procedureFields ?? [])"
            }
            #expect(announced == ["officer []", "leader []", "ho-tich [\"HT\", \"CT\"]", "chung []", "rong []"])
            #expect(events.filter { $0.procedureFields == [] }.isEmpty, "all fields is said in one way")
            let list = try await office.get("/agencies/H19.12/positions").json["positions"]?.array ?? []
            let listed = list.map { "\($0["code"]?.text ?? "") \(fields($0) ?? ["none"])" }
            #expect(listed == ["chung []", "ho-tich [\"HT\", \"CT\"]", "leader []", "officer []", "rong []"])
        }
    }

    @Test func `are refused where they cannot be, and change nothing`() async throws {
        try await Office.open { office in
            let before = try await office.footprint()
            let long = String(repeating: "a", count: Limits.OneStop.field + 1)
            let many = (0...Limits.Personnel.fields).map { "F\($0)" }
            for (role, wrong, code, field) in [
                (.officer, ["HT", "HT"], "hr.field-twice", "fields"),
                (.administrator, ["HT"], "hr.administrator-limited", "fields"),
                (.officer, [""], "invalid-fields", "fields[0]"), (.officer, [long], "invalid-fields", "fields[0]"),
                (.officer, many, "invalid-fields", "fields"),
            ] as [(PostRole, [String], String, String)] {
                let refused = try await office.position("moi", role, at: "H19.12", fields: wrong)
                #expect(refused.code == code && refused.status == 422, "\(refused.json.description)")
                #expect(refused.faults == [field])
            }
            #expect(try await office.footprint() == before)
            let most = try await office.position("moi", at: "H19.12", fields: many.dropLast())
            #expect(most.status == 201)
            #expect(try await office.position("quan-tri", .administrator, at: "H19.12", fields: []).status == 201)
        }
    }

    @Test func `are the post's, by appointment and by transfer, and stay with the posts of before`() async throws {
        try await Office.open { office in
            try await office.position("ho-tich", at: "H19.12", fields: ["HT", "CT"])
            let person = try await office.register("annv")
            func decide(_ kind: DecisionKind, _ number: String, _ position: String, from: String) async throws {
                let answer = try await office.decide(
                    person, kind, number, from: from, at: "H19.12", ["position": position])
                #expect(answer.status == 201)
                try await office.clock("\(from)T08:00:00+07:00")
                try await office.fire()
            }
            func post(on day: String) async throws -> [String]? {
                fields(try await office.get("/officials/\(person)?on=\(day)").json["post"])
            }
            try await decide(.appoint, "1/QĐ", "ho-tich", from: "2021-02-01")
            let appointed = try #require(try await office.service.events(OfficialAppointed.self).last)
            #expect(appointed.procedureFields == ["HT", "CT"])
            let listed = try await office.get("/officials?under=H19.12").json["officials"]?.array?.first
            #expect(fields(listed?["post"]) == ["HT", "CT"])
            try await decide(.transfer, "2/QĐ", "officer", from: "2021-03-01")
            let freed = try #require(try await office.service.events(OfficialTransferred.self).last)
            #expect(freed.procedureFields == nil)
            try await decide(.transfer, "3/QĐ", "ho-tich", from: "2021-04-01")
            let limited = try #require(try await office.service.events(OfficialTransferred.self).last)
            #expect(limited.procedureFields == ["HT", "CT"])
            #expect(try await post(on: "2021-02-28") == ["HT", "CT"])
            #expect(try await post(on: "2021-03-31") == [])
            #expect(try await post(on: "2021-04-01") == ["HT", "CT"])
        }
    }
}
