import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import Testing

@testable import BudgetService

@Suite struct `A refund of a fee` {
    private func proposed(_ amount: Int64 = 50_000, by person: PersonID = .new()) throws -> FeeRefund {
        var refund = FeeRefund()
        (refund.refund, refund.amount, refund.proposedBy, refund.version) = (.new(), try Money(amount), person, 1)
        return refund
    }

    private func decided(
        _ refund: FeeRefund, _ verdict: DecideRefund.Verdict, by person: PersonID, collected: Bool = false,
        reason: String? = nil
    ) throws -> FeeRefund {
        var input = DecideRefund.Input()
        (input.verdict, input.reason) = (verdict, reason)
        return try DecideRefund.decide(refund, input, by: person, collected: collected, now: Date())
    }

    @Test func `os-230: one proposes, another decides, and never who collected`() async throws {
        let (one, other) = (PersonID.new(), PersonID.new())
        let refund = try proposed(by: one)
        #expect(throws: Refused.ownRefund) { try decided(refund, .approve, by: one) }
        #expect(throws: Refused.ownRefund) { try decided(refund, .refuse, by: one, reason: "Không") }
        #expect(throws: Refused.ownCollection) { try decided(refund, .approve, by: other, collected: true) }
        #expect(throws: Refused.refusalReason) { try decided(refund, .refuse, by: other) }
        let approved = try decided(refund, .approve, by: other)
        #expect((approved.state, approved.decidedBy, approved.version) == (.approved, other, 2))
        #expect(throws: Refused.refundDecided) { try decided(approved, .refuse, by: .new(), reason: "Không") }

        try await Office.open { office in
            let demand = try await office.paidDemand()
            let body: JSON = ["amount": 50_000, "reason": "Thu nhầm mức"]
            for person in [office.leader, office.stranger] {
                #expect(try await office.post("/demands/\(demand)/refunds", body, as: person).status == 403)
            }
            // The administrator may do either, but not both; and who collected does not decide.
            let own = try await office.done("/demands/\(demand)/refunds", body, as: office.administrator)
            let refund = own["refund"]?.text ?? ""
            let path = "/refunds/\(refund)/decide"
            let alone = try await office.post(path, ["verdict": "approve"], as: office.administrator)
            #expect((alone.status, alone.code) == (403, "budget.own-refund"))
            #expect(try await office.post(path, ["verdict": "approve"], as: office.accountant).status == 403)
            #expect(try await office.post(path, ["verdict": "approve"], as: office.stranger).status == 403)
            let early = try await office.post("/refunds/\(refund)/pay-out", Self.cash("PC-1"), as: office.accountant)
            #expect((early.status, early.code) == (409, "budget.refund-not-approved"))
            let done = try await office.done(path, ["verdict": "approve"], as: office.leader)
            #expect(done["state"]?.text == "approved" && done["decidedBy"]?.text == office.leader.text)

            var event = try office.requirement(70_000)
            event.nature = .charge
            await office.service.take(event)
            _ = try await office.done("/demands/\(event.demand)/collect", ["amount": 70_000], as: office.administrator)
            let second = try await office.done(
                "/demands/\(event.demand)/refunds", ["reason": "Rút hồ sơ"], as: office.accountant)
            let collector = try await office.post(
                "/refunds/\(second["refund"]?.text ?? "")/decide", ["verdict": "approve"], as: office.administrator)
            #expect((collector.status, collector.code) == (403, "budget.own-collection"))
            // The database holds the same by itself.
            await #expect(throws: PostgresError.self) {
                try await office.service.database.database.run(
                    """
                    UPDATE fee_refunds SET state = 'approved', decided_by = proposed_by, decided_at = now()
                    WHERE state = 'proposed'
                    """)
            }
        }
    }

    private static func cash(_ reference: String) -> JSON { ["way": "cash", "reference": .string(reference)] }

    @Test func `os-231: all refunds together never exceed what was paid`() async throws {
        var demand = FeeDemand()
        (demand.state, demand.amount, demand.refunding) = (.paid, try Money(200_000), try Money(150_000))
        #expect(try ProposeRefund.decide(demand, nil) == Money(50_000))
        #expect(throws: Refused.refundTooHigh) { try ProposeRefund.decide(demand, Money(50_001)) }
        #expect(throws: Refused.refundTooHigh) { try ProposeRefund.decide(demand, Money(0)) }
        #expect(throws: Refused.refundTooHigh) { try ProposeRefund.decide(demand, Money(-1)) }
        demand.state = .open
        #expect(throws: Refused.notPaid) { try ProposeRefund.decide(demand, nil) }

        try await Office.open { office in
            let demand = try await office.paidDemand()
            let path = "/demands/\(demand)/refunds"
            // Twenty at once, each of the whole: one is written.
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await office.post(path, ["reason": "Thu nhầm"], as: office.accountant).status }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 201 }.count == 1)
            #expect(statuses.filter { $0 == 409 || $0 == 422 }.count == 19)
            let listed = try await office.get("/refunds?agency=H19.12&state=proposed")
            let refund = listed.json["refunds"]?.array?.first?["refund"]?.text ?? ""
            let no = try await office.post("/refunds/\(refund)/decide", ["verdict": "refuse"], as: office.leader)
            #expect((no.status, no.code) == (422, "budget.refusal-reason"))
            _ = try await office.done(
                "/refunds/\(refund)/decide", ["verdict": "refuse", "reason": "Thu đúng mức"], as: office.leader)
            // What was refused is free again; two parts come to the whole, and a third has nothing left.
            for part in [Int64(120_000), 80_000] {
                let id = try await office.approvedRefund(demand, part)
                _ = try await office.done(
                    "/refunds/\(id)/pay-out", Self.cash("PC-\(part)"), as: office.accountant)
            }
            let more = try await office.post(path, ["amount": 1, "reason": "Thêm"], as: office.accountant)
            #expect((more.status, more.code) == (422, "budget.refund-too-high"))
            let seen = try await office.get("/demands/\(demand)")
            #expect(seen.json["refunded"]?.integer == 200_000)
            await #expect(throws: PostgresError.self, "the database would refuse it as well") {
                try await office.service.database.database.run(
                    "UPDATE fee_demands SET refunding = refunding + 1 WHERE id = \(demand)")
            }
        }
    }

    @Test func `os-232: it is paid out once, and the ledger balances`() async throws {
        try await Office.open { office in
            let demand = try await office.paidDemand(200_000, way: ["way": "transfer", "reference": "FT1"])
            let refund = try await office.approvedRefund(demand, 50_000)
            #expect(try await office.balances() == ["112": 200_000, "3373": -150_000, "338": -50_000])
            let pay: JSON = ["way": "transfer", "reference": "UNC-7"]
            let path = "/refunds/\(refund)/pay-out"
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await office.post(path, pay, as: office.accountant).status } }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(statuses.sorted() == [200] + Array(repeating: 409, count: 7))
            #expect(try await office.balances() == ["112": 150_000, "3373": -150_000, "338": 0])
            let event = try #require(try await office.service.events(FeeRefunded.self).first)
            #expect((event.demand, event.amount.dong, event.refunded.dong) == (demand, 50_000, 50_000))
            #expect(try await office.service.announced(FeeRefunded.self) == 1)

            // The same key, the same answer; the same reference for another refund is refused.
            let next = try await office.approvedRefund(demand, 10_000)
            let used = try await office.post("/refunds/\(next)/pay-out", pay, as: office.accountant)
            #expect((used.status, used.code) == (409, "budget.pay-out-reference-used"))
            let key = [(name: "idempotency-key", value: "pay-1")]
            let other: JSON = ["way": "gateway", "reference": "PG-R1"]
            let first = try await office.post("/refunds/\(next)/pay-out", other, as: office.accountant, headers: key)
            let again = try await office.post("/refunds/\(next)/pay-out", other, as: office.accountant, headers: key)
            #expect(first.status == 200 && again.status == 200 && first.body == again.body)
            #expect(try await office.service.announced(FeeRefunded.self) == 2)
            let entries = try await office.get("/journal?agency=H19.12").json["entries"]?.array ?? []
            #expect(entries.filter { $0["kind"]?.text == "fee-refund-paid" }.count == 2)
            let read = try await office.get("/refunds/\(next)")
            #expect(read.json["reference"]?.text == "PG-R1" && read.json["paidBy"]?.text == office.accountant.text)
        }
    }

    @Test func `os-230: one refund of a demand is under way at a time`() async throws {
        try await Office.open { office in
            let demand = try await office.paidDemand()
            func propose() async throws -> TestService.Answer {
                try await office.post(
                    "/demands/\(demand)/refunds", ["amount": 50_000, "reason": "Thu nhầm mức"], as: office.accountant)
            }
            func isUnderWay() async throws -> Bool {
                let answer = try await propose()
                return answer.status == 409 && answer.code == "budget.refund-open"
            }
            let first = try await propose().json["refund"]?.text ?? ""
            #expect(try await isUnderWay(), "proposed")
            _ = try await office.done("/refunds/\(first)/decide", ["verdict": "approve"], as: office.leader)
            #expect(try await isUnderWay(), "approved")
            _ = try await office.done("/refunds/\(first)/pay-out", Self.cash("PC-1"), as: office.accountant)
            let second = try await propose()
            #expect(second.status == 201, "the first is paid out")
            #expect(try await isUnderWay())
            let refusal: JSON = ["verdict": "refuse", "reason": "Thu đúng mức"]
            let path = "/refunds/\(second.json["refund"]?.text ?? "")/decide"
            _ = try await office.done(path, refusal, as: office.leader)
            #expect(try await propose().status == 201, "the second is refused")
        }
    }
}
