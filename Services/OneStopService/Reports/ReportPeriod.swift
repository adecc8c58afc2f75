import Contracts
import ServiceKit

/// A month, a quarter or a year: `2021-03`, `2021-Q1`, `2021`.
struct ReportPeriod: Hashable, Sendable, CustomStringConvertible {
    enum Part: Hashable, Sendable {
        case month(Int), quarter(Int), year
    }

    var year = 2021
    var part = Part.year

    init() {}

    /// Nil when it is none of the three, or of a year that no document has.
    init?(_ text: String) {
        let words = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard let first = words.first, first.utf8.count == 4, let year = Int(first), words.count <= 2,
            Limits.documentYears.contains(year)
        else { return nil }
        self.year = year
        guard words.count == 2 else { return }
        let digits = words[1].drop { $0 == "Q" }
        guard let number = Int(digits), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        switch (words[1].utf8.count, words[1].hasPrefix("Q"), number) {
        case (2, true, 1...4): part = .quarter(number)
        case (2, false, 1...12): part = .month(number)
        default: return nil
        }
    }

    var months: Int {
        switch part {
        case .month: 1
        case .quarter: 3
        case .year: 12
        }
    }

    var first: Day {
        let month =
            switch part {
            case .month(let number): number
            case .quarter(let number): number * 3 - 2
            case .year: 1
            }
        return Day(year: year, month: month, day: 1) ?? .none
    }

    /// The first day that is no more of it.
    var after: Day { first.adding(months: months) }

    var description: String {
        switch part {
        case .month(let number): "\(year)-\(number < 10 ? "0" : "")\(number)"
        case .quarter(let number): "\(year)-Q\(number)"
        case .year: "\(year)"
        }
    }

    func name(_ language: Language) -> String {
        switch (part, language) {
        case (.month(let number), .vietnamese): "tháng \(number) năm \(year)"
        case (.quarter(let number), .vietnamese): "quý \(["I", "II", "III", "IV"][number - 1]) năm \(year)"
        case (.year, .vietnamese): "năm \(year)"
        case (.month(let number), .english): "month \(number) of \(year)"
        case (.quarter(let number), .english): "quarter \(number) of \(year)"
        case (.year, .english): "year \(year)"
        }
    }

    static let pattern = "^[0-9]{4}(-(0[1-9]|1[0-2]|Q[1-4]))?$"
}

extension Kind where Value == ReportPeriod {
    static var period: Kind {
        Kind(
            format: ["type": "string", "pattern": .string(ReportPeriod.pattern)],
            expected: ("kỳ dạng 2021-03, 2021-Q1 hoặc 2021", "a period such as 2021-03, 2021-Q1 or 2021"),
            read: { ReportPeriod($0) }, write: { $0.description })
    }
}

/// What a report is about: the dossiers that an agency and those below it have received, in a period, as everything
/// stood at one moment. Nothing that happened at that moment or later counts, so the report of a period that is over
/// stays what it was (os-203).
struct Reported: Sendable, Equatable {
    var agency: AgencyCode
    var period: ReportPeriod
    var start: Date
    var asOf: Date
    /// Whether nothing of the period is still being written.
    var isFinal: Bool

    /// - Parameter asOf: the moment that is asked for; nil is the end of the period, or now while it runs.
    init(_ agency: AgencyCode, _ period: ReportPeriod, asOf asked: Date?, now: Date) throws(Refused) {
        (self.agency, self.period) = (agency, period)
        let end = period.after.start
        start = period.first.start
        guard start <= now else { throw .periodNotBegun }
        if let asked, asked < start || asked > end || asked > now { throw .asOfOutside }
        asOf = asked ?? min(end, now)
        isFinal = asOf == end && now.timeIntervalSince(end) >= Limits.Reports.settles
    }

    /// The address of another view of the same figures.
    func path(_ view: String, _ query: [String]) -> String {
        "/agencies/\(agency)/reports/\(period)/\(view)?" + ([asOfQuery] + query).joined(separator: "&")
    }

    var asOfQuery: String { "asOf=\(Instant.write(asOf).replacing("+", with: "%2B"))" }
}

/// By what the lines of a table are told apart.
enum ReportGroup: String, CaseIterable, Sendable {
    /// Who received the dossier, the field of its procedure (lĩnh vực), the procedure.
    case agency, field, procedure
}

extension Refused {
    static let periodNotBegun = Refused(
        "onestop.period-not-begun", 422, vi: "Kỳ báo cáo chưa bắt đầu.", en: "The period has not begun.",
        field: "period")
    static let asOfOutside = Refused(
        "onestop.as-of-outside", 422, vi: "Thời điểm chốt số liệu phải nằm trong kỳ và không ở tương lai.",
        en: "The moment of the figures must lie in the period, and not in the future.", field: "asOf")
    static let reportTooLong = Refused(
        "onestop.report-too-long", vi: "Báo cáo có quá nhiều dòng; hãy chọn cơ quan cấp dưới hoặc cách gộp khác.",
        en: "The report has too many lines; ask for an agency further down, or group it otherwise.")
}
