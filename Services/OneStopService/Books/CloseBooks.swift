import Contracts
import Crypto
import ServiceKit

/// `POST /agencies/{agency}/books/{year}/close`: the six books of a year are closed (khóa sổ), by the agency's leader
/// or by themselves an hour after the year has ended. What a closed book says never changes (os-155); what happens
/// later has its number in the next year's (os-154).
enum CloseBooks: Endpoint {
    static let route = Route.post("/agencies/{agency}/books/{year}/close")
    static let summary = "Close the six books of a year: from then on they never change"
    static let access = Access.official(.dossiersApprove)
    static let refusals = [Refused.yearNotOver, .booksClosed, .noBooks]

    struct Input: Record {
        var agency = AgencyCode.none
        var year = 0

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path),
            .init("year", \.year, .integer(Limits.documentYears), "The year", in: .path),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<ListBooks.Output> {
        try await call.require(.dossiersApprove, at: input.agency)
        return try await call.transaction { work in
            try await close(input.agency, input.year, by: call.caller.person, work)
            return Reply(try await work.books(of: input.agency, input.year))
        }
    }

    /// The first moment at which the books of a year may be closed: nothing of the old year is still being written.
    static func earliest(_ year: Int) throws(FieldFault) -> Date { try Day("\(year + 1)-01-01").instant(minute: 60) }

    static func close(_ agency: AgencyCode, _ year: Int, by actor: PersonID?, _ work: Work) async throws {
        guard try work.now >= earliest(year) else { throw Refused.yearNotOver }
        // The rows of all sequences, also of one without a number: whoever takes a number waits for this commit, or
        // was before it and is in the books.
        let counters = try await work.run(
            """
            SELECT last, closed_at IS NOT NULL AS closed FROM book_counters
            WHERE agency = \(agency) AND year = \(Int32(year)) ORDER BY series FOR UPDATE
            """)
        guard try counters.contains(where: { try $0("last", as: Int.self) > 0 }) else { throw Refused.noBooks }
        guard try !counters.contains(where: { try $0("closed") }) else { throw Refused.booksClosed }
        try await work.run(
            """
            INSERT INTO book_counters AS b (agency, series, year, last, closed_at)
            SELECT \(agency), series, \(Int32(year)), 0, \(work.now)
            FROM unnest(\(BookSeries.allCases.map(\.rawValue))) AS series ORDER BY series
            ON CONFLICT (agency, series, year) DO UPDATE SET closed_at = excluded.closed_at
            """)
        var event = BooksClosed()
        (event.agency, event.year, event.closedAt, event.actor) = (agency, year, work.now, actor)
        for form in Form.allCases { event.hashes.append(try await freeze(form, agency, year, work)) }
        try await work.announce(event, version: 1, to: agency)
    }

    /// Keeps a book as it is now, and what it hashes to as a table.
    private static func freeze(_ form: Form, _ agency: AgencyCode, _ year: Int, _ work: Work) async throws -> String {
        var hasher = SHA256()
        hasher.update(data: Array((CSV.mark + CSV.row(form.titles)).utf8))
        var count = 0
        while true {
            let lines = try await work.book(
                form, of: agency, year, from: count + 1, limit: Limits.OneStop.bookBatch, closed: false)
            for line in lines { hasher.update(data: Array(CSV.row(line.cells).utf8)) }
            let rows = JSON.array(
                lines.map { .array([.integer(Int64($0.number)), .array($0.cells.map { .string($0) })]) })
            try await work.post(
                """
                INSERT INTO closed_book_lines (agency, year, form, number, cells)
                SELECT \(agency), \(Int32(year)), \(Int16(form.rawValue)), (line->>0)::int,
                       ARRAY(SELECT jsonb_array_elements_text(line->1)) FROM jsonb_array_elements(\(rows)::jsonb) line
                """)
            count += lines.count
            if lines.count < Limits.OneStop.bookBatch { break }
        }
        let hash = hasher.finalize().map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        try await work.post(
            """
            INSERT INTO closed_books (agency, year, form, lines, sha256, closed_at, closed_by)
            VALUES (\(agency), \(Int32(year)), \(Int16(form.rawValue)), \(count), \(hash), \(work.now), \(work.actor))
            """)
        return hash
    }
}

/// The year of an agency's books has ended.
enum CloseBooksOfYear: TimedTask {
    static let kind = "onestop.books-close"

    /// `H19.06 2021`
    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        let parts = key.split(separator: " ").map(String.init)
        guard parts.count == 2, let year = Int(parts[1]) else { return }
        do { try await CloseBooks.close(try AgencyCode(parts[0]), year, by: nil, work) } catch let refused as Refused
            where refused == .booksClosed || refused == .noBooks
        { return }
    }
}

extension Refused {
    static let yearNotOver = Refused(
        "onestop.year-not-over", vi: "Chỉ khóa sổ khi năm đã kết thúc, từ 01 giờ ngày 01 tháng 01 năm sau.",
        en: "Books are closed when their year is over, from 01:00 on 1 January of the next.")
    static let booksClosed = Refused(
        "onestop.books-closed", vi: "Các sổ của năm này đã khóa.", en: "The books of this year are closed already.")
    static let noBooks = Refused(
        "onestop.no-books", 404, vi: "Cơ quan không có sổ của năm này.", en: "The agency has no books of this year.")
}
