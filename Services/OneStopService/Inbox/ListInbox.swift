import Contracts
import ServiceKit

/// `GET /inbox`: the dossiers of an officer or an agency, with counts. Open ones the most urgent first; those of one
/// closed status the latest first. Every page is one index range or a bounded walk, however many dossiers lie behind.
enum ListInbox: Endpoint {
    static let route = Route.get("/inbox")
    static let summary = "The dossiers of an officer or an agency, by status and due date, with counts"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.whichAgency, .mixedStatuses, .overdueStands]

    struct Input: Record {
        var filter = InboxFilter()
        var from: Date?
        var until: Date?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init(
                "agency", \.filter.agency, .agency, "Where the dossiers are; absent: the caller's own agency",
                in: .query),
            .init(
                "officer", \.filter.officer, .id, "Those that this officer holds, instead of an agency's", in: .query),
            .init("mine", \.filter.mine, .bool, default: false, "Those that the caller holds", in: .query),
            .init(
                "unassigned", \.filter.unassigned, .bool, default: false,
                "Of the agency's, those in work that nobody holds", in: .query),
            .init(
                "status", \.filter.status, .list(.choice, 0...10), default: [], InboxFilter.statusDoc, in: .query),
            .init(
                "procedure", \.filter.procedure, .text(1...40, pattern: Pattern.procedure), "Of this procedure",
                in: .query),
            .init("step", \.filter.step, .text(1...60, pattern: Pattern.key), "At this step", in: .query),
            .init("applicant", \.filter.applicant, .id, InboxFilter.applicantDoc, in: .query),
            .init(
                "overdue", \.filter.overdue, .bool, default: false, "Past their time, while the clock runs",
                in: .query),
            .init(
                "within", \.filter.within, .integer(0...Limits.Finding.withinDays), "Due in so many days, or before",
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
        let holder = try await call.holder(input.filter)
        let inbox = try Inbox(input.filter, of: holder, from: input.from, until: input.until, now: call.now)
        let after = try TimeCursor(input.cursor)
        call.logRead(of: "dossiers", holder.text, purpose: "inbox")
        async let counts = after == nil ? call.counts(of: holder) : nil
        let rows = try await call.run(inbox.page(after: after, limit: input.limit + 1))
        let page =
            inbox.walks
            ? try Walk(rows, limit: input.limit, most: Limits.Finding.walk) : Walk(range: rows, limit: input.limit)
        var output = Output()
        output.dossiers = try await call.lines(page.rows)
        output.counts = try await counts
        guard let end = page.end else { return Reply(output) }
        return Reply(output, next: next(input, holder, TimeCursor(time: try end("act_by"), id: try end("id"))))
    }

    /// Whose dossiers they are is written out: the post of whoever asks may change between two pages.
    private static func next(_ input: Input, _ holder: Inbox.Holder, _ cursor: TimeCursor) -> String {
        var filter = input.filter
        filter.mine = false
        switch holder {
        case .officer(let person), .officerWithin(let person, _): filter.officer = person
        case .agency(let code): filter.agency = code
        }
        var query = ["limit=\(input.limit)", "cursor=\(cursor)"] + filter.query
        // A plus sign in a query is a space.
        for (name, time) in [("from", input.from), ("until", input.until)] {
            if let time { query.append("\(name)=\(Instant.write(time).replacing("+", with: "%2B"))") }
        }
        return "/inbox?\(query.joined(separator: "&"))"
    }
}

extension Call {
    func counts(of holder: Inbox.Holder) async throws -> [StatusCount] { try await kept(\.statuses, of: holder) }

    func kept<Counts>(
        _ counts: KeyPath<InboxCounts, InboxCounts.Kept<Counts>>, of holder: Inbox.Holder
    ) async throws -> Counts {
        try await resource(InboxCounts.self)[keyPath: counts]
            .of(holder, now: now, after: runtime.ownActs.last(of: try person))
    }

    /// Whose dossiers an inbox shows, and whether the caller may see them.
    func holder(_ filter: InboxFilter) async throws -> Inbox.Holder {
        if filter.mine { return try await held(by: try person) }
        if let officer = filter.officer {
            guard officer != caller.person else { return try await held(by: officer) }
            guard let post = try await runtime.database.official(officer, on: today) else { throw Refused.notFound }
            try await require(.dossiersRead, at: post.agency)
            return try await held(by: officer)
        }
        let agency = if let asked = filter.agency { asked } else { try await ownAgency }
        try await require(.dossiersRead, at: agency)
        return .agency(agency)
    }
}

extension Call {
    /// What is closed stays with whoever held it last, also when that person goes on elsewhere (os-292). Nobody holds
    /// dossiers but where he has a post: where the caller may read at every agency at which the official ever had one,
    /// all of them may be shown, and the index alone answers. Otherwise each is asked where it is.
    private func held(by officer: PersonID) async throws -> Inbox.Holder {
        let readable = try await agencies(.dossiersRead)
        let posts = try await runtime.rights.of(officer).rights.filter { $0.standsFor == nil }.map(\.subtree)
        let mayReadAll =
            readable.contains(.none) || posts.allSatisfy { post in readable.contains { post.isWithin($0) } }
        return mayReadAll ? .officer(officer) : .officerWithin(officer, readable)
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
        atLeast = try row("cut")
    }

    /// The answer of `Inbox.counts`, with the note where counting stopped.
    static func read(_ rows: Rows) throws -> [StatusCount] {
        var counts = try rows.map(StatusCount.init)
        let open = counts.filter { Inbox.open.contains($0.status) }.reduce(0) { $0 + $1.count }
        for index in counts.indices {
            let isFull =
                Inbox.open.contains(counts[index].status)
                ? open >= Limits.OneStop.countedOpen : counts[index].count >= Limits.OneStop.countedClosed
            if isFull { counts[index].atLeast = true }
        }
        return counts
    }
}

extension Refused {
    static let mixedStatuses = Refused(
        "onestop.mixed-statuses", 422,
        vi: "Chọn các trạng thái đang mở, hoặc một trạng thái đã đóng và không chọn bước.",
        en: "Ask for open statuses together, or for one closed status and no step.", field: "status")
    static let overdueStands = Refused(
        "onestop.overdue-stands", 422, vi: "Chỉ hồ sơ mà thời hạn đang chạy mới có thể quá hạn.",
        en: "Only what the clock runs for can be overdue.", field: "status")
}
