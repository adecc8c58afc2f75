import Contracts
import LegalClock
import ServiceKit

/// Budget cannot demand the fee (the agency has no account, say): the citizen must not wait for ever. Work goes on,
/// the fee stays owed, and whoever works on the dossier may require it again.
enum OnFeeRefused: Reaction {
    static func handle(_ event: FeeRefused, _ envelope: Envelope, _ work: Work) async throws {
        guard let before = try await work.dossier(event.dossier, forUpdate: true) else {
            throw NotYet("dossier:\(event.dossier)")
        }
        guard before.payment.place(of: event.demand) != nil else {
            return work.log.notice(
                "refused demand of no waiting dossier",
                metadata: ["dossier": "\(event.dossier)", "demand": "\(event.demand)"])
        }
        let (dossier, due) = try decide(
            before, event, definition: try await work.procedure(of: before).definition,
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
        _ before: Dossier, _ event: FeeRefused, definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> (Dossier, PromisedDate?) {
        var dossier = before
        guard let place = dossier.payment.place(of: event.demand) else { throw .demandNotOpen }
        dossier.payment.settle(place, .refused, at: now, reasonCode: event.reasonCode)
        let due = try dossier.goOnWhenSettled(definition: definition, calendar: calendar, now: now)
        return (dossier, due)
    }
}
