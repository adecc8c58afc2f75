import Contracts
import ServiceKit

/// The stable words of a dossier's history, each with what people read in its place.
enum HistoryWord: String, CaseIterable, Sendable {
    case submitted, received, accepted, refused, assigned, released, sent, forwarded, approved, finished, returned
    case stopped, reappointed, linked
    case supplementRequested = "supplement-requested"
    case supplementRequestedLate = "supplement-requested-late"
    case supplementSupplied = "supplement-supplied"
    case handedOver = "handed-over"
    case sentBack = "sent-back"
    case opinionRequested = "opinion-requested"
    case opinionAnswered = "opinion-answered"
    case opinionOverdue = "opinion-overdue"
    case branchOpened = "branch-opened"
    case branchAssigned = "branch-assigned"
    case branchDone = "branch-done"
    case branchRecalled = "branch-recalled"
    case paymentRequired = "payment-required"
    case paymentSettled = "payment-settled"
    case paymentLifted = "payment-lifted"
    case paymentWithdrawn = "payment-withdrawn"
    case feesExempted = "fees-exempted"
    case feeRefunded = "fee-refunded"
    case receiptReplaced = "receipt-replaced"
    case withdrawalRequested = "withdrawal-requested"
    case withdrawalConfirmed = "withdrawal-confirmed"
    case withdrawalDeclined = "withdrawal-declined"
    case returnedTogether = "returned-together"
    case linkOpened = "link-opened"
    case linkClosed = "link-closed"
    case versionChanged = "version-changed"
    case calendarChanged = "calendar-changed"
    case errorRecorded = "error-recorded"
    case correctionOpened = "correction-opened"
    case takenOver = "taken-over"

    /// Acts whose remark is written to the applicant, as the one who writes it is told (os-295).
    static let told: Set<HistoryWord> = [.forwarded, .paymentWithdrawn, .withdrawalDeclined, .linkClosed]

    var vietnamese: String { words.vi }
    var english: String { words.en }

    private var words: (vi: String, en: String) {
        switch self {
        case .submitted: ("Nộp trực tuyến", "submitted online")
        case .received: ("Nộp tại quầy hoặc qua bưu chính", "handed in at the counter or by post")
        case .accepted: ("Tiếp nhận", "accepted")
        case .refused: ("Từ chối tiếp nhận", "refused")
        case .supplementRequested: ("Yêu cầu bổ sung", "papers asked for")
        case .supplementRequestedLate:
            ("Yêu cầu bổ sung (quá 03 ngày làm việc)", "papers asked for after three working days")
        case .supplementSupplied: ("Đã bổ sung", "papers supplied")
        case .handedOver: ("Bàn giao", "handed over")
        case .assigned: ("Phân công", "assigned")
        case .released: ("Thu hồi phân công", "assignment ended")
        case .sent: ("Chuyển cơ quan khác", "sent to another agency")
        case .sentBack: ("Chuyển trả lại", "sent back")
        case .forwarded: ("Chuyển đến cơ quan có thẩm quyền", "forwarded to the agency in charge")
        case .approved: ("Phê duyệt kết quả", "approved")
        case .finished: ("Có kết quả", "finished")
        case .returned: ("Trả kết quả", "returned")
        case .returnedTogether: ("Trả kết quả cùng hồ sơ liên thông", "returned with its application")
        case .stopped: ("Dừng xử lý", "stopped")
        case .reappointed: ("Xin lỗi và hẹn lại", "appointed anew with an apology")
        case .withdrawalRequested: ("Yêu cầu rút hồ sơ", "withdrawal asked for")
        case .withdrawalConfirmed: ("Đồng ý cho rút hồ sơ", "withdrawal confirmed")
        case .withdrawalDeclined: ("Không cho rút hồ sơ", "withdrawal declined")
        case .versionChanged: ("Chuyển sang phiên bản mới của thủ tục", "moved to a later version of its procedure")
        case .calendarChanged: ("Tính lại ngày hẹn theo lịch làm việc", "counted anew by the working calendar")
        case .errorRecorded: ("Ghi nhận sai sót của cơ quan", "an error of the agency recorded")
        case .correctionOpened: ("Mở để khắc phục sai sót", "opened to correct an error")
        default: beside
        }
    }

    private var beside: (vi: String, en: String) {
        switch self {
        case .opinionRequested: ("Lấy ý kiến", "an opinion asked for")
        case .opinionAnswered: ("Trả lời ý kiến", "an opinion given")
        case .opinionOverdue: ("Ý kiến quá hạn", "an opinion is late")
        case .branchOpened: ("Giao bước phối hợp", "a step beside the leading one opened")
        case .branchAssigned: ("Phân công bước phối hợp", "a step beside the leading one assigned")
        case .branchDone: ("Xong bước phối hợp", "a step beside the leading one done")
        case .branchRecalled: ("Rút bước phối hợp", "a step beside the leading one called back")
        case .paymentRequired: ("Yêu cầu nộp phí, lệ phí", "a fee asked for")
        case .paymentSettled: ("Đã nộp phí, lệ phí", "a fee paid")
        case .paymentLifted: ("Thôi yêu cầu nộp phí, lệ phí", "a fee not asked for at present")
        case .paymentWithdrawn: ("Thu hồi yêu cầu nộp phí, lệ phí", "a fee taken back")
        case .feesExempted: ("Miễn phí, lệ phí", "exempt from fees")
        case .feeRefunded: ("Hoàn trả phí, lệ phí", "a fee given back")
        case .receiptReplaced: ("Hủy và thay biên lai", "a receipt voided and replaced")
        case .linked: ("Mở theo hồ sơ liên thông", "opened by a linked application")
        case .linkOpened: ("Mở thủ tục liên thông", "a linked dossier opened")
        case .linkClosed: ("Thủ tục liên thông kết thúc", "a linked dossier ended")
        case .takenOver: ("Cơ quan kế thừa tiếp nhận", "taken over by the successor of an agency")
        default: (rawValue, rawValue)
        }
    }
}
