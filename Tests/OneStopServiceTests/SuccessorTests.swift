import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

/// What an agency that has ended is to others: closed, and led on to its successor.
@Suite struct SuccessorTests {
    @Test func `os-302: what is closed stays as it was, and its successor reads and finds it`() async throws {
        try await Office.open { office in
            let heir = try await Heir.establish(office)
            let id = try await office.submit(subject: "Hồ sơ đã đóng")
            try await office.done(
                "refuse", on: id, as: office.clerk, ["reasonCode": "x", "reason": "Không đủ điều kiện"])
            let asked: JSON = ["text": "đã đóng", "purpose": "counter"]
            func found(by person: PersonID) async throws -> [String] {
                ids(try await office.send("POST", "/dossiers/search", as: person, asked))
            }
            #expect(try await office.get("/dossiers/\(id)", as: heir.clerk).status == 403)
            #expect(try await found(by: heir.clerk) == [])
            try await office.dissolve(Agencies.justice, "2021-03-02", into: Heir.code)
            // Its last day is its own.
            try await office.pass("2021-03-02 09:00")
            #expect(try await office.get("/dossiers/\(id)", as: heir.clerk).status == 403)
            #expect(try await found(by: heir.clerk) == [])
            try await office.pass("2021-03-03 09:00")
            #expect(try await office.places(id) == ["H19.06", "H19.06"])
            #expect(try await office.get("/dossiers/\(id)", as: heir.clerk).json["receivingAgency"] == "H19.06")
            #expect(try await found(by: heir.clerk) == [id])
            for stranger in [office.inspector, office.districtLeader] {
                #expect(try await office.get("/dossiers/\(id)", as: stranger).status == 403)
                #expect(try await found(by: stranger) == [])
            }
            let could = try await office.get("/dossiers/\(id)/readers?on=2021-03-03", as: heir.leader)
            let through = (could.json["groups"]?.array ?? []).compactMap { $0["through"]?.text }
            #expect(through.contains("H19.07"), "\(could.json)")
        }
    }

    @Test func `os-303: who names an agency that has ended is refused, and told its successor`() async throws {
        try await Office.open { office in
            _ = try await Heir.establish(office)
            let (submitted, working) = (try await office.submit(), try await office.inWork())
            try await office.dissolve(Agencies.police, "2021-03-01", into: Heir.code)
            let limit: JSON = ["amount": 5, "unit": "workingDays"]
            let late: [(String, String, PersonID, JSON)] = [
                ("forward", submitted, office.clerk, ["toAgency": "H19.25", "reason": "x"]),
                ("send", working, office.officer, ["toAgency": "H19.25"]),
                ("opinions", working, office.officer, ["toAgency": "H19.25", "question": "x", "limit": limit]),
            ]
            try await office.set("2021-03-02 09:00")
            for (action, id, person, body) in late {
                let answer = try await office.act(action, on: id, as: person, body)
                #expect((answer.status, answer.code) == (422, "onestop.agency-dissolved"), "\(action)")
                #expect(answer.json["detail"]?.text?.contains("H19.07") == true)
            }
            try await office.dissolve(Agencies.justice, "2021-03-01", into: Heir.code)
            let online = try await office.send("POST", "/dossiers", as: office.citizen, Office.submission)
            #expect((online.status, online.code, online.faults) == (422, "onestop.agency-dissolved", ["agency"]))
            let there = try await office.send(
                "POST", "/dossiers", as: office.citizen, Office.submission.with("agency", "H19.07"))
            #expect(there.status == 201)
            // Who complains of it is heard by the successor.
            let lodged = try await office.send(
                "POST", "/my/complaints", as: office.citizen,
                ["grievance": ComplaintTests.grievance, "agency": "H19.25"])
            #expect((lodged.json["agency"], lodged.json["aboutAgency"]) == ("H19.07", "H19.25"))
        }
    }

    @Test func `os-303: what a procedure's step and a link name follows the successor`() async throws {
        try await Office.open { office in
            let heir = try await Heir.establish(office)
            try await office.publish(BranchTests.code, try BranchTests.definition())
            try await LinkTests().publish(office, .parallel)
            try await office.dissolve(Agencies.police, "2021-03-01", into: Heir.code)
            try await office.dissolve(Agencies.justice, "2021-03-01", into: Heir.code)
            try await office.set("2021-03-02 09:00")
            let body = Office.submission.with("procedure", .string(BranchTests.code)).with("agency", "H19.07")
            let submitted = try await office.send("POST", "/dossiers", as: office.citizen, body)
            let id = try #require(submitted.json["id"]?.text)
            try await office.done("accept", on: id, as: heir.clerk)
            try await office.done("hand-over", on: id, as: heir.clerk)
            try await office.done("hand-over", on: id, as: heir.officer)
            let opened = try #require(
                try await office.harness.events(DossierBranchOpened.self).first { $0.stepKey == "records" })
            #expect(opened.toAgency == Heir.code)
            let made = try await office.send("POST", "/linked-dossiers", as: office.citizen, LinkTests.application)
            let application = try #require(made.json["id"]?.text, "\(made.json)")
            try await office.done("accept", on: application, as: office.communeClerk)
            try await office.fire()
            let links = try await office.get("/dossiers/\(application)/links", as: office.citizen).json["links"]?.array
            #expect(links?.first { $0["key"] == "record" }?["agency"] == "H19.07")
        }
    }

    @Test func `os-303: a last step that names an agency is decided at its successor`() async throws {
        try await Office.open { office in
            let heir = try await Heir.establish(office)
            try await office.appoint(.new(), .leader, at: Agencies.police)
            var definition = try judicialRecord()
            var last = step("sign", .named, .leader)
            last.agency = Agencies.police
            (definition.fees, definition.documentType, definition.steps) = (
                [], nil, [step("check", .receiving, .officer), last]
            )
            try await office.publish("9.000077", definition)
            let submitted = try await office.send(
                "POST", "/dossiers", as: office.citizen, Office.submission.with("procedure", "9.000077"))
            let id = try #require(submitted.json["id"]?.text)
            try await office.done("accept", on: id, as: office.clerk)
            try await office.done("hand-over", on: id, as: office.clerk)
            try await office.done("hand-over", on: id, as: office.officer)
            #expect(try await office.places(id) == ["H19.06", "H19.25"])
            try await office.dissolve(Agencies.police, "2021-03-01", into: Heir.code)
            try await office.pass("2021-03-02 09:00")
            #expect(try await office.places(id) == ["H19.06", "H19.07"])
            try await office.done("finish", on: id, as: heir.leader, [:])
            #expect(try await office.status(id) == 9)
        }
    }

    @Test func `os-303: nobody comes to a desk where nobody is`() async throws {
        try await Office.open { office in
            _ = try await Heir.establish(office)
            let settings: JSON = [
                "name": "Tư pháp", "nameEn": "Justice", "desks": 2, "slotMinutes": 60, "appointmentAhead": 3,
                "slotCapacity": 3, "bookDaysAhead": 10,
            ]
            let desk = try await office.send(
                "POST", "/queues/H19.06/tuphap", as: office.leader, ["settings": settings])
            #expect(desk.status == 201)
            func book(_ day: String, as person: PersonID) async throws -> TestService.Answer {
                try await office.send(
                    "POST", "/my/appointments", as: person,
                    ["agency": "H19.06", "group": "tuphap", "day": .string(day), "time": "08:30", "name": "Bích"])
            }
            #expect(try await book("2021-03-02", as: office.citizen).status == 201)
            #expect(try await book("2021-03-05", as: office.citizen).status == 201)
            try await office.dissolve(Agencies.justice, "2021-03-02", into: Heir.code)
            try await office.pass("2021-03-01 09:01")
            let mine = try await office.get("/my/appointments", as: office.citizen).json["appointments"]?.array ?? []
            #expect(mine.map { $0["state"]?.text } == ["cancelled", "booked"])
            let late = try await book("2021-03-05", as: office.stranger)
            #expect((late.status, late.code) == (422, "onestop.agency-dissolved"))
            #expect(try await book("2021-03-02", as: office.stranger).status == 201)
        }
    }

    @Test func `os-304: without a successor it waits, is seen, and is finished when one is named`() async throws {
        try await Office.open { office in
            _ = try await Heir.establish(office)
            let last = try await Heir.establish(office, at: Agencies.code("H19.08"))
            let id = try await office.inWork()
            // Who is named has ended as well, into another.
            try await office.dissolve(Heir.code, "2021-03-01", into: Agencies.code("H19.08"))
            try await office.dissolve(Agencies.justice, "2021-03-01", into: nil)
            for day in ["2021-03-02 09:00", "2021-03-03 09:01"] {
                try await office.pass(day)
                #expect(try await office.places(id) == ["H19.06", "H19.06"])
            }
            func line() async throws -> JSON? {
                let list = try await office.get("/successions", as: office.administrator)
                return list.json["successions"]?.array?.first { $0["agency"] == "H19.06" }
            }
            let waiting = try await line()
            #expect((waiting?["open"], waiting?["inCharge"], waiting?["finishedAt"]) == (1, nil, nil))
            let timers = try await office.harness.count(
                "SELECT count(*) AS n FROM timers WHERE kind = \(SucceedBatch.kind) AND key = 'H19.06'")
            #expect(timers == 1)
            // The administrator can act meanwhile.
            #expect(try await office.get("/dossiers/\(id)", as: office.administrator).status == 200)
            try await office.dissolve(Agencies.justice, "2021-03-01", into: Heir.code)
            try await office.pass("2021-03-03 09:02")
            #expect(try await office.places(id) == ["H19.08", "H19.08"])
            #expect(try await office.harness.announced(DossierTakenOver.self) == 1)
            #expect(try await line()?["open"] == 0)
            try await office.done(
                "assign", on: id, as: last.leader, ["officer": .string(last.officer.text)])
        }
    }

    @Test func `os-304: who waits for a successor takes the one that another event names`() async throws {
        try await Office.open { office in
            _ = try await Heir.establish(office)
            _ = try await Heir.establish(office, at: Agencies.code("H19.08"))
            let id = try await office.inWork()
            try await office.dissolve(Heir.code, "2021-03-01", into: nil)
            try await office.dissolve(Agencies.justice, "2021-03-01", into: Heir.code)
            try await office.pass("2021-03-02 09:00")
            #expect(try await office.places(id) == ["H19.06", "H19.06"])
            // Of the agency in between nothing is moved, and yet it leads on.
            try await office.dissolve(Heir.code, "2021-03-01", into: Agencies.code("H19.08"))
            try await office.pass("2021-03-02 09:01")
            #expect(try await office.places(id) == ["H19.08", "H19.08"])
            // Those that would succeed one another in a circle are nobody.
            try await office.dissolve(Agencies.code("H19.08"), "2021-03-02", into: Agencies.justice)
            try await office.pass("2021-03-03 09:00")
            #expect(try await office.places(id) == ["H19.08", "H19.08"])
            let list = try await office.get("/successions", as: office.administrator).json["successions"]?.array ?? []
            #expect(list.compactMap { $0["inCharge"]?.text } == [])
        }
    }
}
