import Bundles
import Contracts
import ServiceKit

/// `index.html` of a bundle: the dossier for people, in Vietnamese, without scripts and without a network.
struct BundlePage {
    var dossier: DossierView
    var history: [ReadHistory.Line]
    var dueDates: [ExplainDueDates.Appointment]
    var beside = Beside()
    var forms: [(path: String, title: String)] = []
    /// With the path of the file where it is in the bundle.
    var papers: [(path: String?, file: Attachment)] = []
    var results: [(path: String?, file: Attachment)] = []

    /// What hangs on a dossier, each a file of its own; nil what its reader may not see, or does not apply.
    struct Beside {
        var papers = ListPapers.Output()
        var errors = ReadErrors.Output()
        var opinions: ReadOpinions.Output?
        var links: ReadLinks.Output?

        var entries: [Archive.Entry] {
            var entries = [
                Archive.Entry("papers.json", papers.jsonBytes), Archive.Entry("errors.json", errors.jsonBytes),
            ]
            if let opinions { entries.append(Archive.Entry("opinions.json", opinions.jsonBytes)) }
            if let links { entries.append(Archive.Entry("links.json", links.jsonBytes)) }
            return entries
        }
    }

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
        <h2>Phí, lệ phí</h2>
        \(table(fees))
        <h2>Giấy tờ đã nhận</h2>
        \(table(received))
        <h2>Tệp giấy tờ</h2>
        \(list(papers.map(file)))
        <h2>Kết quả</h2>
        \(list(results.map(file)))
        \(errors)
        \(opinions)
        \(links)
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
                    Self.escaped(HistoryWord(rawValue: line.what)?.vietnamese ?? line.what), line.toStatus.vietnamese,
                    Self.escaped(line.agency.text), Self.escaped(line.note ?? ""),
                ]
            }
    }

    private var fees: [[String]] {
        [["Số tiền", "Trạng thái", "Biên lai", "Đã hoàn trả"]]
            + dossier.fees.map { fee in
                [
                    fee.demand == nil ? "" : fee.amount.description, Self.vietnamese(fee.state),
                    Self.escaped(fee.receiptNumber ?? ""), fee.refunded?.description ?? "",
                ]
            }
    }

    private static func vietnamese(_ state: DossierFee.State) -> String {
        switch state {
        case .open: "Phải nộp"
        case .paid: "Đã nộp"
        case .exempt: "Được miễn"
        case .refused: "Tạm thời chưa phải nộp"
        case .withdrawn: "Không phải nộp nữa"
        case .refunded: "Đã hoàn trả"
        }
    }

    private var received: [[String]] {
        [["Giấy tờ", "Loại", "Số lượng", "Thời điểm"]]
            + beside.papers.papers.map { paper in
                [Self.escaped(paper.name), paper.form.vietnamese, "\(paper.count)", paper.at.inTables]
            }
    }

    /// Decree 61/2018/NĐ-CP, Art. 21. What went wrong is for officials, the apology for the applicant.
    private var errors: String {
        let errors = beside.errors.errors
        guard !errors.isEmpty else { return "" }
        let lines = errors.map { error in
            [
                Self.escaped(error.agency.text), Self.vietnamese(error.kind), error.recordedAt.inTables,
                Self.escaped(error.what ?? ""), Self.escaped(error.apology), error.cost.description,
                error.correctionStatus?.vietnamese ?? "",
            ]
        }
        let head = ["Cơ quan", "Sai sót", "Ghi nhận lúc", "Nội dung", "Lời xin lỗi", "Chi phí", "Hồ sơ khắc phục"]
        return "<h2>Sai sót của cơ quan và lời xin lỗi</h2>\n" + table([head] + lines)
    }

    private static func vietnamese(_ kind: ErrorKind) -> String {
        switch kind {
        case .wrongResult: "Kết quả sai"
        case .papersLost: "Làm mất, hư hỏng giấy tờ"
        case .other: "Sai sót khác"
        }
    }

    private var opinions: String {
        guard let opinions = beside.opinions?.opinions else { return "" }
        let lines = opinions.map { opinion in
            [
                Self.escaped(opinion.toAgency.text), Self.escaped(opinion.question), opinion.askedAt.inTables,
                opinion.answeredAt?.inTables ?? "", Self.escaped(opinion.answer ?? ""),
            ]
        }
        return "<h2>Ý kiến các cơ quan</h2>\n"
            + table([["Cơ quan", "Câu hỏi", "Hỏi lúc", "Trả lời lúc", "Trả lời"]] + lines)
    }

    private var links: String {
        guard let links = beside.links else { return "" }
        let lines = links.links.map { link in
            [
                Self.escaped(link.name ?? link.procedure), Self.escaped(link.agency.text),
                Self.escaped(link.code ?? ""), link.status?.vietnamese ?? "", Self.escaped(link.documentNumber ?? ""),
            ]
        }
        return "<h2>Thủ tục liên thông: \(Self.escaped(links.name))</h2>\n"
            + table([["Thủ tục", "Cơ quan", "Mã hồ sơ", "Trạng thái", "Kết quả"]] + lines)
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

    private func file(_ path: String?, _ file: Attachment) -> String {
        let name = path.map { Self.link($0, file.name) } ?? Self.escaped(file.name)
        let signed = file.signed == true ? ", có chữ ký số" : ""
        let issued = file.issued == true ? ", văn bản đã ban hành" : ""
        return "\(name): \(file.size) byte, SHA-256 <code>\(file.sha256)</code>\(signed)\(issued)"
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
}
