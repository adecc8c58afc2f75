import Foundation

/// The six yearly books of an agency were closed (khóa sổ): what they say never changes again.
public struct BooksClosed: Event {
    public static let type = "onestop.books.closed.v1"
    public static let doc =
        "The six yearly books of an agency were closed (khóa sổ): what they say never changes again."
    public var agency = AgencyCode.none
    public var year = 0
    public var closedAt: Date = Date(timeIntervalSince1970: 0)
    public var actor: PersonID?
    public var hashes: [String] = []

    /// `H19.06 2021`
    public var aggregateID: String { "\(agency) \(year)" }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "The agency"),
        .init("year", \.year, .integer(Limits.documentYears), "The year"),
        .init("closedAt", \.closedAt, .instant, "When"),
        .init("actor", \.actor, .id, "The official who closed them; absent when the year's end did"),
        .init("hashes", \.hashes, .list(.text(64...64), 1...6), "SHA-256 of each book as a table (CSV), by form"),
    ]
}
