import Contracts
import Foundation

/// Why the clock gives no date: a stable code, and the reason in both languages.
public struct ClockRefusal: Error, Hashable, Sendable {
    public let code: String
    public let vietnamese: String
    public let english: String

    private init(_ code: String, vi: String, en: String) {
        self.code = "legal-clock.\(code)"
        vietnamese = vi
        english = en
    }

    static func calendar(vi: String, en: String) -> ClockRefusal {
        ClockRefusal("calendar", vi: "lịch làm việc sai: \(vi)", en: "the working calendar is wrong: \(en)")
    }

    static func noWeek(_ day: Day) -> ClockRefusal {
        ClockRefusal(
            "no-week", vi: "lịch làm việc không có tuần làm việc cho ngày \(day.vietnamese)",
            en: "the working calendar has no working week on \(day)")
    }

    static let tooFar = ClockRefusal(
        "too-far", vi: "thời hạn vượt quá \(Limits.countedDays) ngày",
        en: "the limit reaches further than \(Limits.countedDays) days")

    static let amount = ClockRefusal(
        "amount", vi: "thời hạn phải từ 1 đến giới hạn của đơn vị",
        en: "the limit must be from 1 to what its unit allows")

    static let suspensionOrder = ClockRefusal(
        "suspension-order", vi: "khoảng tạm dừng kết thúc trước khi bắt đầu hoặc quá nhiều khoảng",
        en: "a suspension ends before it begins, or there are too many")

    static func standing(since: Date) -> ClockRefusal {
        ClockRefusal(
            "standing", vi: "đồng hồ đang dừng từ \(since.vietnamese), chưa có ngày hẹn",
            en: "the clock stands since \(since.vietnamese), so there is no due date yet")
    }

    static let notStanding = ClockRefusal(
        "not-standing", vi: "đồng hồ không dừng", en: "the clock does not stand")

    static let reappointedAlready = ClockRefusal(
        "reappointed-already", vi: "chỉ được hẹn lại một lần (Nghị định 61/2018, Điều 19 khoản 9)",
        en: "a new appointment may be made only once (Decree 61/2018, Art. 19.9)")

    static let notLater = ClockRefusal(
        "not-later", vi: "ngày hẹn mới phải sau ngày hẹn cũ và sau hiện tại",
        en: "the new date must be later than the former one and than now")
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
