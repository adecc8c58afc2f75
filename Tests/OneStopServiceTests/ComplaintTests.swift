import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

@Suite struct ComplaintTests {
    static let grievance: JSON = [
        "kind": "report", "subject": "Chờ lâu tại quầy", "text": "Tôi đã chờ ba giờ mà không được gọi số.",
    ]

    @Test func `os-145: a complaint has a code without gaps, and a date by the legal clock`() async throws {
        try await Office.open { office in
            let lodged = try await lodge(office, ["grievance": Self.grievance, "agency": "H19.06"])
            #expect(lodged["code"] == "PAKN-H19.06-210301-0001")
            // Ten working days; the day of receipt does not count.
            #expect(lodged["dueAt"] == "2021-03-15T17:00:00+07:00")
            #expect(lodged["why"]?["vietnamese"]?.text?.hasPrefix("Phải trả lời lúc 17:00 ngày 15/03/2021") == true)
            let second = try await lodge(office, ["grievance": Self.grievance, "agency": "H19.06"], key: "once")
            let repeated = try await lodge(office, ["grievance": Self.grievance, "agency": "H19.06"], key: "once")
            #expect(second == repeated && second["code"] == "PAKN-H19.06-210301-0002")
            let complaint = try await lodge(
                office, ["grievance": Self.grievance.with("kind", "complaint"), "agency": "H19.06"])
            #expect(complaint["dueAt"] == "2021-03-31T17:00:00+07:00")
            // What is said within which time is the province's data; what was promised stays.
            let path = "/complaint-limits/report"
            let limit: JSON = ["limit": ["amount": 5, "unit": "workingDays"]]
            #expect(try await office.send("PUT", path, as: office.leader, limit, ifMatch: 1).status == 403)
            #expect(try await office.send("PUT", path, as: office.administrator, limit, ifMatch: 1).status == 200)
            #expect(try await office.send("PUT", path, as: office.administrator, limit, ifMatch: 1).status == 412)
            let sooner = try await lodge(office, ["grievance": Self.grievance, "agency": "H19.06"])
            #expect(sooner["dueAt"] == "2021-03-08T17:00:00+07:00")
            let first = try await office.get("/my/complaints/\(lodged["id"]?.text ?? "")", as: office.citizen)
            #expect(first.json["dueAt"] == "2021-03-15T17:00:00+07:00")
            let all = try await office.get("/my/complaints?limit=3", as: office.citizen)
            #expect(all.json["complaints"]?.array?.count == 3 && all.next != nil)
        }
    }

    @Test func `assigned, answered, justified or not, and the citizen is told`() async throws {
        try await Office.open { office in
            let dossier = try await office.submit()
            let id =
                try await lodge(office, ["grievance": Self.grievance, "dossier": .string(dossier)])["id"]?.text ?? ""
            #expect(try await office.get("/my/complaints/\(id)", as: office.stranger).status == 404)
            #expect(try await office.get("/complaints/\(id)", as: office.clerk).status == 403)
            #expect(try await office.get("/complaints/\(id)", as: office.districtLeader).status == 403)
            let inbox = try await office.get("/complaints", as: office.leader).json["complaints"]?.array ?? []
            #expect(inbox.compactMap { $0["id"]?.text } == [id])
            #expect(try await office.get("/complaints", as: office.clerk).json["complaints"] == [])
            let assigned = try await act(office, "assign", id, office.leader, ["handler": .string(office.clerk.text)])
            #expect((assigned.status, assigned.json["state"]) == (200, "assigned"))
            #expect(try await office.get("/complaints", as: office.clerk).json["complaints"]?.array?.count == 1)
            try await office.set("2021-03-15 17:01")
            let answer: JSON = ["answer": "Đúng như phản ánh; xin lỗi ông/bà.", "justified": true]
            #expect(try await act(office, "answer", id, office.officer, answer).status == 403)
            let answered = try await act(office, "answer", id, office.clerk, answer)
            #expect((answered.json["state"], answered.json["late"]) == ("answered", true))
            let twice = try await act(office, "answer", id, office.clerk, answer)
            #expect((twice.status, twice.code) == (409, "onestop.complaint-answered"))
            let read = try await office.get("/my/complaints/\(id)", as: office.citizen).json
            #expect((read["justified"], read["handler"]) == (true, nil))
            let changes = try await office.get("/my/changes", as: office.citizen).json["changes"]?.array ?? []
            #expect(
                changes.compactMap { $0["what"]?.text } == [
                    "onestop.dossier.submitted.v1", "onestop.complaint.lodged.v1", "onestop.complaint.assigned.v1",
                    "onestop.complaint.answered.v1",
                ])
            let event = try #require(try await office.harness.events(ComplaintAnswered.self).first)
            #expect((event.justified, event.late, event.dossier?.text) == (true, true, dossier))
            #expect(
                try await office.get("/complaints?answered=true", as: office.leader).json["complaints"]?.array?.count
                    == 1)
            let history = try await office.harness.count("SELECT count(*) AS n FROM complaint_history")
            #expect(history == 3)
        }
    }

    @Test func `os-138: a complaint about an official never comes to that official`() async throws {
        try await Office.open { office in
            let other = PersonID.new()
            try await office.appoint(other, .leader, at: Agencies.justice)
            // The directory does not know the province here: it stays at the agency, with the other leader.
            let id =
                try await lodge(
                    office,
                    ["grievance": Self.grievance, "agency": "H19.06", "official": .string(office.leader.text)])["id"]?
                .text ?? ""
            #expect(try await office.get("/complaints/\(id)", as: office.leader).status == 404)
            #expect(try await office.get("/complaints", as: office.leader).json["complaints"] == [])
            let answer: JSON = ["answer": "Không đúng.", "justified": false]
            #expect(try await act(office, "answer", id, office.leader, answer).status == 404)
            #expect(
                try await act(office, "assign", id, office.leader, ["handler": .string(office.leader.text)]).status
                    == 404)
            let given = try await act(office, "assign", id, other, ["handler": .string(office.leader.text)])
            #expect((given.status, given.code) == (422, "onestop.handler-involved"))
            #expect(try await office.get("/complaints", as: other).json["complaints"]?.array?.count == 1)
            #expect(try await act(office, "answer", id, other, answer).status == 200)
        }
    }

    @Test func `os-137: about who leads an agency it goes to the agency above`() async throws {
        try await Office.open { office in
            let communeLeader = PersonID.new()
            try await office.appoint(communeLeader, .leader, at: Agencies.commune)
            for (official, agency) in [(communeLeader, "H19.31"), (office.communeClerk, "H19.31.02")] {
                let lodged = try await lodge(
                    office,
                    ["grievance": Self.grievance, "agency": "H19.31.02", "official": .string(official.text)])
                #expect((lodged["agency"]?.text, lodged["aboutAgency"]) == (agency, "H19.31.02"))
            }
            let above = try await office.get("/complaints", as: office.districtLeader).json["complaints"]?.array
            #expect(above?.compactMap { $0["official"]?.text } == [communeLeader.text])
        }
    }

    @Test func `os-139: who worked on a dossier is not given the complaint about it`() async throws {
        try await Office.open { office in
            let dossier = try await office.inWork()
            let id =
                try await lodge(office, ["grievance": Self.grievance, "dossier": .string(dossier)])["id"]?.text ?? ""
            for involved in [office.officer, office.clerk] {
                let given = try await act(office, "assign", id, office.leader, ["handler": .string(involved.text)])
                #expect((given.status, given.code) == (422, "onestop.handler-involved"))
            }
            let elsewhere = try await act(
                office, "assign", id, office.leader, ["handler": .string(office.inspector.text)])
            #expect((elsewhere.status, elsewhere.code) == (422, "onestop.handler-not-there"))
            let colleague = PersonID.new()
            try await office.appoint(colleague, .officer, at: Agencies.justice)
            #expect(
                try await act(office, "assign", id, office.leader, ["handler": .string(colleague.text)]).status == 200)
        }
    }

    @Test func `os-140: without an account: a code and a key, and a contact that only who answers can open`()
        async throws
    {
        try await Office.open { office in
            let body: JSON = ["grievance": Self.grievance, "agency": "H19.06", "contact": "0900000001"]
            let lodged = try await office.send("POST", "/public/complaints", body, key: "one")
            #expect(lodged.status == 201)
            let repeated = try await office.send("POST", "/public/complaints", body, key: "one")
            #expect(repeated.body == lodged.body)
            let (code, key) = (lodged.json["code"]?.text ?? "", lodged.json["key"]?.text ?? "")
            #expect(try await look(office, code, "x").status == 404)
            #expect(try await look(office, "PAKN-H19.06-210301-0002", key).status == 404)
            let seen = try await look(office, code, key)
            #expect((seen.status, seen.json["state"], seen.json["anonymous"]) == (200, "lodged", true))
            let stored = try await office.harness.database.database.run(
                "SELECT to_json(c)::text AS row FROM complaints c")
            let row: String = try stored[0]("row")
            let written = key.utf8.map { String(format: "%02x", $0) }.joined()
            #expect(!row.contains("0900000001") && !row.contains(key) && !row.contains(written))
            let list = try await office.get("/complaints", as: office.leader).json["complaints"]?.array ?? []
            let id = list.first?["id"]?.text ?? ""
            // Not who leads, but who is to answer.
            #expect(try await office.get("/complaints/\(id)/contact", as: office.leader).status == 403)
            _ = try await act(office, "assign", id, office.leader, ["handler": .string(office.officer.text)])
            let contact = try await office.get("/complaints/\(id)/contact", as: office.officer)
            #expect(contact.json["contact"] == "0900000001")
            _ = try await act(office, "answer", id, office.officer, ["answer": "Cảm ơn.", "justified": false])
            #expect(try await look(office, code, key).json["answer"] == "Cảm ơn.")
            let erased = try await office.send(
                "POST", "/subjects/\(id)/erase", as: office.administrator, ["reason": "Theo yêu cầu"])
            #expect(erased.status == 200)
            #expect(try await office.get("/complaints/\(id)/contact", as: office.officer).code == "onestop.no-contact")
        }
    }

    @Test func `so many an hour come without an account, and no more`() {
        let gate = AnonymousGate()
        let now = ContinuousClock.now
        let admitted = (0..<Limits.Citizen.anonymousPerHour + 5).count { _ in gate.admits(at: now) }
        #expect(admitted == Limits.Citizen.anonymousPerHour)
        #expect(gate.admits(at: now + .seconds(3_600)))
    }

    private func lodge(_ office: Office, _ body: JSON, key: String? = nil) async throws -> JSON {
        let answer = try await office.send("POST", "/my/complaints", as: office.citizen, body, key: key)
        guard answer.status == 201 else { throw Office.Unexpected(answer) }
        return answer.json
    }

    private func act(
        _ office: Office, _ what: String, _ id: String, _ who: PersonID, _ body: JSON
    ) async throws -> TestService.Answer {
        try await office.send("POST", "/complaints/\(id)/\(what)", as: who, body)
    }

    private func look(_ office: Office, _ code: String, _ key: String) async throws -> TestService.Answer {
        try await office.harness.send(
            "GET", "/public/complaints/\(code)", headers: [("complaint-key", key)])
    }
}
