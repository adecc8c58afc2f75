import Contracts
import LegalClock
import ServiceKit

/// Budget cannot demand the fee (the agency has no account, say): the citizen must not wait for ever. Work goes on,
/// the fee stays open, and whoever works on the dossier may require it again.
enum OnFeeRefused: Reaction {
    static func handle(_ event: FeeRefused, _ envelope: Envelope, _ work: Work) async throws {
        guard let before = try await work.dossier(event.dossier, forUpdate: true) else {
            throw NotYet("dossier:\(event.dossier)")
        }
        guard before.awaits(event.demand) else {
            return work.log.notice(
                "refused demand of no waiting dossier",
                metadata: ["dossier": "\(event.dossier)", "demand": "\(event.demand)"])
        }
        let (dossier, due) = try decide(
            before, definition: try await work.procedure(of: before).definition,
            calendar: try await work.calendar(of: before.receivingAgency), now: work.now)
        var lifted = DossierPaymentLifted()
        (lifted.dossier, lifted.demand, lifted.reasonCode) = (dossier.id, event.demand, event.reasonCode)
        (lifted.dueAt, lifted.status) = (dossier.dueAt, dossier.status)
        try await work.save(
            Change(
                dossier, "payment-lifted", note: event.reasonCode, due: due,
                notice: dossier.notice(.paymentLifted(due: dossier.dueAt)), event: lifted), from: before)
    }

    static func decide(
        _ before: Dossier, definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> (Dossier, PromisedDate?) {
        var dossier = before
        try dossier.move(to: .processing)
        // Its kind stays: the fee is still open.
        (dossier.payment.demand, dossier.payment.amount) = (nil, nil)
        let due = try dossier.resumeClock(at: now, definition: definition, calendar: calendar)
        return (dossier, due)
    }
}
