import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import HRService

@Suite struct `An official` {
    @Test func `is registered once, with an address of his or her own`() async throws {
        try await Office.open { office in
            let person = try await office.register("annv")
            let taken = try await office.post(
                "/officials", as: office.administrator, ["fullName": "Lê Bình", "mailbox": "annv"])
            #expect(taken.code == "hr.mailbox-taken" && taken.faults == ["mailbox"])
            let again = try await office.post(
                "/officials", as: office.administrator,
                ["person": .string(person.text), "fullName": "Lê Bình", "mailbox": "binhl"])
            #expect(again.code == "hr.official-exists")
            for mailbox in ["An", "an nv", ".an", "an.", "ấn", "", "an..nv"] {
                let refused = try await office.post(
                    "/officials", as: office.administrator, ["fullName": "Lê Bình", "mailbox": .string(mailbox)])
                #expect(refused.status == 422, "'\(mailbox)'")
            }
            #expect(try await office.story(person.text) == [OfficialRegistered.type])
            #expect(
                try await office.post("/officials", as: PersonID.new(), ["fullName": "A", "mailbox": "a"]).status == 403
            )
            #expect(try await office.get("/officials/\(person)").json["post"] == nil)
        }
    }

    /// Events with a longer name could not be read by anybody.
    @Test func `has a name that the events can carry`() async throws {
        try await Office.open { office in
            let long = try await office.post(
                "/officials", as: office.administrator,
                ["fullName": .string(String(repeating: "a", count: 201)), "mailbox": "dai"])
            #expect(long.status == 422 && long.faults == ["fullName"])
            _ = try await office.register("vua", name: String(repeating: "ấ", count: 200))
            let events = try await office.service.events(OfficialRegistered.self)
            #expect(events.count == 1)
        }
    }

    @Test func `is registered once for one Idempotency-Key`() async throws {
        try await Office.open { office in
            let key = [(name: "idempotency-key", value: "k")]
            let body: JSON = ["fullName": "Lê Bình", "mailbox": "binhl"]
            let first = try await office.post("/officials", as: office.administrator, body, key)
            let second = try await office.post("/officials", as: office.administrator, body, key)
            #expect(first.status == 201 && second.status == 201 && first.body == second.body)
            #expect(try await office.service.announced(OfficialRegistered.self) == 1)
        }
    }
}

@Suite struct `A personnel decision` {
    @Test func `is announced when made, and takes effect on its day`() async throws {
        try await Office.open { office in
            let person = try await office.register("annv")
            let made = try await office.decide(person, .appoint, "12/QĐ-SNV", from: "2021-02-02", at: "H19.12")
            #expect(made.status == 201 && made.outgoing.header("etag") == "\"2\"")
            let decided = try #require(try await office.service.events(AppointmentDecided.self).first)
            #expect(decided.decisionNumber == "12/QĐ-SNV" && decided.effectiveFrom.text == "2021-02-02")
            try await office.fire()
            #expect(try await office.agency(of: person, on: "2021-02-02") == nil, "not before its day")
            #expect(try await office.service.announced(OfficialAppointed.self) == 0)
            try await office.clock("2021-02-01T23:59:59.999999+07:00")
            try await office.fire()
            #expect(try await office.service.announced(OfficialAppointed.self) == 0, "not a microsecond before")
            try await office.clock("2021-02-02T00:00:00+07:00")
            try await office.fire()
            try await office.fire()
            let appointed = try await office.service.events(OfficialAppointed.self)
            #expect(appointed.count == 1 && appointed.first?.agency.text == "H19.12")
            #expect(appointed.first?.mailbox == "annv" && appointed.first?.unit == "mot-cua")
            #expect(try await office.agency(of: person, on: "2021-02-01") == nil)
            #expect(try await office.agency(of: person, on: "2021-02-02") == "H19.12")
            let list = try await office.get("/officials/\(person)/decisions").json["decisions"]?.array ?? []
            #expect(list.first?["effectiveAt"]?.text == "2021-02-02T00:00:00+07:00")
            let log = try await office.service.database.database.run("SELECT what, actor FROM decision_log ORDER BY id")
            let lines = try log.map { row in "\(try row("what", as: String.self)) \(try row("actor", as: String.self))"
            }
            #expect(lines == ["decided \(office.administrator)", "took effect hr.timer"])
        }
    }

    @Test func `of each kind follows the one before, in dense versions`() async throws {
        try await Office.open { office in
            let person = try await office.official("annv", at: "H19.12")
            #expect(
                try await office.decide(person, .transfer, "2/QĐ", from: "2021-02-01", at: "H19.30").status == 201)
            try await office.fire()
            let moved = try #require(try await office.service.events(OfficialTransferred.self).first)
            #expect(moved.formerAgency.text == "H19.12" && moved.agency.text == "H19.30")
            let first = try await office.service.events(OfficialAppointed.self).first
            #expect(moved.formerPost == first?.post && moved.post != moved.formerPost)
            try await office.clock("2021-03-01T08:00:00+07:00")
            #expect(try await office.decide(person, .end, "3/QĐ", from: "2021-03-01").status == 201)
            try await office.fire()
            try await office.clock("2021-04-01T08:00:00+07:00")
            #expect(try await office.decide(person, .appoint, "4/QĐ", from: "2021-04-01", at: "H19.12").status == 201)
            try await office.fire()
            #expect(
                try await office.story(person.text) == [
                    OfficialRegistered.type, AppointmentDecided.type, OfficialAppointed.type,
                    AppointmentDecided.type, OfficialTransferred.type, AppointmentDecided.type, ServiceEnded.type,
                    AppointmentDecided.type, OfficialAppointed.type,
                ])
            for (day, agency) in [
                ("2021-01-03", nil), ("2021-01-31", "H19.12"), ("2021-02-01", "H19.30"), ("2021-02-28", "H19.30"),
                ("2021-03-01", nil), ("2021-03-31", nil), ("2021-04-01", "H19.12"),
            ] as [(String, String?)] {
                #expect(try await office.agency(of: person, on: day) == agency, "\(day)")
            }
        }
    }

    @Test func `is refused where it cannot be, and changes nothing`() async throws {
        try await Office.open { office in
            let held = try await office.official("annv", at: "H19.12")
            let free = try await office.register("binhl")
            try await office.establish("H19.40", to: "2021-02-28")
            try await office.unit("mot-cua", at: "H19.40", to: "2021-02-28")
            try await office.position("officer", at: "H19.40", to: "2021-02-28")
            let before = try await office.footprint()
            for (person, kind, from, agency, changes, refusal, status) in [
                (held, .appoint, "2021-02-02", "H19.30", [:], "hr.already-in-post", 409),
                (free, .transfer, "2021-02-02", "H19.30", [:], "hr.not-in-post", 409),
                (free, .end, "2021-02-02", nil, [:], "hr.not-in-post", 409),
                (held, .transfer, "2021-01-04", "H19.30", [:], "hr.effect-too-early", 422),
                (held, .end, "2021-01-04", nil, [:], "hr.effect-too-early", 422),
                (held, .end, "2022-02-03", nil, [:], "hr.effect-too-late", 422),
                (held, .end, "2021-02-02", "H19.30", [:], "hr.post-incomplete", 422),
                (free, .appoint, "2021-02-02", nil, [:], "hr.post-incomplete", 422),
                (free, .appoint, "2021-02-02", "H19.30", ["unit": nil], "hr.post-incomplete", 422),
                (free, .appoint, "2021-02-02", "H19.30", ["position": nil], "hr.post-incomplete", 422),
                (free, .appoint, "2021-02-02", "H19.30", ["unit": "khong-co"], "hr.unit-unknown", 422),
                (free, .appoint, "2021-02-02", "H19.99", [:], "hr.agency-unknown", 422),
                (free, .appoint, "2021-03-01", "H19.40", [:], "hr.agency-not-in-force", 422),
                (free, .appoint, "2021-02-02", "H19.30", ["number": "annv/QĐ"], "hr.decision-number-taken", 409),
                (free, .appoint, "2021-02-30", "H19.30", [:], "invalid-fields", 422),
                (PersonID.new(), .appoint, "2021-02-02", "H19.30", [:], "not-found", 404),
            ] as [(PersonID, DecisionKind, String, String?, [String: String?], String, Int)] {
                let refused = try await office.decide(person, kind, "9/QĐ", from: from, at: agency, changes)
                #expect(refused.code == refusal && refused.status == status, "\(refusal): \(refused.json.description)")
            }
            #expect(try await office.footprint() == before)
            let latest = try await office.decide(held, .end, "9/QĐ", from: "2022-02-02")
            #expect(latest.status == 201, "366 days ahead")
        }
    }

    @Test func `has a number that counts within its year`() async throws {
        try await Office.open { office in
            let (first, second) = (try await office.register("a"), try await office.register("b"))
            #expect(try await office.decide(first, .appoint, "1/QĐ", from: "2021-02-01", at: "H19.12").status == 201)
            try await office.clock("2021-12-31T23:59:59+07:00")
            let same = try await office.decide(second, .appoint, "1/QĐ", from: "2021-12-31", at: "H19.12")
            #expect(same.code == "hr.decision-number-taken" && same.faults == ["number"])
            // The year of the decision in Vietnam, where it is new year already.
            try await office.clock("2022-01-01T00:00:00+07:00")
            #expect(try await office.decide(second, .appoint, "1/QĐ", from: "2022-01-01", at: "H19.12").status == 201)
        }
    }

    @Test func `waits alone`() async throws {
        try await Office.open { office in
            let person = try await office.official("annv", at: "H19.12")
            let waiting = try await office.decide(person, .transfer, "1/QĐ", from: "2021-03-01", at: "H19.30")
            #expect(waiting.status == 201)
            let second = try await office.decide(person, .end, "2/QĐ", from: "2021-04-01")
            #expect(second.code == "hr.decision-pending")
            try await office.clock("2021-03-01T00:00:00+07:00")
            try await office.fire()
            #expect(try await office.decide(person, .end, "2/QĐ", from: "2021-04-01").status == 201)
        }
    }

    @Test func `is one of many at once`() async throws {
        try await Office.open { office in
            let person = try await office.register("annv")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        try await office.decide(
                            person, .appoint, "\(number)/QĐ", from: "2021-02-01", at: "H19.12"
                        ).status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.sorted() == [201, 409, 409, 409, 409, 409])
            try await office.fire()
            #expect(
                try await office.story(person.text) == [
                    OfficialRegistered.type, AppointmentDecided.type, OfficialAppointed.type,
                ])
        }
    }

    @Test func `never leaves two posts on one day`() async throws {
        try await Office.open { office in
            let person = try await office.official("annv", at: "H19.12")
            _ = try await office.decide(person, .end, "2/QĐ", from: "2021-02-01")
            try await office.fire()
            for day in ["2021-01-04", "2021-01-15", "2021-01-31"] {
                let refused = try await office.decide(person, .appoint, "3/QĐ", from: day, at: "H19.30")
                #expect(refused.code == "hr.effect-too-early", "\(day) lies in the former post")
            }
            #expect(try await office.decide(person, .appoint, "3/QĐ", from: "2021-02-01", at: "H19.30").status == 201)
            try await office.fire()
            let overlaps = try await office.service.count(
                """
                SELECT count(*) AS n FROM posts a JOIN posts b ON a.person = b.person AND a.id < b.id
                    AND daterange(a.valid_from, a.valid_to, '[]') && daterange(b.valid_from, b.valid_to, '[]')
                """)
            #expect(overlaps == 0)
        }
    }

    @Test func `stands on what was read, and is made once for a key`() async throws {
        try await Office.open { office in
            let person = try await office.official("annv", at: "H19.12")
            let read = try await office.get("/officials/\(person)")
            #expect(read.outgoing.header("etag") == "\"3\"")
            let before = try await office.footprint()
            let stale = try await office.decide(
                person, .end, "1/QĐ", from: "2021-02-02", headers: [("if-match", "\"2\"")])
            #expect(stale.status == 412 && stale.code == "stale-version")
            #expect(try await office.footprint() == before)
            let headers = [(name: "if-match", value: "\"3\""), (name: "idempotency-key", value: "k")]
            let first = try await office.decide(person, .end, "1/QĐ", from: "2021-02-02", headers: headers)
            let again = try await office.decide(person, .end, "1/QĐ", from: "2021-02-02", headers: headers)
            #expect(first.status == 201 && again.status == 201 && first.body == again.body)
            #expect(again.outgoing.header("idempotent-replayed") == "true")
            let other = try await office.decide(person, .end, "1/QĐ", from: "2021-02-03", headers: headers)
            #expect(other.code == "idempotency-key-reused")
            #expect(try await office.service.announced(AppointmentDecided.self) == 2)
        }
    }
}

@Suite struct `Rights over officials` {
    @Test func `end at the agencies of the HR officer`() async throws {
        try await Office.open { office in
            let theirs = try await office.official("annv", at: "H19.12")
            let free = try await office.register("binhl")
            try await office.position("administrator", .administrator, at: "H19.30")
            let before = try await office.footprint()
            func status(
                _ person: PersonID, _ kind: DecisionKind, at agency: String? = nil, as decider: PersonID,
                _ changes: [String: String?] = [:]
            ) async throws -> Int {
                try await office.decide(person, kind, "9/QĐ", from: "2021-02-02", at: agency, as: decider, changes)
                    .status
            }
            #expect(try await status(theirs, .end, as: office.district) == 403)
            #expect(
                try await status(theirs, .transfer, at: "H19.30", as: office.district) == 403, "nobody is drawn away")
            #expect(try await status(free, .appoint, at: "H19.12", as: office.district) == 403)
            #expect(try await status(free, .appoint, at: "H19", as: office.district) == 403)
            #expect(try await status(theirs, .end, as: theirs) == 403)
            #expect(
                try await status(free, .appoint, at: "H19.30", as: office.district, ["position": "administrator"])
                    == 403,
                "nobody gives more than he or she has")
            #expect(try await office.get("/officials/\(theirs)/decisions", as: office.district).status == 403)
            #expect(try await office.footprint() == before)
            #expect(try await status(free, .appoint, at: "H19.30.01", as: office.district) == 201)
            try await office.clock("2021-02-02T08:00:00+07:00")
            try await office.fire()
            #expect(try await office.get("/officials/\(free)/decisions", as: office.district).status == 200)
            // Whoever has left still belongs to where he or she was.
            #expect(
                try await office.decide(theirs, .end, "8/QĐ", from: "2021-02-02", as: office.provincial).status == 201)
            try await office.fire()
            #expect(try await office.get("/officials/\(theirs)/decisions", as: office.district).status == 403)
            #expect(try await office.get("/officials/\(theirs)/decisions", as: office.provincial).status == 200)
            #expect(try await office.service.send("GET", "/officials/\(theirs)").status == 401)
        }
    }
}

@Suite struct `The directory` {
    @Test func `shows who holds which post on a day`() async throws {
        try await Office.open { office in
            let an = try await office.official("annv", at: "H19.30.01")
            _ = try await office.official("binhl", at: "H19.30")
            _ = try await office.official("cuongt", at: "H19.12")
            _ = try await office.decide(
                an, .transfer, "2/QĐ", from: "2021-02-01", at: "H19.12", ["position": "leader"])
            try await office.fire()
            func names(_ query: String) async throws -> [String] {
                var (seen, next): ([String], String?) = ([], "/officials?\(query)")
                while let page = next {
                    let answer = try await office.get(page, as: PersonID.new())
                    seen += (answer.json["officials"]?.array ?? []).map { official in
                        "\(official["mailbox"]?.text ?? "")@\(official["post"]?["agency"]?.text ?? "")"
                    }
                    next = answer.next
                }
                return seen
            }
            #expect(try await names("on=2021-01-31&limit=1") == ["annv@H19.30.01", "binhl@H19.30", "cuongt@H19.12"])
            #expect(try await names("on=2021-02-01") == ["annv@H19.12", "binhl@H19.30", "cuongt@H19.12"])
            #expect(try await names("under=H19.30&on=2021-01-31&limit=1") == ["annv@H19.30.01", "binhl@H19.30"])
            #expect(try await names("under=H19.30") == ["binhl@H19.30"])
            #expect(try await names("role=leader&limit=1") == ["annv@H19.12"])
            #expect(try await names("on=2021-01-03").isEmpty)
        }
    }
}

@Suite struct `The whole service` {
    @Test func `lets a decision take effect when business time comes, once, and tells everybody`() async throws {
        try await withRoom { room in
            try await Office.open(in: room) { office in
                let person = try await office.register("annv")
                _ = try await office.decide(person, .appoint, "1/QĐ", from: "2021-02-18", at: "H19.12")
                try await office.clock("2021-02-17T23:59:59+07:00")
                // A decision that is due is taken while the other, not due, waits.
                let other = try await office.register("binhl")
                _ = try await office.decide(other, .appoint, "2/QĐ", from: "2021-02-17", at: "H19.30")
                try await eventually("the other took effect") {
                    try await office.agency(of: other, on: "2021-02-17") == "H19.30"
                }
                #expect(try await office.agency(of: person, on: "2021-02-18") == nil)
                try await office.clock("2021-02-18T00:00:00+07:00")
                try await eventually("it took effect") {
                    try await office.agency(of: person, on: "2021-02-18") == "H19.12"
                }
                #expect(try await office.service.announced(OfficialAppointed.self) == 2)
                // HR keeps its own directory from its own events, through the broker.
                try await eventually("the directory knows") {
                    try await office.service.count(
                        "SELECT count(*) AS n FROM directory_posts WHERE person = \(person)") == 1
                }
            }
        }
    }
}
