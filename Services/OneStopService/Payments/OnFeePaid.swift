import Contracts
import LegalClock
import ServiceKit

/// A fee was paid. When it was the last for which the clock stood, work goes on (6 to 4), and so does the clock from
/// the moment of payment. What was taken back while its money was on the way is paid all the same (os-271).
enum OnFeePaid: Reaction {
    static func handle(_ event: FeePaid, _ envelope: Envelope, _ work: Work) async throws {
        guard let before = try await work.dossier(event.dossier, forUpdate: true) else {
            throw NotYet("dossier:\(event.dossier)")
        }
        let definition = try await work.procedure(of: before).definition
        let calendar = try await work.calendar(of: before.receivingAgency)
        if before.payment.place(of: event.demand) != nil {
            let (dossier, due) = try decide(before, event, definition: definition, calendar: calendar, now: work.now)
            let open = dossier.payment.open
            let telling: Dossier.Telling =
                open.isEmpty ? .paid(due: dossier.dueAt) : .paidPartly(rest: try Money.sum(open.map(\.amount)))
            try await work.save(settled(dossier, event, due: due, telling), from: before)
        } else if before.payment.formerPlace(of: event.demand) != nil {
            let late = try decideLate(before, event, definition: definition, calendar: calendar, now: work.now)
            let first = settled(late.dossier, event, due: nil, .paidAfterAll(event.amount))
            _ = try await work.save([first] + late.freed.map { withdrawn($0, event) }, from: before)
        } else {
            // Money for a demand that this dossier never made, or has as paid: Budget keeps it, people must look.
            work.log.error(
                "payment without a waiting dossier",
                metadata: ["dossier": "\(event.dossier)", "demand": "\(event.demand)"])
        }
    }

    private static func settled(
        _ dossier: Dossier, _ event: FeePaid, due: PromisedDate?, _ telling: Dossier.Telling
    ) -> Change {
        var settled = DossierPaymentSettled()
        (settled.dossier, settled.demand, settled.amount) = (dossier.id, event.demand, event.amount)
        (settled.receiptNumber, settled.dueAt, settled.status) = (event.receiptNumber, dossier.dueAt, dossier.status)
        return Change(
            dossier, "payment-settled", note: event.receiptNumber, due: due, notice: dossier.notice(telling),
            event: settled)
    }

    private static func withdrawn(_ freed: Freed, _ paid: FeePaid) -> Change {
        var event = DossierPaymentWithdrawn()
        (event.dossier, event.demand, event.agency) = (freed.dossier.id, freed.demand, freed.dossier.receivingAgency)
        (event.reasonCode, event.dueAt, event.status) = (paidBefore, freed.dossier.dueAt, freed.dossier.status)
        return Change(
            freed.dossier, "payment-withdrawn", note: "Đã nộp trước, biên lai \(paid.receiptNumber)", due: freed.due,
            notice: freed.dossier.notice(.paidBefore(due: freed.due?.at)), event: event)
    }

    static func decide(
        _ before: Dossier, _ event: FeePaid, definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> (Dossier, PromisedDate?) {
        var dossier = before
        guard let place = dossier.payment.place(of: event.demand) else { throw .demandNotOpen }
        dossier.payment.take(event, for: place, at: now)
        let due = try dossier.goOnWhenSettled(definition: definition, calendar: calendar, now: now)
        return (dossier, due)
    }

    /// A demand that is taken back because its fee was paid before, and the dossier after it.
    typealias Freed = (dossier: Dossier, demand: DemandID, due: PromisedDate?)

    static let paidBefore = "paid-before"

    /// The money of a demand that was taken back, or from which the applicant was exempted, while it was on the way
    /// (os-271). Neither status nor clock move by it. What was asked for in its place is taken back as far as the money
    /// covers it, so that nobody pays twice, and work goes on when that was the last.
    static func decideLate(
        _ before: Dossier, _ event: FeePaid, definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> (dossier: Dossier, freed: [Freed]) {
        var dossier = before
        guard let place = dossier.payment.formerPlace(of: event.demand) else { throw .demandNotOpen }
        let former = dossier.payment.fees[place]
        dossier.payment.take(event, for: place, at: now)
        dossier.payment.fees[place].takenBackAt = former.settledAt
        // An exemption that stands goes on standing; of one that was taken back nothing is left.
        if former.state != .exempt {
            (dossier.payment.fees[place].exemption, dossier.payment.fees[place].exemptionReason) = (nil, nil)
        }
        let paid = dossier
        var (freed, rest) = ([Freed](), event.amount.dong)
        for index in dossier.payment.fees.indices {
            let fee = dossier.payment.fees[index]
            guard fee.state == .open, fee.moment == former.moment, fee.concerns(former.nature), fee.amount.dong <= rest,
                let demand = fee.demand
            else { continue }
            rest -= fee.amount.dong
            dossier.payment.settle(index, .withdrawn, at: now, reasonCode: paidBefore)
            let due = try dossier.goOnWhenSettled(definition: definition, calendar: calendar, now: now)
            freed.append((dossier, demand, due))
        }
        return (paid, freed)
    }
}
