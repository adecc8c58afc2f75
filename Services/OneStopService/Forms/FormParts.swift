import Contracts
import LegalClock
import ServiceKit
import Typesetting

/// What all forms have: who issues them, their number, the look-up code and who signs.
extension FormFacts {
    func document(_ blocks: [Block]) -> Typesetting.Document {
        Typesetting.Document(
            title: form.title, author: agency, date: issue.at, paper: .a5,
            foot: "Mẫu số \(form.number) · \(dossier.code?.text ?? numberInBook)", head + blocks)
    }

    /// Agency and number to the left, the nation's name and motto to the right (Decree 30/2020/NĐ-CP, Annex I).
    private var head: [Block] {
        let issuer = [parent, agency].compactMap { $0?.uppercased() } + (form.isAtDesk ? [Self.desk] : [])
        var left = issuer.enumerated().map { index, name in
            let isLast = index == issuer.count - 1
            return Block.text(
                Paragraph(Run(name, bold: isLast), size: 9, alignment: .center, before: index == 0 ? 0 : 0.2))
        }
        left += [
            .rule(width: 20), .text(Paragraph("Số: \(numberInBook)", size: 10, alignment: .center, before: 0.3)),
        ]
        let right: [Block] = [
            .text(Paragraph(.bold("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"), size: 9, alignment: .center, before: 0)),
            .text(Paragraph(.bold("Độc lập - Tự do - Hạnh phúc"), size: 10, alignment: .center, before: 0.2)),
            .rule(width: 38),
            .text(
                Paragraph(.italic(Day(issue.at).formal.sentence), size: 10, alignment: .center, before: 0.3)),
        ]
        return [
            .beside([Side(9, left), Side(12, right)]), .space(3),
            .text(Paragraph(.bold(form.title.uppercased()), size: 13, alignment: .center)), .space(1.5),
        ]
    }

    private static let desk = "BỘ PHẬN TIẾP NHẬN\nVÀ TRẢ KẾT QUẢ"

    /// Who asks and for what, with the code to look it up by.
    var applicant: Block {
        let applicant = dossier.applicant
        var lines: [Block] = []
        if let code = dossier.code { lines.append(.text(Paragraph("Mã hồ sơ: ", .bold(code.text), alignment: .left))) }
        lines += [
            .text(Paragraph("Hồ sơ của: ", .bold(applicant.name), alignment: .left)),
            .text(Paragraph("Địa chỉ: \(applicant.address ?? "…")", alignment: .left)),
            .text(Paragraph("Số điện thoại: \(applicant.phone ?? "…")", alignment: .left)),
        ]
        if applicant.mail != nil { lines.append(.text(Paragraph("Email: đã đăng ký", alignment: .left))) }
        guard let look else { return .together(lines) }
        return .beside([Side(93, lines), Side(30, [.code(look, size: 29)])])
    }

    var request: [Block] {
        [
            .text(Paragraph("Thủ tục hành chính: \(procedure.definition.name) (mã \(procedure.code))")),
            .text(Paragraph("Nội dung yêu cầu giải quyết: \(dossier.subject)")),
        ]
    }

    /// Each title with the name below it, where one is known.
    static func signatures(_ signers: [(title: String, note: String, name: String?)]) -> Block {
        let sides = signers.map { title, note, name in
            Side(
                1,
                [
                    .text(Paragraph(.bold(title), size: 10, alignment: .center)),
                    .text(Paragraph(.italic(note), size: 9, alignment: .center, before: 0.2)), .space(14),
                    .text(Paragraph(.bold(name ?? ""), size: 10.5, alignment: .center)),
                ])
        }
        return .together([.space(2.5), .beside(sides)])
    }

    static let signed = "(Ký và ghi rõ họ tên)"
}

extension Form {
    /// Whether the one-stop desk issues it.
    var isAtDesk: Bool { self == .receipt || self == .supplement || self == .refusal }
}

extension String {
    /// With a capital at its beginning.
    var sentence: String { prefix(1).uppercased() + dropFirst() }
}

extension Date {
    /// As forms write a moment: `09 giờ 05 phút, ngày 01 tháng 3 năm 2021`.
    var onForms: String {
        let clock = Array(Instant.write(self).dropFirst(11).prefix(5))
        return "\(String(clock.prefix(2))) giờ \(String(clock.suffix(2))) phút, \(Day(self).formal)"
    }

    /// The same in a table: `09:05 01/03/2021`.
    var inTables: String { "\(Instant.write(self).dropFirst(11).prefix(5)) \(Day(self).vietnamese)" }
}

extension TimeLimit {
    var vietnamese: String {
        switch unit {
        case .hours: "\(amount) giờ làm việc"
        case .workingDays: "\(amount) ngày làm việc"
        case .days: "\(amount) ngày"
        case .months: "\(amount) tháng"
        }
    }
}
