import Contracts
import ServiceKit

/// `GET /officials/{person}`.
enum ReadOfficial: Endpoint {
    static let route = Route.get("/officials/{person}")
    static let summary = "Read an official with the post held on a day"
    static let access = Access.signedIn

    struct Input: Record {
        var person = PersonID()
        var on: Day?
        static let fields: [Field<Self>] = [
            .init("person", \.person, .id, "The person", in: .path),
            .init("on", \.on, .day, "The day; today when absent", in: .query),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<OfficialRecord> {
        let official = try await OfficialRecord.find(
            input.person, on: input.on ?? call.today, in: call.runtime.database)
        guard let official else { throw Refused.notFound }
        return Reply(official, version: Int64(official.version))
    }
}

/// `GET /officials`: the directory of an agency and those below it.
enum ListOfficials: Endpoint {
    static let route = Route.get("/officials")
    static let summary = "The directory: who holds a post at an agency or below it on a day"
    static let access = Access.signedIn

    struct Input: Record {
        var under: AgencyCode?
        var role: PostRole?
        var on: Day?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("under", \.under, .agency, "Only this agency and those below it", in: .query),
            .init("role", \.role, .choice, "Only this role", in: .query),
            .init("on", \.on, .day, "The day; today when absent", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var officials: [OfficialRecord] = []
        static let fields: [Field<Self>] = [
            .init("officials", \.officials, .list(.record, 0...Limits.pageMaximum), "In the order of mail addresses")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let day = input.on ?? call.today
        let after = try Cursor(input.cursor).text
        let rows = try await call.run(
            """
            SELECT o.*, p.id AS post, p.agency, p.unit, p.position, p.role, p.title, p.fields, p.valid_from,
                   p.valid_to
            FROM posts p JOIN officials o ON o.person = p.person
            WHERE p.valid_from <= \(day) AND (p.valid_to IS NULL OR p.valid_to >= \(day)) AND o.mailbox > \(after)
              AND (\(input.under)::text IS NULL OR p.agency = \(input.under)
                   OR starts_with(p.agency, \(input.under) || '.'))
              AND (\(input.role?.rawValue)::text IS NULL OR p.role = \(input.role?.rawValue))
            ORDER BY o.mailbox LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.officials = try rows.prefix(input.limit).map(OfficialRecord.init)
        guard rows.count > input.limit, let last = output.officials.last else { return Reply(output) }
        var next = "/officials?on=\(day)&limit=\(input.limit)&cursor=\(Cursor(text: last.mailbox))"
        if let under = input.under { next += "&under=\(under)" }
        if let role = input.role { next += "&role=\(role.rawValue)" }
        return Reply(output, next: next)
    }
}

/// `GET /officials/{person}/decisions`: the personnel history, newest first.
enum ListDecisions: Endpoint {
    static let route = Route.get("/officials/{person}/decisions")
    static let summary = "The personnel decisions on an official, newest first"
    static let access = Access.official(.personnelRead)

    struct Input: Record {
        var person = PersonID()
        static let fields: [Field<Self>] = [
            .init("person", \.person, .id, "The person", in: .path)
        ]
    }

    struct Decision: Record {
        var decision = DecisionID()
        var number = ""
        var kind = DecisionKind.appoint
        var agency: AgencyCode?
        var position: String?
        var title: String?
        var effectiveFrom = Day.none
        var decidedAt = Date(timeIntervalSince1970: 0)
        var effectiveAt: Date?

        static let fields: [Field<Self>] = [
            .init("decision", \.decision, .id, "The decision"),
            .init("number", \.number, .text(1...60), "Number and symbol"),
            .init("kind", \.kind, .choice, "What it does"),
            .init("agency", \.agency, .agency, "The agency of the new post"),
            .init(
                "position", \.position, .text(1...Limits.Personnel.positionCode),
                "The position; absent where decided before positions existed"),
            .init("title", \.title, .text(1...200), "Title of the new post"),
            .init("effectiveFrom", \.effectiveFrom, .day, "First day of effect"),
            .init("decidedAt", \.decidedAt, .instant, "When it was made"),
            .init("effectiveAt", \.effectiveAt, .instant, "When it took effect; absent while it waits"),
        ]
    }

    struct Output: Record {
        var decisions: [Decision] = []
        static let fields: [Field<Self>] = [
            .init("decisions", \.decisions, .list(.record, 0...Limits.pageMaximum), "Newest first")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        guard try await OfficialRecord.find(input.person, on: call.today, in: call.runtime.database) != nil else {
            throw Refused.notFound
        }
        // Whoever has left belongs to where he or she was last.
        let post = try await Post.latest(of: input.person, in: call.runtime.database)
        if let post { try await call.require(.personnelRead, at: post.agency) }
        call.logRead(of: "personnel decisions", input.person.text, purpose: "personnel history")
        let rows = try await call.run(
            """
            SELECT * FROM decisions WHERE person = \(input.person) ORDER BY decided_at DESC, id DESC
            LIMIT \(Limits.pageMaximum)
            """)
        var output = Output()
        output.decisions = try rows.map { row in
            var decision = Decision()
            decision.decision = try row("id")
            decision.number = try row("number")
            decision.kind = DecisionKind(rawValue: try row("kind")) ?? .appoint
            decision.agency = try row("agency")
            decision.position = try row("position")
            decision.title = try row("title")
            decision.effectiveFrom = try row("effective_from")
            decision.decidedAt = try row("decided_at")
            decision.effectiveAt = try row("effective_at")
            return decision
        }
        return Reply(output)
    }
}
