import Contracts
import LegalClock
import ServiceKit

/// `POST /dossiers/{dossier}/branches/{branch}/hand-over`: a cooperating agency has done its step. The dossier goes to
/// the steps that follow beside the leading one, or waits where the branches join. It is that agency's alone (os-022).
enum HandOnBranch: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/branches/{branch}/hand-over")
    static let summary = "Finish a step that is done beside the leading one"
    static let access = Access.official(.dossiersRead)
    static let refusals = [
        Refused.notInStatus, .branchClosed, .stepUnknown, .stepSkipped, .wayNotNamed, .feesOpen, .opinionsOpen,
        .notSignedYet, .tooEarly, .agencyUnknown, .agencyDissolved,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var branch = BranchID()
        var step: String?
        var note = ""

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("branch", \.branch, .id, "The branch", in: .path),
            .init(
                "step", \.step, .text(1...60, pattern: Pattern.key), "The next step, where several ways lead on"),
            .init("note", \.note, .text(1...Limits.noteLength), "What came of it"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Branch> {
        // The dossier first: its version then vouches for what is read of its branches.
        let before = try await call.dossier(input.dossier)
        let known = try await call.runtime.database.branches(of: before.id)
        guard let asked = known.first(where: { $0.id == input.branch }) else { throw Refused.notFound }
        let definition = try await call.following(try await call.procedure(of: before).definition)
        guard let step = definition.step(asked.step) else { throw Refused.stepUnknown }
        try await call.require(scope(of: step.role), for: before, at: asked.agency)
        let (closed, opens) = try decide(
            asked, input, before, definition, known,
            openOpinions: try await call.openOpinions(of: before, guards: step.guards),
            isSigned: try await call.runtime.database.isSigned(before, guards: step.guards),
            calendar: try await call.calendar(of: asked.agency), now: call.now)
        let opened = try await call.open(opens, of: before, fork: asked.fork, from: asked.agency)
        call.logRead(of: before.id, purpose: .branch)
        return try await call.transaction { work in
            try await work.post(DossierSQL.hold(before))
            var dossier = before
            try await work.close(closed, of: &dossier, actor: call.caller.person)
            for branch in opened {
                try await work.open(branch, of: &dossier, from: asked.agency, actor: call.caller.person)
            }
            return Reply(closed, version: dossier.version)
        }
    }

    /// Who finishes a step of this role; a leader may what an officer may.
    static func scope(of role: PostRole) -> Scope {
        switch role {
        case .clerk: .dossiersReceive
        case .leader: .dossiersApprove
        default: .dossiersProcess
        }
    }

    static func decide(
        _ asked: Branch, _ input: Input, _ dossier: Dossier, _ definition: Definition, _ known: [Branch],
        openOpinions: Int, isSigned: Bool = false, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> (Branch, opens: [Step]) {
        guard asked.outcome == nil else { throw .branchClosed }
        try dossier.require(.processing, .awaitingSupplement, .awaitingPayment, .withdrawalRequested)
        if let step = definition.step(asked.step) {
            try Approve.pass(step.guards, dossier, definition, openOpinions: openOpinions, isSigned: isSigned)
            try step.checkEarliest(begun: asked.begunAt, now: now, calendar: calendar)
        }
        let move = try BranchMoves.branch(asked, to: input.step, dossier, definition, known)
        var branch = asked
        (branch.closedAt, branch.outcome, branch.waitsAt) = (now, .done, move.waitsAt)
        (branch.note, branch.late) = (input.note, dossier.counted(now) > asked.dueAt)
        return (branch, move.opens)
    }
}

extension Step {
    /// Refuses before the step may be left (os-019).
    func checkEarliest(begun: Date?, now: Date, calendar: WorkCalendar) throws(Refused) {
        guard let earliest = try earliest(begun: begun, calendar: calendar) else { return }
        guard now >= earliest else { throw .tooEarly(key, until: earliest) }
    }

    /// From when it may be left; nil where it may be at once.
    func earliest(begun: Date?, calendar: WorkCalendar) throws(Refused) -> Date? {
        guard let notBefore, let begun else { return nil }
        return try Deadlines.due(from: begun, limit: notBefore, calendar: calendar).at
    }
}

extension Call {
    /// The branches that begin now, each at its agency, with its deadline by that agency's calendar.
    func open(_ steps: [Step], of dossier: Dossier, fork: String, from agency: AgencyCode) async throws -> [Branch] {
        var opened: [Branch] = []
        for step in steps {
            var here = dossier
            here.workingAgency = agency
            let place = try HandOver.place(of: step, here)
            try await requireKnown(place)
            opened.append(
                try Branch.open(
                    step, of: dossier, fork: fork, agency: place, calendar: try await calendar(of: place), now: now))
        }
        return opened
    }
}

extension Refused {
    static let branchClosed = Refused(
        "onestop.branch-closed", vi: "Bước phối hợp này đã kết thúc.", en: "This step was ended already.")
}
