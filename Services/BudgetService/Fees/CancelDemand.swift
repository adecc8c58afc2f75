import Contracts
import ServiceKit

/// The dossier takes back a demand: it was a mistake, or its amount was.
enum CancelOnWithdrawal: Reaction {
    static func handle(_ event: DossierPaymentWithdrawn, _ envelope: Envelope, _ work: Work) async throws {
        try await work.cancel(event.demand, because: event.reasonCode)
    }
}

/// The applicant is exempt from what was demanded already.
enum CancelOnExemption: Reaction {
    static func handle(_ event: DossierFeesExempted, _ envelope: Envelope, _ work: Work) async throws {
        guard let demand = event.demand else { return }
        try await work.cancel(demand, because: "exempted")
    }
}

/// Processing was stopped: what is not paid is due no more.
enum CancelOnStop: Reaction {
    static func handle(_ event: DossierStopped, _ envelope: Envelope, _ work: Work) async throws {
        let open = try await work.run(
            "SELECT id FROM fee_demands WHERE dossier = \(event.dossier) AND state = 'open' ORDER BY id")
        for row in open { try await work.cancel(try row("id"), because: event.reasonCode) }
    }
}

extension Work {
    /// Cancels a demand that is open. One that was refused or cancelled stays what it is. One that was paid in the
    /// meantime keeps its money, and the dossier shows it as paid (os-271), until an accountant asks for the refund.
    func cancel(_ id: DemandID, because reasonCode: String) async throws {
        guard let demand = try await demand(id, forUpdate: true) else { throw DemandFault.unknown(id) }
        guard demand.state == .open else {
            return log.notice(
                "a demand that is taken back is not open",
                metadata: ["demand": "\(id)", "state": "\(demand.state.rawValue)", "reason": "\(reasonCode)"])
        }
        try await post(
            """
            UPDATE fee_demands SET state = 'cancelled', reason_code = \(reasonCode), version = \(demand.version + 1)
            WHERE id = \(id)
            """)
        var event = FeeCancelled()
        (event.demand, event.dossier, event.agency) = (demand.demand, demand.dossier, demand.agency)
        event.reasonCode = reasonCode
        try await announce(event, version: Int64(demand.version + 1), to: demand.agency)
    }
}
