import Contracts
import ServiceKit

/// One thing that a clerk fills in.
struct CounterField: Record, Hashable {
    var path = ""
    var title = ""
    var required = false
    var type = "string"
    var choices: [String]?
    var schema: JSON = [:]

    static let fields: [Field<Self>] = [
        .init("path", \.path, .text(1...Limits.noteLength), "Where it goes in `submission`: `name`, `form.copies`"),
        .init("title", \.title, .text(1...Limits.noteLength), "What stands beside it"),
        .init("required", \.required, .bool, "Whether it cannot be left out"),
        .init("type", \.type, .text(1...20), "Type of JSON Schema; `[]` at the end of a path: any number of them"),
        .init(
            "choices", \.choices, .list(.text(1...Limits.nameLength), 0...Limits.OneStop.formChoices),
            "The code list that it is chosen from"),
        .init("schema", \.schema, .any, "Its bounds, in the words of JSON Schema"),
    ]

    init() {}

    init(_ path: String, _ title: String, required: Bool, schema: JSON) {
        (self.path, self.title, self.required, self.schema) = (path, title, required, schema)
        type = schema["type"]?.text ?? "string"
        choices = schema["enum"]?.array?.map { $0.text ?? $0.description }
    }
}

/// `GET /counter/procedures/{code}/form`: everything that a counter screen needs for one procedure, in one call: the
/// fields in the order in which they are typed, the papers to tick, the cases of the fees, and the appointment.
enum ReadCounterForm: Endpoint {
    static let route = Route.get("/counter/procedures/{code}/form")
    static let summary = "Read the counter form of a procedure: fields in order of typing, papers, fees, appointment"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [Refused.procedureUnknown, .agencyDoesNotReceive, .whichAgency]

    struct Input: Record {
        var code = ""
        var agency: AgencyCode?
        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...40, pattern: Pattern.procedure), "National code", in: .path),
            .init("agency", \.agency, .agency, "The receiving agency; absent: the caller's own", in: .query),
        ]
    }

    struct Output: Record {
        var procedure = ""
        var number = 0
        var name = ""
        var fieldCode = ""
        var agency = AgencyCode.none
        var fields: [CounterField] = []
        var parts: [Part] = []
        var fees: [Fee] = []
        var amountByDefault = Money.zero
        var limit = TimeLimit()
        var dueIfAccepted = Date(timeIntervalSince1970: 0)
        var channels: [ReceiveDossier.Desk] = ReceiveDossier.Desk.allCases

        static let fields: [Field<Self>] = [
            .init("procedure", \.procedure, .text(1...40), "National code"),
            .init("number", \.number, .integer(1...Limits.OneStop.procedureVersions), "Version in force"),
            .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
            .init("field", \.fieldCode, .text(1...Limits.OneStop.field), "Field of administration (lĩnh vực)"),
            .init("agency", \.agency, .agency, "The receiving agency"),
            .init(
                "fields", \.fields, .list(.record, 0...Limits.Counter.fields),
                "In the order in which they are typed: the card first, then who asks, then the electronic form"),
            .init("parts", \.parts, .list(.record, 0...Limits.OneStop.parts), "Papers to tick"),
            .init("fees", \.fees, .list(.record, 0...Limits.OneStop.fees), "Fees and exemptions, case by case"),
            .init("amountByDefault", \.amountByDefault, .money, "What is asked for when no case is named, in đồng"),
            .init("limit", \.limit, .record, "The legal limit"),
            .init("dueIfAccepted", \.dueIfAccepted, .instant, "The appointment, were it accepted now"),
            .init("channels", \.channels, .list(.choice, 1...2), "How it may come to the counter"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let book = call.resource(ProcedureBook.self)
        guard let procedure = try await book.inForce(input.code, on: call.today) else { throw Refused.procedureUnknown }
        let definition = procedure.definition
        let agency = if let asked = input.agency { asked } else { try await call.ownAgency }
        try await call.require(.dossiersReceive, at: agency, field: definition.field)
        guard let kind = try await book.kind(of: agency, on: call.today), definition.receivers.contains(kind) else {
            throw Refused.agencyDoesNotReceive
        }
        let calendar = try await call.calendar(of: agency)
        var output = Output()
        (output.procedure, output.number, output.name) = (procedure.code, procedure.number, definition.name)
        (output.fieldCode, output.agency, output.limit) = (definition.field, agency, definition.limit)
        output.fields = Array((applicant + members(of: definition.form)).prefix(Limits.Counter.fields))
        (output.parts, output.fees) = (definition.parts, definition.fees)
        output.amountByDefault = try definition.amount(of: definition.feesByDefault, copies: 1)
        output.dueIfAccepted = try Deadlines.due(from: call.now, limit: definition.limit, calendar: calendar).at
        return Reply(output, version: Int64(procedure.number))
    }

    /// The card is read or typed first: with it `POST /counter/duplicates` can be asked while the rest is typed.
    private static var applicant: [CounterField] {
        let titles = [
            ("nationalId", "Số định danh cá nhân hoặc CMND"), ("name", "Họ và tên người nộp"),
            ("phone", "Số điện thoại"), ("address", "Địa chỉ"), ("email", "Thư điện tử"),
            ("subject", "Nội dung yêu cầu giải quyết"),
        ]
        return titles.compactMap { name, title in
            Submission.fields.first { $0.name == name }.map {
                CounterField(name, title, required: $0.isRequired, schema: $0.schema)
            }
        }
    }

    /// The members of an electronic form one after the other, those of an object at its place (os-122).
    static func members(of schema: JSON?, at path: String = "form", required: Bool = true) -> [CounterField] {
        guard let schema else { return [] }
        let title = schema["title"]?.text ?? path.split(separator: ".").last.map(String.init) ?? path
        if schema["type"] == "array", let items = schema["items"], items["type"] == "object" {
            return members(of: items, at: "\(path)[]", required: required)
        }
        guard schema["type"] == "object" else {
            return [CounterField(path, title, required: required, schema: schema)]
        }
        let needed = Set((schema["required"]?.array ?? []).compactMap(\.text))
        return FormSchema.order(of: schema).flatMap { name in
            members(
                of: schema["properties"]?[name], at: "\(path).\(name)", required: required && needed.contains(name))
        }
    }
}
