import Contracts
import ServiceKit

/// The calendar changed: the dates of open dossiers are counted anew, so many in a transaction; killed anywhere it goes
/// on with those that wait, and one that the calendar cannot count stays as it was, with the reason (os-082). A
/// calendar that is replaced in the meantime leaves the rest to the next one.
enum ProjectCalendar: TimedTask {
    static let kind = "onestop.calendar"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        let version = Int64(key) ?? 0
        // The one row of the calendar first, as whoever loads one does.
        let head = try await work.run("SELECT version FROM calendars FOR SHARE")
        let current: Int64 = try head.first?("version") ?? 0
        let changes = try await work.run(
            "SELECT * FROM calendar_changes WHERE version = \(version) AND finished_at IS NULL FOR UPDATE")
        guard let change = changes.first else { return }
        guard current == version else {
            try await work.post("DELETE FROM calendar_waiting WHERE version = \(version)")
            return try await work.post(
                """
                UPDATE calendar_changes SET finished_at = \(work.now), superseded_by = \(current)
                WHERE version = \(version)
                """)
        }
        let begun: Date? = try change("begun_at")
        if begun == nil {
            try await work.run(
                """
                INSERT INTO calendar_waiting (version, dossier)
                SELECT \(version), id FROM dossiers WHERE status IN (1, 2, 4, 7)
                """)
        }
        let (looked, moved) = try await batch(version, work)
        let isOver = looked < Limits.OneStop.calendarBatch
        try await work.post(
            """
            UPDATE calendar_changes SET begun_at = coalesce(begun_at, \(work.now)), looked = looked + \(looked),
                moved = moved + \(moved), finished_at = \(isOver ? work.now : nil)
            WHERE version = \(version)
            """)
        if !isOver { try await work.schedule(Self.self, key: key, at: work.now) }
    }

    /// The next dossiers that wait; how many, and how many dates moved.
    private static func batch(_ version: Int64, _ work: Work) async throws -> (looked: Int, moved: Int) {
        let taken = try await work.run(
            """
            DELETE FROM calendar_waiting WHERE (version, dossier) IN (
                SELECT version, dossier FROM calendar_waiting WHERE version = \(version) ORDER BY dossier
                LIMIT \(Limits.OneStop.calendarBatch))
            RETURNING dossier
            """)
        let ids = try taken.map { try $0("dossier", as: DossierID.self) }
        var projection = Projection(try await CalendarBook.read(work).0)
        let rows = try await work.run("SELECT * FROM dossiers WHERE id = ANY(\(ids)) ORDER BY id FOR UPDATE")
        let (opinions, branches) = try await (work.openOpinions(of: ids), work.openBranches(of: ids))
        let dossiers = try rows.map(Dossier.init)
        let (slips, supplied) = try await (work.openSlips(of: ids), work.suppliedAt(dossiers))
        var moved = 0
        for before in dossiers {
            do {
                let definition = try await work.procedure(of: before).definition
                let moves = try projection.moves(
                    before, definition, opinions: opinions[before.id] ?? [], branches: branches[before.id] ?? [],
                    suppliedAt: supplied[before.id], now: work.now)
                let handOverBy = try projection.handOverBy(before, now: work.now)
                let slip = slips[before.id]
                let slipDue = try slip.flatMap { slip throws(Refused) in
                    try projection.slip(slip, before, now: work.now)
                }
                if !moves.isEmpty || handOverBy != nil {
                    try await work.move(before, moves, handOverBy: handOverBy, by: version)
                }
                if let slip, let slipDue { try await work.date(slip, slipDue) }
                moved += moves.count
            } catch let refused as Refused {
                // Nothing of the dossier was written: it is decided before anything is. The others do not wait for it.
                try await work.keep(.stayed(before, refused), by: version)
            }
        }
        let beside = [
            Deadline.Kind.opinion: opinions.values.flatMap { $0.map(\.id.uuid) },
            .branch: branches.values.flatMap { $0.map(\.id.uuid) },
        ]
        try await LookAtDeadline.wake(ids, beside, work)
        return (ids.count, moved)
    }
}

extension Session {
    func openOpinions(of dossiers: [DossierID]) async throws -> [DossierID: [Opinion]] {
        let rows = try await run(
            "SELECT * FROM opinions WHERE dossier = ANY(\(dossiers)) AND answered_at IS NULL ORDER BY id")
        return Dictionary(grouping: try rows.map(Opinion.init), by: \.dossier)
    }

    func openBranches(of dossiers: [DossierID]) async throws -> [DossierID: [Branch]] {
        let rows = try await run(
            "SELECT * FROM branches WHERE dossier = ANY(\(dossiers)) AND closed_at IS NULL ORDER BY id")
        return Dictionary(grouping: try rows.map(Branch.init), by: \.dossier)
    }

    /// The slip of each linked dossier that has one which is not ended.
    func openSlips(of dossiers: [DossierID]) async throws -> [DossierID: Slip] {
        let rows = try await run("SELECT * FROM slips WHERE child = ANY(\(dossiers)) AND outcome IS NULL")
        return try rows.map(Slip.init).reduce(into: [:]) { slips, slip in
            if let child = slip.child { slips[child] = slip }
        }
    }

    /// When those that wait for an answer were completed, where papers were asked for before.
    func suppliedAt(_ dossiers: [Dossier]) async throws -> [DossierID: Date] {
        let ids = dossiers.filter { $0.acceptedAt == nil && $0.supplementRequestedAt != nil }.map(\.id)
        guard !ids.isEmpty else { return [:] }
        let rows = try await run(
            """
            SELECT dossier, max(at) AS at FROM dossier_history
            WHERE dossier = ANY(\(ids)) AND what = 'supplement-supplied' GROUP BY dossier
            """)
        return try Dictionary(
            uniqueKeysWithValues: rows.map { (try $0("dossier", as: DossierID.self), try $0("at", as: Date.self)) })
    }
}

extension Work {
    /// The dates that moved are one change of the dossier: with its event, each date kept with the days that made it,
    /// and the applicant told when it is the appointment (os-083).
    fileprivate func move(
        _ before: Dossier, _ moves: [DateMove], handOverBy: Date?, by version: Int64
    ) async throws {
        var dossier = before
        dossier.handOverBy = handOverBy ?? before.handOverBy
        var promised: PromisedDate?
        var stepDue: PromisedDate?
        var event = DossierDatesMoved()
        (event.dossier, event.calendarVersion, event.status) = (dossier.id, Int(version), dossier.status)
        for move in moves {
            switch move.deadline.kind {
            case .answer: dossier.actBy = move.new
            case .dossier:
                (dossier.formerDueAt, dossier.dueAt, dossier.actBy) = (move.former, move.new, move.new)
                (event.formerDueAt, event.dueAt) = (move.former, move.new)
                promised = move.promised
            case .step:
                (dossier.stepDueAt, event.stepDueAt) = (move.new, move.new)
                stepDue = move.promised
            case .opinion: event.opinions += 1
            case .branch: event.branches += 1
            }
        }
        let notice = promised.map { dossier.notice(.dateMoved(former: $0.former ?? $0.at, due: $0.at)) }
        try await save(
            Change(dossier, "calendar-changed", due: promised, stepDue: stepDue, notice: notice, event: event),
            from: before)
        for move in moves {
            let (kind, subject) = (move.deadline.kind, move.deadline.subject)
            if kind == .opinion || kind == .branch {
                try await post(
                    """
                    UPDATE \(raw: kind == .opinion ? "opinions" : "branches")
                    SET due_at = \(move.new), explanation = \(move.explanation.json) WHERE id = \(subject)
                    """)
            }
            // It may be late sooner than before.
            if kind == .opinion {
                let late = ReportOverdueOpinion.lateAt(move.new)
                try await schedule(ReportOverdueOpinion.self, key: subject.text, at: late)
            }
            try await keep(move, by: version)
        }
    }

    /// What became of a date.
    fileprivate func keep(_ move: DateMove, by version: Int64) async throws {
        try await post(
            """
            INSERT INTO calendar_moves (version, deadline, dossier, kind, agency, former_due_at, due_at, explanation)
            VALUES (\(version), \(move.deadline.key), \(move.deadline.dossier), \(move.deadline.kind.rawValue),
                    \(move.deadline.agency), \(move.former), \(move.new), \(move.explanation.json))
            """)
    }
}
