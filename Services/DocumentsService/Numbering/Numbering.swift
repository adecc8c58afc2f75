import Contracts
import ServiceKit

/// A series of its own (sổ riêng) for some types of documents.
struct Book: Record, Equatable {
    var series = ""
    var types: [String] = []

    static let name = "^[a-z0-9]+(-[a-z0-9]+)*$"

    static let fields: [Field<Self>] = [
        .init(
            "series", \.series, .text(1...Limits.Documents.seriesName, pattern: name),
            "Stable name of the series"),
        .init(
            "types", \.types, .list(.text(1...20), 1...Limits.Documents.books),
            "Types numbered in it, by abbreviation or name"),
    ]
}

/// How an agency numbers (Decree 30/2020/NĐ-CP, Art. 15): its abbreviation, and which types have a series apart. The
/// head decides; without books there is one common series. Copies have theirs by law.
struct Numbering: Record, Equatable {
    var agency = AgencyCode.none
    var symbol = ""
    var books: [Book] = []
    /// 0 while nobody has set it.
    var version = 0

    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "The agency"),
        .init("symbol", \.symbol, .text(1...Limits.Documents.agencySymbol), "Its abbreviation: STP"),
        .init("books", \.books, .list(.record, 0...Limits.Documents.books), "Series apart; all else is in `van-ban`"),
        .init("version", \.version, .integer(0...Int.max), "Version, also the ETag; 0 is the default of the system"),
    ]

    /// The series of everything that has none of its own.
    static let common = "van-ban"
    /// The one series of all kinds of copies.
    static let copies = "ban-sao"

    init() {}

    init(agency: AgencyCode, symbol: String, books: [Book], version: Int) {
        self.agency = agency
        self.symbol = symbol
        self.books = books
        self.version = version
    }

    init(_ row: Row) throws {
        agency = try row("agency")
        symbol = try row("symbol")
        version = try row("version")
        let json: JSON = try row("books")
        books = try (json.array ?? []).map { try Book(decoding: $0, unknown: .ignore) }
    }

    var booksJSON: JSON {
        .array(books.map { ["series": .string($0.series), "types": .array($0.types.map(JSON.string))] })
    }

    func series(of form: DocumentForm) -> String {
        let key = form.key
        if key == Numbering.copies { return Numbering.copies }
        return books.first { $0.types.contains { DocumentForm($0).key == key } }?.series ?? Numbering.common
    }
}

extension Session {
    /// What the agency has set, or the default made of its name; nil for an agency that the directory does not know.
    func numbering(of agency: AgencyCode) async throws -> Numbering? {
        let set = try await run("SELECT * FROM agency_numbering WHERE agency = \(agency)")
        if let row = set.first { return try Numbering(row) }
        let known = try await run("SELECT name, kind FROM directory_agencies WHERE code = \(agency)")
        guard let row = known.first else { return nil }
        let kind = AgencyKind(rawValue: try row("kind")) ?? .department
        let symbol = Abbreviation.ofAgency(try row("name"), kind: kind)
        return Numbering(agency: agency, symbol: symbol.isEmpty ? agency.text : symbol, books: [], version: 0)
    }
}

extension Work {
    /// The numbering that an issue stands on, held against change to the end of the transaction. The default becomes a
    /// row here: an agency that is renamed later keeps numbering as it did. One that has ended numbers nothing.
    func numberingHeld(of agency: AgencyCode) async throws -> Numbering {
        let held: SQL = """
            SELECT n.*, a.valid_to FROM agency_numbering n LEFT JOIN directory_agencies a ON a.code = n.agency
            WHERE n.agency = \(agency) FOR SHARE OF n
            """
        if let row = try await run(held).first { return try standing(row) }
        guard let standard = try await numbering(of: agency) else { throw Refused.agencyUnknown }
        try await run(
            """
            INSERT INTO agency_numbering (agency, symbol, books, version)
            VALUES (\(agency), \(standard.symbol), \(standard.booksJSON), 1) ON CONFLICT (agency) DO NOTHING
            """)
        guard let row = try await run(held).first else { throw Refused.stale }
        return try standing(row)
    }

    private func standing(_ row: Row) throws -> Numbering {
        let last: Day? = try row("valid_to")
        if let last, last < today { throw Refused.agencyDissolved }
        return try Numbering(row)
    }
}
