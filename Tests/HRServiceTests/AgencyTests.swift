import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import HRService

@Suite struct `An agency` {
    @Test func `is established below one that lasts as long`() async throws {
        try await Office.open { office in
            let made = try await office.establish("H19.40", .department, to: "2025-06-30")
            #expect(made.status == 201)
            #expect(made.outgoing.header("location") == "/agencies/H19.40")
            let events = try await office.service.events(AgencyEstablished.self)
            #expect(events.last?.code.text == "H19.40" && events.last?.parent?.text == "H19")
            let before = try await office.footprint()
            for (code, kind, parent, from, to, refusal) in [
                ("H19.40", .department, "H19", "2021-01-01", nil, "hr.agency-exists"),
                ("H19.41", .department, "H19.99", "2021-01-01", nil, "hr.parent-unknown"),
                ("H19.41", .department, nil, "2021-01-01", nil, "hr.parent-needed"),
                ("H20", .department, nil, "2021-01-01", nil, "hr.parent-needed"),
                ("H19.41", .province, nil, "2021-01-01", nil, "hr.parent-needed"),
                ("H20.41", .department, "H19", "2021-01-01", nil, "hr.code-outside-parent"),
                ("H19.300", .commune, "H19.30", "2021-01-01", nil, "hr.code-outside-parent"),
                ("H19.30", .commune, "H19.30", "2021-01-01", nil, "hr.code-outside-parent"),
                ("H19.40.1", .division, "H19.40", "2025-07-01", nil, "hr.agency-not-in-force"),
                ("H19.40.1", .division, "H19.40", "2021-01-01", nil, "hr.agency-not-in-force"),
                ("H19.40.1", .division, "H19.40", "2021-01-01", "2025-07-01", "hr.agency-not-in-force"),
                ("H19.41", .department, "H19", "2020-12-31", nil, "hr.agency-not-in-force"),
                ("H19.41", .department, "H19", "2021-01-01", "2020-12-31", "hr.last-day-before-first"),
                ("h19.41", .department, "H19", "2021-01-01", nil, "invalid-fields"),
            ] as [(String, AgencyKind, String?, String, String?, String)] {
                let refused = try await office.establish(code, kind, under: parent, from: from, to: to)
                #expect(refused.code == refusal, "\(code) under \(parent ?? "none"): \(refused.json.description)")
            }
            #expect(try await office.footprint() == before)
            let last = try await office.establish("H19.40.1", .division, under: "H19.40", to: "2025-06-30")
            #expect(last.status == 201)
        }
    }

    @Test func `is its own HR officer's to change, and no other's`() async throws {
        try await Office.open { office in
            let before = try await office.footprint()
            let foreign = try await office.establish("H19.40", as: office.district)
            #expect(foreign.status == 403)
            #expect(try await office.unit("phong", at: "H19.12", as: office.district).status == 403)
            #expect(try await office.dissolve("H19.12", "2021-12-31", as: office.district).status == 403)
            #expect(try await office.establish("H19.40", as: PersonID.new()).status == 403)
            #expect(try await office.footprint() == before)
            let own = try await office.establish("H19.30.02", .commune, under: "H19.30", as: office.district)
            #expect(own.status == 201)
            #expect(try await office.unit("phong", at: "H19.30.02", as: office.district).status == 201)
        }
    }

    @Test func `is listed on a day, below another, by pages`() async throws {
        try await Office.open { office in
            try await office.establish("H19.3", .department, to: "2021-06-30")
            func codes(_ query: String) async throws -> [String] {
                var (seen, next): ([String], String?) = ([], "/agencies?\(query)")
                while let page = next {
                    let answer = try await office.get(page)
                    seen += (answer.json["agencies"]?.array ?? []).compactMap { $0["code"]?.text }
                    next = answer.next
                }
                return seen
            }
            #expect(try await codes("on=2021-06-30&limit=2") == ["H19", "H19.12", "H19.3", "H19.30", "H19.30.01"])
            #expect(try await codes("on=2021-07-01") == ["H19", "H19.12", "H19.30", "H19.30.01"])
            #expect(try await codes("on=2020-12-31").isEmpty)
            #expect(try await codes("under=H19.30&limit=1") == ["H19.30", "H19.30.01"], "every page is below it")
            #expect(try await codes("under=H19.3") == ["H19.3"])
            #expect(try await office.get("/agencies/H19.99").status == 404)
        }
    }

    @Test func `has units, each once`() async throws {
        try await Office.open { office in
            #expect(try await office.unit("ke-toan", at: "H19.12").status == 201)
            #expect(try await office.unit("ke-toan", at: "H19.12").code == "hr.unit-exists")
            #expect(try await office.unit("ke-toan", at: "H19.30").status == 201)
            #expect(try await office.unit("Kế toán", at: "H19.12").code == "invalid-fields")
            #expect(try await office.unit("sau", at: "H19.12", from: "2020-12-31").code == "hr.agency-not-in-force")
            #expect(try await office.unit("x", at: "H19.99").status == 404)
            try await office.establish("H19.40", to: "2021-06-30")
            for (from, to, refusal) in [
                ("2021-02-02", "2021-02-01", "hr.last-day-before-first"),
                ("2021-02-02", "2021-07-01", "hr.agency-not-in-force"), ("2021-02-02", nil, "hr.agency-not-in-force"),
            ] as [(String, String?, String)] {
                #expect(try await office.unit("tam", at: "H19.40", from: from, to: to).code == refusal, "\(to ?? "")")
            }
            #expect(try await office.unit("tam", at: "H19.40", to: "2021-06-30").json["validTo"]?.text == "2021-06-30")
            #expect(try await office.service.events(UnitEstablished.self).last?.validTo?.text == "2021-06-30")
            let kept = try await office.get("/agencies/H19.40/units").json["units"]?.array?.first
            #expect(kept?["validTo"]?.text == "2021-06-30")
            let units = try await office.get("/agencies/H19.12/units").json["units"]?.array ?? []
            #expect(units.compactMap { $0["code"]?.text } == ["ke-toan", "mot-cua"])
            #expect(try await office.get("/agencies/H19.99/units").status == 404)
            #expect(try await office.story("H19.12/ke-toan") == [UnitEstablished.type])
        }
    }
}

@Suite struct `Dissolving an agency` {
    @Test func `names its last day and successor, once`() async throws {
        try await Office.open { office in
            try await office.establish("H19.40")
            let done = try await office.dissolve(
                "H19.40", "2021-06-30", to: "H19.12", headers: [("if-match", "\"1\"")])
            #expect(done.status == 200)
            #expect(done.json["validTo"]?.text == "2021-06-30" && done.json["successor"]?.text == "H19.12")
            #expect(done.outgoing.header("etag") == "\"2\"")
            let event = try #require(try await office.service.events(AgencyDissolved.self).first)
            #expect(event.successor?.text == "H19.12" && event.validTo.text == "2021-06-30")
            #expect(try await office.story("H19.40") == [AgencyEstablished.type, AgencyDissolved.type])
            #expect(try await office.dissolve("H19.40", "2021-05-31").code == "hr.agency-dissolved")
            // A last day that was known already can come earlier, or get its successor.
            try await office.establish("H19.41", to: "2025-06-30")
            #expect(try await office.dissolve("H19.41", "2025-07-01").code == "hr.agency-dissolved")
            #expect(try await office.dissolve("H19.41", "2025-06-30").code == "hr.agency-dissolved")
            #expect(try await office.dissolve("H19.41", "2025-02-28").status == 200)
            #expect(try await office.dissolve("H19.41", "2025-02-28", to: "H19.12").status == 200)
        }
    }

    @Test func `names no successor that the agency itself succeeds`() async throws {
        try await Office.open { office in
            for code in ["H19.40", "H19.41", "H19.42"] { try await office.establish(code) }
            #expect(try await office.dissolve("H19.41", "2021-06-30", to: "H19.42").status == 200)
            #expect(try await office.dissolve("H19.42", "2021-08-31", to: "H19.40").status == 200)
            // It exists on the day after, and that is not enough.
            let round = try await office.dissolve("H19.40", "2021-05-31", to: "H19.41")
            #expect((round.status, round.code) == (422, "hr.successor-unfit"))
            #expect(try await office.dissolve("H19.40", "2021-09-30", to: "H19.12").status == 200)
        }
    }

    @Test func `is refused while something stands on it`() async throws {
        try await Office.open { office in
            try await office.establish("H19.40", from: "2021-02-01", to: "2021-06-30")
            let before = try await office.footprint()
            for (agency, day, successor, refusal) in [
                ("H19.40", "2021-01-31", nil, "hr.last-day-before-first"),
                ("H19.12", "2021-06-30", "H19.12", "hr.successor-unfit"),
                ("H19.12", "2021-06-30", "H19.99", "hr.successor-unfit"),
                ("H19.12", "2021-06-30", "H19.40", "hr.successor-unfit"),
                ("H19.30", "2021-06-30", nil, "hr.agency-above-others"),
                ("H19.99", "2021-06-30", nil, "not-found"),
            ] as [(String, String, String?, String)] {
                let refused = try await office.dissolve(agency, day, to: successor)
                #expect(refused.code == refusal, "\(agency): \(refused.json.description)")
            }
            let stale = try await office.dissolve("H19.12", "2021-06-30", headers: [("if-match", "\"7\"")])
            #expect(stale.status == 412)
            #expect(try await office.footprint() == before)
            #expect(try await office.dissolve("H19.30.01", "2021-06-30").status == 200)
            #expect(try await office.dissolve("H19.30", "2021-06-30").status == 200, "what was below ends with it")
        }
    }

    @Test func `waits until its people go elsewhere`() async throws {
        try await Office.open { office in
            let person = try await office.official("annv", at: "H19.12")
            #expect(try await office.dissolve("H19.12", "2021-06-30").code == "hr.agency-staffed")
            // A decision that takes effect in time suffices; one that comes a day late does not.
            _ = try await office.decide(person, .transfer, "2/QĐ", from: "2021-07-02", at: "H19.30")
            #expect(try await office.dissolve("H19.12", "2021-06-30").code == "hr.agency-staffed")
            #expect(try await office.dissolve("H19.12", "2021-07-01").status == 200)
            // Whoever is on the way to it counts, too.
            let other = try await office.register("binhl")
            _ = try await office.decide(other, .appoint, "3/QĐ", from: "2021-03-01", at: "H19.30.01")
            #expect(try await office.dissolve("H19.30.01", "2021-12-31").code == "hr.agency-staffed")
        }
    }

    @Test func `and appointing to it at once, one of the two happens`() async throws {
        try await Office.open { office in
            for round in 0..<8 {
                let code = "H19.A\(round)"
                try await office.establish(code)
                try await office.unit("mot-cua", at: code)
                try await office.position("officer", at: code)
                let person = try await office.register("nguoi\(round)")
                async let dissolved = office.dissolve(code, "2021-02-15")
                async let decided = office.decide(person, .appoint, "a\(round)/QĐ", from: "2021-03-01", at: code)
                let statuses = [try await dissolved.status, try await decided.status]
                #expect(statuses == [200, 422] || statuses == [409, 201], "\(statuses)")
            }
        }
    }
}
