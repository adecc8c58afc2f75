import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// The journeys as this service sees them: over HTTP, with the other services' events delivered by hand.
@Suite struct JourneyTests {
    @Test func `a judicial record certificate, from submission to return`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            let accepted = try await office.done("accept", on: id, as: office.clerk)
            #expect(accepted["code"]?.text == "H19.06-210301-0001")
            #expect(accepted["dueAt"]?.text == "2021-03-15T17:00:00+07:00")
            let handed: JSON = ["toOfficer": .string(office.officer.text), "note": "Kiểm tra"]
            #expect(try await office.done("hand-over", on: id, as: office.clerk, handed)["step"]?.text == "check")
            try await pay(office, id)
            try await askThePolice(office, id)
            try await supplement(office, id)
            // Guards are passed: the next steps, approval, the document, return.
            try await office.done("hand-over", on: id, as: office.officer, ["toOfficer": .string(office.officer.text)])
            try await office.done("hand-over", on: id, as: office.officer, ["toOfficer": .string(office.leader.text)])
            try await office.done("approve", on: id, as: office.leader, [:])
            let approved = try #require(try await office.last(DossierApproved.self, of: id))
            #expect((approved.documentType, approved.agency, approved.field) == ("QĐ", Agencies.justice, "LLTP"))
            try await office.set("2021-03-10 15:00")
            let document = office.harness.envelope(try office.issued(for: id))
            #expect(await office.harness.take(document) == .taken)
            #expect(await office.harness.take(document) == .duplicate)
            let finished = try await office.get("/dossiers/\(id)", as: office.citizen).json
            #expect(finished["status"]?.text == "finished")
            #expect(finished["documentNumber"]?.text == "15/QĐ-STP")
            #expect(finished["late"] == false)
            let returned = try await office.done("return", on: id, as: office.clerk, ["note": "Trả tại quầy"])
            #expect(returned["statusNumber"] == 10)
            try await closeTheBooks(office, id)
        }
    }

    private func pay(_ office: Office, _ id: String) async throws {
        try await office.done("require-payment", on: id, as: office.officer)
        let required = try #require(try await office.last(DossierPaymentRequired.self, of: id))
        #expect((required.amount.dong, required.agency) == (200_000, Agencies.justice))
        #expect(try await office.status(id) == 6)
        // Work waits for the payment.
        let early = try await office.act("hand-over", on: id, as: office.officer)
        #expect((early.status, early.code) == (409, "onestop.not-in-status"))
        try await office.set("2021-03-02 10:00")
        let paid = office.harness.envelope(try office.paid(required))
        #expect(await office.harness.take(paid) == .taken)
        #expect(await office.harness.take(paid) == .duplicate)
        let view = try await office.get("/dossiers/\(id)", as: office.officer).json
        #expect(view["receiptNumber"]?.text == "0000001/BLĐT-2021")
        // The clock stood on the 1st, which is not counted anyway, and on the 2nd.
        #expect(view["dueAt"]?.text == "2021-03-16T17:00:00+07:00")
        #expect(view["formerDueAt"]?.text == "2021-03-15T17:00:00+07:00")
        #expect(try await office.status(id) == 4)
    }

    private func askThePolice(_ office: Office, _ id: String) async throws {
        // Nobody at the police has to do with it yet.
        #expect(try await office.get("/dossiers/\(id)", as: office.inspector).status == 403)
        let asked = try await office.done(
            "opinions", on: id, as: office.officer,
            ["toAgency": "H19.25", "question": "Xác minh án tích", "limit": ["amount": 5, "unit": "workingDays"]])
        #expect(asked["dueAt"]?.text == "2021-03-09T17:00:00+07:00")
        let opinion = try #require(asked["id"]?.text)
        let list = try await office.get("/opinions", as: office.inspector).json["opinions"]?.array ?? []
        #expect(list.map { $0["id"]?.text } == [opinion])
        #expect(try await office.get("/dossiers/\(id)", as: office.inspector).status == 200)
        let mute = try await office.act(
            "opinions/\(opinion)/answer", on: id, as: office.inspector, ["verdict": "disagree"])
        #expect((mute.status, mute.code) == (422, "onestop.reason-needed"))
        let stranger = try await office.act(
            "opinions/\(opinion)/answer", on: id, as: office.officer, ["verdict": "agree"])
        #expect(stranger.status == 403)
        // Approval waits for the answer.
        let early = try await office.act("approve", on: id, as: office.leader, [:])
        #expect((early.status, early.code) == (409, "onestop.opinions-open"))
        try await office.set("2021-03-03 09:00")
        let answered = try await office.done(
            "opinions/\(opinion)/answer", on: id, as: office.inspector,
            ["verdict": "remark", "answer": "Không có án tích"])
        #expect(answered["late"] == false)
        let twice = try await office.act(
            "opinions/\(opinion)/answer", on: id, as: office.inspector, ["verdict": "agree"])
        #expect((twice.status, twice.code) == (409, "onestop.opinion-answered"))
        #expect(try await office.get("/opinions", as: office.inspector).json["opinions"]?.array == [])
    }

    private func supplement(_ office: Office, _ id: String) async throws {
        try await office.done("request-supplement", on: id, as: office.officer, ["missing": "Bản sao CCCD"])
        #expect(try await office.get("/dossiers/\(id)", as: office.citizen).json["clockStands"] == true)
        try await office.set("2021-03-05 14:00")
        let other = try await office.act("supply", on: id, as: office.stranger, [:])
        #expect(other.status == 404)
        let supplied = try await office.done("supply", on: id, as: office.citizen, ["note": "Đã nộp"])
        // Not counted: 2 March (payment), 3, 4 and 5 March (supplement).
        #expect(supplied["dueAt"]?.text == "2021-03-19T17:00:00+07:00")
        let again = try await office.act("request-supplement", on: id, as: office.officer, ["missing": "Thêm"])
        #expect((again.status, again.code) == (409, "onestop.supplement-already-requested"))
    }

    /// History, events, notices and explanations tell the same story, and none of them tells who the citizen is.
    private func closeTheBooks(_ office: Office, _ id: String) async throws {
        let lines = try await office.get("/dossiers/\(id)/history", as: office.leader).json["lines"]?.array ?? []
        let what = lines.compactMap { $0["what"]?.text }
        #expect(
            what == [
                "submitted", "accepted", "handed-over", "payment-required", "payment-settled", "opinion-requested",
                "opinion-answered", "supplement-requested", "supplement-supplied", "handed-over", "handed-over",
                "approved", "finished", "returned",
            ])
        let events = try await office.harness.database.database.run(
            """
            SELECT aggregate_version, type, agency, payload::text AS payload FROM event_log
            WHERE aggregate_id = \(id) ORDER BY seq
            """)
        #expect(try events.map { try $0("aggregate_version", as: Int.self) } == Array(1...what.count))
        for event in events {
            let text: String = try event("payload")
            let type: String = try event("type")
            for secret in ["Bích", "0900000001", "999190000017", "Trần Phú", "xin việc", "Xin cấp"] {
                #expect(!text.contains(secret), "\(type) tells \(secret)")
            }
            #expect(try event("agency", as: String.self) == "H19.06")
        }
        let notices = try await office.get("/my/notifications", as: office.citizen).json["notifications"]?.array ?? []
        #expect(
            notices.reversed().compactMap { $0["what"]?.text } == [
                "accepted", "payment-required", "payment-settled", "supplement-requested", "supplement-supplied",
                "finished", "returned",
            ])
        #expect(try await office.get("/my/notifications", as: office.stranger).json["notifications"]?.array == [])
        let dates = try await office.get("/dossiers/\(id)/due-dates", as: office.citizen).json["dueDates"]?.array ?? []
        #expect(dates.compactMap { $0["cause"]?.text } == ["accepted", "resumed", "resumed"])
        let days = dates.last?["explanation"]?["days"]?.array ?? []
        #expect(days.filter { $0["counted"] == true }.count == 10)
        #expect(days.filter { $0["reason"]?.text == "suspended" }.count == 4)
        // Applicants see the way, not the remarks.
        let own = try await office.get("/dossiers/\(id)/history", as: office.citizen).json["lines"]?.array ?? []
        #expect(own.count == lines.count)
        #expect(own.allSatisfy { $0["note"] == nil && $0["actor"] == nil && $0["officer"] == nil })
        let known = try await office.get("/public/dossiers/000.00.06.H19-210301-0001").json
        #expect(known == ["code": "H19.06-210301-0001", "completion": 100])
    }

    @Test func `an allowance is received at a commune and decided at the district`() async throws {
        try await Office.open { office in
            try await office.set("2021-02-09 10:00")
            let received = try await office.send(
                "POST", "/counter/dossiers", as: office.communeClerk,
                [
                    "submission": Office.submission.with("procedure", .string(Office.allowance))
                        .with("agency", "H19.31.02"),
                    "channel": "counter", "person": .string(office.citizen.text),
                ])
            let id = try #require(received.json["id"]?.text)
            let accepted = try await office.done("accept", on: id, as: office.communeClerk)
            #expect(accepted["code"]?.text == "H19.31.02-210209-0001")
            // Fifteen working days, Tết not among them.
            #expect(accepted["dueAt"]?.text == "2021-03-09T17:00:00+07:00")
            try await office.set("2021-02-17 08:00")
            let up = try await office.done(
                "hand-over", on: id, as: office.communeClerk, ["toOfficer": .string(office.districtOfficer.text)])
            #expect((up["workingAgency"]?.text, up["step"]?.text) == ("H19.31", "assess"))
            #expect(try await office.get("/dossiers/\(id)", as: office.communeClerk).status == 200)
            #expect(try await office.get("/dossiers/\(id)", as: office.clerk).status == 403)
            // The officer is transferred to the police while holding it.
            let transfer = try office.transferred(office.districtOfficer, to: Agencies.police)
            let envelope = office.harness.envelope(transfer)
            #expect(await office.harness.take(envelope) == .taken)
            #expect(await office.harness.take(envelope) == .duplicate)
            try await office.set("2021-03-03 08:00")
            let view = try await office.get("/dossiers/\(id)", as: office.districtLeader).json
            #expect((view["officer"], view["status"]?.text) == (nil, "processing"))
            let history = try await office.get("/dossiers/\(id)/history", as: office.districtLeader)
            #expect(history.json["lines"]?.array?.last?["note"]?.text == "07/QĐ-SNV")
            let event = try #require(try await office.last(DossierHandedOver.self, of: id))
            #expect((event.fromOfficer, event.toOfficer) == (office.districtOfficer, nil))
            let pool = try await office.get("/inbox?unassigned=true", as: office.districtLeader).json
            #expect(pool["dossiers"]?.array?.map { $0["id"]?.text } == [id])
            let left = try await office.act("hand-over", on: id, as: office.districtOfficer)
            #expect(left.status == 403)
            try await office.done(
                "assign", on: id, as: office.districtLeader,
                [
                    "officer": .string(office.districtLeader.text), "reasonCode": "transfer",
                ])
            let early = try await office.act("approve", on: id, as: office.districtLeader, [:])
            #expect((early.status, early.code) == (409, "onestop.not-at-last-step"))
            try await office.done("hand-over", on: id, as: office.districtLeader, ["step": "sign"])
            try await office.done("approve", on: id, as: office.districtLeader, [:])
            await office.harness.take(try office.issued(for: id))
            let finished = try await office.get("/dossiers/\(id)", as: office.communeClerk).json
            #expect(finished["workingAgency"]?.text == "H19.31.02")
            #expect(finished["answeringAgency"]?.text == "H19.31")
            try await office.done("return", on: id, as: office.communeClerk, [:])
            #expect(try await office.status(id) == 10)
        }
    }

    @Test func `a late one: apology one day before, and no second one`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.set("2021-03-12 16:00")
            let apology: JSON = ["dueOn": "2021-03-18", "reasonCode": "waiting", "reason": "Chờ xác minh"]
            #expect(try await office.act("reappoint", on: id, as: office.officer, apology).status == 403)
            let moved = try await office.done("reappoint", on: id, as: office.leader, apology)
            #expect(moved["dueAt"]?.text == "2021-03-18T17:00:00+07:00")
            #expect(moved["formerDueAt"]?.text == "2021-03-15T17:00:00+07:00")
            let again = try await office.act(
                "reappoint", on: id, as: office.leader, apology.with("dueOn", "2021-03-25"))
            #expect((again.status, again.code) == (409, "onestop.already-reappointed"))
            let event = try #require(try await office.last(DossierReappointed.self, of: id))
            #expect(try (event.reasonCode, event.dueAt) == ("waiting", at("2021-03-18 17:00")))
            let dates = try await office.get("/dossiers/\(id)/due-dates", as: office.citizen).json["dueDates"]?.array
            #expect(dates?.last?["explanation"]?["note"]?.text == "Chờ xác minh")
            let late = try await office.submit()
            try await office.done("accept", on: late, as: office.clerk)
            try await office.set("2021-03-26 17:01")
            let tooLate = try await office.act(
                "reappoint", on: late, as: office.leader, apology.with("dueOn", "2021-04-05"))
            #expect((tooLate.status, tooLate.code) == (409, "onestop.apology-too-late"))
        }
    }

    @Test func `a withdrawal is declined, then confirmed`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.done("withdraw", on: id, as: office.citizen, ["reason": "Không cần nữa"])
            #expect(try await office.status(id) == 7)
            let stop = try await office.act(
                "stop", on: id, as: office.officer, ["reasonCode": "not-eligible", "reason": "x"])
            #expect((stop.status, stop.code) == (409, "onestop.withdrawal-waits"))
            try await office.done("withdrawal/decline", on: id, as: office.officer, ["reason": "Đã có kết quả"])
            #expect(try await office.status(id) == 4)
            try await office.done("withdraw", on: id, as: office.citizen, [:])
            let confirmed = try await office.done("withdrawal/confirm", on: id, as: office.clerk)
            #expect((confirmed["status"]?.text, confirmed["reasonCode"]?.text) == ("stopped", "withdrawn"))
            try await office.done("return", on: id, as: office.clerk, [:])
            let after = try await office.act("withdraw", on: id, as: office.citizen, [:])
            #expect((after.status, after.code) == (409, "onestop.unlawful-move"))
        }
    }

    @Test func `a demand that Budget refuses lets work go on`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            try await office.done("require-payment", on: id, as: office.officer)
            let required = try #require(try await office.last(DossierPaymentRequired.self, of: id))
            var refused = FeeRefused()
            (refused.demand, refused.dossier) = (required.demand, required.dossier)
            (refused.agency, refused.reasonCode) = (required.agency, "budget.no-account")
            await office.harness.take(refused)
            #expect(try await office.status(id) == 4)
            #expect(try await office.last(DossierPaymentLifted.self, of: id)?.reasonCode == "budget.no-account")
            // Required anew: another demand, and a payment of the old one changes nothing.
            try await office.done("require-payment", on: id, as: office.officer)
            let second = try #require(try await office.last(DossierPaymentRequired.self, of: id))
            #expect(second.demand != required.demand)
            var stray = try office.paid(required)
            stray.demand = .new()
            #expect(await office.harness.take(stray) == .taken)
            #expect(try await office.status(id) == 6)
            await office.harness.take(try office.paid(second))
            #expect(try await office.status(id) == 4)
        }
    }
}
