import Contracts
import LegalClock
import ServiceKit

/// Why a date is due, as one says it to somebody: `Hẹn trả kết quả lúc 17:00 ngày 15/03/2021: 10 ngày làm việc kể từ
/// 09:00 ngày 01/03/2021; không tính ngày tiếp nhận, 04 ngày nghỉ hằng tuần.`
struct Sentence: Record, Hashable {
    var vietnamese = ""
    var english = ""

    static let fields: [Field<Self>] = [
        .init("vietnamese", \.vietnamese, .text(1...Limits.noteLength * 2), "In Vietnamese"),
        .init("english", \.english, .text(1...Limits.noteLength * 2), "In English"),
    ]

    enum Subject: Sendable { case appointment, step, opinion, branch, complaint }

    init() {}

    /// os-133: what is said is what was counted: the numbers of days are those of the explanation.
    init(_ subject: Subject, due: Date, former: Date? = nil, cause: String = "", _ explanation: Explanation) {
        let (vi, en) = (Self.moment(due), Self.momentEn(due))
        var (vietnamese, english) =
            switch subject {
            case .appointment: ("Hẹn trả kết quả \(vi)", "The result is due \(en)")
            case .step: ("Bước này phải xong \(vi)", "This step is due \(en)")
            case .opinion: ("Ý kiến phải được trả lời \(vi)", "The opinion is due \(en)")
            case .branch: ("Bước phối hợp phải xong \(vi)", "The cooperating step is due \(en)")
            case .complaint: ("Phải trả lời \(vi)", "The answer is due \(en)")
            }
        if let limit = explanation.limit, let lawful = try? limit.lawful {
            vietnamese += ": \(lawful.vietnamese) kể từ \(Self.moment(explanation.from))"
            english += ": \(lawful.english) from \(Self.momentEn(explanation.from))"
            let left = Self.leftOut(explanation)
            if !left.isEmpty {
                vietnamese += "; không tính \(left.map(\.vietnamese).joined(separator: ", "))"
                english += "; not counted: \(left.map(\.english).joined(separator: ", "))"
            }
        } else if cause == "reappointed" {
            vietnamese += ": hẹn lại theo thư xin lỗi"
            english += ": a new appointment with an apology"
        } else if cause == "resumed" {
            vietnamese += ": lịch hẹn mới, lùi thêm thời gian hồ sơ tạm dừng"
            english += ": the new appointment, moved by the time for which the dossier stood"
        }
        if let former, former != due {
            vietnamese += "; trước đó hẹn \(Self.moment(former))"
            english += "; before, it was due \(Self.momentEn(former))"
        }
        if explanation.provisional {
            vietnamese += "; lịch nghỉ của những ngày cuối chưa được quyết định"
            english += "; the holidays of its last days are not decided yet"
        }
        if let note = explanation.note, !note.isEmpty {
            vietnamese += "; lý do: \(note)"
            english += "; the reason: \(note)"
        }
        (self.vietnamese, self.english) = (vietnamese + ".", english + ".")
    }

    private struct LeftOut { let vietnamese: String, english: String }

    private static func leftOut(_ explanation: Explanation) -> [LeftOut] {
        func days(_ reason: DayReason) -> Int {
            explanation.days.count { !$0.counted && $0.reason == reason.rawValue }
        }
        let words: [(DayReason, String, String)] = [
            (.weeklyRest, "ngày nghỉ hằng tuần", "of weekly rest"), (.holiday, "ngày nghỉ lễ", "of holidays"),
            (.suspended, "ngày tạm dừng", "for which the dossier stood"),
            (.restarted, "ngày trước khi tính lại từ đầu", "before it began anew"),
            (.afterHours, "ngày đã hết giờ làm việc", "after working time"),
        ]
        let receipt = days(.receipt) == 0 ? [] : [LeftOut(vietnamese: "ngày tiếp nhận", english: "the day of receipt")]
        return receipt
            + words.compactMap { reason, vietnamese, english in
                let count = days(reason)
                guard count > 0 else { return nil }
                let number = count < 10 ? "0\(count)" : "\(count)"
                return LeftOut(
                    vietnamese: "\(number) \(vietnamese)", english: "\(count) day\(count == 1 ? "" : "s") \(english)")
            }
    }

    private static func clock(_ date: Date) -> String { String(Instant.write(date).dropFirst(11).prefix(5)) }

    private static func moment(_ date: Date) -> String {
        "lúc \(clock(date)) ngày \(Day(date).vietnamese)"
    }

    private static func momentEn(_ date: Date) -> String { "\(Day(date)) at \(clock(date))" }
}
