import Contracts
import LegalClock
import ServiceKit

/// `POST /dossiers/{dossier}/hand-over`: to the next step, another officer or the agency of a step (a line of form 05).
enum HandOver: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/hand-over")
    static let summary = "Hand a dossier over to the next step"
    static let access = Access.official(.dossiersRead)
    static let refusals = [
        Refused.notInStatus, .stepUnknown, .feesOpen, .opinionsOpen, .officerNotThere, .noAgencyAbove,
        .alreadyApproved, .agencyUnknown, .sentTooOften, .stepSkipped,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var step: String?
        var toOfficer: PersonID?
        var note: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init(
                "step", \.step, .text(1...60, pattern: Pattern.key),
                "The next step or one before it; absent: the next one"),
            .init("toOfficer", \.toOfficer, .id, "Who takes it; absent: whoever its leader names"),
            .init("note", \.note, .text(1...Limits.noteLength), "What is to be done"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireHolding(before)
        let procedure = try await call.procedure(of: before)
        let step = try target(before, procedure.definition, asked: input.step)
        let agency = try place(of: step, before)
        try await call.requireKnown(agency)
        let officer = try await call.officer(input.toOfficer)
        let dossier = try decide(
            before, to: step, agency: agency, officer: officer, definition: procedure.definition,
            openOpinions: try await call.openOpinions(
                of: before.id, guards: before.step.flatMap(procedure.definition.step)?.guards ?? []),
            calendar: try await call.calendar(of: agency), now: call.now)
        return try await call.save(
            Change(
                dossier, "handed-over", note: input.note, event: event(from: before, to: dossier)), from: before,
            taking: officer)
    }

    static func event(from before: Dossier, to dossier: Dossier) -> DossierHandedOver {
        var event = DossierHandedOver()
        (event.dossier, event.fromAgency, event.toAgency) =
            (dossier.id, before.workingAgency, dossier.workingAgency)
        (event.fromOfficer, event.toOfficer) = (before.officer, dossier.officer)
        (event.stepKey, event.dueAt, event.status) = (dossier.step ?? "none", dossier.stepDueAt, dossier.status)
        return event
    }

    /// The next step, this one again, or back to one before it. A step is left only when its guards pass, so none is
    /// passed over.
    static func target(_ before: Dossier, _ definition: Definition, asked: String?) throws(Refused) -> Step {
        let step = asked.map(definition.step) ?? definition.step(after: before.step)
        guard let step, let index = definition.steps.firstIndex(of: step) else { throw .stepUnknown }
        let reached = before.step.flatMap { key in definition.steps.firstIndex { $0.key == key } } ?? -1
        guard index <= reached + 1 else { throw .stepSkipped }
        return step
    }

    /// Where a step is done.
    static func place(of step: Step, _ dossier: Dossier) throws(Refused) -> AgencyCode {
        switch step.rule {
        case .receiving: return dossier.receivingAgency
        case .working: return dossier.workingAgency
        case .named: return step.agency ?? dossier.workingAgency
        case .parent:
            guard let parent = dossier.receivingAgency.parent else { throw .noAgencyAbove }
            return parent
        }
    }

    static func decide(
        _ before: Dossier, to step: Step, agency: AgencyCode, officer: Official?, definition: Definition,
        openOpinions: Int, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> Dossier {
        try before.require(.accepted, .processing)
        guard before.approvedAt == nil else { throw .alreadyApproved }
        let left = before.step.flatMap(definition.step)
        try Approve.pass(left?.guards ?? [], before, definition, openOpinions: openOpinions)
        if let officer {
            let fits = officer.role == step.role || officer.role == .leader
            guard fits, officer.agency == agency, officer.fields.contain(definition.field) else {
                throw .officerNotThere
            }
        }
        var dossier = before
        if before.status == .accepted { try dossier.move(to: .processing) }
        dossier.step = step.key
        try dossier.go(to: agency)
        dossier.officer = officer?.person
        dossier.stepDueAt = try step.limit.map { limit throws(Refused) in
            try Deadlines.due(from: now, limit: limit, calendar: calendar).at
        }
        return dossier
    }
}

extension Call {
    /// Refuses an agency that the directory does not know today.
    func requireKnown(_ agency: AgencyCode) async throws {
        guard try await resource(ProcedureBook.self).kind(of: agency, on: today) != nil else {
            throw Refused.agencyUnknown
        }
    }

    /// The post of an official today; refused when the directory knows none.
    func officer(_ person: PersonID?) async throws -> Official? {
        guard let person else { return nil }
        guard let official = try await runtime.database.official(person, on: today) else {
            throw Refused.officerNotThere
        }
        return official
    }

    /// How many opinions are awaited; only asked for when one of `guards` wants to know.
    func openOpinions(of dossier: DossierID, guards: [Guard]) async throws -> Int {
        guard guards.contains(.opinionsIn) else { return 0 }
        let row = try await run(
            "SELECT count(*) AS waiting FROM opinions WHERE dossier = \(dossier) AND answered_at IS NULL"
        ).first
        return try row?("waiting") ?? 0
    }
}

extension Refused {
    static let stepUnknown = Refused(
        "onestop.step-unknown", 422, vi: "Thủ tục không có bước này, hoặc không còn bước nào nữa.",
        en: "The procedure has no such step, or no further one.", field: "step")
    static let stepSkipped = Refused(
        "onestop.step-skipped", vi: "Không được bỏ qua bước nào của quy trình.",
        en: "No step of the procedure may be passed over.", field: "step")
    static let officerNotThere = Refused(
        "onestop.officer-not-there", 422, vi: "Người này không giữ chức vụ phù hợp tại cơ quan đó.",
        en: "This official holds no fitting post at that agency.", field: "toOfficer")
    static let agencyUnknown = Refused(
        "onestop.agency-unknown", 422, vi: "Không có cơ quan này trong danh bạ.",
        en: "The directory has no such agency.", field: "toAgency")
    static let noAgencyAbove = Refused(
        "onestop.no-agency-above", vi: "Cơ quan tiếp nhận không có cơ quan cấp trên.",
        en: "There is no agency above the receiving one.")
}
