import Contracts
import LegalClock
import ServiceKit

/// `POST /dossiers/{dossier}/withdraw-demand`: a demand was a mistake, or its amount was: it is asked for no more
/// (os-093). What stood for it goes on; the fee itself may be asked for anew.
enum WithdrawDemand: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/withdraw-demand")
    static let summary = "Take back a fee demand that is not paid, with the reason"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.demandNotOpen]

    struct Input: Record {
        var dossier = DossierID()
        var demand = DemandID()
        var reason = ""

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("demand", \.demand, .id, "The demand"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why it is taken back; the applicant reads it"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireFees(of: before)
        let (dossier, due) = try decide(
            before, input, definition: try await call.procedure(of: before).definition,
            calendar: try await call.calendar(of: before.receivingAgency), now: call.now)
        var event = DossierPaymentWithdrawn()
        (event.dossier, event.demand, event.agency) = (dossier.id, input.demand, dossier.receivingAgency)
        (event.actor, event.reasonCode) = (call.caller.person, "withdrawn")
        (event.dueAt, event.status) = (dossier.dueAt, dossier.status)
        return try await call.save(
            Change(
                dossier, "payment-withdrawn", note: input.reason, due: due,
                notice: dossier.notice(.paymentLifted(due: due?.at)), event: event), from: before)
    }

    static func decide(
        _ before: Dossier, _ input: Input, definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> (Dossier, PromisedDate?) {
        guard let place = before.payment.place(of: input.demand) else { throw .demandNotOpen }
        var dossier = before
        dossier.payment.settle(place, .withdrawn, at: now, reasonCode: "withdrawn")
        let due = try dossier.goOnWhenSettled(definition: definition, calendar: calendar, now: now)
        return (dossier, due)
    }
}
