import Contracts
import Foundation
import ServiceKit

@testable import OneStopService

/// Fees: asked for, paid, exempted, taken back.
extension Play {
    mutating func money(_ act: Act) throws -> String {
        let waiting = demands.filter { dossier.payment.place(of: $0.demand) != nil }
        switch act {
        case .demand(let choice):
            var definition = definition
            if slip == .priceWithoutCap {
                for index in definition.fees.indices { definition.fees[index].cap = nil }
            }
            let made = try RequirePayment.decide(
                dossier, asked(choice), definition: definition, demand: .new(), now: now)
            for (after, fee) in made {
                dossier = after
                var due = FeePaid()
                (due.demand, due.amount) = (fee.demand ?? DemandID(), fee.amount)
                demands.append(due)
                askedAt[due.demand] = minute
                steps.append((after, fee.demand))
            }
            return "payment-required"
        case .exempt(let choice):
            var input = ExemptFees.Input()
            input.fee = exemption(choice)?.kind ?? "none"
            steps = try ExemptFees.decide(
                dossier, input, definition: definition, calendar: calendar, now: now
            ).map { ($0.dossier, $0.demand) }
            dossier = steps.last?.dossier ?? dossier
            return "fees-exempted"
        case .pay(let early):
            guard !waiting.isEmpty else { throw Ignored() }
            return try pay(waiting[early % waiting.count], at: minute - early)
        case .payAgain(let choice):
            guard !demands.isEmpty else { throw Ignored() }
            let demand = demands[choice % demands.count]
            if slip == .paysTwice, dossier.status == .processing, dossier.payment.paidAt != nil {
                dossier.status = .awaitingPayment
                for place in dossier.payment.fees.indices where dossier.payment.fees[place].demand == demand.demand {
                    (dossier.payment.fees[place].state, dossier.payment.fees[place].stops) = (.open, true)
                }
            }
            return try pay(demand, at: minute)
        case .takeBack(let choice): return try takeBack(choice)
        default:
            guard let last = waiting.last else { throw Ignored() }
            var event = FeeRefused()
            event.demand = last.demand
            (dossier, _) = try OnFeeRefused.decide(dossier, event, definition: definition, calendar: calendar, now: now)
            steps = [(dossier, last.demand)]
            return "payment-lifted"
        }
    }

    private mutating func takeBack(_ choice: Int) throws -> String {
        guard !demands.isEmpty else { throw Ignored() }
        var input = WithdrawDemand.Input()
        input.demand = demands[choice % demands.count].demand
        if slip == .takesBackPaid {
            for place in dossier.payment.fees.indices where dossier.payment.fees[place].demand == input.demand {
                dossier.payment.fees[place].state = .open
            }
        }
        (dossier, _) = try WithdrawDemand.decide(dossier, input, definition: definition, calendar: calendar, now: now)
        steps = [(dossier, input.demand)]
        return "payment-withdrawn"
    }

    private mutating func pay(_ demand: FeePaid, at paid: Int) throws -> String {
        let isLate = dossier.payment.formerPlace(of: demand.demand) != nil
        guard isLate || dossier.payment.place(of: demand.demand) != nil else { throw Ignored() }
        // Of one demand the two services' clocks may differ; of several none is paid before it was asked for.
        let paid = demands.count > 1 ? max(paid, askedAt[demand.demand] ?? paid) : paid
        beside.paidAt = paid
        var event = demand
        event.paidAt = MinuteOracle.date(paid)
        guard !isLate else { return try payLate(event) }
        if slip == .leavesHalfPaid {
            for place in dossier.payment.fees.indices where dossier.payment.fees[place].demand != demand.demand {
                dossier.payment.fees[place].stops = false
            }
        }
        (dossier, _) = try OnFeePaid.decide(dossier, event, definition: definition, calendar: calendar, now: now)
        steps = [(dossier, demand.demand)]
        return "payment-settled"
    }

    /// What was taken back while its money was on the way, and what is asked for no more because of it.
    private mutating func payLate(_ event: FeePaid) throws -> String {
        let late = try OnFeePaid.decideLate(dossier, event, definition: definition, calendar: calendar, now: now)
        let freed = slip == .asksOn ? [] : late.freed
        steps = [(late.dossier, event.demand)] + freed.map { ($0.dossier, $0.demand) }
        dossier = freed.last?.dossier ?? late.dossier
        then = "payment-withdrawn"
        return "payment-settled"
    }

    /// The cases that a clerk names; every fourth time none.
    private func asked(_ choice: Int) -> RequirePayment.Input {
        var input = RequirePayment.Input()
        input.copies = choice % 3 + 1
        guard choice % 4 != 0 else { return input }
        let kinds = definition.fees.map(\.kind)
        input.fees = kinds.enumerated().filter { (choice >> $0.offset) & 1 == 0 }.map {
            FeeLine($0.element, choice % 90 + 1)
        }
        return input
    }

    /// Which case exempts; nil for one that the procedure does not have.
    func exemption(_ choice: Int) -> Fee? {
        choice % 3 == 0 || definition.fees.isEmpty ? nil : definition.fees[choice % definition.fees.count]
    }

    /// What those of one kind at one moment cost, reckoned apart from the service.
    func price(_ act: Act, _ nature: String?, _ moment: String?, in before: Dossier) -> Int64? {
        guard case .demand(let choice) = act else { return nil }
        let input = asked(choice)
        let now = before.status == .finished ? "return" : before.status == .awaitingSupplement ? "supplement" : nil
        var (full, capped, most) = (Int64(0), Int64(0), Int64.max)
        for fee in definition.fees {
            let own = fee.moment?.rawValue ?? (input.fees == nil ? nil : now) ?? "reception"
            guard (fee.nature?.rawValue ?? "fee", own) == (nature ?? "fee", moment ?? "reception") else { continue }
            let quantity: Int
            if let lines = input.fees {
                quantity = lines.first { $0.kind == fee.kind }?.quantity ?? 0
            } else {
                quantity = fee.byDefault ? 1 : 0
            }
            if let cap = fee.cap {
                capped += fee.amount.dong * Int64(quantity)
                most = cap.dong
            } else {
                full += fee.amount.dong * Int64(quantity)
            }
        }
        return (full + min(capped, most)) * Int64(input.copies)
    }
}
