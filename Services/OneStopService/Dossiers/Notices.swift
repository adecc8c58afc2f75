import Contracts
import ServiceKit

extension Dossier {
    /// What the applicant is told, in both languages; nothing personal beside the dossier's code.
    enum Telling {
        case accepted(due: Date), refused, supplementRequested, supplementSupplied(due: Date?)
        case paymentRequired(Money), paid(due: Date?), paidPartly(rest: Money), paymentLifted(due: Date?), feesExempted
        case paidAfterAll(Money), paidBefore(due: Date?)
        case refunded(Money), receiptReplaced
        case reappointed(former: Date, due: Date), dateMoved(former: Date, due: Date), finished
        case stopped, returned, withdrawalDeclined, errorRecorded, correctionOpened
        case forwarded(to: AgencyCode), takenOver(by: AgencyCode)
    }

    func notice(_ telling: Telling) -> Notice {
        let name = code.map(\.text) ?? "nộp ngày \(Day(submittedAt).vietnamese)"
        let nameEn = code.map(\.text) ?? "submitted on \(Day(submittedAt))"
        let (vi, en) = Self.words(telling)
        return Notice(vietnamese: "Hồ sơ \(name) \(vi).", english: "Dossier \(nameEn) \(en).")
    }

    private static func words(_ telling: Telling) -> (vi: String, en: String) {
        switch telling {
        case .accepted(let due):
            ("đã được tiếp nhận, hẹn trả kết quả \(vietnamese(due))", "was accepted; the result is due \(english(due))")
        case .forwarded(let agency):
            (
                "đã được chuyển đến cơ quan có thẩm quyền (\(agency))",
                "was forwarded to the agency in charge (\(agency))"
            )
        case .takenOver(let successor):
            (
                "do cơ quan kế thừa (\(successor)) tiếp tục giải quyết; ngày hẹn không đổi",
                "goes on at the successor of its agency (\(successor)); no date changes"
            )
        case .refused: ("không được tiếp nhận, xem lý do trong hồ sơ", "was not accepted; the reason stands in it")
        case .supplementRequested:
            ("cần bổ sung giấy tờ; thời hạn tạm dừng", "lacks papers; its time limit stands until they are supplied")
        case .supplementSupplied(let due): dated("đã được bổ sung", "was completed", due)
        case .paymentRequired(let amount): ("cần nộp \(amount)", "needs a payment of \(amount)")
        case .paid(let due): dated("đã nộp phí, lệ phí", "was paid for", due)
        case .paidPartly(let rest):
            ("đã nộp một khoản phí, lệ phí, còn phải nộp \(rest)", "was paid for in part; \(rest) remain to be paid")
        case .paymentLifted(let due):
            dated("tạm thời chưa phải nộp phí, lệ phí", "needs no payment for now", due)
        case .paidAfterAll(let amount):
            (
                "đã nhận \(amount) cho khoản phí, lệ phí đã thôi yêu cầu nộp; được hoàn trả nếu không phải nộp",
                "got \(amount) for a fee that had been taken back; it is given back where it is not due"
            )
        case .paidBefore(let due):
            dated(
                "đã có tiền nộp trước, không phải nộp khoản phí, lệ phí yêu cầu sau",
                "was paid for before: what was asked for after that need not be paid", due)
        case .feesExempted:
            ("được miễn phí, lệ phí, xem lý do trong hồ sơ", "is exempt from its fees; the reason stands in it")
        case .refunded(let amount): ("được hoàn trả \(amount) phí, lệ phí", "is given back \(amount) of its fees")
        case .receiptReplaced:
            ("có biên lai mới thay biên lai đã hủy", "has another receipt in the place of a void one")
        case .reappointed(let former, let due):
            (
                "bị chậm, cơ quan xin lỗi và hẹn lại từ \(vietnamese(former)) sang \(vietnamese(due))",
                "is late: the agency apologises and moves the date from \(english(former)) to \(english(due))"
            )
        case .dateMoved(let former, let due):
            (
                "được tính lại ngày hẹn do lịch làm việc thay đổi: từ \(vietnamese(former)) sang \(vietnamese(due))",
                "has another appointment because the working calendar changed: \(english(due)) instead of "
                    + english(former)
            )
        case .finished: ("đã có kết quả", "has its result")
        case .errorRecorded:
            (
                "có sai sót của cơ quan: cơ quan xin lỗi và chịu chi phí khắc phục, xem trong hồ sơ",
                "was handled with an error: the agency apologises and bears the costs; it stands in the dossier"
            )
        case .correctionOpened:
            (
                "được mở để khắc phục sai sót của cơ quan, không phải nộp phí, lệ phí",
                "was opened to correct the agency's error, free of fees"
            )
        case .stopped: ("đã dừng xử lý, xem lý do trong hồ sơ", "was stopped; the reason stands in it")
        case .returned: ("đã trả kết quả", "was handed over")
        case .withdrawalDeclined: ("không được rút, việc xử lý tiếp tục", "was not withdrawn; work goes on")
        }
    }

    /// With the appointment, where there is one now.
    private static func dated(_ vi: String, _ en: String, _ due: Date?) -> (vi: String, en: String) {
        guard let due else { return (vi, en) }
        return ("\(vi), hẹn trả kết quả \(vietnamese(due))", "\(en); the result is due \(english(due))")
    }

    private static func clock(_ date: Date) -> String {
        let text = Instant.write(date)
        return String(text.dropFirst(11).prefix(5))
    }

    private static func vietnamese(_ date: Date) -> String { "\(clock(date)) ngày \(Day(date).vietnamese)" }

    private static func english(_ date: Date) -> String { "\(Day(date)) at \(clock(date))" }
}
