import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import Testing

@testable import OneStopService

@Suite struct TrackTests {
    @Test func `os-261: the applicant sees all that was asked for, each as it stands`() async throws {
        try await Office.open { office in
            try await office.publish("2.000499", try manyFees())
            let id = try await office.submitted("2.000499")
            try await office.done("accept", on: id, as: office.clerk)
            func payments() async throws -> [JSON] {
                try await office.get("/my/dossiers/\(id)", as: office.citizen).json["payments"]?.array ?? []
            }
            #expect(try await payments().isEmpty)
            try await office.done("require-payment", on: id, as: office.clerk)
            try await office.done("require-payment", on: id, as: office.clerk, ["fees": [["kind": "post"]]])
            let required = try await office.all(DossierPaymentRequired.self, of: id)
            await office.harness.take(try office.paid(required[0]))
            try await office.done(
                "withdraw-demand", on: id, as: office.clerk,
                ["demand": .string(required[1].demand.text), "reason": "Thu nhầm mức"])
            let seen = try await payments()
            #expect(seen.map { $0["state"] } == ["paid", "withdrawn", "open"])
            #expect(seen.map { $0["nature"] } == ["fee", "charge", "fee"])
            #expect(seen.map { $0["moment"] } == ["reception", "reception", "return"])
            #expect(seen.map { $0["amount"] } == [200_000, 50_000, 30_000])
            #expect(seen.map { $0["names"] } == [["phi-lltp"], ["le-phi"], ["post"]])
            #expect(seen.map { $0["receipt"]?.text } == ["0000001/BLĐT-2021", nil, nil])
            #expect(seen.compactMap { $0["demand"]?.text } == required.map { $0.demand.text })
            #expect(seen[2]["english"]?.text?.contains(required[2].demand.text) == true)
            #expect(!seen.description.contains("Thu nhầm"), "the reason is the office's")
            let whole = try await office.get("/my/dossiers/\(id)", as: office.citizen).json
            #expect(whole["actions"]?.array?.contains("pay") == true)
            #expect(whole["payment"]?["demand"] == seen[2]["demand"])
            let code = try #require(whole["code"]?.text)
            let open = try await office.get("/public/dossiers/\(code)").json
            guard case .object(let members) = open else { throw Office.Unexpected(try await office.get("/")) }
            #expect(members.map(\.name) == ["code", "completion"])
        }
    }

    @Test func `os-146: signed in a citizen sees where it is, down to the unit, and what can be done`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            func track() async throws -> JSON {
                let answer = try await office.get("/my/dossiers/\(id)", as: office.citizen)
                guard answer.status == 200 else { throw Office.Unexpected(answer) }
                return answer.json
            }
            let submitted = try await track()
            #expect((submitted["statusName"], submitted["completion"]) == ("Mới đăng ký", 10))
            #expect(submitted["answerBy"]?.text != nil && submitted["actions"] == ["attach", "withdraw", "complain"])
            try await office.done("accept", on: id, as: office.clerk)
            try await office.done("hand-over", on: id, as: office.clerk, ["toOfficer": .string(office.officer.text)])
            let inWork = try await track()
            #expect((inWork["agencyName"], inWork["unit"], inWork["stepName"]) == ("Cơ quan H19.06", "phong", "check"))
            #expect((inWork["rateable"], inWork["actions"]) == (["receipt"], ["withdraw", "rate", "complain"]))
            #expect(inWork["why"]?["english"]?.text?.hasPrefix("The result is due 2021-03-15 at 17:00") == true)
            try await office.done("require-payment", on: id, as: office.officer)
            let owing = try await track()
            #expect(owing["actions"]?.array?.contains("pay") == true && owing["clockStands"] == true)
            #expect(owing["payment"]?["amount"]?.integer == 200_000)
            #expect(owing["payment"]?["english"]?.text?.contains(owing["payment"]?["demand"]?.text ?? "?") == true)
            let required = try #require(try await office.last(DossierPaymentRequired.self, of: id))
            await office.harness.take(try office.paid(required))
            #expect(try await track()["payment"]?["receipt"] == "0000001/BLĐT-2021")
            try await office.done("request-supplement", on: id, as: office.officer, ["missing": "Bản sao CCCD"])
            let waiting = try await track()
            #expect(waiting["missing"] == "Bản sao CCCD" && waiting["actions"]?.array?.contains("supply") == true)
            // Nobody else's, and no official's name.
            #expect(try await office.get("/my/dossiers/\(id)", as: office.stranger).status == 404)
            #expect(!waiting.description.contains("Trần Văn An"))
            // Without signing in: code and progress.
            let open = try await office.get("/public/dossiers/H19.06-210301-0001").json
            #expect(open == ["code": "H19.06-210301-0001", "completion": 25])
        }
    }
}
