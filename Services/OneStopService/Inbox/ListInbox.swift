import Contracts
import ServiceKit

/// `GET /inbox`: the dossiers of an officer or an agency, with counts. Open ones the most urgent first; those of one
/// closed status the latest first. Every page is one index range, however many dossiers lie behind it.
enum ListInbox: Endpoint {
    static let route = Route.get("/inbox")
    static let summary = "The dossiers of an officer or an agency, by status and due date, with counts"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.whichAgency, .mixedStatuses]

    struct Input: Record {
        var agency: AgencyCode?
        var officer: PersonID?
        var mine = false
        var unassigned = false
        var status: [DossierStatus] = []
        var from: Date?
        var until: Date?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Where the dossiers are; absent: the caller's own agency", in: .query),
            .init("officer", \.officer, .id, "Those that this officer holds, instead of an agency's", in: .query),
            .init("mine", \.mine, .bool, default: false, "Those that the caller holds", in: .query),
            .init(
                "unassigned", \.unassigned, .bool, default: false, "Of the agency's, those in work that nobody holds",
                in: .query),
            .init(
                "status", \.status, .list(.choice, 0...10), default: [],
                "Only these: any of 1, 2, 4, 5, 6, 7 together (all of them when absent), or one of 3, 8, 9, 10",
                in: .query),
            .init("from", \.from, .instant, "Due at this time or later", in: .query),
            .init("until", \.until, .instant, "Due at this time or earlier", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var dossiers: [DossierLine] = []
        var counts: [StatusCount]?

        static let fields: [Field<Self>] = [
            .init("dossiers", \.dossiers, .list(.record, 0...Limits.pageMaximum), "The page"),
            .init("counts", \.counts, .list(.record, 0...10), "By status, on the first page"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let holder = try await holder(input, call)
        let inbox = try Inbox(
            holder: holder, unassigned: input.unassigned, statuses: input.status, from: input.from, until: input.until)
        let after = try TimeCursor(input.cursor)
        call.logRead(of: "dossiers", holder.text, purpose: "inbox")
        async let counts =
            after == nil ? call.resource(InboxCounts.self).of(holder, now: call.now) : nil
        let rows = try await call.run(inbox.page(after: after, limit: input.limit + 1))
        var output = Output()
        output.dossiers = try await call.lines(rows.prefix(input.limit))
        output.counts = try await counts
        guard rows.count > input.limit, let last = output.dossiers.last else { return Reply(output) }
        return Reply(output, next: next(input, holder, TimeCursor(time: last.actBy, id: last.id.uuid)))
    }

    /// Whose dossiers, and whether the caller may see them.
    private static func holder(_ input: Input, _ call: Call) async throws -> Inbox.Holder {
        if input.mine { return .officer(try call.person) }
        if let officer = input.officer {
            guard officer != call.caller.person else { return .officer(officer) }
            guard let post = try await call.runtime.database.official(officer, on: call.today) else {
                throw Refused.notFound
            }
            try await call.require(.dossiersRead, at: post.agency)
            return .officer(officer)
        }
        let agency = if let asked = input.agency { asked } else { try await call.ownAgency }
        try await call.require(.dossiersRead, at: agency)
        return .agency(agency)
    }

    private static func next(_ input: Input, _ holder: Inbox.Holder, _ cursor: TimeCursor) -> String {
        var query = ["limit=\(input.limit)", "cursor=\(cursor)"]
        switch holder {
        case .officer(let person): query.append("officer=\(person)")
        case .agency(let code): query.append("agency=\(code)")
        }
        if input.unassigned { query.append("unassigned=true") }
        query += input.status.map { "status=\($0.rawValue)" }
        // A plus sign in a query is a space.
        for (name, time) in [("from", input.from), ("until", input.until)] {
            if let time { query.append("\(name)=\(Instant.write(time).replacing("+", with: "%2B"))") }
        }
        return "/inbox?\(query.joined(separator: "&"))"
    }
}

/// How many dossiers of a status there are.
struct StatusCount: Record, Hashable {
    var status = DossierStatus.submitted
    var count = 0
    var overdue = 0
    var atLeast = false

    static let fields: [Field<Self>] = [
        .init("status", \.status, .choice, "The status"),
        .init("count", \.count, .integer(0...Int.max), "How many"),
        .init("overdue", \.overdue, .integer(0...Int.max), "Of the open ones, how many are past their time"),
        .init("atLeast", \.atLeast, .bool, "Counting stopped there: it may be more"),
    ]

    init() {}

    init(_ row: Row) throws {
        status = try Dossier.status(row, "status") ?? .submitted
        count = try row("count")
        overdue = try row("overdue")
    }

    /// The answer of `Inbox.counts`, with the note where counting stopped.
    static func read(_ rows: Rows) throws -> [StatusCount] {
        var counts = try rows.map(StatusCount.init)
        let open = counts.filter { Inbox.open.contains($0.status) }.reduce(0) { $0 + $1.count }
        for index in counts.indices {
            counts[index].atLeast =
                Inbox.open.contains(counts[index].status)
                ? open >= Limits.OneStop.countedOpen : counts[index].count >= Limits.OneStop.countedClosed
        }
        return counts
    }
}

extension Refused {
    static let mixedStatuses = Refused(
        "onestop.mixed-statuses", 422, vi: "Chọn các trạng thái đang mở, hoặc một trạng thái đã đóng.",
        en: "Ask for open statuses together, or for one closed status.", field: "status")
}
