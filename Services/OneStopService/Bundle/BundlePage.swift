import Contracts
import ServiceKit

/// `index.html` of a bundle: the dossier for people, in Vietnamese, without scripts and without a network.
struct BundlePage {
    var dossier: DossierView
    var history: [ReadHistory.Line]
    var dueDates: [ExplainDueDates.Appointment]
    var forms: [(path: String, title: String)] = []
    /// With the path of the file where it is in the bundle.
    var papers: [(path: String?, paper: Attachment)] = []

    var html: String {
        """
        <!doctype html>
        <html lang="vi">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>Hồ sơ \(Self.escaped(dossier.code ?? dossier.id.text))</title>
        <style>
        body { font: 16px/1.5 serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
        table { border-collapse: collapse; width: 100%; }
        th, td { border: 1px solid #999; padding: .25rem .5rem; text-align: left; vertical-align: top; }
        </style>
        </head>
        <body>
        <h1>Hồ sơ \(Self.escaped(dossier.code ?? "chưa có mã"))</h1>
        \(table(facts))
        <h2>Quá trình giải quyết</h2>
        \(table(timeline))
        <h2>Thời hạn, và vì sao là ngày đó</h2>
        \(dueDates.map(explained).joined(separator: "\n"))
        <h2>Giấy tờ</h2>
        \(list(papers.map(paper)))
        <h2>Các mẫu đã lập</h2>
        \(list(forms.map { Self.link($0.path, $0.title) }))
        <h2>Kiểm chứng</h2>
        <p>Mỗi sự kiện của hồ sơ có một biên nhận trong thư mục <code>receipts</code>; <code>MANIFEST.txt</code> ghi
        mã băm SHA-256 của mọi tệp và được ký số. Kiểm tra không cần mạng và không cần hệ thống này:
        <code>lienthong verify TỆP.zip --key KHÓA-CÔNG-KHAI.pem</code></p>
        </body>
        </html>

        """
    }

    private var facts: [[String]] {
        let pairs: [(String, String?)] = [
            ("Thủ tục hành chính", "\(dossier.procedureName) (\(dossier.procedure))"), ("Nội dung", dossier.subject),
            ("Người nộp", dossier.applicantName), ("Số điện thoại", dossier.applicantPhone),
            ("Địa chỉ", dossier.applicantAddress), ("Trạng thái", dossier.statusName),
            ("Cơ quan tiếp nhận", dossier.receivingAgency.text), ("Ngày nộp", dossier.submittedAt.inTables),
            ("Ngày tiếp nhận", dossier.acceptedAt?.inTables), ("Hẹn trả kết quả", dossier.dueAt?.inTables),
            ("Yêu cầu bổ sung", dossier.supplementNote), ("Phí, lệ phí phải nộp", dossier.demandAmount?.description),
            ("Đã nộp lúc", dossier.paidAt?.inTables), ("Số biên lai", dossier.receiptNumber),
            ("Miễn phí, lệ phí", dossier.feeExemptionReason), ("Số văn bản kết quả", dossier.documentNumber),
            ("Có kết quả lúc", dossier.finishedAt?.inTables), ("Trả kết quả lúc", dossier.returnedAt?.inTables),
            ("Lý do từ chối hoặc dừng", dossier.reason),
        ]
        return pairs.compactMap { name, value in value.map { [Self.escaped(name), Self.escaped($0)] } }
    }

    private var timeline: [[String]] {
        [["Lần", "Thời điểm", "Việc", "Trạng thái", "Cơ quan", "Ghi chú"]]
            + history.map { line in
                [
                    Self.link(Self.receipt(line.version), "\(line.version)"), line.at.inTables,
                    Self.escaped(Self.vietnamese(line.what)), line.toStatus.vietnamese,
                    Self.escaped(line.agency.text), Self.escaped(line.note ?? ""),
                ]
            }
    }

    private func explained(_ due: ExplainDueDates.Appointment) -> String {
        let why =
            switch due.cause {
            case "accepted": "khi tiếp nhận"
            case "resumed": "khi tính tiếp thời hạn"
            case "reappointed": "khi xin lỗi và hẹn lại"
            default: due.cause
            }
        let note = due.explanation.note.map { "<p>\(Self.escaped($0))</p>" } ?? ""
        return "<h3>\(due.dueAt.inTables), \(Self.escaped(why))</h3>\(note)"
            + list(due.explanation.days.map { Self.escaped($0.vietnamese) })
    }

    private func paper(_ path: String?, _ paper: Attachment) -> String {
        let name = path.map { Self.link($0, paper.name) } ?? Self.escaped(paper.name)
        return "\(name): \(paper.size) byte, SHA-256 <code>\(paper.sha256)</code>"
    }

    private func table(_ rows: [[String]]) -> String {
        let lines = rows.map { "<tr>" + $0.map { "<td>\($0)</td>" }.joined() + "</tr>" }
        return "<table>\n\(lines.joined(separator: "\n"))\n</table>"
    }

    private func list(_ items: [String]) -> String {
        items.isEmpty ? "<p>Không có.</p>" : "<ul>\n\(items.map { "<li>\($0)</li>" }.joined(separator: "\n"))\n</ul>"
    }

    private static func receipt(_ version: Int) -> String {
        "receipts/\(String(repeating: "0", count: max(0, 4 - "\(version)".count)))\(version).json"
    }

    private static func link(_ path: String, _ text: String) -> String {
        let address = path.utf8.map { byte -> String in
            let character = Character(Unicode.Scalar(byte))
            let isPlain = byte < 128 && (character.isLetter || character.isNumber || "-._/".contains(character))
            return isPlain ? String(character) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
        return "<a href=\"\(address.joined())\">\(escaped(text))</a>"
    }

    static func escaped(_ text: String) -> String {
        text.reduce(into: "") { out, character in
            switch character {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            default: out.append(character)
            }
        }
    }

    /// What was done; the stable word itself where it has no other yet.
    static func vietnamese(_ what: String) -> String { words[what] ?? what }

    private static let words = [
        "submitted": "Nộp trực tuyến", "received": "Nộp tại quầy hoặc qua bưu chính", "accepted": "Tiếp nhận",
        "refused": "Từ chối tiếp nhận", "supplement-requested": "Yêu cầu bổ sung",
        "supplement-requested-late": "Yêu cầu bổ sung (quá 03 ngày làm việc)", "supplement-supplied": "Đã bổ sung",
        "handed-over": "Bàn giao", "assigned": "Phân công", "sent": "Chuyển cơ quan khác",
        "sent-back": "Chuyển trả lại",
        "released": "Thu hồi phân công", "opinion-requested": "Lấy ý kiến", "opinion-answered": "Trả lời ý kiến",
        "branch-opened": "Giao bước phối hợp", "branch-done": "Xong bước phối hợp",
        "branch-recalled": "Rút bước phối hợp", "payment-required": "Yêu cầu nộp phí, lệ phí",
        "payment-settled": "Đã nộp phí, lệ phí", "payment-lifted": "Thôi yêu cầu nộp phí, lệ phí",
        "fees-exempted": "Miễn phí, lệ phí", "fee-refunded": "Hoàn trả phí, lệ phí",
        "receipt-replaced": "Hủy và thay biên lai", "approved": "Phê duyệt kết quả", "finished": "Có kết quả",
        "returned": "Trả kết quả", "stopped": "Dừng xử lý", "withdrawal-requested": "Yêu cầu rút hồ sơ",
        "withdrawal-confirmed": "Đồng ý cho rút hồ sơ", "withdrawal-declined": "Không cho rút hồ sơ",
        "reappointed": "Xin lỗi và hẹn lại",
    ]
}
