import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import Testing

@testable import OneStopService

/// What Budget gives back, and the receipts that it replaces, as the dossier shows them.
@Suite struct RefundedTests {
    private func refunded(_ paid: FeePaid, _ amount: Int64, of all: Int64) throws -> FeeRefunded {
        var event = FeeRefunded()
        (event.demand, event.dossier, event.agency) = (paid.demand, paid.dossier, paid.agency)
        (event.amount, event.refunded) = (try Money(amount), try Money(all))
        event.refundedAt = paid.paidAt
        return event
    }

    @Test func `os-233: what was given back whole is paid no more, and may be asked for anew`() async throws {
        try await Office.open { office in
            let id = try await office.submitted("2.000488")
            try await office.done("accept", on: id, as: office.clerk)
            try await office.done("require-payment", on: id, as: office.clerk)
            let required = try #require(try await office.all(DossierPaymentRequired.self, of: id).first)
            let paid = try office.paid(required)
            await office.harness.take(paid)
            func fee() async throws -> JSON {
                try await office.get("/dossiers/\(id)", as: office.citizen).json["fees"]?.array?.first ?? .null
            }
            var replaced = FeeReceiptReplaced()
            (replaced.demand, replaced.dossier, replaced.agency) = (paid.demand, paid.dossier, paid.agency)
            (replaced.voided, replaced.receiptNumber) = (paid.receiptNumber, "0000002/BLĐT-2021")
            #expect(await office.harness.take(replaced) == .taken)
            #expect(try await fee()["receiptNumber"]?.text == "0000002/BLĐT-2021")
            #expect(try await fee()["voidedReceipt"]?.text == paid.receiptNumber)

            let whole = required.amount.dong
            #expect(await office.harness.take(try refunded(paid, whole - 1, of: whole - 1)) == .taken)
            #expect(try await fee()["state"]?.text == "paid", "a part leaves it paid")
            let again = try await office.act("require-payment", on: id, as: office.clerk)
            #expect((again.status, again.code) == (409, "onestop.already-paid"))
            #expect(await office.harness.take(try refunded(paid, 1, of: whole)) == .taken)
            #expect(try await fee()["state"]?.text == "refunded")
            #expect(try await fee()["refunded"]?.integer == whole)
            #expect(try await office.status(id) == 4, "neither status nor clock move")

            let told = try await office.all(DossierFeeRefunded.self, of: id)
            #expect(told.map(\.refunded.dong) == [whole - 1, whole])
            #expect(try await office.all(DossierReceiptReplaced.self, of: id).count == 1)
            let lines = try await office.get("/dossiers/\(id)/history", as: office.clerk).json["lines"]?.array ?? []
            #expect(lines.suffix(3).map { $0["what"]?.text } == ["receipt-replaced", "fee-refunded", "fee-refunded"])
            let notices = try await office.notices(id)
            #expect(notices.contains { $0.contains("được hoàn trả 1 đồng") })
            // It is owed again, as one that was never paid, and may be asked for.
            try await office.done("require-payment", on: id, as: office.clerk)
            #expect(try await office.status(id) == 6)
        }
    }

    @Test func `a refund of what the dossier does not hold as paid changes nothing`() async throws {
        var dossier = try dossier()
        dossier.payment.fees = [feeOf(200_000, .withdrawn)]
        var event = FeeRefunded()
        event.demand = try #require(dossier.payment.fees[0].demand)
        #expect(OnFeeRefunded.decide(dossier, event) == nil)
        dossier.payment.fees[0].state = .paid
        (event.refunded, event.amount) = (try Money(200_000), try Money(200_000))
        let after = try #require(OnFeeRefunded.decide(dossier, event))
        let definition = try manyFees()
        #expect(after.payment.fees[0].state == .refunded && after.owesFees(definition))
    }
}
