import Contracts
import LegalClock
import ServiceKit

/// `POST /dossiers/{dossier}/reappoint`: written apology with the reason (form 04) and a new appointment; once, and at
/// the latest one working day before the appointment (Decree 61/2018/NĐ-CP, Art. 19.9). A leader signs it.
enum Reappoint: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/reappoint")
    static let summary = "Apologise for a delay and make the one new appointment"
    static let access = Access.official(.dossiersApprove)
    static let refusals = [
        Refused.alreadyReappointed, .notInStatus, .apologyTooLate, .notLaterThanDue, .notAWorkingDay, .tooFarOff,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var dueOn = Day.none
        var reasonCode = ""
        var reason = ""

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("dueOn", \.dueOn, .day, "The new day; until the end of its working time"),
            .init("reasonCode", \.reasonCode, .text(1...60, pattern: Pattern.key), "Stable code of the reason"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "The apology; the applicant reads it"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.require(.dossiersApprove, for: before, at: before.workingAgency)
        var dossier = before
        let due = try dossier.reappoint(
            on: input.dueOn, note: input.reason, at: call.now,
            calendar: try await call.calendar(of: before.receivingAgency))
        var event = DossierReappointed()
        (event.dossier, event.actor, event.reasonCode) = (dossier.id, call.caller.person, input.reasonCode)
        (event.formerDueAt, event.dueAt, event.status) = (due.former ?? due.at, due.at, dossier.status)
        let notice = dossier.notice(.reappointed(former: due.former ?? due.at, due: due.at))
        return try await call.save(
            Change(dossier, "reappointed", note: input.reason, due: due, notice: notice, event: event), from: before)
    }
}
