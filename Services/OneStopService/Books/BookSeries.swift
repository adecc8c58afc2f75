import Contracts
import ServiceKit

/// A sequence of numbers of the yearly books (sổ) of an agency: 01, 02, … in each year, without a gap (os-153).
enum BookSeries: String, CaseIterable, Sendable {
    case accepted, supplement, refusal, apology

    /// The sequence in which a change of a dossier takes a number.
    init?(what: String) {
        guard let form = Form.allCases.first(where: { $0.acts.contains(what) }) else { return nil }
        self = form.series
    }

    /// `01`, and `100` where two digits do not do.
    static func written(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}

extension DossierSQL {
    /// The number that a change takes in its agency's book, in the statement of the change: no number without its act,
    /// no act without its number (os-153). A closed year takes no more: the number is one of the year after the last
    /// closed one (os-154). Who is overtaken by the closing reads again.
    static func bookLines(_ change: Change, at now: Date) -> [(String, SQL)] {
        guard let series = BookSeries(what: change.what) else { return [] }
        let agency = change.dossier.receivingAgency
        return [
            (
                "numbered",
                """
                INSERT INTO book_counters AS b (agency, series, year, last)
                SELECT \(agency), \(series.rawValue), greatest(\(Int32(Day(now).year)), (
                    SELECT max(year) + 1 FROM book_counters
                    WHERE agency = \(agency) AND series = \(series.rawValue) AND closed_at IS NOT NULL)), 1
                FROM change
                ON CONFLICT (agency, series, year) DO UPDATE SET last = b.last + 1 WHERE b.closed_at IS NULL
                RETURNING year, last
                """
            ),
            (
                "booked",
                """
                INSERT INTO book_lines (agency, series, year, number, dossier, version, at)
                SELECT \(agency), \(series.rawValue), coalesce(n.year, \(SQL.failure(Work.stale))), n.last,
                       c.id, c.version, \(now)
                FROM change c LEFT JOIN numbered n ON true
                """
            ),
            (
                "ending",
                """
                INSERT INTO timers (kind, key, due_at, payload)
                SELECT \(CloseBooksOfYear.kind), \(agency) || ' ' || year,
                       make_timestamptz(year + 1, 1, 1, 1, 0, 0, 'Asia/Ho_Chi_Minh'), '{}'
                FROM numbered WHERE last = 1
                ON CONFLICT DO NOTHING
                """
            ),
        ]
    }
}
