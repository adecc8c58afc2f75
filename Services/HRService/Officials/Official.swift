import Contracts
import ServiceKit

/// An official (công chức, viên chức) with the post held on a day.
struct OfficialRecord: Record {
    var person = PersonID()
    var fullName = ""
    var mailbox = ""
    var post: Post?
    var version = 0

    static let fields: [Field<Self>] = [
        .init("person", \.person, .id, "The person"),
        .init("fullName", \.fullName, .text(1...Limits.Personnel.fullName), "Full name"),
        .init("mailbox", \.mailbox, .text(1...64), "Local part of the official mail address"),
        .init("post", \.post, .record, "The post held on the day asked for"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
    ]

    init() {}

    init(_ row: Row) throws {
        person = try row("person")
        fullName = try row("full_name")
        mailbox = try row("mailbox")
        version = try row("version")
        let postID: PostID? = try row("post")
        post = postID == nil ? nil : try Post(row)
    }

    static func find(_ person: PersonID, on day: Day, in session: any Session) async throws -> OfficialRecord? {
        try await session.run(
            """
            SELECT o.*, p.id AS post, p.agency, p.unit, p.position, p.role, p.title, p.fields, p.valid_from,
                   p.valid_to
            FROM officials o LEFT JOIN posts p ON p.person = o.person
                AND p.valid_from <= \(day) AND (p.valid_to IS NULL OR p.valid_to >= \(day))
            WHERE o.person = \(person)
            """
        ).first.map(OfficialRecord.init)
    }
}

/// A post held (chức vụ): a seat of a position, with role, title and validity.
struct Post: Record {
    var post = PostID()
    var agency = AgencyCode.none
    var unit = ""
    var position: String?
    var role = PostRole.officer
    var title = ""
    /// Codes of the fields of procedures that it is limited to; none: all.
    var procedureFields: [String] = []
    var validFrom = Day.none
    var validTo: Day?

    static let fields: [Field<Self>] = [
        .init("post", \.post, .id, "The post"),
        .init("agency", \.agency, .agency, "The agency"),
        .init("unit", \.unit, .text(1...60), "Unit in the agency"),
        .init(
            "position", \.position, .text(1...Limits.Personnel.positionCode),
            "The position; absent where held before positions existed"),
        .init("role", \.role, .choice, "What it entitles to"),
        .init("title", \.title, .text(1...200), "Title in Vietnamese"),
        .init("fields", \.procedureFields, .procedureFields, "Fields of procedures that it is limited to; none: all"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day, when it ended"),
    ]

    init() {}

    init(_ row: Row) throws {
        post = try row("post")
        agency = try row("agency")
        unit = try row("unit")
        position = try row("position")
        role = PostRole(rawValue: try row("role")) ?? .officer
        title = try row("title")
        procedureFields = try row("fields")
        validFrom = try row("valid_from")
        validTo = try row("valid_to")
    }

    /// The post held last, or still held: then it has no end.
    static func latest(of person: PersonID, in session: any Session) async throws -> Post? {
        try await session.run(
            "SELECT *, id AS post FROM posts WHERE person = \(person) ORDER BY valid_from DESC LIMIT 1"
        ).first.map(Post.init)
    }

    var isHeld: Bool { validTo == nil }
}
