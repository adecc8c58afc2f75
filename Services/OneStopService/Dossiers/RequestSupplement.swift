import Contracts
import LegalClock
import ServiceKit

/// `POST /dossiers/{dossier}/request-supplement`: form 02, once and in full (Decree 61/2018/NĐ-CP, Art. 15.3); the
/// clock stands.
enum RequestSupplement: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/request-supplement")
    static let summary = "Ask for missing papers, once and in full"
    static let access = Access.official(.dossiersRead)
    static let refusals = [
        Refused.unlawfulMove, .supplementAlreadyRequested, .withdrawalWaits, .alreadyApproved,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var missing = ""

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("missing", \.missing, .text(1...Limits.noteLength), "Everything that is missing, and why"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireAtDesk(before)
        let dossier = try decide(before, missing: input.missing, now: call.now)
        var event = DossierSupplementRequested()
        (event.dossier, event.actor, event.requestedAt) = (dossier.id, call.caller.person, call.now)
        (event.formerDueAt, event.status) = (dossier.dueAt, dossier.status)
        return try await call.save(
            Change(
                dossier, "supplement-requested", note: input.missing, notice: dossier.notice(.supplementRequested),
                event: event), from: before)
    }

    static func decide(_ before: Dossier, missing: String, now: Date) throws(Refused) -> Dossier {
        guard before.supplementRequestedAt == nil else { throw .supplementAlreadyRequested }
        // 7 may go back to 5, but asking for papers is not the way.
        guard before.status != .withdrawalRequested else { throw .withdrawalWaits }
        guard before.approvedAt == nil else { throw .alreadyApproved }
        var dossier = before
        dossier.resumeStatus = before.status
        try dossier.move(to: .awaitingSupplement)
        dossier.supplementRequestedAt = now
        dossier.supplementNote = missing
        dossier.suspendClock(.awaitingSupplement, at: now)
        return dossier
    }
}

/// `POST /dossiers/{dossier}/supply`: the applicant, or a clerk for the applicant, completes the dossier.
enum SupplyDossier: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/supply")
    static let summary = "Complete a dossier after a request for papers; the clock goes on"
    static let access = Access.signedIn
    static let refusals = [Refused.notInStatus]

    struct Input: Record {
        var dossier = DossierID()
        var note: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("note", \.note, .text(1...Limits.noteLength), "What was supplied"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        if call.caller.kind != .citizen {
            try await call.require(.dossiersReceive, for: before, at: before.receivingAgency)
        }
        let (dossier, due) = try decide(
            before, definition: try await call.procedure(of: before).definition,
            calendar: try await call.calendar(of: before.receivingAgency), now: call.now)
        var event = DossierSupplementSupplied()
        (event.dossier, event.suppliedAt, event.dueAt) = (dossier.id, call.now, dossier.dueAt)
        event.status = dossier.status
        return try await call.save(
            Change(
                dossier, "supplement-supplied", note: input.note, due: due,
                notice: dossier.notice(.supplementSupplied(due: dossier.dueAt)), event: event), from: before)
    }

    static func decide(
        _ before: Dossier, definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> (Dossier, PromisedDate?) {
        try before.require(.awaitingSupplement)
        var dossier = before
        try dossier.move(to: before.resumeStatus ?? .processing)
        dossier.resumeStatus = nil
        let due = try dossier.resumeClock(at: now, definition: definition, calendar: calendar)
        if dossier.status == .submitted { dossier.actBy = try Deadlines.answerBy(now, calendar: calendar) }
        return (dossier, due)
    }
}

extension Refused {
    static let supplementAlreadyRequested = Refused(
        "onestop.supplement-already-requested",
        vi: "Chỉ được yêu cầu bổ sung một lần (Nghị định 61/2018/NĐ-CP, Điều 15 khoản 3).",
        en: "Papers may be asked for only once (Decree 61/2018/NĐ-CP, Art. 15.3).")
    static let alreadyApproved = Refused(
        "onestop.already-approved", vi: "Kết quả đã được phê duyệt.", en: "The result was approved already.")
}
