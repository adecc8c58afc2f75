import Contracts
import ServiceKit

/// `GET /agencies/{agency}/numbering`.
enum ReadNumbering: Endpoint {
    static let route = Route.get("/agencies/{agency}/numbering")
    static let summary = "How an agency numbers its documents: abbreviation and series"
    static let access = Access.official(.documentsRead)

    struct Input: Record {
        var agency = AgencyCode.none
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path)
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Numbering> {
        try await call.require(.documentsRead, inChargeOf: input.agency)
        guard let numbering = try await call.runtime.database.numbering(of: input.agency) else {
            throw Refused.notFound
        }
        return Reply(numbering, version: Int64(numbering.version))
    }
}

/// `PUT /agencies/{agency}/numbering`: the records clerk enters what the head of the agency has decided.
enum SetNumbering: Endpoint {
    static let route = Route.put("/agencies/{agency}/numbering")
    static let summary = "Set an agency's abbreviation and which types of documents have a series of their own"
    static let access = Access.official(.documentsIssue)
    static let refusals = [
        Refused.symbolUnfit, .seriesReserved, .seriesTwice, .typeTwice, .typeNotNumbered, .seriesInUse,
    ]

    struct Input: Record {
        var agency = AgencyCode.none
        var symbol = ""
        var books: [Book] = []
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path),
            .init("symbol", \.symbol, .text(1...Limits.Documents.agencySymbol), "Its abbreviation: STP, UBND"),
            .init(
                "books", \.books, .list(.record, 0...Limits.Documents.books), default: [],
                "Series apart; all else is in one common series"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Numbering> {
        try await call.require(.documentsIssue, at: input.agency)
        let after = try decide(input)
        return try await call.transaction { work in
            guard let before = try await work.numbering(of: input.agency) else { throw Refused.notFound }
            try call.check(Int64(before.version))
            // Waits for the issues that stand on the present one, and makes later ones wait.
            let changed = try await work.run(
                """
                INSERT INTO agency_numbering AS n (agency, symbol, books, version)
                VALUES (\(after.agency), \(after.symbol), \(after.booksJSON), 1)
                ON CONFLICT (agency) DO UPDATE SET symbol = excluded.symbol, books = excluded.books,
                    version = n.version + 1
                WHERE n.version = \(before.version)
                RETURNING version
                """)
            guard let row = changed.first else { throw Refused.stale }
            let used = try await work.run(
                """
                SELECT DISTINCT document_type, series FROM documents
                WHERE agency = \(input.agency) AND year = \(call.today.year)
                """)
            try decide(after, used: try used.map { (DocumentForm(try $0("document_type")), try $0("series")) })
            var numbering = after
            numbering.version = try row("version")
            work.log.notice(
                "numbering set", metadata: ["agency": "\(input.agency)", "by": "\(call.caller.id)"])
            return Reply(numbering, version: Int64(numbering.version))
        }
    }

    static func decide(_ input: Input) throws(Refused) -> Numbering {
        guard let symbol = try? DocumentNumber(1, symbol: input.symbol).symbol,
            DocumentType.find(symbol) == nil
        else { throw .symbolUnfit }
        let names = input.books.map(\.series)
        guard !names.contains(Numbering.common), !names.contains(Numbering.copies) else { throw .seriesReserved }
        guard Set(names).count == names.count else { throw .seriesTwice }
        let forms = input.books.flatMap(\.types).map(DocumentForm.init(_:))
        guard forms.allSatisfy({ $0.key != Numbering.copies && ($0.type != nil || $0.abbreviation != nil) }) else {
            throw .typeNotNumbered
        }
        guard Set(forms.map(\.key)).count == forms.count else { throw .typeTwice }
        let books = input.books.map { book in
            var book = book
            book.types = book.types.map { DocumentForm($0).word }
            return book
        }
        return Numbering(agency: input.agency, symbol: symbol, books: books, version: 0)
    }

    /// A type that was numbered this year stays in its series until the year ends: in another one its numbers would
    /// come a second time.
    static func decide(_ after: Numbering, used: [(form: DocumentForm, series: String)]) throws(Refused) {
        guard used.allSatisfy({ after.series(of: $0.form) == $0.series }) else { throw .seriesInUse }
    }
}

extension Refused {
    static let symbolUnfit = Refused(
        "documents.symbol-unfit", 422,
        vi: "Chữ viết tắt của cơ quan gồm chữ và số, không trùng chữ viết tắt của loại văn bản.",
        en: "An agency's abbreviation has letters and digits and is not that of a document type.", field: "symbol")
    static let seriesReserved = Refused(
        "documents.series-reserved", 422, vi: "Tên sổ van-ban và ban-sao là của hệ thống.",
        en: "The series van-ban and ban-sao belong to the system.", field: "books")
    static let seriesTwice = Refused(
        "documents.series-twice", 422, vi: "Một tên sổ xuất hiện hai lần.", en: "A series is named twice.",
        field: "books")
    static let typeTwice = Refused(
        "documents.type-twice", 422,
        vi: "Mỗi loại văn bản chỉ thuộc một sổ; các loại không có chữ viết tắt cùng một sổ.",
        en: "A type belongs to one series; those without abbreviation share one, named by cong-van.", field: "books")
    static let typeNotNumbered = Refused(
        "documents.type-unknown", 422, vi: "Loại văn bản không có hoặc không được đặt sổ riêng.",
        en: "There is no such type, or it cannot have a series of its own.", field: "books")
    static let seriesInUse = Refused(
        "documents.series-in-use", vi: "Loại văn bản này đã có số trong năm; chỉ đổi sổ từ năm sau.",
        en: "This type was numbered this year; its series can change next year.", field: "books")
}
