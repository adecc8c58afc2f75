import Contracts
import Foundation
import ServiceKit
import Testing

@testable import BudgetService

@Suite struct `What a payment settles` {
    static func demand(_ amount: Int64, _ state: FeeDemand.State = .open) throws -> FeeDemand {
        var demand = FeeDemand()
        (demand.demand, demand.amount, demand.state, demand.version) = (DemandID.new(), try Money(amount), state, 1)
        return demand
    }

    @Test(arguments: [
        (Int64(200_000), Int64(200_000), Int64(0)), (250_000, 200_000, 50_000), (199_999, 0, 199_999), (1, 0, 1),
    ])
    func `of an open demand of 200,000`(came: Int64, settled: Int64, owed: Int64) throws {
        let split = try Payment.split(Money(came), for: Self.demand(200_000))
        #expect(split.settled.dong == settled)
        #expect(split.toRefund.dong == owed)
    }

    @Test(arguments: [FeeDemand.State.paid, .refused])
    func `nothing of a demand that is not open, and none of it is lost`(state: FeeDemand.State) throws {
        let split = try Payment.split(Money(200_000), for: Self.demand(200_000, state))
        #expect(split.settled == .zero)
        #expect(split.toRefund.dong == 200_000)
    }

    @Test(arguments: [Payment.Channel.gateway, .counter], [Int64(200_000), 250_000, 7])
    func `is booked whole by entries that balance`(channel: Payment.Channel, came: Int64) throws {
        var payment = Payment()
        (payment.channel, payment.amount) = (channel, try Money(came))
        (payment.settled, payment.toRefund) = try Payment.split(payment.amount, for: Self.demand(200_000))
        let entries = payment.entries
        #expect(entries.allSatisfy { JournalEntry.balances($0.1) })
        let debits = entries.flatMap { $0.1 }.filter { $0.side == .debit }
        #expect(debits.reduce(0) { $0 + $1.amount.dong } == came)
        #expect(Set(debits.map(\.account)) == [channel == .gateway ? "112" : "1111"])
    }

    @Test func `fees go to 3373 and what is owed back to 338`() throws {
        var payment = Payment()
        (payment.settled, payment.toRefund) = (try Money(200_000), try Money(50_000))
        #expect(payment.entries.map { $0.1[1].account } == ["3373", "338"])
        #expect(payment.entries.map { $0.0 } == [.feeCollected, .receivedToRefund])
    }

    @Test func `cash must be exactly what is due, of an open demand`() throws {
        try CollectFee.decide(Self.demand(200_000), taken: Money(200_000))
        for wrong in [Int64(199_999), 200_001, 0, -200_000] {
            #expect(throws: Refused.amountDiffers) {
                try CollectFee.decide(Self.demand(200_000), taken: Money(wrong))
            }
        }
        #expect(throws: Refused.alreadyPaid) {
            try CollectFee.decide(Self.demand(200_000, .paid), taken: Money(200_000))
        }
        #expect(throws: Refused.demandRefused) {
            try CollectFee.decide(Self.demand(200_000, .refused), taken: Money(200_000))
        }
    }

    @Test func `os-235: what came by another way came from the demand on`() throws {
        var demand = try Self.demand(200_000)
        demand.demandedAt = try Day("2021-03-01").start
        try CollectFee.decide(demand, taken: demand.amount, at: demand.demandedAt)
        #expect(throws: Refused.collectedBeforeDemand) {
            try CollectFee.decide(demand, taken: demand.amount, at: demand.demandedAt - 1)
        }
    }
}

@Suite struct `A journal entry` {
    typealias Line = JournalEntry.Line

    @Test func `balances when debits equal credits`() throws {
        let (five, seven) = (try Money(5), try Money(7))
        #expect(JournalEntry.balances([Line("112", .debit, five), Line("3373", .credit, five)]))
        #expect(!JournalEntry.balances([Line("112", .debit, five), Line("3373", .credit, seven)]))
        #expect(!JournalEntry.balances([Line("112", .debit, five)]))
        #expect(!JournalEntry.balances([]))
        #expect(!JournalEntry.balances([Line("112", .debit, .zero), Line("3373", .credit, .zero)]))
    }

    @Test func `posts accounts outside of the balance on one side`() throws {
        let (five, seven) = (try Money(5), try Money(7))
        #expect(JournalEntry.balances([Line("014", .debit, seven)]))
        #expect(
            JournalEntry.balances([
                Line("111", .debit, five), Line("3371", .credit, five), Line("008", .credit, five),
            ]))
    }

    @Test func `is summed without overflow`() throws {
        let most = try Money(Limits.moneyDong)
        let lines = (0..<40).map { Line("112", $0 % 2 == 0 ? .debit : .credit, most) }
        #expect(JournalEntry.balances(lines))
        #expect(!JournalEntry.balances(Array(repeating: Line("112", .debit, most), count: 40)))
    }
}

@Suite struct `A payment requirement` {
    private func event(_ amount: Int64) throws -> DossierPaymentRequired {
        var event = DossierPaymentRequired()
        (event.demand, event.dossier, event.amount) = (DemandID.new(), DossierID.new(), try Money(amount))
        return event
    }

    @Test func `opens a demand at an agency in force`() throws {
        let (first, day) = (try Day("2021-01-01"), try Day("2021-02-09"))
        let event = try event(200_000)
        #expect(OpenDemandOnPaymentRequired.decide(event, on: day, agencyFrom: first, to: nil) == nil)
        #expect(OpenDemandOnPaymentRequired.decide(event, on: day, agencyFrom: first, to: day) == nil)
        let answer = OpenDemandOnPaymentRequired.answer(event, nil)
        #expect((answer as? FeeDemanded)?.amount.dong == 200_000)
    }

    @Test func `is refused for good when nothing can be collected`() throws {
        let (first, day) = (try Day("2021-01-01"), try Day("2021-02-09"))
        func reason(_ amount: Int64, _ from: Day, _ to: Day?) throws -> OpenDemandOnPaymentRequired.Reason? {
            OpenDemandOnPaymentRequired.decide(try event(amount), on: day, agencyFrom: from, to: to)
        }
        #expect(try reason(0, first, nil) == .amountNotPositive)
        #expect(try reason(-1, first, nil) == .amountNotPositive)
        #expect(try reason(1_000_000_000_000, first, nil) == nil)
        #expect(try reason(1_000_000_000_001, first, nil) == .amountTooLarge)
        #expect(try reason(1, day.next, nil) == .agencyNotInForce)
        #expect(try reason(1, first, day.previous) == .agencyDissolved)
        let refused = OpenDemandOnPaymentRequired.answer(try event(0), .amountNotPositive)
        #expect((refused as? FeeRefused)?.reasonCode == "budget.amount-not-positive")
    }
}

@Suite struct `A receipt` {
    @Test func `is numbered with seven digits, and with more when they are needed`() {
        #expect(Receipt.text(.electronic, 2021, 12) == "0000012/BLĐT-2021")
        #expect(Receipt.text(.cash, 2026, 9_999_999) == "9999999/BLTM-2026")
        #expect(Receipt.text(.cash, 2026, 10_000_000) == "10000000/BLTM-2026")
    }
}
