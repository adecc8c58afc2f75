import Contracts
import LegalClock
import ServiceKit

/// `POST /dossiers/{dossier}/request-supplement`: form 02, once and in full (Decree 61/2018/NĐ-CP, Art. 15.3); the
/// clock stands. Within three working days from acceptance whoever holds the dossier asks (Art. 19.4), later only who
/// leads the agency where it is, and the history says so (os-276): papers are not asked for to hide that one is late.
enum RequestSupplement: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/request-supplement")
    static let summary = "Ask for missing papers, once and in full"
    static let access = Access.official(.dossiersRead)
    static let refusals = [
        Refused.unlawfulMove, .supplementAlreadyRequested, .withdrawalWaits, .alreadyApproved, .supplementTooLate,
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
        let isLate = try isLate(
            before, calendar: try await call.calendar(of: before.receivingAgency), now: call.now)
        if isLate { try await call.requireLeading(before) }
        var event = DossierSupplementRequested()
        (event.dossier, event.actor, event.requestedAt) = (dossier.id, call.caller.person, call.now)
        (event.formerDueAt, event.status) = (dossier.dueAt, dossier.status)
        return try await call.save(
            Change(
                dossier, isLate ? "supplement-requested-late" : "supplement-requested", note: input.missing,
                notice: dossier.notice(.supplementRequested), event: event), from: before)
    }

    /// Whether the days for asking are over. Before acceptance there are none: the counter asks.
    static func isLate(_ before: Dossier, calendar: WorkCalendar, now: Date) throws(Refused) -> Bool {
        guard let accepted = before.acceptedAt else { return false }
        let limit = TimeLimit(Limits.Supplements.days, .workingDays)
        return now > (try Deadlines.due(from: accepted, limit: limit, calendar: calendar).at)
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

extension Call {
    fileprivate func requireLeading(_ dossier: Dossier) async throws {
        let field = try await procedure(of: dossier).definition.field
        guard try await holds(.dossiersApprove, at: dossier.workingAgency, field: field) else {
            throw refused(.supplementTooLate, about: ["dossier": "\(dossier.id)"])
        }
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
    static let supplementTooLate = Refused(
        "onestop.supplement-too-late", 403,
        vi: """
            Đã quá 03 ngày làm việc kể từ ngày tiếp nhận (Nghị định 61/2018/NĐ-CP, Điều 19 khoản 4): chỉ lãnh đạo cơ \
            quan đang giải quyết được yêu cầu bổ sung.
            """,
        en: """
            More than 03 working days have passed since acceptance (Decree 61/2018/NĐ-CP, Art. 19.4): only who leads \
            the agency where the dossier is may still ask for papers.
            """)
    static let alreadyApproved = Refused(
        "onestop.already-approved", vi: "Kết quả đã được phê duyệt.", en: "The result was approved already.")
}
