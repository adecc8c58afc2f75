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
    /// no act without its number (os-153).
    static func bookLines(_ change: Change, at now: Date) -> [(String, SQL)] {
        guard let series = BookSeries(what: change.what) else { return [] }
        let agency = change.dossier.receivingAgency
        return [
            (
                "numbered",
                """
                INSERT INTO book_counters AS b (agency, series, year, last)
                SELECT \(agency), \(series.rawValue), \(Int32(Day(now).year)), 1 FROM change
                ON CONFLICT (agency, series, year) DO UPDATE SET last = b.last + 1
                RETURNING year, last
                """
            ),
            (
                "booked",
                """
                INSERT INTO book_lines (agency, series, year, number, dossier, version, at)
                SELECT \(agency), \(series.rawValue), n.year, n.last, c.id, c.version, \(now)
                FROM change c, numbered n
                """
            ),
        ]
    }
}
