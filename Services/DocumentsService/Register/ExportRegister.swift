import Contracts
import ServiceKit

/// `GET /agencies/{agency}/register.csv`: a whole year for a spreadsheet or a printer.
enum ExportRegister: RawEndpoint {
    static let route = Route.get("/agencies/{agency}/register.csv")
    static let summary = "The register of outgoing documents of an agency and year as a table (CSV, UTF-8)"
    static let access = Access.official(.documentsRead)
    static let refusals = [Refused.registerTooLong]
    static let operation: JSON = [
        "parameters": [
            [
                "name": "agency", "in": "path", "required": true, "description": "The issuing agency",
                "schema": ["type": "string", "minLength": 1, "maxLength": .integer(Int64(Limits.agencyCodeLength))],
            ],
            [
                "name": "year", "in": "query", "required": false, "description": "The year; this one when absent",
                "schema": [
                    "type": "integer", "minimum": .integer(Int64(Limits.documentYears.lowerBound)),
                    "maximum": .integer(Int64(Limits.documentYears.upperBound)),
                ],
            ],
        ],
        "responses": [
            "200": [
                "description": "One line a document, by series and number",
                "content": ["text/csv": ["schema": ["type": "string"]]],
            ],
            "422": [
                "description": "The year is wrong",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        guard let agency = path["agency"].flatMap({ try? AgencyCode($0) }) else { throw Refused.notFound }
        try await call.require(.documentsRead, inChargeOf: agency)
        call.logRead(of: "documents", agency.text, purpose: "register")
        let year = try year(request) ?? call.today.year
        var rows = [header]
        var after = (series: "", order: 0)
        while rows.count <= Limits.Documents.registerRows {
            let lines = try await call.runtime.database.register(
                of: agency, year: year, series: nil, after: after, limit: Limits.pageMaximum)
            rows += lines.map(cells)
            guard lines.count == Limits.pageMaximum, let last = lines.last else {
                return Outgoing(
                    200,
                    headers: [
                        ("content-type", "text/csv; charset=utf-8"),
                        ("content-disposition", "attachment; filename=\"so-van-ban-di-\(agency)-\(year).csv\""),
                    ], body: Array(table(rows).utf8))
            }
            after = (last.series, last.order)
        }
        throw Refused.registerTooLong
    }

    static func year(_ request: Incoming) throws(FieldFault) -> Int? {
        guard let text = request.queryPairs.last(where: { $0.name == "year" })?.value else { return nil }
        guard let year = Int(text), Limits.documentYears.contains(year) else {
            throw FieldFault("range", field: "year", vi: "không phải năm", en: "is no year")
        }
        return year
    }

    static let header = [
        "Sổ", "Số, ký hiệu văn bản", "Ngày tháng văn bản", "Tên loại và trích yếu nội dung văn bản", "Người ký",
        "Nơi nhận văn bản", "Đơn vị, người nhận bản lưu", "Số lượng bản", "Ngày chuyển", "Ký nhận", "Ghi chú",
    ]

    static func cells(_ line: RegisterLine) -> [String] {
        [
            line.series, line.number, line.issuedOn.vietnamese, line.abstract, line.signer,
            line.recipients.joined(separator: "; "), line.keptBy ?? "", "\(line.copies)", Day(line.sentAt).vietnamese,
            line.receipt ?? "", line.note ?? "",
        ]
    }

    static func table(_ rows: [[String]]) -> String { CSV.mark + rows.map(CSV.row).joined() }
}

extension Refused {
    static let registerTooLong = Refused(
        "documents.register-too-long", vi: "Sổ có quá nhiều dòng để xuất một lần; hãy đọc theo trang.",
        en: "The register is too long for one table; read it page by page.")
}
