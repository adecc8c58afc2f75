import Contracts
import ServiceKit

/// An action that needs a reason: a stable code for statistics, and the words for the citizen.
struct Reasoned: Record {
    var dossier = DossierID()
    var reasonCode = ""
    var reason = ""

    static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier", in: .path),
        .init("reasonCode", \.reasonCode, .text(1...60, pattern: Pattern.key), "Stable code of the reason"),
        .init("reason", \.reason, .text(1...Limits.noteLength), "The reason in words; the applicant reads it"),
    ]
}

/// `POST /dossiers/{dossier}/refuse`: form 03 at the counter; final.
enum RefuseDossier: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/refuse")
    static let summary = "Refuse a dossier at the counter, with reasons"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [Refused.unlawfulMove]

    static func handle(_ input: Reasoned, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.require(.dossiersReceive, for: before, at: before.receivingAgency)
        let dossier = try decide(before, input)
        var event = DossierRefused()
        (event.dossier, event.actor) = (dossier.id, call.caller.person)
        (event.reasonCode, event.status) = (input.reasonCode, dossier.status)
        return try await call.save(
            Change(dossier, "refused", note: input.reason, notice: dossier.notice(.refused), event: event), from: before
        )
    }

    static func decide(_ before: Dossier, _ input: Reasoned) throws(Refused) -> Dossier {
        var dossier = before
        try dossier.move(to: .refused)
        (dossier.reasonCode, dossier.reason) = (input.reasonCode, input.reason)
        return dossier
    }
}

/// `POST /dossiers/{dossier}/stop`: not eligible after appraisal, or never completed.
enum StopDossier: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/stop")
    static let summary = "Stop processing, with reasons"
    static let access = Access.official(.dossiersProcess)
    static let refusals = [Refused.unlawfulMove, .withdrawalWaits, .alreadyApproved]

    static func handle(_ input: Reasoned, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.require(.dossiersProcess, for: before, at: before.workingAgency)
        let dossier = try decide(before, input, now: call.now)
        var event = DossierStopped()
        (event.dossier, event.actor) = (dossier.id, call.caller.person)
        (event.reasonCode, event.status) = (input.reasonCode, dossier.status)
        return try await call.save(
            Change(dossier, "stopped", note: input.reason, notice: dossier.notice(.stopped), event: event), from: before
        )
    }

    static func decide(_ before: Dossier, _ input: Reasoned, now: Date) throws(Refused) -> Dossier {
        // 7 goes on to 8 by confirming the withdrawal, which is another decision.
        guard before.status != .withdrawalRequested else { throw .withdrawalWaits }
        // The document may be numbered at any moment.
        guard before.approvedAt == nil else { throw .alreadyApproved }
        var dossier = before
        try dossier.move(to: .stopped)
        dossier.payment.withdrawOpen(at: now)
        (dossier.reasonCode, dossier.reason) = (input.reasonCode, input.reason)
        dossier.goHome()
        return dossier
    }
}

extension Dossier {
    /// Goes to another agency and remembers the one it leaves; going to one that it came from is the way back.
    mutating func go(to agency: AgencyCode) throws(Refused) {
        guard agency != workingAgency else { return }
        if let index = sentFrom.firstIndex(of: agency) {
            sentFrom.removeSubrange(index...)
        } else {
            guard sentFrom.count < Limits.OneStop.levels else { throw .sentTooOften }
            sentFrom.append(workingAgency)
        }
        workingAgency = agency
    }

    /// What is done goes back to where it was received, to be returned there.
    mutating func goHome() {
        if workingAgency != receivingAgency, answeringAgency == nil { answeringAgency = workingAgency }
        workingAgency = receivingAgency
        sentFrom = []
    }
}

extension Refused {
    static let withdrawalWaits = Refused(
        "onestop.withdrawal-waits", vi: "Công dân đã yêu cầu rút hồ sơ; hãy xác nhận hoặc từ chối yêu cầu đó.",
        en: "The citizen asked to withdraw; confirm or decline that.")
}
