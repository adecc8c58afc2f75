import Contracts
import ServiceKit

/// Procedures as a file: one version a line, each as `POST /procedures/{code}/draft` takes it, with its code (JSON
/// Lines, UTF-8).
enum ProcedureFile {
    static let mediaType = "application/x-ndjson"

    /// A row of a file, and the line on which it stands.
    struct Row: Sendable {
        var line: Int
        var draft: DraftProcedure.Input
    }

    /// Every row that can be read, and what is wrong with the others.
    static func read(_ body: [UInt8]) throws -> (rows: [Row], faults: [FieldFault]) {
        var (rows, faults): ([Row], [FieldFault]) = ([], [])
        var lines: [String: Int] = [:]
        for (index, text) in body.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard text.contains(where: { $0 != 0x20 && $0 != 0x0D && $0 != 0x09 }) else { continue }
            let line = index + 1
            do {
                let draft = try DraftProcedure.Input(decoding: try JSON(parsing: Array(text)), unknown: .refuse)
                try DraftProcedure.check(draft)
                if let other = lines.updateValue(line, forKey: draft.code) {
                    faults.append(
                        FieldFault(
                            "onestop.code-twice", field: "code", vi: "mã đã có ở dòng \(other)",
                            en: "the code stands already in line \(other)"
                        ).on(line))
                }
                rows.append(Row(line: line, draft: draft))
            } catch let fault as FieldFault { faults.append(fault.on(line)) } catch let fault as JSONFault {
                faults.append(
                    FieldFault(
                        "malformed-json", vi: "không phải JSON (vị trí \(fault.offset))",
                        en: "is no JSON: \(fault.reason) at byte \(fault.offset)"
                    ).on(line))
            } catch let refused as Refused { faults += refused.named.map { $0.on(line) } }
        }
        return (rows, faults)
    }
}

extension FieldFault {
    /// `line 3: definition.steps[0].limit`.
    fileprivate func on(_ line: Int) -> FieldFault {
        FieldFault(
            code, field: field.isEmpty ? "line \(line)" : "line \(line): \(field)", vi: vietnamese, en: english)
    }
}

extension Refused {
    /// What it names, at least itself.
    fileprivate var named: [FieldFault] {
        faults.isEmpty ? [FieldFault(code, field: field ?? "", vi: vietnamese, en: english)] : faults
    }

    static let badRows = Refused(
        "onestop.bad-rows", 422, vi: "Tệp có dòng sai; chưa dòng nào được nhập.",
        en: "The file has bad rows; none of it was taken in.")
    static let tooManyRows = Refused(
        "onestop.too-many-rows", 422, vi: "Tệp có quá \(Limits.OneStop.procedureRows) dòng.",
        en: "The file has more than \(Limits.OneStop.procedureRows) rows.")
    static let draftThere = Refused(
        "onestop.draft-there", vi: "thủ tục đang có bản dự thảo khác", en: "the procedure has another draft",
        field: "code")
}

/// `GET /procedures/export`: the versions in force on a day, as a file that `import` takes (os-017).
enum ExportProcedures: RawEndpoint {
    static let route = Route.get("/procedures/export")
    static let summary = "The procedures in force on a day as a file (JSON Lines), by code"
    static let access = Access.open
    static let operation: JSON = [
        "parameters": [
            [
                "name": "on", "in": "query", "required": false, "description": "The day; today when absent",
                "schema": ["type": "string", "format": "date"],
            ],
            [
                "name": "after", "in": "query", "required": false,
                "description": "The last code of the file before, where one is not enough",
                "schema": ["type": "string", "pattern": .string(Pattern.procedure), "maxLength": 40],
            ],
        ],
        "responses": [
            "200": [
                "description": "One version a line; a Link header (rel=\"next\") where there are more",
                "content": .object([.init(ProcedureFile.mediaType, ["schema": ["type": "string"]])]),
            ],
            "422": [
                "description": "The day is none",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let query = Dictionary(
            request.queryPairs.map { ($0.name, $0.value) }, uniquingKeysWith: { _, last in last })
        if let other = query.keys.first(where: { $0 != "on" && $0 != "after" }) { throw FieldFault.unknown(other) }
        guard let day = query["on"].map({ try? Day($0) }) ?? call.today else {
            throw FieldFault("invalid", field: "on", vi: "phải là ngày dạng 2021-02-09", en: "must be a date")
        }
        let most = Limits.OneStop.procedureRows
        let rows = try await call.run(
            """
            SELECT * FROM (
                SELECT DISTINCT ON (code) code, number, state, valid_from, valid_to, published_at, definition
                FROM procedures
                WHERE state = 'published' AND valid_from <= \(day) AND code > \(query["after"] ?? "")
                ORDER BY code, number DESC) newest
            WHERE valid_to IS NULL OR valid_to >= \(day) ORDER BY code LIMIT \(most + 1)
            """)
        let procedures = try rows.prefix(most).map(Procedure.init)
        var body: [UInt8] = []
        for procedure in procedures {
            var row = DraftProcedure.Input()
            (row.code, row.definition) = (procedure.code, procedure.definition)
            (row.validFrom, row.validTo) = (procedure.validFrom, procedure.validTo)
            body += row.jsonBytes + [0x0A]
        }
        var answer = Outgoing(
            200,
            headers: [
                ("content-type", ProcedureFile.mediaType),
                ("content-disposition", "attachment; filename=\"thu-tuc-\(day).jsonl\""),
            ], body: body)
        if rows.count > most, let last = procedures.last {
            answer.headers.append(("link", "</procedures/export?on=\(day)&after=\(last.code)>; rel=\"next\""))
        }
        return answer
    }
}

/// `POST /procedures/import`: makes a draft of every row of a file, when each would pass its check; else of none, and
/// every bad row is named (os-016).
enum ImportProcedures: RawEndpoint {
    static let route = Route.post("/procedures/import")
    static let summary = "Draft every procedure of a file (JSON Lines), or none of them"
    static let access = Access.official(.proceduresPublish)
    static let bodyLimit = Limits.OneStop.procedureFile
    static let refusals = [Refused.badRows, .tooManyRows]
    static let operation: JSON = [
        "parameters": [
            [
                "name": "replace", "in": "query", "required": false,
                "description": "Whether drafts that are there are replaced",
                "schema": ["type": "boolean", "default": false],
            ]
        ],
        "requestBody": [
            "required": true, "description": "One version a line, as `export` writes them",
            "content": .object([.init(ProcedureFile.mediaType, ["schema": ["type": "string"]])]),
        ],
        "responses": [
            "200": [
                "description": "What became of each row", "content": ["application/json": ["schema": Output.schema]],
            ],
            "422": [
                "description": "Rows are bad: each is named in `errors`",
                "content": ["application/problem+json": ["schema": ["$ref": "#/components/schemas/Problem"]]],
            ],
        ],
    ]

    enum Outcome: String, CaseIterable, Sendable { case drafted, replaced, unchanged }

    struct Line: Record {
        var line = 0
        var code = ""
        var number = 0
        var outcome = Outcome.drafted

        static let fields: [Field<Self>] = [
            .init("line", \.line, .integer(1...Int.max), "Line of the file"),
            .init("code", \.code, .text(1...40), "National code"),
            .init("number", \.number, .integer(1...Limits.OneStop.procedureVersions), "Version"),
            .init("outcome", \.outcome, .choice, "A new draft, another one, or what is there already"),
        ]
    }

    struct Output: Record {
        var lines: [Line] = []
        static let fields: [Field<Self>] = [
            .init("lines", \.lines, .list(.record, 0...Limits.OneStop.procedureRows), "Every row")
        ]
    }

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        try await call.require(.proceduresPublish, at: .none)
        let replaces = try replaces(request)
        let read = try ProcedureFile.read(request.body)
        let rows = read.rows
        var faults = read.faults
        guard rows.count + faults.count <= Limits.OneStop.procedureRows else { throw Refused.tooManyRows }
        var staffing: [Day: Staffing] = [:]
        for row in rows {
            let day = max(row.draft.validFrom, call.today)
            if staffing[day] == nil { staffing[day] = try await call.runtime.database.staffing(on: day) }
            let outcome = ProcedureCheck.look(at: row.draft.definition, staffing: staffing[day] ?? Staffing())
            faults += outcome.findings.map { $0.fault.on(row.line) }
        }
        guard faults.isEmpty else { throw Refused.badRows.naming(faults) }
        let reply = try await call.transaction { work in
            var (output, faults) = (Output(), [FieldFault]())
            for row in rows {
                let (newest, draft) = try await versions(of: row.draft.code, work)
                do {
                    let outcome = try decide(row.draft, newest: newest, draft: draft, replaces: replaces)
                    var line = Line()
                    (line.line, line.code, line.outcome) = (row.line, row.draft.code, outcome)
                    line.number = draft?.number ?? newest?.number ?? 0
                    if outcome != .unchanged { line.number = try await DraftProcedure.keep(row.draft, work).0.number }
                    output.lines.append(line)
                } catch let refused as Refused { faults += refused.named.map { $0.on(row.line) } }
            }
            guard faults.isEmpty else { throw Refused.badRows.naming(faults) }
            return Reply(output)
        }
        return Outgoing(200, headers: [("content-type", "application/json")], body: reply.output.jsonBytes)
    }

    static func replaces(_ request: Incoming) throws(FieldFault) -> Bool {
        for pair in request.queryPairs where pair.name != "replace" { throw .unknown(pair.name) }
        switch request.queryPairs.last?.value {
        case nil, "false": return false
        case "true": return true
        default: throw FieldFault("type", field: "replace", vi: "phải là đúng hoặc sai", en: "must be true or false")
        }
    }

    /// The newest published version, and the draft; of nobody else's until this commits.
    private static func versions(of code: String, _ work: Work) async throws -> (Procedure?, draft: Procedure?) {
        let rows = try await work.run(
            """
            SELECT code, number, state, valid_from, valid_to, published_at, definition FROM procedures
            WHERE code = \(code) ORDER BY number DESC LIMIT 2 FOR UPDATE
            """)
        let newest = try rows.map(Procedure.init)
        return (newest.first { $0.published }, newest.first { !$0.published })
    }

    /// A file may be sent again: what is there already stays as it is.
    static func decide(
        _ row: DraftProcedure.Input, newest: Procedure?, draft: Procedure?, replaces: Bool
    ) throws(Refused) -> Outcome {
        if let draft, draft.says(row) { return .unchanged }
        if let newest, newest.says(row) { return .unchanged }
        if let newest, row.validFrom < newest.validFrom { throw .earlierThanPublished }
        guard draft == nil || replaces else { throw .draftThere }
        return draft == nil ? .drafted : .replaced
    }
}

extension Procedure {
    /// Whether it is this already. The database keeps the members of a form in an order of its own.
    func says(_ row: DraftProcedure.Input) -> Bool {
        var (mine, other) = (definition, row.definition)
        (mine.form, other.form) = (mine.form?.sorted, other.form?.sorted)
        return mine == other && validFrom == row.validFrom && validTo == row.validTo
    }
}

extension JSON {
    /// The same with the members of every object by name.
    fileprivate var sorted: JSON {
        switch self {
        case .object(let members):
            .object(members.map { Member($0.name, $0.value.sorted) }.sorted { $0.name < $1.name })
        case .array(let values): .array(values.map(\.sorted))
        default: self
        }
    }
}
