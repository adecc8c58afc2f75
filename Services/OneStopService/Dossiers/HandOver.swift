import Contracts
import LegalClock
import ServiceKit

/// `POST /dossiers/{dossier}/hand-over`: to the next step, another officer or the agency of a step (a line of form 05).
enum HandOver: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/hand-over")
    static let summary = "Hand a dossier over to the next step"
    static let access = Access.official(.dossiersRead)
    static let refusals = [
        Refused.notInStatus, .stepUnknown, .feesOpen, .opinionsOpen, .notSignedYet, .officerNotThere,
        .noAgencyAbove, .alreadyApproved, .agencyUnknown, .sentTooOften, .stepSkipped, .wayNotNamed, .branchesOpen,
        .tooEarly, .officerAbsent, .agencyDissolved,
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
                "A next step or one before it; absent: the next one, where there is one only"),
            .init("toOfficer", \.toOfficer, .id, "Who takes it; absent: whoever its leader names"),
            .init("note", \.note, .text(1...Limits.noteLength), "What is to be done"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireHolding(before)
        let definition = try await call.following(try await call.procedure(of: before).definition)
        let step = try target(before, definition, asked: input.step)
        let known = definition.forks ? try await call.runtime.database.branches(of: before.id) : []
        let moves = try BranchMoves.lead(before, to: step, definition, known)
        if !definition.isBack(before, to: step) { try await call.requireEarliest(before, definition) }
        let agency = try place(of: step, before)
        try await call.requireKnown(agency)
        let officer = try await call.officer(input.toOfficer)
        let guards = definition.guards(leaving: before, to: step)
        let dossier = try decide(
            before, to: step, agency: agency, officer: officer, definition: definition,
            openOpinions: try await call.openOpinions(of: before, guards: guards),
            isSigned: try await call.runtime.database.isSigned(before, guards: guards),
            calendar: try await call.calendar(of: agency), now: call.now)
        let change = Change(dossier, "handed-over", note: input.note, event: event(from: before, to: dossier))
        guard !moves.isNothing else { return try await call.save(change, from: before, taking: officer) }
        return try await call.save(change, from: before, taking: officer, moves, known)
    }

    static func event(from before: Dossier, to dossier: Dossier) -> DossierHandedOver {
        var event = DossierHandedOver()
        (event.dossier, event.fromAgency, event.toAgency) =
            (dossier.id, before.workingAgency, dossier.workingAgency)
        (event.fromOfficer, event.toOfficer) = (before.officer, dossier.officer)
        (event.stepKey, event.dueAt, event.status) = (dossier.step ?? "none", dossier.stepDueAt, dossier.status)
        return event
    }

    /// A next step, this one again, or back to one before it. A step is left only when its guards pass, so none is
    /// passed over (os-018).
    static func target(_ before: Dossier, _ definition: Definition, asked: String?) throws(Refused) -> Step {
        let graph = StepGraph(definition.steps)
        if let asked, graph.place(of: asked) == nil { throw .stepUnknown }
        guard let here = before.step.flatMap(graph.place) else {
            guard let first = definition.steps.first else { throw .stepUnknown }
            guard asked == nil || asked == first.key else { throw .stepSkipped }
            return first
        }
        if let back = asked.flatMap(graph.place), graph.before(here).contains(back) {
            guard !definition.steps[back].cooperates else { throw .stepSkipped }
            return definition.steps[back]
        }
        guard let place = graph.head(try BranchMoves.way(from: here, asked, graph)) else { throw .stepUnknown }
        return definition.steps[place]
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
        openOpinions: Int, isSigned: Bool = false, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> Dossier {
        try before.require(.accepted, .processing)
        guard before.approvedAt == nil else { throw .alreadyApproved }
        try Approve.pass(
            definition.guards(leaving: before, to: step), before, definition, openOpinions: openOpinions,
            isSigned: isSigned)
        if let officer {
            let fits = officer.role == step.role || officer.role == .leader
            guard fits, officer.agency == agency, officer.fields.contain(definition.field) else {
                throw .officerNotThere
            }
        }
        var dossier = before
        if before.status == .accepted { try dossier.move(to: .processing) }
        dossier.stepBegunAt = step.key == before.step ? before.stepBegunAt ?? now : now
        dossier.step = step.key
        try dossier.go(to: agency)
        dossier.officer = officer?.person
        dossier.stepDueAt = try dossier.stepDue(definition, calendar: calendar)?.at
        return dossier
    }
}

extension Call {
    /// A hand-over with what it does beside the leading step: each branch that opens or is called back is a change of
    /// the dossier of its own, all in one commit.
    fileprivate func save(
        _ change: Change, from before: Dossier, taking official: Official?, _ moves: BranchMoves, _ known: [Branch]
    ) async throws -> Reply<DossierView> {
        let opened = try await open(
            moves.opens, of: before, fork: before.step ?? "", from: before.workingAgency)
        let holds = try await stillHolds(official, before)
        logRead(of: "dossier", before.id.text, purpose: change.what)
        return try await transaction { work in
            try await work.post(DossierSQL.hold(before))
            try await work.save(change, from: before, onlyIf: holds)
            var dossier = change.dossier
            dossier.version = before.version + 1
            for var branch in known where moves.recalls.contains(branch.id) {
                branch.late = branch.late ?? (now > branch.dueAt)
                (branch.outcome, branch.closedAt) = (.recalled, branch.closedAt ?? now)
                try await work.close(branch, of: &dossier, actor: caller.person)
            }
            for branch in opened {
                try await work.open(branch, of: &dossier, from: before.workingAgency, actor: caller.person)
            }
            return Reply(try await view(of: dossier, in: work), version: dossier.version)
        }
    }

    /// Refuses while the step may not be left yet, by the calendar of where the dossier is.
    func requireEarliest(_ dossier: Dossier, _ definition: Definition) async throws {
        guard let step = dossier.step.flatMap(definition.step), step.notBefore != nil else { return }
        try step.checkEarliest(
            begun: dossier.stepBegunAt, now: now, calendar: try await calendar(of: dossier.workingAgency))
    }

    /// Refuses an agency that the directory does not know today, and one that has ended (os-303).
    func requireKnown(_ agency: AgencyCode) async throws {
        try await requireStanding(agency)
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
        // os-078
        guard try await !runtime.database.isAbsent(person, on: today) else { throw Refused.officerAbsent }
        return official
    }

    /// How many opinions are awaited; only asked for when one of `guards` wants to know.
    func openOpinions(of dossier: Dossier, guards: [Guard]) async throws -> Int {
        guard guards.contains(.opinionsIn), dossier.isAccompanied else { return 0 }
        let row = try await run(
            "SELECT count(*) AS waiting FROM opinions WHERE dossier = \(dossier.id) AND answered_at IS NULL"
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
    static let officerAbsent = Refused(
        "onestop.officer-absent", vi: "Người này đang vắng mặt.", en: "This official is away.", field: "toOfficer")
    static let agencyUnknown = Refused(
        "onestop.agency-unknown", 422, vi: "Không có cơ quan này trong danh bạ.",
        en: "The directory has no such agency.", field: "toAgency")
    static let noAgencyAbove = Refused(
        "onestop.no-agency-above", vi: "Cơ quan tiếp nhận không có cơ quan cấp trên.",
        en: "There is no agency above the receiving one.")
}
