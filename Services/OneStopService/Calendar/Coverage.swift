import Contracts
import ServiceKit

/// The days on which a calendar has a working week, in stretches without a gap, each of the agency whose weeks they
/// are. Pure.
struct Coverage: Equatable {
    struct Stretch: Equatable {
        /// Empty: for all that have none of their own.
        var holder: String
        var first: Day
        var last: Day
    }

    /// The last day that can be written.
    static let forever = Day(year: 9_999, month: 12, day: 31) ?? .none

    private(set) var stretches: [Stretch] = []

    init(_ calendar: WorkingCalendar) {
        let weeks = calendar.weeks.map { week in
            Stretch(
                holder: week.agency?.text ?? "", first: week.validFrom, last: week.validTo ?? Self.forever)
        }
        for next in weeks.sorted(by: { ($0.holder, $0.first) < ($1.holder, $1.first) }) {
            if let before = stretches.last, before.holder == next.holder, next.first <= before.last.next {
                stretches[stretches.count - 1].last = max(before.last, next.last)
            } else {
                stretches.append(next)
            }
        }
    }

    /// Whether one stretch has all days of a row `d (agency, first, last)`: of the nearest agency that has weeks, as
    /// `WorkingCalendar.lawful` chooses it.
    fileprivate var covers: SQL {
        let holders = stretches.map(\.holder)
        return """
            EXISTS (
                SELECT 1 FROM unnest(\(holders), \(stretches.map(\.first)), \(stretches.map(\.last)))
                    AS s (holder, first, last)
                WHERE s.first <= d.first AND d.last <= s.last AND s.holder = (
                    SELECT h FROM unnest(\(holders)) AS h
                    WHERE h IN ('', d.agency) OR d.agency LIKE h || '.%' ORDER BY length(h) DESC LIMIT 1))
            """
    }
}

extension Session {
    /// How many open dossiers are covered now and would not be by another calendar, from the day from which they are
    /// counted to their date (os-290). Those that are not covered now are no worse off.
    func uncovered(by other: WorkingCalendar) async throws -> Int {
        let (now, then) = (Coverage(try await CalendarBook.read(self).0), Coverage(other))
        guard now != then else { return 0 }
        let rows = try await run(
            """
            SELECT coalesce(sum(n), 0)::bigint AS n FROM (
                SELECT receiving_agency AS agency, count(*) AS n,
                    (coalesce(accepted_at, submitted_at) AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS first,
                    (act_by AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AS last
                FROM dossiers WHERE status IN (1, 2, 4, 5, 6, 7) GROUP BY 1, 3, 4) AS d
            WHERE \(now.covers) AND NOT \(then.covers)
            """)
        return try rows.first?("n") ?? 0
    }
}

extension Refused {
    static func weeksUncover(_ dossiers: Int) -> Refused {
        Refused(
            weeksUncover.code, 422,
            vi: """
                Các tuần làm việc của lịch này không bao quát \(dossiers) hồ sơ đang mở: không tính lại được thời hạn \
                của chúng. Nếu vẫn muốn nạp lịch, hãy gửi kèm leaving=\(dossiers).
                """,
            en: """
                The weeks of this calendar leave \(dossiers) open dossiers uncovered: their time could not be counted \
                any more. To load it all the same, say leaving=\(dossiers).
                """, field: "weeks")
    }

    static let weeksUncover = Refused(
        "onestop.calendar-uncovers", 422, vi: "Các tuần làm việc của lịch này không bao quát hồ sơ đang mở.",
        en: "The weeks of this calendar leave open dossiers uncovered.", field: "weeks")
}
