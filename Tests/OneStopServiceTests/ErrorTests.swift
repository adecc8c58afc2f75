import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

/// Errors by agencies: Decree 61/2018/NĐ-CP, Art. 21.
@Suite struct ErrorTests {
    private static let wrong: JSON = [
        "kind": "wrong-result", "what": "Ghi sai ngày sinh", "apology": "Thành thật xin lỗi ông/bà.", "cost": 50_000,
    ]

    /// Accepted, stopped for a reason, and returned.
    private func returned(_ office: Office) async throws -> String {
        let id = try await office.inWork()
        try await office.done("stop", on: id, as: office.officer, ["reasonCode": "x", "reason": "không đủ điều kiện"])
        try await office.done("return", on: id, as: office.clerk)
        return id
    }

    @Test func `os-084: an error is recorded by the agency at fault with its apology and cost, and the status stays`()
        async throws
    {
        try await Office.open { office in
            let id = try await returned(office)
            #expect(try await office.act("errors", on: id, as: office.officer, Self.wrong).status == 403)
            #expect(try await office.act("errors", on: id, as: office.districtLeader, Self.wrong).status == 403)
            let elsewhere = try await office.act(
                "errors", on: id, as: office.administrator, Self.wrong.with("agency", "H19.31"))
            #expect(elsewhere.code == "onestop.not-that-agency")
            let negative = try await office.act("errors", on: id, as: office.leader, Self.wrong.with("cost", -1))
            #expect(negative.status == 422 || negative.status == 400, "\(negative.json)")
            let early = try await office.submit()
            let tooEarly = try await office.act("errors", on: early, as: office.leader, Self.wrong)
            #expect(tooEarly.code == "onestop.not-in-status")
            let made = try await office.act("errors", on: id, as: office.leader, Self.wrong)
            #expect(made.status == 201, "\(made.json)")
            #expect(try await office.status(id) == 10)
            let event = try #require(try await office.last(DossierErrorRecorded.self, of: id))
            #expect(event.agency == Agencies.justice && event.cost.dong == 50_000 && event.status == .returned)
            let lines = try await office.get("/dossiers/\(id)/history", as: office.leader).json["lines"]?.array ?? []
            #expect(lines.last?["what"]?.text == "error-recorded")
            let told = try await office.get("/my/notifications", as: office.citizen).json["notifications"]?.array ?? []
            #expect(told.contains { $0["what"]?.text == "error-recorded" })
            let own = try await office.get("/dossiers/\(id)/errors", as: office.citizen).json["errors"]?.array ?? []
            #expect(own.first?["apology"]?.text == "Thành thật xin lỗi ông/bà.")
            #expect(own.count == 1 && own.first?["what"] == nil)
            #expect(try await office.get("/dossiers/\(id)/errors", as: office.stranger).status == 404)
            let counts = try await office.get(
                "/errors/counts?agency=H19.06&from=2021-01-01&until=2021-12-31", as: office.leader)
            let line = try #require(counts.json["lines"]?.array?.first)
            #expect(line["errors"] == 1 && line["cost"] == 50_000 && line["corrected"] == 0)
        }
    }

    @Test func `os-084: at fault may be who had it in the middle, or passed it on, also after the end`() async throws {
        try await Office.open { office in
            let received = try await office.send(
                "POST", "/counter/dossiers", as: office.communeClerk,
                [
                    "submission": Office.submission.with("procedure", .string(Office.allowance))
                        .with("agency", "H19.31.02"),
                    "channel": "counter",
                ])
            let id = try #require(received.json["id"]?.text)
            try await office.done("accept", on: id, as: office.communeClerk)
            try await office.done("hand-over", on: id, as: office.communeClerk)
            try await office.done("send", on: id, as: office.districtOfficer, ["toAgency": "H19.06"])
            try await office.done("stop", on: id, as: office.officer, ["reasonCode": "x", "reason": "y"])
            let lost = Self.wrong.with("kind", "papers-lost")
            let middle = try await office.act(
                "errors", on: id, as: office.districtLeader, lost.with("agency", "H19.31"))
            #expect(middle.status == 201, "\(middle.json)")
            let never = try await office.act("errors", on: id, as: office.administrator, lost.with("agency", "H19.25"))
            #expect((never.status, never.code) == (422, "onestop.not-that-agency"))

            let second = try await ForwardTests().establish(office)
            let passed = try await office.submit()
            try await office.done("forward", on: passed, as: office.clerk, ["toAgency": "H19.07", "reason": "x"])
            try await office.done("accept", on: passed, as: second)
            let first = try await office.act("errors", on: passed, as: office.leader, lost.with("agency", "H19.06"))
            #expect(first.status == 201, "\(first.json)")
        }
    }

    @Test func `os-085: what is over is corrected by a dossier of its own, free of fees, once for each error`()
        async throws
    {
        try await Office.open { office in
            let working = try await office.inWork()
            let lost = try await office.done(
                "errors", on: working, as: office.leader, Self.wrong.with("kind", "papers-lost"))
            let open = "errors/\(lost["error"]?.text ?? "")/correct"
            #expect(try await office.act(open, on: working, as: office.clerk).code == "onestop.not-in-status")
            let id = try await returned(office)
            let error = try await office.done("errors", on: id, as: office.leader, Self.wrong)
            let path = "errors/\(error["error"]?.text ?? "")/correct"
            #expect(try await office.act(path, on: id, as: office.officer).status == 403)
            let made = try await office.act(path, on: id, as: office.clerk)
            #expect(made.status == 201, "\(made.json)")
            #expect(try await office.act(path, on: id, as: office.clerk).code == "onestop.already-corrected")
            let new = try #require(made.json["id"]?.text)
            let view = try await office.get("/dossiers/\(new)", as: office.leader).json
            #expect(view["feeExemption"]?.text == "agency-error")
            #expect(view["applicantName"]?.text == "Nguyễn Thị Bích" && view["procedureVersion"] == 1)
            // Its own way, with its own code and date; the step that asks for the fee is passed.
            try await office.done("accept", on: new, as: office.clerk)
            let asked = try await office.act("require-payment", on: new, as: office.clerk)
            #expect((asked.status, asked.code) == (409, "onestop.correction-free"))
            #expect(try await office.get("/dossiers/\(new)", as: office.clerk).json["feeExemption"] == "agency-error")
            try await office.done("hand-over", on: new, as: office.clerk)
            try await office.done("hand-over", on: new, as: office.officer)
            try await office.done("hand-over", on: new, as: office.officer)
            try await office.done("approve", on: new, as: office.leader)
            await office.harness.take(try office.issued(for: new))
            #expect(try await office.status(new) == 9)
            #expect(try await office.status(id) == 10)
            let read = try await office.get("/dossiers/\(id)/errors", as: office.leader).json["errors"]?.array?.first
            #expect(read?["correction"]?.text == new && read?["correctionStatus"]?.text == "finished")
            let counts = try await office.get(
                "/errors/counts?agency=H19&from=2021-01-01&until=2021-12-31", as: office.administrator)
            #expect(counts.json["lines"]?.array?.compactMap { $0["corrected"] } == [0, 1])
            // The applicant has both.
            let mine = try await office.get("/my/dossiers", as: office.citizen).json["dossiers"]?.array ?? []
            #expect(mine.contains { $0["id"]?.text == new })
        }
    }
}
