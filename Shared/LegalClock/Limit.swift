import Contracts
import Foundation

/// In what a limit is stated (`DonViTinh`). The unit of the law is kept, never converted.
public enum LimitUnit: String, CaseIterable, Hashable, Sendable {
    /// Working hours (giờ làm việc): run only inside working time.
    case hours
    /// Working days (ngày làm việc).
    case workingDays
    /// Calendar days (ngày).
    case days
    /// Calendar months (tháng).
    case months
}

/// A time limit of a procedure or of one of its steps (thời hạn giải quyết).
public struct Limit: Hashable, Sendable, CustomStringConvertible {
    public let unit: LimitUnit
    public let amount: Int

    /// - Throws: `legal-clock.amount` outside the bounds of its unit.
    public init(_ amount: Int, _ unit: LimitUnit) throws(ClockRefusal) {
        let most =
            switch unit {
            case .hours: Limits.limitHours
            case .workingDays, .days: Limits.limitDays
            case .months: Limits.limitMonths
            }
        guard (1...most).contains(amount) else { throw .amount }
        self.amount = amount
        self.unit = unit
    }

    private init(lawful amount: Int, _ unit: LimitUnit) {
        self.amount = amount
        self.unit = unit
    }

    /// Within 08 working hours of an online submission the office answers (Decree 45/2020/NĐ-CP).
    public static let onlineAnswer = Limit(lawful: 8, .hours)

    /// `03 ngày làm việc`.
    public var vietnamese: String {
        let number = amount < 10 ? "0\(amount)" : "\(amount)"
        return switch unit {
        case .hours: "\(number) giờ làm việc"
        case .workingDays: "\(number) ngày làm việc"
        case .days: "\(number) ngày"
        case .months: "\(number) tháng"
        }
    }

    /// `3 working days`.
    public var english: String {
        let noun =
            switch unit {
            case .hours: "working hour"
            case .workingDays: "working day"
            case .days: "day"
            case .months: "month"
            }
        return "\(amount) \(noun)\(amount == 1 ? "" : "s")"
    }

    public var description: String { english }
}

/// What the law leaves open, or offices do in different ways, about counting.
public struct DeadlinePolicy: Hashable, Sendable {
    /// Whether the day of receipt counts towards a limit in days. Civil Code 2015, Art. 147.2: it does not. Where it
    /// does, a dossier received after working time still starts on the day after. Limits in months follow Art. 148.
    public var countsDayOfReceipt: Bool
    public var dueMoment: DueMoment

    /// When, on its last day, a limit in days or months is over.
    public enum DueMoment: String, CaseIterable, Hashable, Sendable {
        /// At the end of that day's working time.
        case endOfWorkingTime
        /// At the clock time of receipt, moved into working time; at its end where it is later. Where the day of
        /// receipt counts this would leave nothing of a day, so the end of working time is meant then.
        case sameClockTime
    }

    public init(countsDayOfReceipt: Bool = false, dueMoment: DueMoment = .endOfWorkingTime) {
        self.countsDayOfReceipt = countsDayOfReceipt
        self.dueMoment = dueMoment
    }
}

/// The clock stands: the office waits for a supplement (status 5) or for a payment (status 6).
public struct Suspension: Hashable, Sendable {
    public let from: Date
    /// Nil while it stands.
    public var to: Date?
    public let policy: Policy

    /// What happens when it ends.
    public enum Policy: String, CaseIterable, Hashable, Sendable {
        /// The remaining time goes on. A day counts only when the clock ran in all of its working time (for limits in
        /// calendar days and months: all day), so the days of request and of completion are not counted.
        case subtract
        /// The whole limit begins anew at completion: Decree 61/2018/NĐ-CP, Art. 19.4.
        case restart
    }

    public init(from: Date, to: Date?, policy: Policy) {
        self.from = from
        self.to = to
        self.policy = policy
    }
}
