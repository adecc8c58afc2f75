import Contracts
import Foundation
import LegalClock
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Money that was on its way while what it is for was taken back.
@Suite struct LateMoneyTests {
    private let definition: Definition
    private let calendar: WorkCalendar
    private let now: Date

    init() throws {
        (definition, calendar, now) = (try manyFees(), try workCalendar(), try at("2021-03-02 10:00"))
    }

    private func asked(_ before: Dossier, _ kinds: [String], copies: Int = 1) throws -> Dossier {
        var input = RequirePayment.Input()
        (input.fees, input.copies) = (kinds.map { FeeLine($0) }, copies)
        let steps = try RequirePayment.decide(before, input, definition: definition, demand: .new(), now: now)
        return try #require(steps.last?.dossier)
    }

    private func takenBack(_ before: Dossier, _ place: Int) throws -> Dossier {
        var input = WithdrawDemand.Input()
        input.demand = try #require(before.payment.fees[place].demand)
        return try WithdrawDemand.decide(before, input, definition: definition, calendar: calendar, now: now).0
    }

    private func late(
        _ before: Dossier, _ place: Int, at time: Date
    ) throws -> (dossier: Dossier, freed: [OnFeePaid.Freed]) {
        var event = FeePaid()
        (event.demand, event.amount) = (before.payment.fees[place].demand ?? .new(), before.payment.fees[place].amount)
        (event.receiptNumber, event.paidAt) = ("0000001", now)
        return try OnFeePaid.decideLate(before, event, definition: definition, calendar: calendar, now: time)
    }

    @Test func `os-271: late money stands as paid, and neither status nor clock move`() throws {
        let open = try asked(try dossier(), ["phi-lltp"])
        let before = try takenBack(open, 0)
        let (after, freed) = try late(before, 0, at: try at("2021-03-04 10:00"))
        #expect(freed.isEmpty)
        let fee = after.payment.fees[0]
        #expect((fee.state, fee.receiptNumber, fee.amount.dong) == (.paid, "0000001", 200_000))
        #expect((fee.settledAt, fee.takenBackAt, fee.reasonCode) == (now, now, nil))
        var same = after
        same.payment = before.payment
        #expect(same == before)
        #expect(refusal { _ = try asked(after, ["phi-lltp"]) } == "onestop.already-paid")
        #expect(refusal { _ = try late(after, 0, at: now) } == "onestop.demand-not-open", "once")
        let stopped = try StopDossier.decide(try asked(before, ["post"]), Reasoned(), now: now)
        #expect(try late(stopped, 1, at: now).dossier.status == .stopped)
    }

    @Test func `os-271: what was asked for instead is taken back as far as the money covers it`() throws {
        let again = try asked(try takenBack(try asked(try dossier(), ["phi-lltp"]), 0), ["phi-lltp"])
        #expect(again.status == .awaitingPayment)
        let (paid, freed) = try late(again, 0, at: try at("2021-03-04 10:00"))
        // The money first, and what follows from it in a version of its own.
        #expect(paid.status == .awaitingPayment && paid.payment.open.count == 1)
        let last = try #require(freed.last)
        #expect(freed.count == 1 && last.demand == again.payment.fees[1].demand)
        #expect((last.dossier.status, last.dossier.payment.fees[1].state) == (.processing, .withdrawn))
        #expect(last.dossier.payment.fees[1].reasonCode == "paid-before")
        #expect(last.dossier.payment.covers(FeeSlot(nature: .fee, moment: .reception)))
        #expect(try last.dossier.pauses.last?.until == at("2021-03-04 10:00") && last.due != nil)
        // What is dearer stays open, and so does another kind or another moment.
        let dearer = try asked(try takenBack(try asked(try dossier(), ["phi-lltp"]), 0), ["phi-lltp"], copies: 2)
        #expect(try late(dearer, 0, at: now).freed.isEmpty)
        let other = try asked(try takenBack(try asked(try dossier(), ["phi-lltp"]), 0), ["le-phi", "post"])
        #expect(try late(other, 0, at: now).freed.isEmpty)
        // While another demand is open the clock goes on standing.
        let both = try asked(again, ["le-phi"])
        let one = try #require(try late(both, 0, at: now).freed.last?.dossier)
        #expect(one.status == .awaitingPayment && one.payment.open.map(\.nature) == [.charge])
    }

    @Test func `os-271: an exemption stands beside the money, also when it was given back`() throws {
        var input = ExemptFees.Input.exempt
        let open = try asked(try dossier(), ["phi-lltp"])
        input.demand = open.payment.fees[0].demand
        let exempt = try #require(
            try ExemptFees.decide(open, input, definition: definition, calendar: calendar, now: now).last?.dossier)
        let paid = try late(exempt, 0, at: now).dossier
        #expect((paid.payment.exemption, paid.payment.fees[0].state) == ("exempt", .paid))
        var event = FeeRefunded()
        event.demand = try #require(paid.payment.fees[0].demand)
        (event.amount, event.refunded, event.refundedAt) = (try Money(200_000), try Money(200_000), now)
        let back = try #require(OnFeeRefunded.decide(paid, event))
        #expect(back.payment.fees[0].state == .refunded)
        let slot = FeeSlot(nature: .fee, moment: .reception)
        #expect(back.payment.covers(slot), "whoever is exempt owes nothing when the money went back")
        // Whoever asks anew takes the exemption back; the money that came stays.
        let anew = try asked(back, ["phi-lltp"])
        #expect(anew.payment.exemption == nil && anew.payment.fees[0].state == .refunded)
        let former = try late(try takenBack(try asked(exempt, ["phi-lltp"]), 1), 0, at: now).dossier
        #expect(former.payment.exemption == nil && former.payment.fees[0].state == .paid)
    }

    @Test func `os-271: paid while it was taken back and asked for anew, it is shown, told, and not asked twice`()
        async throws
    {
        try await Office.open { office in
            try await office.publish("2.000499", try manyFees())
            let id = try await office.submitted("2.000499")
            try await office.done("accept", on: id, as: office.clerk)
            let ask: JSON = ["fees": [["kind": "phi-lltp"]]]
            try await office.done("require-payment", on: id, as: office.clerk, ask)
            let first = try #require(try await office.last(DossierPaymentRequired.self, of: id))
            let back: JSON = ["demand": .string(first.demand.text), "reason": "Thu nhầm"]
            try await office.done("withdraw-demand", on: id, as: office.clerk, back)
            try await office.done("require-payment", on: id, as: office.clerk, ask)
            let second = try #require(try await office.last(DossierPaymentRequired.self, of: id))
            #expect(try await office.status(id) == 6)

            #expect(await office.harness.take(try office.paid(first)) == .taken)
            #expect(try await office.status(id) == 4)
            let settled = try #require(try await office.last(DossierPaymentSettled.self, of: id))
            #expect((settled.demand, settled.amount, settled.status) == (first.demand, first.amount, .awaitingPayment))
            let freed = try #require(try await office.last(DossierPaymentWithdrawn.self, of: id))
            #expect((freed.demand, freed.reasonCode, freed.actor) == (second.demand, "paid-before", nil))
            #expect(freed.status == .processing && freed.dueAt != nil)
            let view = try await office.get("/dossiers/\(id)", as: office.citizen).json
            #expect(view["fees"]?.array?.compactMap { $0["state"]?.text } == ["paid", "withdrawn"])
            #expect(view["receiptNumber"]?.text == "0000001/BLĐT-2021" && view["clockStands"] == false)
            let lines = try await office.get("/dossiers/\(id)/history", as: office.clerk).json["lines"]?.array ?? []
            #expect(lines.suffix(2).map { $0["what"]?.text } == ["payment-settled", "payment-withdrawn"])
            let notices = try await office.notices(id)
            for text in ["được hoàn trả nếu không phải nộp", "đã có tiền nộp trước"] {
                #expect(notices.contains { $0.contains(text) }, "\(text): \(notices)")
            }
            let track = try await office.get("/my/dossiers/\(id)", as: office.citizen).json
            #expect(
                track["payments"]?.array?.first?["vietnamese"]?.text?.hasPrefix("Đã nộp sau khi thôi yêu cầu") == true)
            let again = try await office.act("require-payment", on: id, as: office.clerk, ask)
            #expect((again.status, again.code) == (409, "onestop.already-paid"))

            // Paid as well before Budget heard of it: both stand, and what is given back of either is shown.
            #expect(await office.harness.take(try office.paid(second)) == .taken)
            var refunded = FeeRefunded()
            (refunded.demand, refunded.dossier, refunded.agency) = (second.demand, second.dossier, second.agency)
            (refunded.amount, refunded.refunded) = (second.amount, second.amount)
            refunded.refundedAt = office.harness.running.runtime.clock.now
            #expect(await office.harness.take(refunded) == .taken)
            let both = try await office.get("/dossiers/\(id)", as: office.clerk).json["fees"]?.array ?? []
            #expect(both.compactMap { $0["state"]?.text } == ["paid", "refunded"])
            #expect(try await office.status(id) == 4)
        }
    }
}
