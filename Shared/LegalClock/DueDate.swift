import Contracts
import Foundation

/// Why a day was counted or not. The words are stable.
public enum DayReason: String, CaseIterable, Hashable, Sendable {
    /// Counted as a working day, or as a calendar day, or with its working hours.
    case counted
    /// Counted: a make-up working day.
    case makeUp = "makeup"
    /// The day of receipt, not counted.
    case receipt
    /// Weekly rest, not counted; or the last day fell on it and moved on.
    case weeklyRest = "weekly-rest"
    /// Holiday or day off, not counted; or the last day fell on it and moved on.
    case holiday
    /// The clock stood.
    case suspended
    /// Before the limit began anew.
    case restarted
    /// No working time was left on it when the clock began to run.
    case afterHours = "after-hours"
}

/// One day on the way to a due date, and what became of it.
public struct ExplainedDay: Hashable, Sendable {
    public let day: Day
    public let reason: DayReason
    /// Working time that counted towards a limit in hours, in whole seconds; nil for limits in days and months.
    public let seconds: Int?
    /// The row of the calendar that made it a holiday or a make-up day.
    public let special: SpecialDays?

    init(_ day: Day, _ reason: DayReason, seconds: Int? = nil, special: SpecialDays? = nil) {
        self.day = day
        self.reason = reason
        self.seconds = seconds
        self.special = special
    }

    public var isCounted: Bool { reason == .counted || reason == .makeUp }

    /// `thứ Tư 10/02/2021: nghỉ, không tính (Tết Nguyên đán)`.
    public var vietnamese: String {
        let words =
            switch reason {
            case .counted: "tính"
            case .makeUp: "làm bù, tính"
            case .receipt: "ngày tiếp nhận, không tính"
            case .weeklyRest: "nghỉ hằng tuần, không tính"
            case .holiday: "nghỉ, không tính"
            case .suspended: "tạm dừng, không tính"
            case .restarted: "thời hạn tính lại từ đầu, không tính"
            case .afterHours: "hết giờ làm việc, không tính"
            }
        return "\(day.weekday.vietnamese) \(day.vietnamese): \(words)" + (special.map { " (\($0.vietnamese))" } ?? "")
    }

    /// `Wednesday 2021-02-10: day off, not counted (Lunar New Year)`.
    public var english: String {
        let words =
            switch reason {
            case .counted: "counted"
            case .makeUp: "make-up working day, counted"
            case .receipt: "day of receipt, not counted"
            case .weeklyRest: "weekly rest, not counted"
            case .holiday: "day off, not counted"
            case .suspended: "suspended, not counted"
            case .restarted: "limit began anew later, not counted"
            case .afterHours: "after working time, not counted"
            }
        return "\(day.weekday.english) \(day): \(words)" + (special.map { " (\($0.english))" } ?? "")
    }
}

/// A due date (ngày hẹn trả) with the days that made it.
public struct DueDate: Hashable, Sendable {
    public let due: Date
    /// Every day from receipt to the due day, in order, counted or not.
    public let days: [ExplainedDay]
    /// Whether it reaches past the last day for which the calendar is decided.
    public let isProvisional: Bool

    public var day: Day { Day(due) }
}
