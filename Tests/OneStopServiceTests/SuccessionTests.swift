import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

/// A second department that succeeds the first, with its people.
struct Heir: Sendable {
    static let code = Agencies.code("H19.07")
    let clerk = PersonID.new()
    let officer = PersonID.new()
    let leader = PersonID.new()

    static func establish(_ office: Office, at code: AgencyCode = code) async throws -> Heir {
        var event = AgencyEstablished()
        (event.code, event.name, event.nameEn) = (code, "Sở kế thừa \(code)", "Successor \(code)")
        (event.kind, event.validFrom) = (.department, try Day("2020-01-01"))
        await office.harness.take(event)
        let heir = Heir()
        try await office.appoint(heir.clerk, .clerk, at: code)
        try await office.appoint(heir.officer, .officer, at: code)
        try await office.appoint(heir.leader, .leader, at: code)
        return heir
    }
}

extension Office {
    func dissolve(_ agency: AgencyCode, _ last: String, into successor: AgencyCode?) async throws {
        var event = AgencyDissolved()
        (event.code, event.validTo, event.successor) = (agency, try Day(last), successor)
        await harness.take(event)
    }

    /// Where a dossier was received, and where it lies.
    func places(_ dossier: String) async throws -> [String] {
        let rows = try await harness.database.database.run(
            "SELECT receiving_agency, working_agency FROM dossiers WHERE id = \(try DossierID(dossier))")
        return [try rows[0]("receiving_agency"), try rows[0]("working_agency")]
    }

    func holder(_ dossier: String) async throws -> PersonID? {
        try await harness.database.database.run(
            "SELECT officer FROM dossiers WHERE id = \(try DossierID(dossier))"
        ).first?("officer")
    }
}

@Suite struct SuccessionTests {
    private static let reasons: JSON = ["reasonCode": "x", "reason": "Không đủ điều kiện"]
    private let here = ["H19.06", "H19.06"]
    private let there = ["H19.07", "H19.07"]

    @Test func `os-300: on the day after its last day the successor has everything that is open`() async throws {
        try await Office.open { office in
            let heir = try await Heir.establish(office)
            let (submitted, working) = (try await office.submit(), try await office.inWork())
            let (stopped, refused) = (try await office.inWork(), try await office.submit())
            try await office.done("stop", on: stopped, as: office.officer, Self.reasons)
            try await office.done("refuse", on: refused, as: office.clerk, Self.reasons)
            let lodged = try await office.send(
                "POST", "/my/complaints", as: office.citizen,
                ["grievance": ComplaintTests.grievance, "agency": "H19.06"])
            let before = try await office.get("/dossiers/\(working)", as: office.officer).json
            try await office.dissolve(Agencies.justice, "2021-03-02", into: Heir.code)
            // Not before its last day is over.
            try await office.pass("2021-03-02 16:00")
            #expect(try await office.places(working) == here)
            try await office.pass("2021-03-03 09:00")
            for id in [submitted, working] { #expect(try await office.places(id) == there) }
            #expect(try await office.places(stopped) == ["H19.06", "H19.07"])
            #expect(try await office.places(refused) == here)
            #expect(try await office.harness.announced(DossierTakenOver.self) == 3)
            let event = try #require(try await office.last(DossierTakenOver.self, of: working))
            #expect((event.fromAgency, event.toAgency) == (Agencies.justice, Heir.code))
            #expect((event.receives, event.works, event.status) == (true, true, .processing))
            let answered = try #require(try await office.last(DossierTakenOver.self, of: stopped))
            #expect((answered.receives, answered.works) == (false, true))
            let after = try await office.get("/dossiers/\(working)", as: heir.leader).json
            for name in ["code", "dueAt", "stepDueAt", "step", "handOverBy", "status"] {
                #expect(after[name] == before[name], "\(name)")
            }
            let history = try await office.get("/dossiers/\(working)/history", as: heir.leader).json["lines"]?.array
            #expect(history?.last?["what"] == "taken-over" && history?.last?["note"] == "H19.06 → H19.07")
            let told = try await office.get("/my/notifications", as: office.citizen).json["notifications"]?.array ?? []
            #expect(told.filter { $0["vietnamese"]?.text?.contains("(H19.07)") == true }.count == 3)
            // The complaint, by its date.
            let complaints = try await office.get("/complaints", as: heir.leader).json["complaints"]?.array ?? []
            #expect(complaints.map { $0["dueAt"] } == [lodged.json["dueAt"]])
            #expect(complaints.first?["aboutAgency"] == "H19.06")
            #expect(try await office.harness.announced(ComplaintTakenOver.self) == 1)
            // Its people go on with each.
            let accepted = try await office.done("accept", on: submitted, as: heir.clerk)
            #expect(accepted["code"]?.text?.hasPrefix("H19.07-") == true)
            try await office.done("return", on: stopped, as: heir.clerk, [:])
            #expect(try await office.act("hand-over", on: working, as: office.clerk).status == 403)
            // And no timer does it again: one looks once more a day later, then none.
            try await office.pass("2021-03-04 10:00")
            try await office.pass("2021-03-05 10:01")
            #expect(try await office.harness.announced(DossierTakenOver.self) == 3)
            let left = try await office.harness.count(
                "SELECT count(*) AS n FROM timers WHERE kind = \(SucceedBatch.kind)")
            #expect(left == 0)
            let list = try await office.get("/successions", as: office.administrator).json["successions"]?.array ?? []
            #expect(list.count == 1 && list.first?["moved"] == 4 && list.first?["open"] == 0)
            #expect(list.first?["inCharge"] == "H19.07" && list.first?["finishedAt"]?.text != nil)
            #expect(try await office.get("/successions", as: heir.leader).status == 403)
        }
    }

    @Test func `os-300: killed between batches it goes on, and none is moved twice`() async throws {
        try await Office.open { office in
            _ = try await Heir.establish(office)
            let first = try DossierID(try await office.inWork())
            let most = Limits.Successions.batch
            // Three batches, without their events.
            try await office.harness.database.database.run(
                """
                INSERT INTO dossiers SELECT (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid(),
                    'code_serial', 1000 + n))).*
                FROM dossiers d, generate_series(1, \(most * 2 + 9)) AS n WHERE d.id = \(first)
                """)
            try await office.harness.database.database.run("DELETE FROM timers")
            try await office.dissolve(Agencies.justice, "2021-03-02", into: Heir.code)
            try await office.set("2021-03-03 09:00")
            func moved() async throws -> Int {
                try await office.harness.count("SELECT count(*) AS n FROM dossiers WHERE working_agency = 'H19.07'")
            }
            await #expect(throws: Killed.self) { try await office.fire(most: 1) { _ in throw Killed() } }
            #expect(try await moved() == 0)
            try await office.fire(most: 1, failing: nil)
            #expect(try await moved() == most)
            await #expect(throws: Killed.self) { try await office.fire(most: 1) { _ in throw Killed() } }
            #expect(try await moved() == most)
            // The same event once more is nothing new.
            try await office.dissolve(Agencies.justice, "2021-03-02", into: Heir.code)
            try await office.pass("2021-03-03 09:05")
            let all = most * 2 + 10
            #expect(try await moved() == all)
            #expect(try await office.harness.announced(DossierTakenOver.self) == all)
            #expect(try await office.harness.count("SELECT count(DISTINCT version) AS n FROM dossiers") == 1)
        }
    }

    @Test func `os-300: what lay beside a dossier of others goes too`() async throws {
        try await Office.open { office in
            let heir = try await Heir.establish(office)
            let apart = try await BranchTests.apart(office)
            let asking = try await office.inWork()
            try await office.done(
                "opinions", on: asking, as: office.officer,
                ["toAgency": "H19.25", "question": "Có tiền án không?", "limit": ["amount": 5, "unit": "workingDays"]])
            let branch = try await BranchTests.branch("records", of: apart, office)
            try await office.dissolve(Agencies.police, "2021-03-01", into: Heir.code)
            try await office.pass("2021-03-02 09:00")
            #expect(try await office.places(apart) == here)
            let moved = try await BranchTests.branch("records", of: apart, office)
            #expect((moved["agency"], moved["id"], moved["dueAt"]) == ("H19.07", branch["id"], branch["dueAt"]))
            let event = try #require(try await office.last(DossierTakenOver.self, of: apart))
            #expect((event.receives, event.works, event.branches, event.opinions) == (false, false, 1, 0))
            let finished = try await office.act(
                "branches/\(branch["id"]?.text ?? "")/hand-over", on: apart, as: heir.officer, ["note": "Xong"])
            #expect(finished.status == 200, "\(finished.json)")
            let owed = try await office.get("/opinions", as: heir.officer).json["opinions"]?.array ?? []
            let opinion = try #require(owed.first?["id"]?.text)
            #expect(
                try await office.act(
                    "opinions/\(opinion)/answer", on: asking, as: heir.officer, ["verdict": "agree"]
                ).status == 200)
            // Who could read it: before, who was asked then; after, the successor.
            try await office.set("2021-03-03 09:00")
            func readers(on day: String) async throws -> Set<String> {
                let list = try await office.get("/dossiers/\(asking)/readers?on=\(day)", as: office.leader)
                return Set((list.json["groups"]?.array ?? []).compactMap { $0["through"]?.text })
            }
            #expect(try await readers(on: "2021-03-01") == ["H19.06", "H19.25"])
            #expect(try await readers(on: "2021-03-03") == ["H19.06", "H19.07"])
        }
    }

    @Test func `os-300: the way back has nobody twice`() throws {
        var away = try dossier()
        let (old, new, police) = (Agencies.justice, Heir.code, Agencies.police)
        (away.workingAgency, away.sentFrom) = (new, [old])
        let home = away.takenOver(from: old, by: new)
        #expect((home.receivingAgency, home.workingAgency, home.sentFrom) == (new, new, []))
        (away.workingAgency, away.sentFrom) = (Agencies.district, [old, police, new])
        #expect(away.takenOver(from: old, by: new).sentFrom == [new])
        #expect(away.takenOver(from: police, by: Agencies.commune).sentFrom == [old, Agencies.commune, new])
        // What is answered was received and answered by whom it was.
        var done = away
        try done.finish(at: try at("2021-03-05 09:00"))
        let taken = done.takenOver(from: old, by: new)
        #expect((taken.receivingAgency, taken.workingAgency) == (old, new))
        #expect(taken.answeringAgency == Agencies.district)
    }

    @Test(arguments: [true, false])
    func `os-301: who comes along goes on, whichever event is first`(_ isTransferFirst: Bool) async throws {
        for (target, keeps) in [(Heir.code, true), (Agencies.police, false)] {
            try await Office.open { office in
                let heir = try await Heir.establish(office)
                let id = try await office.inWork()
                try await office.dissolve(Agencies.justice, "2021-03-02", into: Heir.code)
                if isTransferFirst {
                    try await office.move(office.officer, from: Agencies.justice, to: target, .officer)
                }
                try await office.pass("2021-03-03 09:00")
                #expect(try await office.places(id) == there)
                if !isTransferFirst {
                    try await office.move(office.officer, from: Agencies.justice, to: target, .officer)
                }
                #expect(try await office.holder(id) == (keeps ? office.officer : nil), "\(target)")
                let act = try await office.act(
                    "hand-over", on: id, as: office.officer, ["toOfficer": .string(heir.officer.text)])
                #expect(act.status == (keeps ? 200 : 403), "\(target): \(act.json)")
            }
        }
    }

    @Test func `os-301: whose post had ended before holds it no more, and neither does the wrong post`() async throws {
        try await Office.open { office in
            let heir = try await Heir.establish(office)
            let (left, other) = (try await office.inWork(), PersonID.new())
            try await office.appoint(other, .officer, at: Agencies.justice)
            let id = try await office.inWork()
            try await office.done("assign", on: id, as: office.leader, ["officer": .string(other.text)])
            try await office.harness.database.database.run(
                "UPDATE directory_posts SET valid_to = '2021-03-02' WHERE person = \(office.officer)")
            // A post at the successor that is limited to other fields.
            try await office.harness.database.database.run(
                "UPDATE directory_posts SET agency = 'H19.07', fields = '{BTXH}' WHERE person = \(other)")
            try await office.dissolve(Agencies.justice, "2021-03-02", into: Heir.code)
            try await office.pass("2021-03-03 09:00")
            for dossier in [left, id] { #expect(try await office.holder(dossier) == nil) }
            let inbox = try await office.get("/inbox?unassigned=true", as: heir.leader)
            #expect(Set(ids(inbox)) == [left, id])
            try await office.done("assign", on: left, as: heir.leader, ["officer": .string(heir.officer.text)])
        }
    }
}
