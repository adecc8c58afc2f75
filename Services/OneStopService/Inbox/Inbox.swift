import Contracts
import ServiceKit

/// The questions that an inbox asks of the indexes `dossiers_of_officer`, `dossiers_of_agency`, `dossiers_done_of_…`
/// and `dossiers_unassigned`. The partial indexes' own conditions stand in the text, so that the planner sees them also
/// in prepared statements.
struct Inbox: Sendable {
    enum Holder: Sendable, Hashable {
        case officer(PersonID)
        case agency(AgencyCode)

        var text: String {
            switch self {
            case .officer(let person): person.text
            case .agency(let code): code.text
            }
        }

        var condition: SQL {
            switch self {
            case .officer(let person): "officer = \(person)"
            case .agency(let code): "working_agency = \(code)"
            }
        }
    }

    static let open: Set<DossierStatus> = [
        .submitted, .accepted, .processing, .awaitingSupplement, .awaitingPayment, .withdrawalRequested,
    ]

    var holder: Holder
    var unassigned: Bool
    var statuses: Set<DossierStatus>
    var from: Date?
    var until: Date?

    init(
        holder: Holder, unassigned: Bool, statuses: [DossierStatus], from: Date?, until: Date?
    ) throws(Refused) {
        self.holder = holder
        self.unassigned = unassigned
        self.statuses = statuses.isEmpty ? Inbox.open : Set(statuses)
        (self.from, self.until) = (from, until)
        guard self.statuses.isSubset(of: Inbox.open) || (self.statuses.count == 1 && !unassigned) else {
            throw .mixedStatuses
        }
    }

    private var isOpen: Bool { statuses.isSubset(of: Inbox.open) }

    func page(after: TimeCursor?, limit: Int) -> SQL {
        let order: SQL = isOpen ? "ORDER BY act_by, id" : "ORDER BY act_by DESC, id DESC"
        guard isOpen, statuses != Inbox.open else {
            return "SELECT \(DossierLine.columns) FROM dossiers \(range(after)) \(order) LIMIT \(limit)"
        }
        // A rare status among many: sought in the index alone, and only the page's rows are fetched.
        return """
            SELECT \(DossierLine.columns) FROM (
                SELECT id, act_by FROM dossiers \(range(after))
                    AND status = ANY(\(statuses.map { Int16($0.number) }.sorted())) \(order) LIMIT \(limit)
            ) AS page JOIN dossiers USING (id, act_by) \(order)
            """
    }

    /// The range of one index.
    private func range(_ after: TimeCursor?) -> SQL {
        var sql: SQL = "WHERE \(holder.condition)"
        if !isOpen, let status = statuses.first {
            sql = "\(sql) AND status IN (3, 8, 9, 10) AND status = \(Int16(status.number))"
        } else if unassigned {
            sql = "\(sql) AND officer IS NULL AND status IN (4, 5, 6, 7)"
        } else {
            sql = "\(sql) AND status IN (1, 2, 4, 5, 6, 7)"
        }
        if let from { sql = "\(sql) AND act_by >= \(from)" }
        if let until { sql = "\(sql) AND act_by <= \(until)" }
        if let after {
            sql = "\(sql) AND (act_by, id) \(raw: isOpen ? ">" : "<") (\(after.time), \(after.id))"
        }
        return sql
    }

    /// Open dossiers counted together up to one bound, those of each closed status up to another: from the indexes
    /// alone, and never through all that an agency ever did.
    static func counts(of holder: Holder, now: Date) -> SQL {
        var sql: SQL = """
            SELECT status, count(*) AS count,
                   count(*) FILTER (WHERE act_by < \(now) AND status IN (1, 2, 4, 7)) AS overdue
            FROM (SELECT status, act_by FROM dossiers WHERE \(holder.condition) AND status IN (1, 2, 4, 5, 6, 7)
                  ORDER BY act_by LIMIT \(raw: "\(Limits.OneStop.countedOpen)")) AS soonest
            GROUP BY status
            """
        for status in DossierStatus.allCases where !open.contains(status) {
            let number = "\(status.number)"
            sql = """
                \(sql) UNION ALL
                SELECT \(raw: number)::smallint, count(*), 0
                FROM (SELECT 1 FROM dossiers
                      WHERE \(holder.condition) AND status IN (3, 8, 9, 10) AND status = \(raw: number)
                      ORDER BY act_by LIMIT \(raw: "\(Limits.OneStop.countedClosed)")) AS closed
                """
        }
        return "\(sql) ORDER BY status"
    }
}
