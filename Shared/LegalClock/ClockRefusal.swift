import Contracts
import Foundation

/// Why the clock gives no date. Whoever decides by it asks for the case; the code is what programs outside read.
public enum ClockRefusal: Error, Hashable, Sendable {
    /// The calendar contradicts itself; both texts say where.
    case calendar(vi: String, en: String)
    /// No working week is valid on this day.
    case noWeek(Day)
    case tooFar
    case amount
    case suspensionOrder
    case standing(since: Date)
    case notStanding
    case reappointedAlready
    case notLater

    /// Stable for ever.
    public var code: String {
        switch self {
        case .calendar: "legal-clock.calendar"
        case .noWeek: "legal-clock.no-week"
        case .tooFar: "legal-clock.too-far"
        case .amount: "legal-clock.amount"
        case .suspensionOrder: "legal-clock.suspension-order"
        case .standing: "legal-clock.standing"
        case .notStanding: "legal-clock.not-standing"
        case .reappointedAlready: "legal-clock.reappointed-already"
        case .notLater: "legal-clock.not-later"
        }
    }

    public var vietnamese: String {
        switch self {
        case .calendar(let vi, _): "lịch làm việc sai: \(vi)"
        case .noWeek(let day): "lịch làm việc không có tuần làm việc cho ngày \(day.vietnamese)"
        case .tooFar: "thời hạn vượt quá \(Limits.countedDays) ngày"
        case .amount: "thời hạn phải từ 1 đến giới hạn của đơn vị"
        case .suspensionOrder: "khoảng tạm dừng kết thúc trước khi bắt đầu hoặc quá nhiều khoảng"
        case .standing(let since): "đồng hồ đang dừng từ \(since.vietnamese), chưa có ngày hẹn"
        case .notStanding: "đồng hồ không dừng"
        case .reappointedAlready: "chỉ được hẹn lại một lần (Nghị định 61/2018, Điều 19 khoản 9)"
        case .notLater: "ngày hẹn mới phải sau ngày hẹn cũ và sau hiện tại"
        }
    }

    public var english: String {
        switch self {
        case .calendar(_, let en): "the working calendar is wrong: \(en)"
        case .noWeek(let day): "the working calendar has no working week on \(day)"
        case .tooFar: "the limit reaches further than \(Limits.countedDays) days"
        case .amount: "the limit must be from 1 to what its unit allows"
        case .suspensionOrder: "a suspension ends before it begins, or there are too many"
        case .standing(let since): "the clock stands since \(since.vietnamese), so there is no due date yet"
        case .notStanding: "the clock does not stand"
        case .reappointedAlready: "a new appointment may be made only once (Decree 61/2018, Art. 19.9)"
        case .notLater: "the new date must be later than the former one and than now"
        }
    }
}

extension Date {
    /// `16:30 09/02/2021`, as a clock in Vietnam shows it.
    var vietnamese: String {
        let minutes = Int(((timeIntervalSince1970 - Day(self).start.timeIntervalSince1970) / 60).rounded(.down))
        let hour = minutes / 60 < 10 ? "0\(minutes / 60)" : "\(minutes / 60)"
        let minute = minutes % 60 < 10 ? "0\(minutes % 60)" : "\(minutes % 60)"
        return "\(hour):\(minute) \(Day(self).vietnamese)"
    }
}
