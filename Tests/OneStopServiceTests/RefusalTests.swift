import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Bad input names what is wrong by a stable code and changes nothing.
@Suite struct RefusalTests {
    @Test func `nobody sees or moves what is not theirs`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let before = try await fingerprint(office)
            // Another citizen's dossier does not exist for a citizen.
            for path in ["", "/history", "/due-dates"] {
                let answer = try await office.get("/dossiers/\(id)\(path)", as: office.stranger)
                #expect((answer.status, answer.code) == (404, "not-found"))
            }
            #expect(try await office.act("withdraw", on: id, as: office.stranger, [:]).status == 404)
            #expect(try await office.get("/my/dossiers", as: office.stranger).json["dossiers"]?.array == [])
            // Another agency's dossier is refused, for reading and for every action.
            for person in [office.communeClerk, office.districtOfficer, office.districtLeader, office.inspector] {
                for path in ["", "/history", "/due-dates", "/opinions"] {
                    let answer = try await office.get("/dossiers/\(id)\(path)", as: person)
                    #expect((answer.status, answer.code) == (403, "forbidden"), "\(path)")
                }
                for (action, body) in office.acts {
                    let answer = try await office.act(action, on: id, as: person, body)
                    #expect((answer.status, answer.code) == (403, "forbidden"), "\(action)")
                }
            }
            #expect(try await office.get("/inbox?agency=H19.06", as: office.districtOfficer).status == 403)
            #expect(try await office.get("/inbox?officer=\(office.officer)", as: office.districtLeader).status == 403)
            #expect(try await office.get("/opinions?agency=H19.25", as: office.officer).status == 403)
            #expect(try await office.get("/inbox", as: office.citizen).status == 403)
            #expect(try await office.get("/dossiers/\(id)").status == 401)
            #expect(try await fingerprint(office) == before)
        }
    }

    /// Everything that a refused request must leave as it was.
    private func fingerprint(_ office: Office) async throws -> String {
        let rows = try await office.harness.database.database.run(
            """
            SELECT md5(string_agg(line, ',' ORDER BY line)) AS sum FROM (
                SELECT d::text AS line FROM dossiers d UNION ALL SELECT h::text FROM dossier_history h
                UNION ALL SELECT e.seq::text FROM event_log e UNION ALL SELECT o::text FROM opinions o
                UNION ALL SELECT n::text FROM notifications n) AS everything
            """)
        return try rows[0]("sum")
    }

    @Test func `an unlawful move is refused and changes nothing`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            let before = try await fingerprint(office)
            for (action, who) in [
                ("return", office.clerk), ("withdrawal/confirm", office.clerk), ("supply", office.citizen),
                ("hand-over", office.clerk), ("approve", office.leader), ("finish", office.leader),
            ] {
                let answer = try await office.act(action, on: id, as: who, [:])
                #expect(answer.status == 409, "\(action)")
                #expect(["onestop.unlawful-move", "onestop.not-in-status"].contains(answer.code ?? ""), "\(action)")
            }
            #expect(try await fingerprint(office) == before)
            try await office.done("refuse", on: id, as: office.clerk, ["reasonCode": "wrong-place", "reason": "x"])
            // Final: nothing leaves 3.
            for (action, body) in office.acts where action != "opinions" && action != "assign" {
                let people = [office.clerk, office.officer, office.leader, office.citizen]
                for person in people {
                    let answer = try await office.act(action, on: id, as: person, body)
                    #expect(answer.status >= 400, "\(action)")
                }
            }
            #expect(try await office.status(id) == 3)
        }
    }

    @Test func `an administrator of one commune changes nothing that is everybody's`() async throws {
        try await Office.open { office in
            let local = PersonID.new()
            try await office.appoint(local, .administrator, at: Agencies.commune)
            let before = try await office.get("/calendar").body
            let calendar = try await office.send("PUT", "/calendar", as: local, try calendar2021().json, ifMatch: 2)
            #expect((calendar.status, calendar.code) == (403, "forbidden"))
            let path = "/procedures/\(Office.allowance)"
            let body: JSON = ["validFrom": "2021-03-02", "definition": try Office.monthlyAllowance().json]
            #expect(try await office.send("POST", "\(path)/draft", as: local, body).status == 403)
            #expect(try await office.send("POST", "\(path)/draft", as: office.administrator, body).status == 200)
            #expect(try await office.send("POST", "\(path)/publish", as: local).status == 403)
            #expect(try await office.get("/calendar").body == before)
            #expect(try await office.get("\(path)/draft", as: office.administrator).status == 200)
        }
    }

    @Test func `a stale If-Match is refused`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            let old = try await office.act("accept", on: id, as: office.clerk, ifMatch: 7)
            #expect((old.status, old.code) == (412, "stale-version"))
            #expect(try await office.status(id) == 1)
            let right = try await office.act("accept", on: id, as: office.clerk, ifMatch: 1)
            #expect((right.status, right.outgoing.header("etag")) == (200, "\"2\""))
            let calendar = try await office.send("PUT", "/calendar", as: office.administrator, try calendar2021().json)
            #expect(calendar.status == 428)
            let stale = try await office.send(
                "PUT", "/calendar", as: office.administrator, try calendar2021().json, ifMatch: 1)
            #expect(stale.status == 412)
        }
    }

    @Test func `a repeated request has one effect and the same answer`() async throws {
        try await Office.open { office in
            let first = try await office.send("POST", "/dossiers", as: office.citizen, Office.submission, key: "k1")
            let second = try await office.send("POST", "/dossiers", as: office.citizen, Office.submission, key: "k1")
            #expect((first.status, second.status) == (201, 201))
            #expect(first.body == second.body)
            #expect(second.outgoing.header("idempotent-replayed") == "true")
            #expect(try await office.harness.announced(DossierSubmitted.self) == 1)
            let other = try await office.send(
                "POST", "/dossiers", as: office.citizen, Office.submission.with("subject", "Khác"), key: "k1")
            #expect((other.status, other.code) == (422, "idempotency-key-reused"))
            let id = try #require(first.json["id"]?.text)
            // In a transaction, too; without its key the repetition is an unlawful move.
            let accepted = try await office.act("accept", on: id, as: office.clerk, key: "k2")
            let again = try await office.act("accept", on: id, as: office.clerk, key: "k2")
            #expect(accepted.body == again.body)
            #expect(try await office.act("accept", on: id, as: office.clerk).status == 409)
            #expect(try await office.harness.announced(DossierAccepted.self) == 1)
        }
    }

    @Test func `a wrong submission names its field`() async throws {
        try await Office.open { office in
            // A department that was dissolved before today.
            var gone = AgencyEstablished()
            (gone.code, gone.name, gone.nameEn) = (Agencies.code("H19.07"), "Sở cũ", "Former department")
            (gone.kind, gone.validFrom, gone.validTo) = (.department, try Day("2020-01-01"), try Day("2021-02-28"))
            await office.harness.take(gone)
            let wrong: [(JSON, Int, String, String)] = [
                (Office.submission.with("procedure", "9.999999"), 422, "onestop.procedure-unknown", "procedure"),
                (Office.submission.with("agency", "H19.25"), 422, "onestop.agency-does-not-receive", "agency"),
                (Office.submission.with("agency", "H19.07"), 422, "onestop.agency-dissolved", "agency"),
                (Office.submission.with("agency", "H19.99"), 422, "onestop.agency-does-not-receive", "agency"),
                (Office.submission.with("agency", "Sở"), 422, "invalid-fields", "agency"),
                (Office.submission.with("name", nil), 422, "invalid-fields", "name"),
                (Office.submission.with("name", ""), 422, "invalid-fields", "name"),
                (Office.submission.with("phone", "số"), 422, "invalid-fields", "phone"),
                (Office.submission.with("nationalId", "1234567890"), 422, "invalid-fields", "nationalId"),
                (Office.submission.with("extra", 1), 422, "invalid-fields", "extra"),
            ]
            for (body, status, code, field) in wrong {
                let answer = try await office.send("POST", "/dossiers", as: office.citizen, body)
                #expect((answer.status, answer.code) == (status, code))
                #expect(answer.json["errors"]?.array?.contains { $0["field"]?.text == field } ?? false, "\(field)")
            }
            #expect(try await office.harness.announced(DossierSubmitted.self) == 0)
            #expect(try await office.send("POST", "/dossiers", as: office.clerk, Office.submission).status == 403)
            let id = try await office.submit()
            // The form comes back as it was filled in, NUL and all.
            let view = try await office.get("/dossiers/\(id)", as: office.citizen).json
            #expect(view["form"] == Office.submission["form"])
        }
    }

    @Test func `codes that are none are not found`() async throws {
        try await Office.open { office in
            for code in ["x", "H19.06-210301-0001", "H19.06-219999-0001", "%00", "H19.06-210301-00000000001"] {
                #expect(try await office.get("/public/dossiers/\(code)").status >= 404, "\(code)")
                #expect(try await office.get("/dossiers?code=\(code)", as: office.clerk).status >= 404, "\(code)")
            }
            let id = try await office.inWork()
            let known = try await office.get("/public/dossiers/H19.06-210301-0001").json
            #expect(known == ["code": "H19.06-210301-0001", "completion": 50])
            let found = try await office.get("/dossiers?code=000.00.06.H19-210301-0001", as: office.clerk)
            #expect(found.json["id"]?.text == id)
            #expect(try await office.get("/dossiers?code=H19.06-210301-0001", as: office.stranger).status == 404)
            #expect(try await office.get("/dossiers?code=H19.06-210301-0001", as: office.inspector).status == 403)
        }
    }
}
