import Contracts
import LegalClock
import ServiceKit

/// A step that a cooperating agency does beside the one that leads (cơ quan phối hợp; Decree 61/2018/NĐ-CP, Art. 19.6),
/// with a deadline of its own. Where it leads to a join it waits there, done, until the others have come.
struct Branch: Record {
    var id = BranchID()
    var dossier = DossierID()
    var fork = ""
    var step = ""
    var agency = AgencyCode.none
    var officer: PersonID?
    var begunAt = Date(timeIntervalSince1970: 0)
    var dueAt = Date(timeIntervalSince1970: 0)
    var explanation = Explanation()
    var closedAt: Date?
    var outcome: BranchOutcome?
    var waitsAt: [String] = []
    var note: String?
    var late: Bool?

    static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "Identity"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("fork", \.fork, .text(1...60), "The leading step that was left when it opened"),
        .init("step", \.step, .text(1...60), "The step of the procedure"),
        .init("agency", \.agency, .agency, "Who does it"),
        .init("officer", \.officer, .id, "Its official who does it; absent while nobody was named"),
        .init("begunAt", \.begunAt, .instant, "Since when"),
        .init("dueAt", \.dueAt, .instant, "When it is due"),
        .init("explanation", \.explanation, .record, "Why it is due then"),
        .init("closedAt", \.closedAt, .instant, "When it ended"),
        .init("outcome", \.outcome, .choice, "How it ended"),
        .init(
            "waitsAt", \.waitsAt, .list(.text(1...60), 0...Limits.OneStop.branches), default: [],
            "Steps before which it waits for the others"),
        .init("note", \.note, .text(1...Limits.noteLength), "What came of it"),
        .init("late", \.late, .bool, "Ended after its deadline"),
    ]

    init() {}

    init(_ row: Row) throws {
        id = try row("id")
        dossier = try row("dossier")
        fork = try row("fork")
        step = try row("step")
        agency = try row("agency")
        officer = try row("officer")
        begunAt = try row("begun_at")
        dueAt = try row("due_at")
        explanation = try Explanation(decoding: try row("explanation"), unknown: .ignore)
        closedAt = try row("closed_at")
        let word: String? = try row("outcome")
        outcome = word.flatMap(BranchOutcome.init)
        waitsAt = try row("waits_at")
        note = try row("note")
        late = try row("late")
    }

    /// A step that begins now.
    static func open(
        _ step: Step, of dossier: Dossier, fork: String, agency: AgencyCode, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> Branch {
        // Nothing is published without a limit.
        guard let limit = step.limit else { throw .stepUnknown }
        let due = try Deadlines.due(from: now, limit: limit, calendar: calendar)
        var branch = Branch()
        (branch.id, branch.dossier, branch.fork, branch.step) = (.new(), dossier.id, fork, step.key)
        (branch.agency, branch.begunAt, branch.dueAt, branch.explanation) = (agency, now, due.at, due.explanation)
        return branch
    }
}

extension Session {
    /// The branches of a dossier, in the order in which they were opened.
    func branches(of dossier: DossierID) async throws -> [Branch] {
        try await run("SELECT * FROM branches WHERE dossier = \(dossier) ORDER BY begun_at, id").map(Branch.init)
    }
}

extension StepGraph {
    /// Where a dossier is by its rows. The leading step never waits at a join: it stays until all have come.
    func marking(_ leading: Int, _ branches: [Branch]) -> Marking {
        var marking = Marking(active: [leading])
        for branch in branches {
            guard let step = place(of: branch.step) else { continue }
            if branch.outcome == nil { marking.active.insert(step) }
            guard branch.outcome == .done else { continue }
            for join in branch.waitsAt.compactMap(place) { marking.held.insert(Arrival(from: step, at: join)) }
        }
        return marking
    }
}

extension Work {
    /// Writes a branch that opens, as a change of the dossier of its own: its history, its event, its version.
    func open(_ branch: Branch, of dossier: inout Dossier, from agency: AgencyCode, actor: PersonID?) async throws {
        var event = DossierBranchOpened()
        (event.dossier, event.branch, event.stepKey) = (dossier.id, branch.id, branch.step)
        (event.fromAgency, event.toAgency, event.actor) = (agency, branch.agency, actor)
        (event.dueAt, event.status) = (branch.dueAt, dossier.status)
        let note = "\(branch.step): \(branch.agency)"
        try await save(Change(dossier, "branch-opened", note: note, event: event), from: dossier)
        (dossier.version, dossier.isAccompanied) = (dossier.version + 1, true)
        try await post(
            """
            INSERT INTO branches (id, dossier, fork, step, agency, begun_at, due_at, explanation)
            VALUES (\(branch.id), \(branch.dossier), \(branch.fork), \(branch.step), \(branch.agency),
                    \(branch.begunAt), \(branch.dueAt), \(branch.explanation.json))
            """)
    }

    /// Writes how a branch ended.
    func close(_ branch: Branch, of dossier: inout Dossier, actor: PersonID?) async throws {
        var event = DossierBranchClosed()
        (event.dossier, event.branch, event.stepKey) = (dossier.id, branch.id, branch.step)
        (event.agency, event.actor, event.status) = (branch.agency, actor, dossier.status)
        (event.outcome, event.late) = (branch.outcome ?? .done, branch.late ?? false)
        let what = branch.outcome == .recalled ? "branch-recalled" : "branch-done"
        try await save(Change(dossier, what, note: branch.note ?? branch.step, event: event), from: dossier)
        dossier.version += 1
        try await post(
            """
            UPDATE branches SET closed_at = \(branch.closedAt), closed_by = \(self.actor),
                outcome = \(branch.outcome?.rawValue), waits_at = \(branch.waitsAt), note = \(branch.note),
                late = \(branch.late)
            WHERE id = \(branch.id)
            """)
    }
}
