import Contracts
import EventLog
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Opinions that are not given in time, deadlines that stand with the clock, and branches of an official.
@Suite struct OverdueOpinionTests {
    private let asked: JSON = [
        "toAgency": "H19.25", "question": "Có án tích không?", "limit": ["amount": 2, "unit": "workingDays"],
    ]

    private func reports(_ office: Office, as person: PersonID? = nil) async throws -> [JSON] {
        try await office.get("/opinions/overdue", as: person ?? office.leader).json["opinions"]?.array ?? []
    }

    @Test func `os-061: a late opinion is reported once to the one-stop that received, also when killed`()
        async throws
    {
        try await Office.open { office in
            let (id, other) = (try await office.inWork(), try await office.inWork())
            let opinion = try await office.done("opinions", on: id, as: office.officer, asked)
            let given = try await office.done("opinions", on: other, as: office.officer, asked)
            try await office.done(
                "opinions/\(given["id"]?.text ?? "")/answer", on: other, as: office.inspector, ["verdict": "agree"])
            #expect(opinion["dueAt"] == "2021-03-03T17:00:00+07:00")
            try await office.set("2021-03-03 17:00")
            try await office.fire()
            #expect(try await office.harness.announced(DossierOpinionOverdue.self) == 0)
            try await office.set("2021-03-03 17:01")
            await #expect(throws: Killed.self) { try await office.fire { _ in throw Killed() } }
            #expect(try await reports(office).isEmpty)
            try await office.fire()
            try await office.fire()
            #expect(try await office.harness.announced(DossierOpinionOverdue.self) == 1)
            let event = try #require(try await office.last(DossierOpinionOverdue.self, of: id))
            #expect((event.toAgency, event.reportedTo) == (Agencies.police, Agencies.justice))
            let line = try #require(try await reports(office).first)
            #expect((line["dossier"]?.text, line["answeredAt"]) == (id, nil))
            #expect(try await office.get("/opinions/overdue?agency=H19.06", as: office.inspector).status == 403)
            // A late answer does not undo the report, nor make a second one.
            let late = try await office.done(
                "opinions/\(opinion["id"]?.text ?? "")/answer", on: id, as: office.inspector, ["verdict": "agree"])
            #expect(late["late"] == true)
            #expect(try await office.fire() == 0)
            #expect(try await reports(office).first?["answeredAt"] != nil)
        }
    }

    @Test func `os-061: the one-stop that received is told whoever asked, and once however often it is looked at`()
        async throws
    {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.done("send", on: id, as: office.officer, ["toAgency": "H19.25"])
            let opinion = try await office.done(
                "opinions", on: id, as: office.inspector, asked.with("toAgency", "H19.31"))
            try await office.set("2021-03-03 17:01")
            try await office.fire()
            let event = try #require(try await office.last(DossierOpinionOverdue.self, of: id))
            #expect((event.fromAgency, event.toAgency) == (Agencies.police, Agencies.district))
            #expect(event.reportedTo == Agencies.justice)
            #expect(try await reports(office).map { $0["dossier"]?.text } == [id])
            let ofAsker = try await office.get("/opinions/overdue?agency=H19.25", as: office.inspector)
            #expect((ofAsker.status, ofAsker.json["opinions"]) == (200, []))
            // A second timer finds it reported.
            try await Timers.schedule(
                kind: ReportOverdueOpinion.kind, key: opinion["id"]?.text ?? "", dueAt: at("2021-03-03 17:01"),
                in: office.harness.database.database)
            #expect(try await office.fire() == 1)
            #expect(try await office.harness.announced(DossierOpinionOverdue.self) == 1)
        }
    }

    @Test func `os-062: what is due elsewhere stands while the dossier waits for papers or a payment`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let opinion = try await office.done("opinions", on: id, as: office.officer, asked)
            let path = "opinions/\(opinion["id"]?.text ?? "")/answer"
            try await office.set("2021-03-02 10:00")
            try await office.done("request-supplement", on: id, as: office.officer, ["missing": "CMND"])
            // Past its date, but the clock stands: nothing is late.
            try await office.set("2021-03-04 10:00")
            try await office.fire()
            #expect(try await reports(office).isEmpty)
            try await office.done("supply", on: id, as: office.citizen)
            try await office.fire()
            let page = try await office.get("/dossiers/\(id)/opinions", as: office.officer)
            // The 2nd, 3rd and 4th of March are not counted.
            #expect(page.json["opinions"]?.array?.first?["dueAt"] == "2021-03-08T17:00:00+07:00")
            try await office.set("2021-03-08 17:01")
            try await office.fire()
            #expect(try await reports(office).count == 1)
            let late = try await office.done(path, on: id, as: office.inspector, ["verdict": "agree"])
            #expect(late["late"] == true)
        }
    }

    @Test func `an answer while the clock stands is not late, and branches wait as well`() async throws {
        var waiting = try dossier(.awaitingSupplement)
        #expect(try waiting.counted(at("2021-03-20 09:00")) == at("2021-03-03 09:00"))
        #expect(try waiting.counted(at("2021-03-02 09:00")) == at("2021-03-02 09:00"))
        waiting.pauses[0].until = try at("2021-03-05 09:00")
        #expect(try waiting.counted(at("2021-03-20 09:00")) == at("2021-03-20 09:00"))
        #expect(try waiting.stood(since: at("2021-03-04 09:00")).map(\.from) == [at("2021-03-04 09:00")])
        #expect(try waiting.stood(since: at("2021-03-05 09:00")).isEmpty)
        try await Office.open { office in
            let id = try await BranchTests.apart(office)
            try await office.set("2021-03-02 10:00")
            try await office.done("request-supplement", on: id, as: office.officer, ["missing": "CMND"])
            try await office.set("2021-03-04 10:00")
            let records = try await BranchTests.branch("records", of: id, office)
            let done = try await office.act(
                "branches/\(records["id"]?.text ?? "")/hand-over", on: id, as: office.inspector, ["note": "Xong"])
            #expect((done.status, done.json["late"]) == (200, false))
            try await office.done("supply", on: id, as: office.citizen)
            try await office.fire()
            let land = try await BranchTests.branch("land", of: id, office)
            #expect(land["dueAt"] == "2021-03-05T17:00:00+07:00")
        }
    }

    @Test func `os-063: a branch is given to an official of its agency, and comes back when that one leaves`()
        async throws
    {
        try await Office.open { office in
            let id = try await BranchTests.apart(office)
            let land = try await BranchTests.branch("land", of: id, office)
            let path = "branches/\(land["id"]?.text ?? "")/assign"
            func give(_ person: PersonID, as who: PersonID) async throws -> String? {
                let answer = try await office.act(path, on: id, as: who, ["officer": .string(person.text)])
                return answer.code ?? answer.json["officer"]?.text
            }
            #expect(try await give(office.officer, as: office.districtLeader) == "onestop.officer-not-there")
            #expect(try await give(office.districtLeader, as: office.districtOfficer) == "forbidden")
            #expect(try await give(office.districtOfficer, as: office.leader) == "forbidden")
            let officer = office.districtOfficer
            #expect(try await give(officer, as: officer) == officer.text)
            #expect(try await give(officer, as: office.districtLeader) == "onestop.same-officer")
            let event = try #require(try await office.last(DossierBranchAssigned.self, of: id))
            #expect((event.toOfficer, event.agency) == (officer, Agencies.district))
            let mine = try await office.get("/branches?mine=true", as: officer).json["branches"]?.array
            #expect(mine?.map { $0["step"]?.text } == ["land"])
            #expect(try await office.get("/branches?mine=true", as: office.districtLeader).json["branches"] == [])
            await office.harness.take(try office.transferred(officer, to: Agencies.police))
            #expect(try await BranchTests.branch("land", of: id, office)["officer"] == nil)
            // It ends with its dossier.
            try await office.done("stop", on: id, as: office.officer, ["reasonCode": "x", "reason": "y"])
            #expect(try await give(office.districtLeader, as: office.districtLeader) == "onestop.not-in-status")
        }
    }
}
