import Contracts
import Postgres
import ServiceKit

/// `POST /dossiers/search`: a POST because what is searched for may be personal data, which stands in no address. Only
/// what the caller may read is found (os-114); the newest first, page by page.
enum SearchDossiers: Endpoint {
    static let route = Route.post("/dossiers/search")
    static let summary = "Find dossiers by code, words, identity card or telephone"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.tooManyWords]

    /// What for: every search is logged with it.
    enum Purpose: String, CaseIterable, Sendable { case counter, processing, complaint, inspection }

    struct Input: Record {
        var text = ""
        var purpose = Purpose.counter
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init(
                "text", \.text, .text(1...Limits.Finding.text),
                "A code in any form, also without dots and dashes, or the serial of one received today; words of name, "
                    + "subject and procedure with or without diacritics; an identity card; a telephone"),
            .init("purpose", \.purpose, .choice, "What for; it is logged"),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "`next` of the page before"),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows"),
        ]
    }

    struct Output: Record {
        var dossiers: [DossierLine] = []
        var next: String?
        var narrow = false

        static let fields: [Field<Self>] = [
            .init("dossiers", \.dossiers, .list(.record, 0...Limits.pageMaximum), "The newest first"),
            .init("next", \.next, .text(1...Limits.cursorLength), "The cursor of the next page, when there is one"),
            .init(
                "narrow", \.narrow, .bool,
                "More than \(Limits.Finding.hits) are found: a page may be short, and another word finds sooner"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let tops = try await call.agencies(.dossiersRead)
        // What is closed stayed with an agency that has ended; its successor finds it (os-302).
        let ended = try await call.runtime.database.predecessors(of: tops, below: true, on: call.today)
        let readable = Readable(tops, ended: ended.filter { agency in !tops.contains { agency.isWithin($0) } })
        let wanted = WrittenText(input.text)
        call.logRead(of: "dossiers", wanted.kind, purpose: "search: \(input.purpose.rawValue)")
        var output = Output()
        switch wanted {
        case .codes(let readings):
            output.dossiers = try await call.lines(try await call.run(readable.coded(readings)))
        case .serialOfToday(let serial):
            let reading = WrittenText.Reading(call.today, serial)
            output.dossiers = try await call.lines(try await call.run(readable.coded([reading])))
        case .number(let marks):
            output = try await page(readable.query("", either: marks), readable.may, input, call)
        case .words(let words):
            guard words.split(separator: " ").count <= Limits.Finding.words else { throw Refused.tooManyWords }
            output = try await page(readable.query(words), readable.may, input, call)
        }
        return Reply(output)
    }

    /// First the newest are walked through: what is frequent fills the page from them. What is rarer the index of words
    /// finds; it is sorted when it is little, and walked through when it is much. Each costs at most its bound.
    private static func page(_ query: SQL, _ may: SQL, _ input: Input, _ call: Call) async throws -> Output {
        let before = try before(input.cursor)
        let limit = input.limit + 1
        let newest = try Walk(
            await call.run(SearchSQL.walk(query, may, before: before, most: Limits.Finding.newest, limit: limit)),
            limit: input.limit, most: Limits.Finding.newest)
        guard newest.rows.count < input.limit, newest.end != nil else { return try await answer(newest, call) }
        let found = try await SearchSQL.hits(query, may, before: before, limit: limit, in: call.runtime.database)
        if let found { return try await answer(Walk(range: found, limit: input.limit), call) }
        let walked = try Walk(
            await call.run(SearchSQL.walk(query, may, before: before, most: Limits.Finding.walk, limit: limit)),
            limit: input.limit, most: Limits.Finding.walk)
        var output = try await answer(walked, call)
        output.narrow = true
        return output
    }

    private static func answer(_ page: Walk, _ call: Call) async throws -> Output {
        var output = Output()
        output.dossiers = try await call.lines(page.rows)
        let end: DossierID? = try page.end.map { try $0("id") }
        output.next = end.map { Cursor(text: $0.text).description }
        return output
    }

    private static func before(_ cursor: String?) throws -> DossierID {
        guard let cursor else { return SearchSQL.newest }
        guard let id = try? DossierID(Cursor(cursor).text) else { throw Cursor.foreign }
        return id
    }
}

extension WrittenText {
    /// What kind of question it was, for the log: never the text.
    var kind: String {
        switch self {
        case .codes: "by code"
        case .serialOfToday: "by serial"
        case .number: "by number"
        case .words: "by words"
        }
    }
}

/// The agencies at whose subtrees a caller may read; `.none` is everywhere. And those that have ended and whose place
/// is now within: of each only itself, because what was below it has a successor of its own (os-302).
struct Readable: Sendable {
    let tops: [AgencyCode]
    let ended: [AgencyCode]

    init(_ tops: [AgencyCode], ended: [AgencyCode] = []) { (self.tops, self.ended) = (tops, ended) }

    private var isEverywhere: Bool { tops.contains(.none) }
    private var marks: [String] { (tops + ended).map(\.text) }

    /// What `dossier_search.words` is asked (os-114). A question of its own, so that it is put together once and not
    /// for each row.
    func query(_ words: String, every: [String] = [], either: [String] = []) -> SQL {
        "(SELECT search_query(\(words), \(every), \(either), \(isEverywhere ? [] : marks)))"
    }

    /// Which of the dossiers found so may be read, as `requireReading` decides it: the mark of an agency stands also on
    /// what was below it. Of a row with its `dossier`.
    var may: SQL {
        guard !ended.isEmpty, !isEverywhere else { return "true" }
        return """
            EXISTS (
                SELECT FROM dossiers d, unnest(
                    ARRAY[d.receiving_agency, d.working_agency, d.answering_agency] || d.sent_from) AS p (place)
                WHERE d.id = dossier AND (place = ANY(\(ended.map(\.text))) OR EXISTS (
                    SELECT FROM unnest(\(tops.map(\.text))) AS t (top)
                    WHERE place = top OR starts_with(place, top || '.'))))
            """
    }

    /// The dossiers with one of these codes. A reading without an agency is one of the agencies of the caller.
    func coded(_ readings: [WrittenText.Reading]) -> SQL {
        let readings = readings.prefix(Limits.Finding.codes)
        let own: SQL = isEverywhere ? "true" : "(a.code = ANY(\(marks)) OR EXISTS (\(below)))"
        let may: SQL = isEverywhere ? "true" : "s.words @@ \(query("")) AND \(self.may)"
        return """
            SELECT \(DossierLine.columns) FROM unnest(
                \(readings.map { $0.agency ?? "" }), \(readings.map(\.day)), \(readings.map { Int32($0.serial) })
            ) AS r (letters, day, serial)
            CROSS JOIN LATERAL (
                SELECT code AS holder FROM directory_agencies a
                WHERE (r.letters <> '' AND replace(a.code, '.', '') = r.letters) OR (r.letters = '' AND \(own))
                ORDER BY code LIMIT \(raw: "\(Limits.Finding.agencies)")) AS agencies
            JOIN dossiers ON code_agency = agencies.holder AND code_day = r.day AND code_serial = r.serial
            JOIN dossier_search s ON s.dossier = id
            WHERE \(may) ORDER BY id DESC LIMIT \(raw: "\(Limits.pageMaximum)")
            """
    }

    private var below: SQL { "SELECT FROM unnest(\(tops.map(\.text))) AS t (top) WHERE a.code LIKE top || '.%'" }
}

/// The statements of the search.
enum SearchSQL {
    /// Above every id.
    static let newest = DossierID(
        UUID(uuid: (255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255)))

    /// The next `most` dossiers before one, those that fit first and the last of all.
    static func walk(_ query: SQL, _ may: SQL = "true", before: DossierID, most: Int, limit: Int) -> SQL {
        """
        SELECT n, fits, \(DossierLine.columns) FROM (
            SELECT dossier, n, fits FROM (
                SELECT dossier, row_number() OVER (ORDER BY dossier DESC) AS n, words @@ \(query) AND \(may) AS fits
                FROM dossier_search WHERE dossier < \(before) ORDER BY dossier DESC LIMIT \(raw: "\(most)")
            ) AS walked WHERE fits OR n = \(raw: "\(most)") ORDER BY dossier DESC LIMIT \(raw: "\(limit)")
        ) AS page JOIN dossiers ON id = dossier ORDER BY id DESC
        """
    }

    /// What the index of words finds; nil when that is more than `Limits.Finding.hits`. Reading the whole table until
    /// enough is found may look cheaper to the planner, and is not when its guess is wrong.
    static func hits(
        _ query: SQL, _ may: SQL = "true", before: DossierID, limit: Int, in database: Database
    ) async throws -> Rows? {
        try await database.transaction(readOnly: true) { transaction in
            try await transaction.post("SELECT set_config('enable_seqscan', 'off', true)")
            let found = try await transaction.run(indexed(query, may, before: before, limit: limit))
            let hits: Int? = try found.first?("hits")
            return hits ?? 0 > Limits.Finding.hits ? nil : found
        }
    }

    static func indexed(_ query: SQL, _ may: SQL = "true", before: DossierID, limit: Int) -> SQL {
        let most = "\(Limits.Finding.hits)"
        return """
            WITH hits AS MATERIALIZED (
                SELECT dossier FROM dossier_search WHERE words @@ \(query) LIMIT \(raw: most) + 1),
            found AS (SELECT count(*) AS hits FROM hits)
            SELECT hits, page.* FROM found LEFT JOIN LATERAL (
                SELECT \(DossierLine.columns) FROM (
                    SELECT dossier FROM hits WHERE dossier < \(before) AND found.hits <= \(raw: most) AND \(may)
                    ORDER BY dossier DESC LIMIT \(raw: "\(limit)")) AS newest
                JOIN dossiers ON id = dossier) AS page ON true
            WHERE id IS NOT NULL OR hits > \(raw: most) ORDER BY id DESC
            """
    }
}

extension Refused {
    static let tooManyWords = Refused(
        "onestop.too-many-words", 422, vi: "Tối đa \(Limits.Finding.words) từ.",
        en: "At most \(Limits.Finding.words) words.", field: "text")
}
