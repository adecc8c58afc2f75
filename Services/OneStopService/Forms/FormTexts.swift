import Contracts
import ServiceKit
import Typesetting

/// The words of the forms, as the circular gives them. Pure.
extension FormFacts {
    var document: Typesetting.Document {
        switch form {
        case .receipt: document([applicant] + request + receipt)
        case .supplement: document([applicant] + request + supplement)
        case .refusal: document([applicant] + request + refusal)
        case .apology: document(apology)
        case .control: document(control)
        case .book: preconditionFailure("a book is not of one dossier")
        }
    }

    private var receipt: [Block] {
        let rows = papers.enumerated().map { index, paper -> [[Run]] in
            [["\(index + 1)"], [Run(paper.name)], [Run(paper.kind)], ["\(paper.count)"]]
        }
        let columns: [Table.Column] = [
            .init("TT", 9, .center), .init("Tên giấy tờ", 75), .init("Loại", 25), .init("Số lượng", 17, .center),
        ]
        let list: [Block] =
            rows.isEmpty ? [.text(Paragraph("Không kèm giấy tờ."))] : [.space(1), .table(Table(columns, rows: rows))]
        return [.text(Paragraph("Thành phần hồ sơ nộp gồm:"))] + list + [
            .text(Paragraph("Số lượng hồ sơ: 01 (bộ)")),
            .text(
                Paragraph(
                    "Thời gian giải quyết hồ sơ theo quy định là: ", .bold(procedure.definition.limit.vietnamese))),
            .text(Paragraph("Thời gian nhận hồ sơ: \(issue.at.onForms)")),
            .text(Paragraph("Thời gian trả kết quả giải quyết hồ sơ: ", .bold(due?.onForms ?? "…"))),
            .text(Paragraph("Đăng ký nhận kết quả tại: \(desk)")),
            .text(
                Paragraph(
                    "Vào Sổ theo dõi hồ sơ, Quyển số: \(issue.year)   Số thứ tự: \(BookSeries.written(issue.number))")
            ),
            Self.signatures([
                ("NGƯỜI NỘP HỒ SƠ", Self.signed, dossier.applicant.name),
                ("NGƯỜI TIẾP NHẬN HỒ SƠ", Self.signed, signer),
            ]),
        ]
    }

    private var supplement: [Block] {
        [
            .text(Paragraph("Yêu cầu hoàn thiện hồ sơ gồm những nội dung, lý do sau:")),
            .text(Paragraph(Run(issue.note ?? "…"), indent: 7)),
            .text(
                Paragraph(
                    """
                    Việc bổ sung, hoàn thiện hồ sơ chỉ được yêu cầu một lần. Trong quá trình hoàn thiện hồ sơ nếu có \
                    vướng mắc, ông (bà) liên hệ với \(desk) để được hướng dẫn./.
                    """, indent: 7)),
            Self.signatures([("", "", nil), ("NGƯỜI HƯỚNG DẪN", Self.signed, signer)]),
        ]
    }

    private var refusal: [Block] {
        [
            .text(
                Paragraph(
                    "Qua xem xét, \(desk) thông báo không tiếp nhận, giải quyết hồ sơ này với lý do cụ thể như sau:",
                    indent: 7)),
            .text(Paragraph(Run(issue.note ?? "…"), indent: 7)),
            .text(Paragraph("Xin thông báo cho Ông\u{A0}(Bà) được biết và thực hiện./.", indent: 7)),
            Self.signatures([
                ("NGƯỜI NỘP HỒ SƠ", Self.signed, dossier.applicant.name),
                ("NGƯỜI TIẾP NHẬN HỒ SƠ", Self.signed, signer),
            ]),
        ]
    }

    private var apology: [Block] {
        let received = dossier.acceptedAt ?? issue.at
        return [
            .beside([
                Side(
                    93,
                    [
                        .text(Paragraph("Kính gửi: ", .bold(dossier.applicant.name), alignment: .left)),
                        .text(Paragraph("Mã hồ sơ: ", .bold(dossier.code?.text ?? "…"), alignment: .left)),
                        .text(Paragraph("Địa chỉ: \(dossier.applicant.address ?? "…")", alignment: .left)),
                    ]), Side(30, look.map { [.code($0, size: 29)] } ?? []),
            ]),
            .text(
                Paragraph(
                    """
                    \(Day(received).formal.sentence), \(agency) tiếp nhận giải quyết hồ sơ đề nghị giải quyết thủ tục \
                    \(procedure.definition.name) của Ông\u{A0}(Bà); mã số: \(dossier.code?.text ?? "…").
                    """, indent: 7)),
            .text(
                Paragraph("Thời gian hẹn trả kết quả giải quyết hồ sơ: ", .bold(former?.onForms ?? "…"), indent: 7)),
            .text(
                Paragraph(
                    """
                    Tuy nhiên, \(agency) chưa trả được kết quả giải quyết hồ sơ của Ông\u{A0}(Bà) đúng thời hạn ghi \
                    trong Giấy tiếp nhận hồ sơ và hẹn trả kết quả. Lý do:
                    """, indent: 7)),
            .text(Paragraph(Run(issue.note ?? "…"), indent: 7)),
            .text(
                Paragraph(
                    "Sự chậm trễ này đã gây phiền hà, tốn kém thời gian, công sức của Ông\u{A0}(Bà).", indent: 7)),
            .text(
                Paragraph(
                    "\(agency) xin lỗi Ông\u{A0}(Bà) và sẽ trả kết quả giải quyết hồ sơ vào ",
                    .bold(due?.onForms ?? "…"), ".",
                    indent: 7)),
            .text(Paragraph("Mong nhận được sự thông cảm của Ông\u{A0}(Bà) vì sự chậm trễ này./.", indent: 7)),
            Self.signatures([
                ("", "", nil), ("THỦ TRƯỞNG CƠ QUAN, TỔ CHỨC", "(Ký tên, đóng dấu)", signer),
            ]),
        ]
    }
}
