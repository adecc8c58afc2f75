import Contracts
import ServiceKit

/// A date before and after a change of the calendar.
struct MovedDate: Record {
    var deadline = Deadline.Kind.dossier
    var dossier = DossierID()
    var agency = AgencyCode.none
    var formerDueAt = Date(timeIntervalSince1970: 0)
    var dueAt = Date(timeIntervalSince1970: 0)
    var stayed = false
    var explanation: Explanation?

    static let fields: [Field<Self>] = [
        .init(
            "deadline", \.deadline, .choice,
            "Whose date: the answer's, the dossier's, its step's, an opinion's, a branch's"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "Who has to act by it"),
        .init("formerDueAt", \.formerDueAt, .instant, "The date before"),
        .init("dueAt", \.dueAt, .instant, "The date now"),
        .init("stayed", \.stayed, .bool, "The calendar cannot count the dossier: its dates are as they were"),
        .init(
            "explanation", \.explanation, .record,
            "Every day that makes it, in reports; of what stayed why, in the note, also in previews"),
    ]

    init() {}

    init(_ move: DateMove) {
        (deadline, dossier, agency) = (move.deadline.kind, move.deadline.dossier, move.deadline.agency)
        (formerDueAt, dueAt, stayed) = (move.former, move.new, move.hasStayed)
        explanation = move.hasStayed ? move.explanation : nil
    }
}

/// `GET /calendar/changes/{version}`: which dates a change of the calendar moved, and how far that is.
enum ReadCalendarChange: Endpoint {
    static let route = Route.get("/calendar/changes/{version}")
    static let summary = "Which dates a change of the working calendar moved"
    static let access = Access.official(.dossiersRead)

    struct Input: Record {
        var version = 1
        var agency: AgencyCode?
        var stayed = false
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("version", \.version, .integer(1...Int.max), "The version of the calendar: its ETag", in: .path),
            .init(
                "agency", \.agency, .agency, "Only the dates by which this agency has to act; absent: all", in: .query),
            .init(
                "stayed", \.stayed, .bool, default: false, "Only the dossiers that the calendar cannot count",
                in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var version = 1
        var loadedAt = Date(timeIntervalSince1970: 0)
        var looked = 0
        var waiting = 0
        var moved = 0
        var stayed = 0
        var finishedAt: Date?
        var supersededBy: Int?
        var dates: [MovedDate] = []

        static let fields: [Field<Self>] = [
            .init("version", \.version, .integer(1...Int.max), "The version of the calendar"),
            .init("loadedAt", \.loadedAt, .instant, "When it was loaded"),
            .init("looked", \.looked, .integer(0...Int.max), "Dossiers looked at so far"),
            .init("waiting", \.waiting, .integer(0...Int.max), "Dossiers still to be looked at, once it has begun"),
            .init("moved", \.moved, .integer(0...Int.max), "Dates moved so far, of all agencies"),
            .init("stayed", \.stayed, .integer(0...Int.max), "Dossiers that the calendar cannot count, so far"),
            .init("finishedAt", \.finishedAt, .instant, "When it was over"),
            .init("supersededBy", \.supersededBy, .integer(1...Int.max), "The later calendar that took its place"),
            .init("dates", \.dates, .list(.record, 0...Limits.pageMaximum), "A page of the dates"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.dossiersRead, at: input.agency ?? .none)
        let found = try await call.run(
            """
            SELECT c.*, (SELECT count(*) FROM calendar_waiting w WHERE w.version = c.version) AS waiting,
                (SELECT count(*) FROM calendar_moves m WHERE m.version = c.version AND m.former_due_at = m.due_at)
                    AS stayed
            FROM calendar_changes c WHERE version = \(input.version)
            """)
        guard let row = found.first else { throw Refused.notFound }
        var output = Output()
        output.version = try row("version")
        output.loadedAt = try row("loaded_at")
        output.looked = try row("looked")
        output.waiting = try row("waiting")
        output.moved = try row("moved")
        output.stayed = try row("stayed")
        output.finishedAt = try row("finished_at")
        output.supersededBy = try row("superseded_by")
        let rows = try await call.run(
            """
            SELECT * FROM calendar_moves WHERE version = \(input.version)
                AND deadline > \(try Cursor(input.cursor).text)
                AND (\(input.agency)::text IS NULL OR agency = \(input.agency))
                AND (NOT \(input.stayed) OR former_due_at = due_at)
            ORDER BY deadline LIMIT \(input.limit + 1)
            """)
        output.dates = try rows.prefix(input.limit).map { row in
            var date = MovedDate()
            date.deadline = Deadline.Kind(rawValue: try row("kind")) ?? .dossier
            date.dossier = try row("dossier")
            date.agency = try row("agency")
            date.formerDueAt = try row("former_due_at")
            date.dueAt = try row("due_at")
            date.stayed = date.formerDueAt == date.dueAt
            date.explanation = try Explanation(decoding: try row("explanation"), unknown: .ignore)
            return date
        }
        guard rows.count > input.limit else { return Reply(output) }
        let last: String = try rows[input.limit - 1]("deadline")
        let filter = (input.agency.map { "&agency=\($0)" } ?? "") + (input.stayed ? "&stayed=true" : "")
        return Reply(
            output,
            next: "/calendar/changes/\(input.version)?limit=\(input.limit)\(filter)&cursor=\(Cursor(text: last))")
    }
}

/// `POST /calendar/preview`: which dates a calendar would move. Nothing is written.
enum PreviewCalendar: Endpoint {
    static let route = Route.post("/calendar/preview")
    static let summary = "Which dates of open dossiers another working calendar would move"
    static let access = Access.official(.systemOperate)
    static let refusals = [Refused.weekForAll, .specialDayTwice]

    struct Output: Record {
        var looked = 0
        var moved = 0
        var stayed = 0
        var uncovered = 0
        var atLeast = false
        var dates: [MovedDate] = []

        static let fields: [Field<Self>] = [
            .init("looked", \.looked, .integer(0...Int.max), "Open dossiers looked at, the oldest first"),
            .init("moved", \.moved, .integer(0...Int.max), "Dates that would move"),
            .init("stayed", \.stayed, .integer(0...Int.max), "Dossiers that it could not count"),
            .init(
                "uncovered", \.uncovered, .integer(0...Int.max),
                "Of all open dossiers, those that its weeks leave uncovered: loading it must name them (`leaving`)"),
            .init("atLeast", \.atLeast, .bool, "There are more open dossiers"),
            .init(
                "dates", \.dates, .list(.record, 0...Limits.pageMaximum), "The first of them, and of what stayed"),
        ]
    }

    static func handle(_ input: WorkingCalendar, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.systemOperate, at: .none)
        try input.check()
        let rows = try await call.run(
            """
            SELECT * FROM dossiers WHERE id IN (
                SELECT id FROM dossiers WHERE status IN (1, 2, 4, 7) ORDER BY id
                LIMIT \(Limits.OneStop.calendarPreview + 1))
            ORDER BY id
            """)
        let dossiers = try rows.prefix(Limits.OneStop.calendarPreview).map(Dossier.init)
        let session = call.runtime.database
        let opinions = try await session.openOpinions(of: dossiers.map(\.id))
        let branches = try await session.openBranches(of: dossiers.map(\.id))
        let supplied = try await session.suppliedAt(dossiers)
        var (projection, output) = (Projection(input), Output())
        for dossier in dossiers {
            let definition = try await call.procedure(of: dossier).definition
            let moves: [DateMove]
            do throws(Refused) {
                moves = try projection.moves(
                    dossier, definition, opinions: opinions[dossier.id] ?? [], branches: branches[dossier.id] ?? [],
                    suppliedAt: supplied[dossier.id], now: call.now)
                output.moved += moves.count
            } catch {
                moves = [.stayed(dossier, error)]
                output.stayed += 1
            }
            output.dates += moves.prefix(Limits.pageMaximum - output.dates.count).map(MovedDate.init)
        }
        output.looked = dossiers.count
        output.uncovered = try await session.uncovered(by: input)
        output.atLeast = rows.count > dossiers.count
        return Reply(output)
    }
}
