import Contracts
import ServiceKit
import ServiceTestKit
import Testing

@testable import OneStopService

/// What applicants read in the history of their dossier, and what they do not.
@Suite struct HistoryNoteTests {
    private func notes(_ id: String, _ office: Office, as person: PersonID) async throws -> [String: String] {
        let answer = try await office.get("/dossiers/\(id)/history", as: person)
        var notes: [String: String] = [:]
        for line in answer.json["lines"]?.array ?? [] {
            if let what = line["what"]?.text, let note = line["note"]?.text { notes[what] = note }
        }
        return notes
    }

    @Test func `os-295: the applicant reads the reasons that were written to the applicant, and no other remark`()
        async throws
    {
        try await Office.open { office in
            let id = try await office.submit()
            try await office.done("accept", on: id, as: office.clerk)
            let toOfficer: JSON = ["toOfficer": .string(office.officer.text), "note": "Người này hay hỏi lại"]
            try await office.done("hand-over", on: id, as: office.clerk, toOfficer)
            try await office.done("require-payment", on: id, as: office.officer)
            let required = try #require(try await office.last(DossierPaymentRequired.self, of: id))
            try await office.done(
                "withdraw-demand", on: id, as: office.officer,
                ["demand": .string(required.demand.text), "reason": "Nhập nhầm mức phí"])
            try await office.done("withdraw", on: id, as: office.citizen, ["reason": "Không cần nữa"])
            try await office.done("withdrawal/decline", on: id, as: office.officer, ["reason": "Đã trình ký"])
            #expect(
                try await notes(id, office, as: office.citizen)
                    == ["payment-withdrawn": "Nhập nhầm mức phí", "withdrawal-declined": "Đã trình ký"])
            let all = try await notes(id, office, as: office.leader)
            #expect(all["handed-over"] == "Người này hay hỏi lại" && all["payment-withdrawn"] == "Nhập nhầm mức phí")
            let lines = try await office.get("/dossiers/\(id)/history", as: office.citizen).json["lines"]?.array ?? []
            #expect(!lines.isEmpty && lines.allSatisfy { $0["actor"] == nil && $0["officer"] == nil })

            _ = try await ForwardTests().establish(office)
            let elsewhere = try await office.submit(as: office.stranger)
            let reason = "Nơi thường trú thuộc Sở khác"
            try await office.done(
                "forward", on: elsewhere, as: office.clerk, ["toAgency": "H19.07", "reason": .string(reason)])
            #expect(try await notes(elsewhere, office, as: office.stranger) == ["forwarded": reason])
        }
    }
}
