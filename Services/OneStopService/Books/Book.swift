import Contracts
import Foundation
import ServiceKit

/// A line of a yearly book: its number, and its columns as they are printed.
struct BookLine: Sendable, Equatable {
    var number: Int
    var cells: [String]
}

/// What stands in the six yearly books of an agency, one for each form of the circular.
extension Form {
    /// The columns, with their shares of the width.
    var columns: [(String, Double)] {
        let first: [(String, Double)] = [
            ("TT", 10), ("Mã hồ sơ", 34), ("Tên thủ tục hành chính", 56), ("Tên cá nhân, tổ chức", 44),
        ]
        switch self {
        case .receipt: return first + [("Thời gian nhận hồ sơ", 30), ("Thời gian hẹn trả kết quả", 30)]
        case .supplement: return first + [("Thời gian yêu cầu", 26), ("Nội dung yêu cầu bổ sung, hoàn thiện", 90)]
        case .refusal: return first + [("Thời gian từ chối", 26), ("Lý do", 90)]
        case .apology:
            return first + [("Thời gian hẹn trước", 26), ("Thời gian hẹn lại", 26), ("Lý do", 70)]
        case .control:
            return first + [
                ("Số lần giao, nhận", 18), ("Thời gian có kết quả", 28), ("Kết quả giải quyết", 28),
            ]
        case .book:
            return [
                ("TT", 9), ("Mã hồ sơ", 31), ("Tên thủ tục hành chính", 32), ("Số lượng hồ sơ (bộ)", 12),
                ("Tên cá nhân, tổ chức", 28), ("Địa chỉ, số điện thoại", 28), ("Cơ quan chủ trì giải quyết", 23),
                ("Nhận hồ sơ", 18), ("Hẹn trả kết quả", 18), ("Chuyển đến cơ quan giải quyết", 18),
                ("Nhận kết quả từ cơ quan giải quyết", 18), ("Trả kết quả", 18), ("Phương thức nhận hồ sơ", 15),
                ("Ký nhận", 12), ("Ghi chú", 16),
            ]
        }
    }

    var titles: [String] { columns.map { $0.0 } }

    fileprivate func line(_ row: Row) throws -> BookLine {
        let number: Int = try row("number")
        func text(_ name: String) throws -> String { try row(name, as: String?.self) ?? "" }
        func when(_ name: String) throws -> String { try row(name, as: Date?.self)?.inTables ?? "" }
        let first = [
            BookSeries.written(number), try Dossier.code(row)?.text ?? "", try text("procedure_name"),
            try text("applicant_name"),
        ]
        let cells: [String]
        switch self {
        case .receipt: cells = first + [try when("at"), try when("due_at")]
        case .supplement, .refusal: cells = first + [try when("at"), try text("note")]
        case .apology: cells = first + [try when("former_due_at"), try when("due_at"), try text("note")]
        case .control:
            let late: Bool? = try row("late")
            cells =
                first + [
                    "\(try row("moves", as: Int.self))", try when("finished_at"),
                    late.map { $0 ? "Quá hạn" : "Đúng hạn" } ?? "",
                ]
        case .book:
            let contact = [try text("applicant_address"), try text("applicant_phone")].filter { !$0.isEmpty }
            cells =
                [first[0], first[1], first[2], "01", first[3], contact.joined(separator: ", "), try text("lead")] + [
                    try when("at"), try when("due_at"), try when("forwarded_at"), try when("finished_at"),
                    try when("returned_at"), try Self.way(text("channel")), "", try text("outcome"),
                ]
        }
        return BookLine(number: number, cells: cells)
    }

    private static func way(_ channel: String) -> String {
        switch Channel(rawValue: channel) {
        case .counter: "Trực tiếp"
        case .online: "Trực tuyến"
        case .postal: "Bưu chính"
        case nil: ""
        }
    }
}

extension Session {
    /// The lines of a book from a number on, in their order: as they were at its closing, or as they are now (os-155).
    func book(_ form: Form, of agency: AgencyCode, _ year: Int, from: Int, limit: Int, closed: Bool) async throws
        -> [BookLine]
    {
        if closed {
            return try await run(
                """
                SELECT number, cells FROM closed_book_lines WHERE agency = \(agency) AND year = \(Int32(year))
                    AND form = \(Int16(form.rawValue)) AND number >= \(from) ORDER BY number LIMIT \(limit)
                """
            ).map { BookLine(number: try $0("number"), cells: try $0("cells")) }
        }
        return try await run(
            """
            SELECT b.number, b.at, h.note, u.due_at, u.former_due_at, d.code_agency, d.code_day, d.code_serial,
                   p.definition->>'name' AS procedure_name, d.applicant_name, d.applicant_address, d.applicant_phone,
                   d.channel, d.finished_at, d.returned_at, d.late, coalesce(a.name, d.working_agency) AS lead,
                   (SELECT count(*) FROM dossier_history m WHERE m.dossier = b.dossier
                        AND m.what IN ('handed-over', 'sent', 'sent-back', 'released', 'assigned')) AS moves,
                   (SELECT min(m.at) FROM dossier_history m WHERE m.dossier = b.dossier
                        AND m.what IN ('handed-over', 'sent')) AS forwarded_at,
                   CASE WHEN d.status IN (3, 8) THEN 'Dừng, từ chối giải quyết' WHEN d.late THEN 'Quá hạn'
                       ELSE d.document_number END AS outcome
            FROM book_lines b
            JOIN dossiers d ON d.id = b.dossier
            JOIN dossier_history h ON h.dossier = b.dossier AND h.version = b.version
            LEFT JOIN due_dates u ON u.dossier = b.dossier AND u.version = b.version
            LEFT JOIN procedures p ON p.code = d.procedure AND p.number = d.procedure_number
            LEFT JOIN directory_agencies a ON a.code = coalesce(d.answering_agency, d.working_agency)
            WHERE b.agency = \(agency) AND b.series = \(form.series.rawValue) AND b.year = \(Int32(year))
                AND b.number >= \(from)
            ORDER BY b.number LIMIT \(limit)
            """
        ).map { try form.line($0) }
    }

    /// When the books of a year were closed; nil while they are open.
    func closing(of agency: AgencyCode, _ year: Int) async throws -> Date? {
        try await run(
            """
            SELECT min(closed_at) AS at FROM closed_books WHERE agency = \(agency) AND year = \(Int32(year))
            """
        ).first?("at") ?? nil
    }
}
