import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

/// What goes to a successor in less usual cases: of several levels, more than once, in another order.
@Suite struct SuccessionCaseTests {
    private static let reasons: JSON = ["reasonCode": "x", "reason": "Không đủ điều kiện"]
    private let district = Agencies.code("H19.32")
    private let commune = Agencies.code("H19.32.01")

    /// Received at the commune, with the officer of its district.
    private func atDistrict(_ office: Office) async throws -> String {
        let body = Office.submission.with("procedure", .string(Office.allowance)).with("agency", "H19.31.02")
        let submitted = try await office.send("POST", "/dossiers", as: office.citizen, body)
        let id = try #require(submitted.json["id"]?.text, "\(submitted.json)")
        try await office.done("accept", on: id, as: office.communeClerk)
        try await office.done(
            "hand-over", on: id, as: office.communeClerk, ["toOfficer": .string(office.districtOfficer.text)])
        return id
    }

    private func lodge(_ office: Office, about agency: String, _ official: PersonID? = nil) async throws -> String {
        let body: JSON = ["grievance": ComplaintTests.grievance, "agency": .string(agency)]
        let lodged = try await office.send(
            "POST", "/my/complaints", as: office.citizen, body.with("official", official.map { JSON.string($0.text) }))
        return try #require(lodged.json["id"]?.text, "\(lodged.json)")
    }

    @Test func `os-302: who succeeds a district finds what was the district's, and not what was its communes'`()
        async throws
    {
        try await Office.open { office in
            let (below, clerk) = (Agencies.code("H19.33.01"), PersonID.new())
            let (above, beside) = (
                try await Heir.establish(office, at: district), try await Heir.establish(office, at: below)
            )
            try await office.appoint(clerk, .clerk, at: Agencies.district)
            try await office.appoint(.new(), .leader, at: Agencies.commune)
            var definition = try judicialRecord()
            definition.receivers = [.district, .commune]
            try await office.publish("9.000078", definition)
            var closed: [String] = []
            for (agency, person) in [("H19.31", clerk), ("H19.31.02", office.communeClerk)] {
                let body = Office.submission.with("procedure", "9.000078").with("agency", .string(agency))
                let submitted = try await office.send("POST", "/dossiers", as: office.citizen, body)
                let id = try #require(submitted.json["id"]?.text, "\(submitted.json)")
                try await office.done("refuse", on: id, as: person, Self.reasons)
                closed.append(id)
            }
            try await office.dissolve(Agencies.commune, "2021-03-01", into: below)
            try await office.dissolve(Agencies.district, "2021-03-01", into: district)
            try await office.pass("2021-03-02 09:00")
            for (person, own, other) in [(above.leader, closed[0], closed[1]), (beside.leader, closed[1], closed[0])] {
                let found = try await office.send(
                    "POST", "/dossiers/search", as: person, ["text": "phieu ly lich", "purpose": "counter"])
                #expect(ids(found) == [own], "\(found.json)")
                #expect(try await office.get("/dossiers/\(own)", as: person).status == 200)
                #expect(try await office.get("/dossiers/\(other)", as: person).status == 403)
            }
            // The index of words finds the same as the walk.
            let readable = Readable([district], ended: [Agencies.district])
            let hits = try await SearchSQL.hits(
                readable.query("phieu"), readable.may, before: SearchSQL.newest, limit: 9,
                in: office.harness.database.database)
            let indexed = try #require(hits).map { row -> DossierID in try row("id") }
            #expect(indexed.map(\.text) == [closed[0]])
        }
    }

    @Test(arguments: [true, false])
    func `os-301: who was transferred before the end was known goes on too`(_ comes: Bool) async throws {
        try await Office.open { office in
            _ = try await Heir.establish(office)
            let (id, touched) = (try await office.inWork(), try await office.inWork())
            try await office.move(
                office.officer, from: Agencies.justice, to: comes ? Heir.code : Agencies.police, .officer)
            for dossier in [id, touched] { #expect(try await office.holder(dossier) == nil) }
            // What something happened to since is the successor's to give.
            let other = PersonID.new()
            try await office.appoint(other, .officer, at: Agencies.justice)
            try await office.done("assign", on: touched, as: office.leader, ["officer": .string(other.text)])
            try await office.harness.database.database.run(
                "UPDATE directory_posts SET valid_to = '2021-03-02' WHERE person = \(other)")
            try await office.dissolve(Agencies.justice, "2021-03-02", into: Heir.code)
            try await office.pass("2021-03-03 09:01")
            #expect(try await office.places(id) == ["H19.07", "H19.07"])
            #expect(try await office.holder(id) == (comes ? office.officer : nil))
            #expect(try await office.last(DossierTakenOver.self, of: id)?.officer == (comes ? office.officer : nil))
            #expect(try await office.holder(touched) == nil)
        }
    }

    @Test func `os-301: whoever does a step beside the leading one goes on, and its errors are the ended agency's`()
        async throws
    {
        try await Office.open { office in
            let heir = try await Heir.establish(office)
            let id = try await BranchTests.apart(office)
            let branch = try BranchID(try await BranchTests.branch("records", of: id, office)["id"]?.text ?? "")
            try await office.harness.database.database.run(
                "UPDATE branches SET officer = \(office.inspector) WHERE id = \(branch)")
            try await office.harness.database.database.run(
                "UPDATE directory_posts SET agency = 'H19.07' WHERE person = \(office.inspector)")
            try await office.dissolve(Agencies.police, "2021-03-01", into: Heir.code)
            try await office.pass("2021-03-02 09:00")
            let moved = try await BranchTests.branch("records", of: id, office)
            #expect((moved["agency"]?.text, moved["officer"]?.text) == ("H19.07", office.inspector.text))
            let error: JSON = [
                "kind": "wrong-result", "what": "Tra cứu sai", "apology": "Thành thật xin lỗi.", "cost": 0,
                "agency": "H19.25",
            ]
            let recorded = try await office.act("errors", on: id, as: heir.leader, error)
            #expect((recorded.status, recorded.json["agency"]) == (201, "H19.25"), "\(recorded.json)")
        }
    }

    @Test func `os-300: a last step at the agency above ends where it was begun`() async throws {
        try await Office.open { office in
            _ = try await Heir.establish(office, at: commune)
            let id = try await atDistrict(office)
            try await office.done(
                "hand-over", on: id, as: office.districtOfficer, ["toOfficer": .string(office.districtLeader.text)])
            try await office.dissolve(Agencies.commune, "2021-03-01", into: commune)
            try await office.pass("2021-03-02 09:00")
            #expect(try await office.places(id) == ["H19.32.01", "H19.31"])
            // Elsewhere nobody decides it.
            try await office.done("send", on: id, as: office.districtOfficer, ["toAgency": "H19.06"])
            let elsewhere = try await office.act("approve", on: id, as: office.leader, [:])
            #expect((elsewhere.status, elsewhere.code) == (409, "onestop.not-at-last-step"))
            try await office.done("send-back", on: id, as: office.officer, ["note": "x"])
            try await office.done("approve", on: id, as: office.districtLeader, [:])
            let event = try #require(try await office.last(DossierApproved.self, of: id))
            #expect(event.agency == Agencies.district)
        }
    }

    @Test func `os-300: what is answered goes on to the last of a line, and each time the applicant is told`()
        async throws
    {
        try await Office.open { office in
            let last = Agencies.code("H19.08")
            _ = try await Heir.establish(office)
            let heir = try await Heir.establish(office, at: last)
            let id = try await office.inWork()
            try await office.done("stop", on: id, as: office.officer, Self.reasons)
            try await office.dissolve(Agencies.justice, "2021-03-01", into: Heir.code)
            try await office.pass("2021-03-02 09:00")
            #expect(try await office.places(id) == ["H19.06", "H19.07"])
            try await office.dissolve(Heir.code, "2021-03-02", into: last)
            try await office.pass("2021-03-03 09:00")
            #expect(try await office.places(id) == ["H19.06", "H19.08"])
            let told = try await office.get("/my/notifications", as: office.citizen).json["notifications"]?.array ?? []
            for code in ["(H19.07)", "(H19.08)"] {
                #expect(told.filter { $0["vietnamese"]?.text?.contains(code) == true }.count == 1, "\(code)")
            }
            try await office.done("return", on: id, as: heir.clerk, [:])
            #expect(try await office.last(DossierReturned.self, of: id)?.agency == last)
        }
    }

    @Test func `os-304: what waits is looked at sooner when another agency ends, and not before all know it`()
        async throws
    {
        try await Office.open { office in
            _ = try await Heir.establish(office)
            _ = try await office.inWork()
            func due(_ agency: String) async throws -> Date? {
                try await office.harness.database.database.run(
                    "SELECT due_at FROM timers WHERE kind = \(SucceedBatch.kind) AND key = \(agency)"
                ).first?("due_at")
            }
            try await office.dissolve(Agencies.justice, "2021-03-01", into: nil)
            try await office.dissolve(Agencies.police, "2021-03-20", into: nil)
            try await office.pass("2021-03-02 09:00")
            let later = try await due("H19.25")
            #expect(try later == Succession.known(at("2021-03-21 00:00")))
            #expect(try await due("H19.06") == at("2021-03-03 09:00"))
            try await office.dissolve(Heir.code, "2021-03-10", into: nil)
            #expect(try await due("H19.06") == Succession.known(at("2021-03-02 09:00")))
            #expect(try await due("H19.25") == later)
        }
    }

    @Test func `os-137: a complaint about who leads the successor goes to the agency above that one`() async throws {
        try await Office.open { office in
            let above = try await Heir.establish(office, at: district)
            let heir = try await Heir.establish(office, at: commune)
            let (about, other) = (
                try await lodge(office, about: "H19.31.02", heir.leader), try await lodge(office, about: "H19.31.02")
            )
            try await office.dissolve(Agencies.commune, "2021-03-01", into: commune)
            try await office.pass("2021-03-02 09:00")
            for (person, complaint) in [(above.leader, about), (heir.leader, other)] {
                let list = try await office.get("/complaints", as: person).json["complaints"]?.array ?? []
                #expect(list.compactMap { $0["id"]?.text } == [complaint])
            }
            let events = try await office.harness.events(ComplaintTakenOver.self)
            #expect(Set(events.map(\.toAgency)) == [district, commune])
            #expect(try await office.get("/complaints/\(about)", as: heir.leader).status == 404)
        }
    }

    @Test func `os-301: who is to answer a complaint keeps it only at the successor`() async throws {
        for (target, keeps) in [(Heir.code, true), (Agencies.police, false)] {
            try await Office.open { office in
                let heir = try await Heir.establish(office)
                let id = try await lodge(office, about: "H19.06")
                let assigned = try await office.send(
                    "POST", "/complaints/\(id)/assign", as: office.leader, ["handler": .string(office.clerk.text)])
                #expect(assigned.status == 200, "\(assigned.json)")
                try await office.dissolve(Agencies.justice, "2021-03-02", into: Heir.code)
                try await office.pass("2021-03-03 09:00")
                // HR has not said yet where to.
                let taken = try await office.get("/complaints/\(id)", as: heir.leader).json
                #expect((taken["agency"]?.text, taken["handler"]?.text) == ("H19.07", office.clerk.text))
                try await office.move(office.clerk, from: Agencies.justice, to: target, .clerk)
                let view = try await office.get("/complaints/\(id)", as: heir.leader).json
                #expect(view["state"]?.text == (keeps ? "assigned" : "lodged"), "\(target)")
                let answer = try await office.send(
                    "POST", "/complaints/\(id)/answer", as: office.clerk, ["answer": "Đã rõ.", "justified": false])
                #expect(answer.status == (keeps ? 200 : 403), "\(target)")
            }
        }
    }

    @Test func `os-302: the successor finds what the ended agency answered`() async throws {
        try await Office.open { office in
            let heir = try await Heir.establish(office)
            let id = try await lodge(office, about: "H19.06")
            let answered = try await office.send(
                "POST", "/complaints/\(id)/answer", as: office.leader, ["answer": "Đã rõ.", "justified": false])
            #expect(answered.status == 200, "\(answered.json)")
            let path = "/complaints?agency=H19.06&answered=true"
            #expect(try await office.get(path, as: heir.leader).status == 403)
            try await office.dissolve(Agencies.justice, "2021-03-02", into: Heir.code)
            try await office.pass("2021-03-03 09:00")
            let list = try await office.get(path, as: heir.leader).json["complaints"]?.array ?? []
            #expect(list.compactMap { $0["id"]?.text } == [id])
        }
    }

    @Test func `os-303: before its batch nothing is accepted or handed over; a draft is told who`() async throws {
        try await Office.open { office in
            try await office.publish(PaperDesk.code, try PaperDesk.definition())
            let heir = try await Heir.establish(office)
            let (id, desk) = (try await office.submit(), PaperDesk(office))
            let draft = try await desk.written()
            try await office.done("accept", on: id, as: office.clerk)
            let waiting = try await office.submit()
            try await office.dissolve(Agencies.justice, "2021-03-01", into: Heir.code)
            try await office.set("2021-03-02 09:00")
            let early = try await office.act("hand-over", on: id, as: heir.clerk)
            let accepted = try await office.act("accept", on: waiting, as: heir.clerk)
            let submitted = try await desk.submit(draft)
            for answer in [early, accepted, submitted] {
                #expect((answer.status, answer.code) == (422, "onestop.agency-dissolved"))
                #expect(answer.json["detail"]?.text?.contains("H19.07") == true, "\(answer.json)")
            }
            #expect(submitted.faults == ["submission.agency"])
            #expect(PaperDesk.missing(try await desk.read(draft)).contains("submission.agency"))
            try await office.fire()
            try await office.done("hand-over", on: id, as: heir.clerk)
            let code = try await office.done("accept", on: waiting, as: heir.clerk)["code"]?.text
            #expect(code?.hasPrefix("H19.07-") == true)
        }
    }

    @Test func `os-300: the control sheet has the take-over, and reports count the dossier once`() async throws {
        try await Office.open { office in
            _ = try await Heir.establish(office)
            let id = try await office.inWork()
            try await office.dissolve(Agencies.justice, "2021-03-31", into: Heir.code)
            try await office.pass("2021-04-01 09:00")
            let dossier = try #require(try await office.harness.database.database.dossier(try DossierID(id)))
            let moves = try await office.harness.database.database.moves(of: dossier)
            let line = try #require(ControlSheet.lines(moves, dossier, try judicialRecord()).last)
            #expect(moves.last?.what == "taken-over")
            #expect((line.giver.agency, line.receiver.agency) == (Agencies.justice, Heir.code))
            #expect((line.outcome, line.note) == (nil, "cơ quan kế thừa tiếp nhận"))
            try await office.set("2021-04-02 09:00")
            for (period, wanted) in [("2021-Q1", [1, 0]), ("2021-Q2", [0, 1])] {
                for (agency, count) in zip(["H19.06", "H19.07"], wanted) {
                    let path = "/agencies/\(agency)/reports/\(period)/timeliness"
                    let answer = try await office.get(path, as: office.administrator)
                    let report = try ReportTimeliness.Output(decoding: answer.json, unknown: .refuse)
                    #expect(report.total.came == count, "\(agency) \(period)")
                }
            }
        }
    }
}
