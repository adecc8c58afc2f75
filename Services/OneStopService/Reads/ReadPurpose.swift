import Contracts
import ServiceKit

/// What a dossier was read for, as the ledger has it (os-272): one of these, or an act of its history. The words of the
/// ledger are stable; people see them in Vietnamese and English.
enum ReadPurpose: String, CaseIterable, Sendable {
    case dossier, history, papers, retention, errors, correction, tracking, deadlines, bundle, opinions, branch
    case branches, attachments, attachment, ratings, links
    case duplicate
    case foundByCode = "found by code"
    case dueDates = "due dates"
    case papersTaken = "papers taken"
    case paperTakenAgain = "paper taken again"
    case offeredAtReception = "papers offered: reception"
    case offeredForSupplement = "papers offered: supplement"
    case offeredForGuidance = "papers offered: guidance"
    case linkDecided = "link decided"
    case form01 = "form 01"
    case form02 = "form 02"
    case form03 = "form 03"
    case form04 = "form 04"
    case form05 = "form 05"
    case whoRead = "who read it"
    case whoCouldRead = "who could read it"

    /// Of the form that is printed; nil for a book, which is not of one dossier.
    init?(_ form: Form) { self.init(rawValue: "form \(form.number)") }

    var vietnamese: String { words.vi }
    var english: String { words.en }

    private var words: (vi: String, en: String) {
        switch self {
        case .dossier: ("Xem hồ sơ", "To see the dossier")
        case .foundByCode: ("Tra cứu theo mã hồ sơ", "Looked up by its code")
        case .duplicate: ("Tìm hồ sơ trùng khi tiếp nhận", "To find dossiers of the same person at reception")
        case .history: ("Xem quá trình giải quyết", "To see its history")
        case .tracking: ("Theo dõi hồ sơ", "To follow it")
        case .dueDates: ("Xem cách tính ngày hẹn", "To see why it is due then")
        case .deadlines: ("Xem các thời hạn", "To see its deadlines")
        case .opinions: ("Xem ý kiến các cơ quan", "To see the opinions")
        case .branches: ("Xem các bước phối hợp", "To see the steps beside the leading one")
        case .branch: ("Làm bước phối hợp", "To do a step beside the leading one")
        case .links: ("Xem các thủ tục liên thông", "To see the linked procedures")
        case .linkDecided: ("Quyết định về thủ tục liên thông", "To decide on a linked procedure")
        case .ratings: ("Xem đánh giá", "To see the ratings")
        case .errors: ("Xem sai sót và lời xin lỗi", "To see errors and apologies")
        case .correction: ("Mở hồ sơ khắc phục sai sót", "To open a dossier that corrects an error")
        case .retention: ("Xem thời hạn lưu trữ", "To see until when it is kept")
        case .bundle: ("Tải trọn bộ hồ sơ", "To take the whole dossier along")
        case .whoRead: ("Xem ai đã xem hồ sơ", "To see who read it")
        case .whoCouldRead: ("Xem ai có quyền xem hồ sơ", "To see who could read it")
        case .papers, .papersTaken, .paperTakenAgain, .attachments, .attachment, .offeredAtReception,
            .offeredForSupplement, .offeredForGuidance:
            ofPapers
        case .form01, .form02, .form03, .form04, .form05: ofForm
        }
    }

    private var ofPapers: (vi: String, en: String) {
        switch self {
        case .papersTaken: ("Nhận giấy tờ tại quầy", "To take papers in at the counter")
        case .paperTakenAgain: ("Dùng lại giấy tờ đã nộp", "To take a paper again")
        case .attachments: ("Xem danh mục tệp", "To see the list of its files")
        case .attachment: ("Mở một tệp giấy tờ", "To open a file")
        case .offeredAtReception:
            ("Tìm giấy tờ dùng lại được khi tiếp nhận", "To find papers that are taken again, at reception")
        case .offeredForSupplement:
            ("Tìm giấy tờ dùng lại được khi bổ sung", "To find papers that are taken again, for a supplement")
        case .offeredForGuidance:
            ("Tìm giấy tờ dùng lại được khi hướng dẫn", "To find papers that are taken again, for guidance")
        default: ("Xem danh mục giấy tờ", "To see the list of its papers")
        }
    }

    private var ofForm: (vi: String, en: String) {
        let form = Form.allCases.first { ReadPurpose($0) == self }
        return ("In: \(form?.title ?? "mẫu")", "To print: \(form?.english ?? "a form")")
    }
}

/// A purpose as it stands in the ledger: its stable word, the file that was opened, and how people read it.
struct LoggedPurpose: Equatable {
    var word: String
    var file: FileID?
    var vietnamese: String
    var english: String

    init(_ logged: String) {
        let opened = "\(ReadPurpose.attachment.rawValue) "
        if logged.hasPrefix(opened) { file = try? FileID(String(logged.dropFirst(opened.count))) }
        word = file == nil ? logged : ReadPurpose.attachment.rawValue
        if let purpose = ReadPurpose(rawValue: word) {
            (vietnamese, english) = (purpose.vietnamese, purpose.english)
        } else if let act = HistoryWord(rawValue: word) {
            (vietnamese, english) = ("Xử lý: \(act.vietnamese)", "Worked on: \(act.english)")
        } else {
            // A word of an earlier release.
            (vietnamese, english) = ("Xử lý hồ sơ", "Worked on")
        }
    }
}

extension Call {
    /// A read of a dossier, with what it was for.
    func logRead(of dossier: DossierID, purpose: ReadPurpose) {
        logRead(of: "dossier", dossier.text, purpose: purpose.rawValue)
    }
}
