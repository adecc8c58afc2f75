import Contracts
import ServiceKit

/// A dossier needs a payment: its demand is opened, or refused for good with its reason. An agency that the directory
/// does not know yet is waited for.
enum OpenDemandOnPaymentRequired: Reaction {
    static func handle(_ event: DossierPaymentRequired, _ envelope: Envelope, _ work: Work) async throws {
        if let known = try await work.demand(event.demand) {
            // The same requirement told twice, as two events, opens nothing more; another one under the same number
            // is a fault of its source, for an operator to see. The successor of its agency may have collected it.
            let hasEnded = try await work.hasEnded(event.agency, on: work.today) ?? false
            guard known.dossier == event.dossier, known.agency == event.agency || hasEnded,
                known.amount == event.amount
            else { throw DemandFault.numberUsed(event.demand) }
            return
        }
        let rows = try await work.run(
            "SELECT valid_from, valid_to FROM directory_agencies WHERE code = \(event.agency)")
        guard let agency = rows.first else { throw NotYet("agency:\(event.agency.text)") }
        let reason = decide(
            event, on: Day(envelope.occurredAt), agencyFrom: try agency("valid_from"), to: try agency("valid_to"))
        try await work.post(
            """
            INSERT INTO fee_demands (id, dossier, agency, amount, fee_kind, nature, moment, state, reason_code,
                                     demanded_at, version)
            VALUES (\(event.demand), \(event.dossier), \(event.agency), \(event.amount), \(event.feeKind),
                    \(event.nature?.rawValue), \(event.moment?.rawValue), \(reason == nil ? "open" : "refused"),
                    \(reason?.rawValue), \(work.now), 1)
            """)
        try await work.announce(answer(event, reason), version: 1, to: event.agency)
    }

    /// Why no demand can be opened.
    enum Reason: String, CaseIterable, Sendable {
        case amountNotPositive = "budget.amount-not-positive"
        case amountTooLarge = "budget.amount-too-large"
        case agencyNotInForce = "budget.agency-not-in-force"
        case agencyDissolved = "budget.agency-dissolved"
    }

    static func decide(_ event: DossierPaymentRequired, on day: Day, agencyFrom: Day, to: Day?) -> Reason? {
        guard event.amount > .zero else { return .amountNotPositive }
        guard event.amount.dong <= Limits.Budget.paymentDong else { return .amountTooLarge }
        guard agencyFrom <= day else { return .agencyNotInForce }
        if let to, to < day { return .agencyDissolved }
        return nil
    }

    static func answer(_ event: DossierPaymentRequired, _ reason: Reason?) -> any Event {
        if let reason {
            var refused = FeeRefused()
            (refused.demand, refused.dossier, refused.agency) = (event.demand, event.dossier, event.agency)
            refused.reasonCode = reason.rawValue
            return refused
        }
        var demanded = FeeDemanded()
        (demanded.demand, demanded.dossier) = (event.demand, event.dossier)
        (demanded.agency, demanded.amount) = (event.agency, event.amount)
        return demanded
    }
}

enum DemandFault: Error, Equatable {
    /// A demand is taken back that was never made: the dossier's events come in their order.
    case unknown(DemandID)
    /// Two different requirements came under one demand number.
    case numberUsed(DemandID)
}
