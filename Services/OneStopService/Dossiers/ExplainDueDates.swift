import Contracts
import LegalClock
import ServiceKit

/// `GET /dossiers/{dossier}/due-dates`: every date by which something is due on a dossier, and why it is that day. A
/// sentence for people first, then every day that was counted or not, both as they were reckoned when the date was set.
enum ExplainDueDates: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/due-dates")
    static let summary = "Why this date: every date that is due, in a sentence and with the days that made it"
    static let access = Access.signedIn

    struct Appointment: Record {
        var version = 0
        var cause = ""
        var step: String?
        var sentence = Sentence()
        var dueAt = Date(timeIntervalSince1970: 0)
        var formerDueAt: Date?
        var explanation = Explanation()

        static let fields: [Field<Self>] = [
            .init("version", \.version, .integer(1...Int.max), "The change that set it"),
            .init(
                "cause", \.cause, .text(1...40),
                "Stable word: accepted, resumed, reappointed, calendar or version-changed; step where a step begins"),
            .init("step", \.step, .text(1...60), "Of a step: which"),
            .init("sentence", \.sentence, .record, "The same for people"),
            .init("dueAt", \.dueAt, .instant, "The appointment (NgayHenTraMoi)"),
            .init("formerDueAt", \.formerDueAt, .instant, "The one before (NgayHenTraTruoc)"),
            .init("explanation", \.explanation, .record, "The limit, and every day that was counted or not"),
        ]
    }

    /// A date by which an agency that was asked, or cooperates, has to be done.
    struct Other: Record {
        var id = UUID.zero
        var agency = AgencyCode.none
        var step: String?
        var sentence = Sentence()
        var dueAt = Date(timeIntervalSince1970: 0)
        var doneAt: Date?
        var explanation = Explanation()

        static let fields: [Field<Self>] = [
            .init("id", \.id, .uuid, "The opinion or branch"),
            .init("agency", \.agency, .agency, "Who has to do it"),
            .init("step", \.step, .text(1...60), "Of a branch: which step"),
            .init("sentence", \.sentence, .record, "The same for people"),
            .init("dueAt", \.dueAt, .instant, "When it is due"),
            .init("doneAt", \.doneAt, .instant, "When it was done"),
            .init("explanation", \.explanation, .record, "The limit, and every day that was counted or not"),
        ]
    }

    struct Output: Record {
        var sentence: Sentence?
        var dueDates: [Appointment] = []
        var steps: [Appointment] = []
        var opinions: [Other] = []
        var branches: [Other] = []

        static let fields: [Field<Self>] = [
            .init("sentence", \.sentence, .record, "Why the appointment in force is what it is; absent without one"),
            .init(
                "dueDates", \.dueDates, .list(.record, 0...Limits.OneStop.explainedDates), "Appointments, in order"),
            .init(
                "steps", \.steps, .list(.record, 0...Limits.OneStop.explainedDates), "Dates of steps, in order"),
            .init("opinions", \.opinions, .list(.record, 0...Limits.OneStop.opinions), "Dates of opinions"),
            .init(
                "branches", \.branches, .list(.record, 0...Limits.OneStop.branchesOfDossier),
                "Dates of cooperating steps"),
        ]
    }

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.readable(input.dossier, purpose: .dueDates)
        var output = Output()
        output.dueDates = try await call.dates("due_dates", of: dossier)
        output.steps = try await call.dates(PromisedDate.ofSteps, of: dossier)
        output.sentence = output.dueDates.last { $0.dueAt == dossier.dueAt }?.sentence
        output.opinions = try await call.runtime.database.opinions(on: dossier.id).map(other)
        output.branches = Array(
            try await call.runtime.database.branches(of: dossier.id).suffix(Limits.OneStop.branchesOfDossier).map(other)
        )
        return Reply(output)
    }

    private static func other(_ opinion: Opinion) -> Other {
        var other = Other()
        (other.id, other.agency, other.dueAt) = (opinion.id.uuid, opinion.toAgency, opinion.dueAt)
        (other.doneAt, other.explanation) = (opinion.answeredAt, opinion.explanation)
        other.sentence = Sentence(.opinion, due: opinion.dueAt, opinion.explanation)
        return other
    }

    private static func other(_ branch: Branch) -> Other {
        var other = Other()
        (other.id, other.agency, other.step) = (branch.id.uuid, branch.agency, branch.step)
        (other.dueAt, other.doneAt, other.explanation) = (branch.dueAt, branch.closedAt, branch.explanation)
        other.sentence = Sentence(.branch, due: branch.dueAt, branch.explanation)
        return other
    }
}

extension Call {
    /// The last dates of a table, in order.
    fileprivate func dates(_ table: String, of dossier: Dossier) async throws -> [ExplainDueDates.Appointment] {
        let rows = try await run(
            """
            SELECT d.*, h.step FROM \(raw: table) d
            JOIN dossier_history h ON h.dossier = d.dossier AND h.version = d.version
            WHERE d.dossier = \(dossier.id) ORDER BY d.version DESC LIMIT \(Limits.OneStop.explainedDates)
            """)
        return try rows.reversed().map { row in
            var date = ExplainDueDates.Appointment()
            (date.version, date.cause) = (try row("version"), try row("cause"))
            (date.dueAt, date.formerDueAt) = (try row("due_at"), try row("former_due_at"))
            date.explanation = try Explanation(decoding: try row("explanation"), unknown: .ignore)
            let isStep = table == PromisedDate.ofSteps
            let step: String? = try row("step")
            date.step = isStep ? step : nil
            date.sentence = Sentence(
                isStep ? .step : .appointment, due: date.dueAt, former: date.formerDueAt, cause: date.cause,
                date.explanation)
            return date
        }
    }
}

extension PromisedDate {
    /// The table of the dates of steps.
    static let ofSteps = "step_dates"
}
