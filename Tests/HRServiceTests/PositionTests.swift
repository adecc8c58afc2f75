import Contracts
import Foundation
import ServiceTestKit
import TestKit
import Testing

@testable import HRService

@Suite struct `A position` {
    @Test func `is established in a unit, with its seats`() async throws {
        try await Office.open { office in
            let key = [(name: "idempotency-key", value: "k")]
            let made = try await office.position(
                "clerk", .clerk, at: "H19.12", seats: 2, to: "2021-12-31", headers: key)
            #expect(made.status == 201 && made.json["seats"]?.integer == 2)
            let again = try await office.position(
                "clerk", .clerk, at: "H19.12", seats: 2, to: "2021-12-31", headers: key)
            #expect(again.status == 201 && again.body == made.body)
            #expect(again.outgoing.header("idempotent-replayed") == "true")
            let events = try await office.service.events(PositionEstablished.self).filter { $0.code == "clerk" }
            let event = try #require(events.first)
            #expect(events.count == 1 && event.aggregateID == "H19.12/mot-cua/clerk")
            #expect(event.role == .clerk && event.title == "Chuyên viên" && event.titleEn == "Specialist")
            #expect(event.seats == 2 && event.validFrom.text == "2021-01-01" && event.validTo?.text == "2021-12-31")
            #expect(try await office.story("H19.12/mot-cua/clerk") == [PositionEstablished.type])
        }
    }

    @Test func `is refused where it cannot be, and changes nothing`() async throws {
        try await Office.open { office in
            try await office.establish("H19.40", from: "2021-02-01", to: "2021-12-31")
            try await office.unit("mot-cua", at: "H19.40", from: "2021-02-01", to: "2021-12-31")
            try await office.unit("tam", at: "H19.40", from: "2021-03-01", to: "2021-06-30")
            let before = try await office.footprint()
            for (agency, unit, code, from, to, refusal, field) in [
                ("H19.12", "mot-cua", "officer", "2021-02-01", nil, "hr.position-exists", "code"),
                ("H19.12", "khong-co", "moi", "2021-02-01", nil, "hr.unit-unknown", "unit"),
                ("H19.40", "tam", "moi", "2021-02-28", "2021-06-30", "hr.unit-unknown", "unit"),
                ("H19.40", "tam", "moi", "2021-03-01", "2021-07-01", "hr.unit-unknown", "unit"),
                ("H19.40", "mot-cua", "moi", "2021-01-31", "2021-06-30", "hr.agency-not-in-force", "agency"),
                ("H19.40", "mot-cua", "moi", "2021-02-01", nil, "hr.agency-not-in-force", "agency"),
                ("H19.40", "mot-cua", "moi", "2021-02-02", "2021-02-01", "hr.last-day-before-first", "validTo"),
                ("H19.12", "mot-cua", "Mới", "2021-02-01", nil, "invalid-fields", "code"),
                ("H19.99", "mot-cua", "moi", "2021-02-01", nil, "not-found", nil),
            ] as [(String, String, String, String, String?, String, String?)] {
                let refused = try await office.position(code, at: agency, unit: unit, from: from, to: to)
                #expect(refused.code == refusal, "\(agency)/\(unit)/\(code): \(refused.json.description)")
                #expect(refused.faults == (field.map { [$0] } ?? []), "\(refusal)")
            }
            #expect(try await office.position("moi", at: "H19.12", seats: 0).faults == ["seats"])
            #expect(try await office.footprint() == before)
            let last = try await office.position("moi", at: "H19.40", unit: "tam", from: "2021-03-01", to: "2021-06-30")
            #expect(last.status == 201, "as long as its unit")
        }
    }

    /// By a dissolved agency, too, whose units and positions have no last day of their own.
    @Test func `has no place in an agency that was dissolved`() async throws {
        try await Office.open { office in
            let dissolved = try await office.dissolve("H19.12", "2021-06-30")
            #expect(dissolved.status == 200)
            #expect(try await office.position("moi", at: "H19.12").code == "hr.agency-not-in-force")
            #expect(try await held(at: "H19.12", on: "2021-06-30", office) == ["leader 0/9", "officer 0/9"])
            #expect(try await held(at: "H19.12", on: "2021-07-01", office) == [])
        }
    }

    @Test func `is its own HR officer's to establish, and no other's`() async throws {
        try await Office.open { office in
            let before = try await office.footprint()
            #expect(try await office.position("moi", at: "H19.12", as: office.district).status == 403)
            #expect(try await office.position("moi", at: "H19.30", as: PersonID.new()).status == 403)
            let operating = try await office.position("moi", .administrator, at: "H19.30", as: office.district)
            #expect(operating.status == 403, "nobody makes a place for what they may not do")
            #expect(try await office.footprint() == before)
            #expect(try await office.position("moi", at: "H19.30.01", as: office.district).status == 201)
            #expect(try await office.position("moi", .administrator, at: "H19.30").status == 201)
        }
    }

    @Test func `is listed on a day with its seats and how many are held`() async throws {
        try await Office.open { office in
            try await office.position("a", at: "H19.30", seats: 2, from: "2021-02-01", to: "2021-02-28")
            let person = try await office.official("annv", at: "H19.30")
            _ = try await office.official("binhl", at: "H19.30")
            _ = try await office.official("cuongt", at: "H19.30.01")
            _ = try await office.decide(person, .end, "2/QĐ", from: "2021-02-02")
            #expect(try await held(at: "H19.30", on: "2021-01-03", office) == ["officer 0/9"])
            #expect(try await held(at: "H19.30", on: "2021-01-31", office) == ["officer 2/9"])
            #expect(try await held(at: "H19.30", on: "2021-02-28", office) == ["a 0/2", "officer 2/9"])
            try await office.clock("2021-03-01T08:00:00+07:00")
            try await office.fire()
            #expect(try await held(at: "H19.30", on: "2021-02-01", office) == ["a 0/2", "officer 2/9"])
            #expect(try await held(at: "H19.30", on: "2021-02-02", office) == ["a 0/2", "officer 1/9"])
            #expect(try await held(at: "H19.30", on: nil, office) == ["officer 1/9"], "today")
            #expect(try await office.get("/agencies/H19.99/positions").status == 404)
            #expect(try await office.service.send("GET", "/agencies/H19.30/positions").status == 401)
        }
    }

    /// `code held/seats` of each.
    private func held(at agency: String, on day: String?, _ office: Office) async throws -> [String] {
        let path = "/agencies/\(agency)/positions\(day.map { "?on=\($0)" } ?? "")"
        let positions = try await office.get(path, as: PersonID.new()).json["positions"]?.array ?? []
        return positions.map { position in
            let (held, seats) = (position["held"]?.integer ?? -1, position["seats"]?.integer ?? -1)
            return "\(position["code"]?.text ?? "") \(held)/\(seats)"
        }
    }
}

@Suite struct `A seat` {
    private func decide(
        _ office: Office, _ person: PersonID, _ number: String, kind: DecisionKind = .appoint, from: String,
        to position: String = "mot-cho", unit: String = "mot-cua"
    ) async throws -> TestService.Answer {
        try await office.decide(
            person, kind, number, from: from, at: "H19.12", ["position": position, "unit": unit])
    }

    @Test func `is filled with the position's role and title`() async throws {
        try await Office.open { office in
            try await office.position("truong", .leader, at: "H19.12", seats: 1)
            let person = try await office.register("annv")
            #expect(try await decide(office, person, "1/QĐ", from: "2021-02-01", to: "truong").status == 201)
            try await office.fire()
            let decided = try #require(try await office.service.events(AppointmentDecided.self).last)
            #expect(decided.role == .leader && decided.title == "Chuyên viên" && decided.unit == "mot-cua")
            let appointed = try #require(try await office.service.events(OfficialAppointed.self).last)
            #expect(appointed.role == .leader && appointed.title == "Chuyên viên")
            let post = try await office.get("/officials/\(person)").json["post"]
            #expect(post?["position"]?.text == "truong" && post?["role"]?.text == "leader")
            let listed = try await office.get("/officials?role=leader").json["officials"]?.array?.first
            #expect(listed?["post"]?["position"]?.text == "truong")
            let list = try await office.get("/officials/\(person)/decisions").json["decisions"]?.array
            #expect(list?.first?["position"]?.text == "truong")
        }
    }

    @Test func `must be one of a position that exists on the day`() async throws {
        try await Office.open { office in
            try await office.unit("tam", at: "H19.12", from: "2021-02-01", to: "2021-03-31")
            try await office.position("ngan", at: "H19.12", unit: "tam", from: "2021-02-02", to: "2021-02-28")
            let person = try await office.register("annv")
            let before = try await office.footprint()
            for (unit, position, from, refusal, field) in [
                ("mot-cua", "khong-co", "2021-02-02", "hr.position-unknown", "position"),
                ("mot-cua", "ngan", "2021-02-02", "hr.position-unknown", "position"),
                ("tam", "ngan", "2021-02-01", "hr.position-unknown", "position"),
                ("tam", "ngan", "2021-03-01", "hr.position-unknown", "position"),
                ("tam", "ngan", "2021-01-31", "hr.unit-unknown", "unit"),
                ("tam", "ngan", "2021-04-01", "hr.unit-unknown", "unit"),
            ] {
                let refused = try await decide(office, person, "1/QĐ", from: from, to: position, unit: unit)
                #expect(refused.code == refusal && refused.status == 422, "\(from): \(refused.json.description)")
                #expect(refused.faults == [field], "\(from)")
            }
            #expect(try await office.footprint() == before)
            let last = try await decide(office, person, "1/QĐ", from: "2021-02-28", to: "ngan", unit: "tam")
            #expect(last.status == 201, "on its last day")
        }
    }

    @Test func `is taken by whoever holds it or is on the way to it`() async throws {
        try await Office.open { office in
            try await office.position("mot-cho", at: "H19.12", seats: 1)
            let holder = try await office.register("annv")
            let other = try await office.register("binhl")
            #expect(try await decide(office, holder, "1/QĐ", from: "2021-03-01").status == 201)
            let twice = try await decide(office, holder, "3/QĐ", from: "2021-04-01")
            #expect(twice.code == "hr.decision-pending", "the seat that waits for him or her is not what is missing")
            for day in ["2021-02-15", "2021-04-01"] {
                let before = try await office.footprint()
                let waiting = try await decide(office, other, "2/QĐ", from: day)
                #expect(waiting.code == "hr.position-full" && waiting.status == 409, "\(day): \(waiting.json)")
                #expect(waiting.faults == ["position"])
                #expect(try await office.footprint() == before)
            }
            try await office.clock("2021-03-01T08:00:00+07:00")
            try await office.fire()
            #expect(try await decide(office, other, "2/QĐ", from: "2021-04-01").code == "hr.position-full")
            // Whoever stays in the position, by a transfer within it, needs no second seat; and takes none twice.
            #expect(try await decide(office, holder, "3/QĐ", kind: .transfer, from: "2021-05-01").status == 201)
            #expect(try await decide(office, other, "4/QĐ", from: "2021-06-01").code == "hr.position-full")
            #expect(try await decide(office, other, "4/QĐ", from: "2021-04-01").code == "hr.position-full")
        }
    }

    @Test func `of two is still free for a second while the first moves within the position`() async throws {
        try await Office.open { office in
            try await office.position("mot-cho", at: "H19.12", seats: 2)
            let holder = try await office.register("annv")
            _ = try await decide(office, holder, "1/QĐ", from: "2021-02-01")
            try await office.fire()
            #expect(try await decide(office, holder, "2/QĐ", kind: .transfer, from: "2021-05-01").status == 201)
            let other = try await office.register("binhl")
            #expect(try await decide(office, other, "3/QĐ", from: "2021-03-01").status == 201)
            let third = try await office.register("cuongt")
            #expect(try await decide(office, third, "4/QĐ", from: "2021-03-01").code == "hr.position-full")
        }
    }

    @Test func `is free again when a waiting decision ends the post by then`() async throws {
        try await Office.open { office in
            try await office.position("mot-cho", at: "H19.12", seats: 1)
            let holder = try await office.register("annv")
            let other = try await office.register("binhl")
            _ = try await decide(office, holder, "1/QĐ", from: "2021-02-01")
            try await office.fire()
            #expect(try await office.decide(holder, .end, "2/QĐ", from: "2021-03-01").status == 201)
            #expect(try await decide(office, other, "3/QĐ", from: "2021-02-28").code == "hr.position-full")
            #expect(try await decide(office, other, "3/QĐ", from: "2021-03-01").status == 201)
            try await office.clock("2021-03-01T00:00:00+07:00")
            try await office.fire()
            let (first, second) = (
                try await office.agency(of: holder, on: "2021-03-01"),
                try await office.agency(of: other, on: "2021-03-01")
            )
            #expect(first == nil && second == "H19.12")
        }
    }

    /// Decided backwards in time: the former holder was still there on that day.
    @Test func `is taken until the last day of a post that ended`() async throws {
        try await Office.open { office in
            try await office.position("mot-cho", at: "H19.12", seats: 1)
            let former = try await office.register("annv")
            let other = try await office.register("binhl")
            _ = try await decide(office, former, "1/QĐ", from: "2021-01-04")
            try await office.fire()
            _ = try await office.decide(former, .end, "2/QĐ", from: "2021-01-20")
            try await office.fire()
            #expect(try await decide(office, other, "3/QĐ", from: "2021-01-19").code == "hr.position-full")
            #expect(try await decide(office, other, "3/QĐ", from: "2021-01-20").status == 201)
        }
    }

    @Test func `that is the last goes to one of two who are appointed at once`() async throws {
        try await Office.open { office in
            for round in 0..<8 {
                let position = "cho-\(round)"
                try await office.position(position, at: "H19.12", seats: 1)
                let people = [try await office.register("a\(round)"), try await office.register("b\(round)")]
                async let one = decide(office, people[0], "a\(round)/QĐ", from: "2021-03-01", to: position)
                async let two = decide(office, people[1], "b\(round)/QĐ", from: "2021-03-01", to: position)
                let answers = [try await one, try await two]
                #expect(answers.map(\.status).sorted() == [201, 409], "round \(round)")
                #expect(answers.compactMap(\.code) == ["hr.position-full"], "round \(round)")
            }
        }
    }

    /// Posts and decisions from before positions existed name none.
    @Test func `is not taken by a post without a position`() async throws {
        try await Office.open { office in
            try await office.position("mot-cho", at: "H19.12", seats: 1)
            let early = try await office.register("annv")
            let waiting = try await office.register("binhl")
            let third = try await office.register("cuongt")
            _ = try await decide(office, early, "1/QĐ", from: "2021-02-01")
            try await office.fire()
            let database = office.service.database.database
            try await database.run("UPDATE posts SET position = NULL")
            #expect(try await decide(office, waiting, "2/QĐ", from: "2021-02-02").status == 201)
            try await database.run("UPDATE decisions SET position = NULL")
            #expect(try await decide(office, third, "3/QĐ", from: "2021-02-02").status == 201)
            try await database.run("UPDATE decisions SET position = NULL")
            try await office.clock("2021-02-02T08:00:00+07:00")
            try await office.fire()
            let post = try await office.get("/officials/\(waiting)").json["post"]
            #expect(post?["position"] == nil && post?["title"]?.text == "Chuyên viên", "it takes effect all the same")
            #expect(try await office.get("/officials/\(early)/decisions").json["decisions"]?.array?.count == 1)
        }
    }

    @Test func `are listed page by page`() async throws {
        try await Office.open { office in
            let codes = ["a", "b", "c", "d", "e"]
            for code in codes { try await office.position(code, at: "H19.12", seats: 1) }
            let all = try await office.get("/agencies/H19.12/positions").json["positions"]?.array ?? []
            var found: [JSON] = []
            var path: String? = "/agencies/H19.12/positions?limit=2"
            while let next = path {
                let answer = try await office.get(next)
                found += answer.json["positions"]?.array ?? []
                path = answer.next
            }
            #expect(found == all && found.count >= codes.count)
            #expect(try await office.get("/agencies/H19.12/positions?cursor=YQ").faults == ["cursor"])
        }
    }

    /// Nobody could read an event of a longer identity (`WireFormat`).
    @Test func `has an identity that events can carry, whatever it is called`() throws {
        var event = PositionEstablished()
        event.agency = try AgencyCode("H19.30.01.\(String(repeating: "0", count: Limits.agencyCodeLength - 11))1")
        event.unit = String(repeating: "u", count: 60)
        event.code = String(repeating: "c", count: Limits.Personnel.positionCode)
        #expect(event.aggregateID.count <= Limits.Events.aggregateID)
    }
}
