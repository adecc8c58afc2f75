import Contracts
import LegalClock
import ServiceKit

// What comes of itself at its time: the citizen pays, supplies, withdraws or comes; the office remembers.
extension Station {
    mutating func remember(_ kind: Happening.Kind, _ slot: Int, _ serial: UInt32) {
        // Another dossier may have the place by now.
        guard cases[slot].serial == serial else { return }
        switch kind {
        case .supply: supplied(slot)
        case .giveUp: giveUp(slot)
        case .pay: paid(slot)
        case .refusePayment: paymentRefused(slot)
        case .withdraw: withdraw(slot)
        case .eve: apologise(slot)
        case .collect:
            ask(slot, .giveBack, .clerk, at: number, minutes: Assumptions.returning, due: today)
        case .retry: retry(slot)
        case .day, .arrival, .worked: break
        }
    }

    private mutating func retry(_ slot: Int) {
        guard cases[slot].isWorked, cases[slot].dossier.status == .processing else { return }
        cases[slot].isWorked = false
        worked(slot)
    }

    /// Papers that never came: processing stops.
    private mutating func giveUp(_ slot: Int) {
        var this = cases[slot]
        guard this.dossier.status == .awaitingSupplement else { return }
        let refused = decided { () throws(Refused) in this.dossier = try StopDossier.decide(this.dossier, Reasoned()) }
        guard refused == nil else { return }
        tallies[this.procedure].stopped += 1
        cases[slot] = this
        endWithout(slot)
    }

    /// It ends without a result: statistics of lateness leave it out (index 766 takes the moment of the request).
    private mutating func endWithout(_ slot: Int) {
        let this = cases[slot]
        tallies[this.procedure].abandoned += 1
        if let ordinal = this.ordinal { outcomes[ordinal] = .onTime }
        note(this, .onTime)
        plan(.collect, at: time.next(now + 1_440), place: slot, serial: this.serial)
    }

    private mutating func withdraw(_ slot: Int) {
        var this = cases[slot]
        guard [.submitted, .accepted, .processing, .awaitingSupplement].contains(this.dossier.status) else { return }
        let refused = decided { () throws(Refused) in this.dossier = try WithdrawDossier.decide(this.dossier) }
        guard refused == nil else { return }
        cases[slot] = this
        ask(slot, .confirm, .clerk, at: number, minutes: Assumptions.confirming, due: this.dossier.actBy)
    }

    /// The clerk lets it go, or says why not.
    mutating func confirmed(_ slot: Int) {
        var this = cases[slot]
        if this.luck.happens(Assumptions.declined, .declined) {
            let refused = decided { () throws(Refused) in this.dossier = try DeclineWithdrawal.decide(this.dossier) }
            guard refused == nil else { return }
            this.rounds += 1
            cases[slot] = this
            guard this.dossier.status == .awaitingSupplement else { return goOn(slot) }
            return plan(.supply, at: now + 1_440, place: slot, serial: this.serial)
        }
        let refused = decided { () throws(Refused) in this.dossier = try ConfirmWithdrawal.decide(this.dossier) }
        guard refused == nil else { return }
        tallies[this.procedure].withdrawn += 1
        cases[slot] = this
        endWithout(slot)
    }

    /// On the last working day before the due date somebody looks whether it will be kept.
    mutating func planEve(_ slot: Int) {
        guard let due = cases[slot].dossier.dueAt, cases[slot].dossier.reappointedAt == nil else { return }
        let calendar = calendar
        var eve: Date?
        decided { () throws(Refused) in
            eve = try Deadlines.refusing { () throws(ClockRefusal) in try calendar.apologyDeadline(due: due) }
        }
        guard let eve else { return }
        let at = world.year.minute(eve) - 60
        if at > now { plan(.eve, at: at, place: slot, serial: cases[slot].serial) }
    }

    /// Apology and the one new date, where it will not be kept and somebody cares.
    private mutating func apologise(_ slot: Int) {
        var this = cases[slot]
        guard [.accepted, .processing].contains(this.dossier.status), this.dossier.approvedAt == nil,
            this.dossier.reappointedAt == nil, let due = this.dossier.dueAt,
            this.luck.happens(Assumptions.apologises, .apology)
        else { return }
        let (calendar, now) = (calendar, today)
        let limit = definition(this).limit
        let further = max(2, limit.unit == .workingDays ? limit.amount / 3 : 3)
        // Its clock stood: the due date has moved since.
        guard let last = try? calendar.apologyDeadline(due: due), now <= last,
            last.timeIntervalSince(now) <= 3_600
        else { return }
        let refused = decided { () throws(Refused) in
            let day = try Deadlines.refusing { () throws(ClockRefusal) in
                try calendar.workingDay(after: Day(due) + further - 1)
            }
            _ = try this.dossier.reappoint(on: day, note: "x", at: now, calendar: calendar)
        }
        guard refused == nil else { return }
        tallies[this.procedure].reappointed += 1
        cases[slot] = this
    }
}
