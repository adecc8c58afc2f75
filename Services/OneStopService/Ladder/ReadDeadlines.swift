import Contracts
import LegalClock
import ServiceKit

/// `GET /dossiers/{dossier}/deadlines`: every time limit that runs or stands, as a budget and what was used of it, with
/// the rungs of its ladder. “Overdue” is worked out when it is asked for.
enum ReadDeadlines: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/deadlines")
    static let summary = "The time limits of a dossier, of its step, opinions and branches, with their warnings"
    static let access = Access.official(.dossiersRead)

    struct Climbed: Record {
        var rung = ""
        var at = Date(timeIntervalSince1970: 0)
        var reader = RungReader.officer
        var reachedAt: Date?

        static let fields: [Field<Self>] = [
            .init("rung", \.rung, .text(1...60), "Key of the rung"),
            .init("at", \.at, .instant, "When it is due"),
            .init("reader", \.reader, .choice, "Whom it is for"),
            .init("reachedAt", \.reachedAt, .instant, "When it was told; absent while it was not"),
        ]
    }

    struct Line: Record {
        var kind = Deadline.Kind.dossier
        var subject = DossierID()
        var step: String?
        var agency = AgencyCode.none
        var begunAt = Date(timeIntervalSince1970: 0)
        var limit: TimeLimit?
        var dueAt = Date(timeIntervalSince1970: 0)
        var stands = false
        var overdue = false
        var usedMinutes = 0
        var leftMinutes = 0
        var uncounted = false
        var pauses: [Pause] = []
        var rungs: [Climbed] = []

        static let fields: [Field<Self>] = [
            .init("kind", \.kind, .choice, "Whose: the answer's, the dossier's, its step's, an opinion's, a branch's"),
            .init("subject", \.subject, .id, "The dossier, the opinion or the branch"),
            .init("step", \.step, .text(1...60), "The step of the procedure"),
            .init("agency", \.agency, .agency, "Who has to act"),
            .init("begunAt", \.begunAt, .instant, "From when it is counted"),
            .init("limit", \.limit, .record, "The budget; absent where the date was set by decision"),
            .init("dueAt", \.dueAt, .instant, "The date; while the clock stands, the one before it stood"),
            .init("stands", \.stands, .bool, "The clock stands"),
            .init("overdue", \.overdue, .bool, "The date has passed and the clock runs"),
            .init("usedMinutes", \.usedMinutes, .integer(0...Int.max), "Working time used, in minutes"),
            .init("leftMinutes", \.leftMinutes, .integer(0...Int.max), "Working time until the date, in minutes"),
            .init(
                "uncounted", \.uncounted, .bool,
                "The working calendar lacks a week: the minutes are those that it counts, the rungs likewise"),
            .init(
                "pauses", \.pauses, .list(.record, 0...Limits.suspensions), "When the clock stood since it began"),
            .init("rungs", \.rungs, .list(.record, 0...Limits.OneStop.rungs), "The ladder, the soonest first"),
        ]
    }

    struct Output: Record {
        var deadlines: [Line] = []
        static let fields: [Field<Self>] = [
            .init(
                "deadlines", \.deadlines, .list(.record, 0...Limits.OneStop.deadlines),
                "The answer's, or the dossier's and its step's, those of opinions and branches that are not over")
        ]
    }

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.readable(input.dossier, purpose: .deadlines)
        let definition = try await call.procedure(of: dossier).definition
        let opinions = try await call.runtime.database.opinions(on: dossier.id)
        let branches = try await call.runtime.database.branches(of: dossier.id)
        var deadlines: [(Deadline, TimeLimit?)] = []
        if var answer = dossier.answerDeadline {
            let calendar = try await call.calendar(of: answer.calendar)
            answer.begun = Deadlines.answerBegun(answer.dueAt, submitted: answer.begun, calendar: calendar)
            deadlines.append((answer, Deadlines.answerLimit))
        }
        if let own = dossier.deadline { deadlines.append((own, dossier.reappointedAt == nil ? definition.limit : nil)) }
        if let step = dossier.stepDeadline { deadlines.append((step, step.step.flatMap(definition.step)?.limit)) }
        deadlines += opinions.compactMap { opinion in
            dossier.deadline(of: opinion).map { ($0, opinion.explanation.limit) }
        }
        deadlines += branches.compactMap { branch in
            dossier.deadline(of: branch).map { ($0, branch.explanation.limit) }
        }
        let reached = try await call.run(
            """
            SELECT deadline, due_at, rung, reached_at FROM deadline_rungs WHERE dossier = \(dossier.id)
            ORDER BY reached_at, id LIMIT \(Limits.OneStop.deadlines * Limits.OneStop.rungs)
            """)
        let told = try Dictionary(
            reached.map { row in
                let (deadline, rung): (String, String) = (try row("deadline"), try row("rung"))
                return ("\(deadline) \(rung) \(try row("due_at", as: Date.self))", try row("reached_at", as: Date.self))
            }, uniquingKeysWith: { first, _ in first })
        let ladder = try await call.resource(LadderBook.self).ladder(of: dossier.procedure)
        var output = Output()
        for (deadline, limit) in deadlines.prefix(Limits.OneStop.deadlines) {
            var line = try Self.line(
                deadline, from: dossier.counts(deadline, definition), pauses: dossier.pauses, now: call.now,
                ladder: ladder, calendar: try await call.calendar(of: deadline.calendar))
            line.limit = limit
            for index in line.rungs.indices {
                line.rungs[index].reachedAt = told["\(deadline.identity) \(line.rungs[index].rung) \(deadline.dueAt)"]
            }
            output.deadlines.append(line)
        }
        return Reply(output)
    }

    static func line(
        _ deadline: Deadline, from begun: Date, pauses: [Pause], now: Date, ladder: Ladder, calendar: WorkCalendar
    ) throws(Refused) -> Line {
        var line = Line()
        (line.kind, line.subject, line.step) = (deadline.kind, DossierID(deadline.subject), deadline.step)
        (line.agency, line.begunAt, line.dueAt) = (deadline.agency, begun, deadline.dueAt)
        (line.stands, line.overdue) = (deadline.stands, !deadline.stands && now > deadline.dueAt)
        line.pauses = pauses.filter { $0.until.map { $0 > begun } ?? true }
        func working(_ from: Date, _ to: Date) throws(Refused) -> Int {
            let (seconds, isWhole) = try Deadlines.refusing { () throws(ClockRefusal) in
                try calendar.workingSeconds(from: from, to: to)
            }
            if !isWhole { line.uncounted = true }
            return seconds
        }
        var used = try working(begun, now)
        for pause in line.pauses { used -= try working(max(pause.from, begun), min(pause.until ?? now, now)) }
        line.usedMinutes = max(0, used / 60)
        let stoodSince = line.pauses.last.flatMap { $0.until == nil ? $0.from : nil }
        line.leftMinutes = try working(stoodSince ?? now, deadline.dueAt) / 60
        let plan = ladder.plan(deadline.kind, begun: deadline.begun, dueAt: deadline.dueAt, calendar: calendar)
        if plan.awaitsCalendar { line.uncounted = true }
        line.rungs = plan.rungs.map { rung, at in
            var climbed = Climbed()
            (climbed.rung, climbed.at, climbed.reader) = (rung.key, at, rung.reader)
            return climbed
        }
        return line
    }
}
