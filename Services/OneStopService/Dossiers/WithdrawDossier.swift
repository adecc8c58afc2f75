import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/withdraw`: the applicant, or a clerk for the applicant, asks to withdraw (status 7).
enum WithdrawDossier: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/withdraw")
    static let summary = "Ask to withdraw a dossier"
    static let access = Access.signedIn
    static let refusals = [Refused.unlawfulMove, .alreadyApproved]

    struct Input: Record {
        var dossier = DossierID()
        var reason: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why, when the applicant says it"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        if call.caller.kind != .citizen {
            try await call.require(.dossiersReceive, for: before, at: before.receivingAgency)
        }
        let dossier = try decide(before)
        var event = DossierWithdrawalRequested()
        (event.dossier, event.requestedAt, event.status) = (dossier.id, call.now, dossier.status)
        return try await call.save(
            Change(dossier, "withdrawal-requested", note: input.reason, event: event), from: before)
    }

    static func decide(_ before: Dossier) throws(Refused) -> Dossier {
        // The document may be numbered at any moment.
        guard before.approvedAt == nil || before.status != .processing else { throw .alreadyApproved }
        var dossier = before
        try dossier.move(to: .withdrawalRequested)
        dossier.withdrawnFrom = before.status
        return dossier
    }
}

/// `POST /dossiers/{dossier}/withdrawal/confirm`: processing stops (7 to 8).
enum ConfirmWithdrawal: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/withdrawal/confirm")
    static let summary = "Confirm a withdrawal: processing stops"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.notInStatus]

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireAtDesk(before)
        let dossier = try decide(before, now: call.now)
        var event = DossierStopped()
        (event.dossier, event.actor) = (dossier.id, call.caller.person)
        (event.reasonCode, event.status) = (dossier.reasonCode ?? "withdrawn", dossier.status)
        return try await call.save(
            Change(dossier, "withdrawal-confirmed", notice: dossier.notice(.stopped), event: event), from: before)
    }

    static func decide(_ before: Dossier, now: Date) throws(Refused) -> Dossier {
        try before.require(.withdrawalRequested)
        var dossier = before
        try dossier.move(to: .stopped)
        dossier.payment.withdrawOpen(at: now)
        (dossier.reasonCode, dossier.reason) = ("withdrawn", "Công dân yêu cầu rút hồ sơ.")
        dossier.withdrawnFrom = nil
        dossier.goHome()
        return dossier
    }
}

/// `POST /dossiers/{dossier}/withdrawal/decline`: the dossier goes back to where it was (7 to where it came from).
enum DeclineWithdrawal: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/withdrawal/decline")
    static let summary = "Decline a withdrawal, with the reason: work goes on"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.notInStatus]

    struct Input: Record {
        var dossier = DossierID()
        var reason = ""

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init(
                "reason", \.reason, .text(1...Limits.noteLength), "Why it cannot be withdrawn; the applicant reads it"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireAtDesk(before)
        let dossier = try decide(before)
        var event = DossierWithdrawalDeclined()
        (event.dossier, event.actor, event.status) = (dossier.id, call.caller.person, dossier.status)
        return try await call.save(
            Change(
                dossier, "withdrawal-declined", note: input.reason, notice: dossier.notice(.withdrawalDeclined),
                event: event), from: before)
    }

    static func decide(_ before: Dossier) throws(Refused) -> Dossier {
        try before.require(.withdrawalRequested)
        var dossier = before
        try dossier.move(to: before.withdrawnFrom ?? .processing)
        dossier.withdrawnFrom = nil
        return dossier
    }
}
