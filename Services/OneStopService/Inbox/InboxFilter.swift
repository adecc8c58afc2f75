import Contracts
import ServiceKit

/// What an inbox shows: whose dossiers, and which of them.
struct InboxFilter: Record, Hashable {
    var agency: AgencyCode?
    var officer: PersonID?
    var mine = false
    var unassigned = false
    var status: [DossierStatus] = []
    var procedure: String?
    var step: String?
    var applicant: PersonID?
    var overdue = false
    var within: Int?

    /// As a body has them; `ListInbox` has the same in its query.
    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "Where the dossiers are; absent: the caller's own agency"),
        .init("officer", \.officer, .id, "Those that this officer holds, instead of an agency's"),
        .init("mine", \.mine, .bool, default: false, "Those that the caller holds"),
        .init("unassigned", \.unassigned, .bool, default: false, "Of the agency's, those in work that nobody holds"),
        .init("status", \.status, .list(.choice, 0...10), default: [], statusDoc),
        .init("procedure", \.procedure, .text(1...40, pattern: Pattern.procedure), "Of this procedure"),
        .init("step", \.step, .text(1...60, pattern: Pattern.key), "At this step"),
        .init("applicant", \.applicant, .id, applicantDoc),
        .init("overdue", \.overdue, .bool, default: false, "Past their time, while the clock runs"),
        .init("within", \.within, .integer(0...Limits.Finding.withinDays), "Due in so many days, or before"),
    ]

    static let statusDoc =
        "Only these: any of 1, 2, 4, 5, 6, 7 together (all of them when absent), or one of 3, 8, 9, 10"
    static let applicantDoc = "Of the citizen with this account, among the newest \(Limits.Finding.ofPerson)"

    /// As a query of `GET /inbox`.
    var query: [String] {
        var query: [String] = []
        if let agency { query.append("agency=\(agency)") }
        if let officer { query.append("officer=\(officer)") }
        if mine { query.append("mine=true") }
        if unassigned { query.append("unassigned=true") }
        query += status.map { "status=\($0.rawValue)" }
        if let procedure { query.append("procedure=\(procedure)") }
        if let step { query.append("step=\(step)") }
        if let applicant { query.append("applicant=\(applicant)") }
        if overdue { query.append("overdue=true") }
        if let within { query.append("within=\(within)") }
        return query
    }
}
