import Contracts
import ServiceKit

/// The questions that an inbox asks of the indexes `dossiers_of_officer`, `_of_agency`, `_of_status`, `_of_procedure`,
/// `_unassigned` and `_done_of_…`: each is one range of one of them, and what that does not say is a bounded `Walk`
/// (os-110). Of an official who had posts where the caller may not read each entry is asked where it is (os-292). The
/// partial indexes' own conditions stand in the text, so that the planner sees them also in prepared statements.
struct Inbox: Sendable {
    enum Holder: Sendable, Hashable {
        case officer(PersonID)
        /// Of the officer's those that may be read at these agencies and below them (os-292).
        case officerWithin(PersonID, [AgencyCode])
        case agency(AgencyCode)

        var text: String {
            switch self {
            case .officer(let person), .officerWithin(let person, _): person.text
            case .agency(let code): code.text
            }
        }

        var condition: SQL {
            switch self {
            case .officer(let person), .officerWithin(let person, _): "officer = \(person)"
            case .agency(let code): "working_agency = \(code)"
            }
        }

        /// Whether one may be read: where it is, or where it was answered before it went home. Nil where all may be.
        var readable: SQL? {
            guard case .officerWithin(_, let agencies) = self else { return nil }
            let (codes, below) = (agencies.map(\.text), agencies.map { "\($0.text).%" })
            let sql: SQL = """
                (working_agency = ANY(\(codes)) OR working_agency LIKE ANY(\(below))
                 OR coalesce(answering_agency = ANY(\(codes)) OR answering_agency LIKE ANY(\(below)), false))
                """
            return sql
        }

        /// The same as a question of its own for each entry of a walk: the index does not say it, and read together
        /// with the rows the planner would rather sort all that the officer ever held.
        var lookedUp: SQL? {
            readable.map { mayRead -> SQL in
                "(SELECT \(mayRead) FROM dossiers AS held WHERE held.id = dossiers.id)"
            }
        }
    }

    static let open: Set<DossierStatus> = [
        .submitted, .accepted, .processing, .awaitingSupplement, .awaitingPayment, .withdrawalRequested,
    ]

    /// In which the clock runs: only these can be overdue.
    static let running: Set<DossierStatus> = [.submitted, .accepted, .processing, .withdrawalRequested]

    var holder: Holder
    var unassigned: Bool
    var statuses: Set<DossierStatus>
    var procedure: String?
    var step: String?
    var applicant: PersonID?
    var from: Date?
    var until: Date?
    /// Not at this time itself.
    var before: Date?

    init(
        _ filter: InboxFilter, of holder: Holder, from: Date?, until: Date?, now: Date
    ) throws(Refused) {
        self.holder = holder
        (unassigned, procedure, step) = (filter.unassigned, filter.procedure, filter.step)
        (applicant, self.from, self.until) = (filter.applicant, from, until)
        before = [filter.overdue ? now : nil, filter.within.map { (Day(now) + $0 + 1).start }].compactMap { $0 }.min()
        statuses = filter.status.isEmpty ? (filter.overdue ? Inbox.running : Inbox.open) : Set(filter.status)
        guard statuses.isSubset(of: Inbox.open) || (statuses.count == 1 && !unassigned && step == nil) else {
            throw .mixedStatuses
        }
        guard !filter.overdue || statuses.isSubset(of: Inbox.running) else { throw .overdueStands }
    }

    private var isOpen: Bool { statuses.isSubset(of: Inbox.open) }
    private var order: SQL { isOpen ? "ORDER BY act_by, id" : "ORDER BY act_by DESC, id DESC" }

    /// What the index range does not say by itself.
    private var conditions: [SQL] {
        var conditions: [SQL] = []
        if isOpen, statuses != Inbox.open, !hasStatusRange {
            conditions.append("status = ANY(\(statuses.map { Int16($0.number) }.sorted()))")
        }
        if let procedure, !hasProcedureRange { conditions.append("procedure = \(procedure)") }
        if let step { conditions.append("step = \(step)") }
        return conditions
    }

    /// An agency's open dossiers have an index by procedure; of the others it is one condition of the walk.
    private var hasProcedureRange: Bool {
        guard case .agency = holder else { return false }
        return isOpen && !unassigned && procedure != nil
    }

    /// So have those of one open status, where no procedure is asked for.
    private var hasStatusRange: Bool {
        guard case .agency = holder else { return false }
        return isOpen && !unassigned && procedure == nil && statuses.count == 1
    }

    /// Whether a page is a walk: its rows have `n` and `fits`.
    var walks: Bool { applicant == nil && (!conditions.isEmpty || holder.readable != nil) }

    /// Rows of a page, and the one that tells of a next page. Each text is prepared on each connection, so whoever asks
    /// does not choose among two hundred.
    private static let sizes = [21, 51, 101, Limits.pageMaximum + 1]

    /// - Parameter limit: at least so many, where there are so many.
    func page(after: TimeCursor?, limit wanted: Int) -> SQL {
        let limit = Self.sizes.first { $0 >= wanted } ?? wanted
        if let applicant { return page(of: applicant, after: after, limit: limit) }
        guard walks else {
            var sql: SQL =
                "SELECT \(DossierLine.columns) FROM dossiers \(range(after)) \(order) LIMIT \(raw: "\(limit)")"
            // It is one range whoever asks; left alone, PostgreSQL plans it each time, which costs as much as to read.
            sql.isPlannedOnce = true
            return sql
        }
        let fits: [SQL] = conditions + [holder.lookedUp].compactMap { $0 }
        // The window function counts while the index is read; nothing is sorted, and it stops when the page is full.
        // The limit stands in the text: a plan without it takes a page for hundreds of rows, and reads the table.
        return """
            SELECT n, fits, \(DossierLine.columns) FROM (
                SELECT id, act_by, n, fits FROM (
                    SELECT id, act_by, row_number() OVER (\(order)) AS n,
                           \(SQL(joining: fits, separator: " AND ")) AS fits
                    FROM dossiers \(range(after)) \(order) LIMIT \(raw: "\(Limits.Finding.walk)")
                ) AS walked WHERE fits OR n = \(raw: "\(Limits.Finding.walk)")
                \(order) LIMIT \(raw: "\(limit)")
            ) AS page JOIN dossiers USING (id, act_by) \(order)
            """
    }

    /// One citizen has few dossiers; of one who has many the newest are looked at and sorted.
    private func page(of applicant: PersonID, after: TimeCursor?, limit: Int) -> SQL {
        let all: [SQL] = [range(after)] + conditions + [holder.readable].compactMap { $0 }
        return """
            SELECT \(DossierLine.columns) FROM (
                SELECT * FROM dossiers WHERE applicant = \(applicant)
                ORDER BY id DESC LIMIT \(raw: "\(Limits.Finding.ofPerson)")
            ) AS newest \(SQL(joining: all, separator: " AND ")) \(order) LIMIT \(raw: "\(limit)")
            """
    }

    /// The range of one index.
    private func range(_ after: TimeCursor?) -> SQL {
        var sql: SQL = "WHERE \(holder.condition)"
        if hasProcedureRange, let procedure { sql = "\(sql) AND procedure = \(procedure)" }
        if !isOpen, let status = statuses.first {
            sql = "\(sql) AND status IN (3, 8, 9, 10) AND status = \(Int16(status.number))"
        } else if unassigned {
            sql = "\(sql) AND officer IS NULL AND status IN (4, 5, 6, 7)"
        } else {
            sql = "\(sql) AND status IN (1, 2, 4, 5, 6, 7)"
            if hasStatusRange, let status = statuses.first { sql = "\(sql) AND status = \(Int16(status.number))" }
        }
        if let from { sql = "\(sql) AND act_by >= \(from)" }
        if let until { sql = "\(sql) AND act_by <= \(until)" }
        if let before { sql = "\(sql) AND act_by < \(before)" }
        if let after {
            sql = "\(sql) AND (act_by, id) \(raw: isOpen ? ">" : "<") (\(after.time), \(after.id))"
        }
        return sql
    }

    /// Open dossiers counted together up to one bound, those of each closed status up to another: from the indexes
    /// alone, and never through all that an agency ever did. Where a walk was cut off before so many that fit were
    /// found, it says so.
    static func counts(of holder: Holder, now: Date) -> SQL {
        let soonest = counted(
            "status, act_by", of: holder, "status IN (1, 2, 4, 5, 6, 7)", "ORDER BY act_by, id",
            most: Limits.OneStop.countedOpen)
        var sql: SQL = """
            SELECT status, count(*) FILTER (WHERE fits) AS count,
                   count(*) FILTER (WHERE fits AND act_by < \(now) AND status IN (1, 2, 4, 7)) AS overdue,
                   bool_or(cut) AS cut
            FROM (\(soonest)) AS soonest GROUP BY status
            """
        for status in DossierStatus.allCases where !open.contains(status) {
            let number = "\(status.number)"
            let closed = counted(
                "status, act_by", of: holder, "status IN (3, 8, 9, 10) AND status = \(raw: number)",
                "ORDER BY act_by DESC, id DESC", most: Limits.OneStop.countedClosed)
            sql = """
                \(sql) UNION ALL
                SELECT \(raw: number)::smallint, count(*) FILTER (WHERE fits), 0, coalesce(bool_or(cut), false)
                FROM (\(closed)) AS closed
                """
        }
        return "\(sql) ORDER BY status"
    }

    /// What of an index range is counted: the first `most` that fit, and the last entry of a walk that was `cut` off.
    static func counted(_ columns: SQL, of holder: Holder, _ range: SQL, _ order: SQL, most: Int) -> SQL {
        guard let lookedUp = holder.lookedUp else {
            return """
                SELECT \(columns), true AS fits, false AS cut FROM dossiers WHERE \(holder.condition) AND \(range)
                \(order) LIMIT \(raw: "\(most)")
                """
        }
        return """
            SELECT \(columns), fits, n = \(raw: "\(Limits.Finding.walk)") AS cut FROM (
                SELECT \(columns), id, row_number() OVER (\(order)) AS n, \(lookedUp) AS fits
                FROM dossiers WHERE \(holder.condition) AND \(range)
                \(order) LIMIT \(raw: "\(Limits.Finding.walk)")
            ) AS walked WHERE fits OR n = \(raw: "\(Limits.Finding.walk)") \(order) LIMIT \(raw: "\(most)")
            """
    }
}
