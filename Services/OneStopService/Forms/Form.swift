import Contracts
import ServiceKit

/// The forms of the one-stop shop (Circular 01/2018/TT-VPCP, Art. 9 and 10).
enum Form: Int, CaseIterable, Sendable {
    case receipt = 1
    case supplement, refusal, apology, control, book

    /// As it is written: `01`.
    var number: String { "0\(rawValue)" }

    init?(number: String) {
        guard let form = Form.allCases.first(where: { $0.number == number }) else { return nil }
        self = form
    }

    /// What must have happened for it to be issued, in the words of the history.
    var acts: [String] {
        switch self {
        case .receipt, .control, .book: ["accepted"]
        case .supplement: ["supplement-requested", "supplement-requested-late"]
        case .refusal: ["refused", "stopped"]
        case .apology: ["reappointed"]
        }
    }

    var title: String {
        switch self {
        case .receipt: "Giấy tiếp nhận hồ sơ và hẹn trả kết quả"
        case .supplement: "Phiếu yêu cầu bổ sung, hoàn thiện hồ sơ"
        case .refusal: "Phiếu từ chối tiếp nhận giải quyết hồ sơ"
        case .apology: "Phiếu xin lỗi và hẹn lại ngày trả kết quả"
        case .control: "Phiếu kiểm soát quá trình giải quyết hồ sơ"
        case .book: "Sổ theo dõi hồ sơ"
        }
    }

    var english: String {
        switch self {
        case .receipt: "Receipt and appointment"
        case .supplement: "Request to supplement"
        case .refusal: "Refusal"
        case .apology: "Apology and new appointment"
        case .control: "Control sheet"
        case .book: "Dossier book"
        }
    }

    /// What follows its number in the book.
    var symbol: String {
        switch self {
        case .receipt: "TNHS"
        case .supplement: "HDHS"
        case .refusal: "TCHS"
        case .apology: "PXL"
        case .control: "KSHS"
        case .book: "TDHS"
        }
    }

    /// The numbers that it takes: each acceptance is one line of the books of 01, 05 and 06.
    var series: BookSeries {
        switch self {
        case .receipt, .control, .book: .accepted
        case .supplement: .supplement
        case .refusal: .refusal
        case .apology: .apology
        }
    }

    /// Official papers in the dossier, which its applicant does not get.
    var isInternal: Bool { self == .control || self == .book }
}

extension Refused {
    static let formNotThere = Refused(
        "onestop.form-not-there", vi: "Hồ sơ chưa có việc nào phải lập mẫu này.",
        en: "Nothing has happened to the dossier for which this form is made.")
}
