import Contracts
import Foundation

/// Reads the input of an endpoint from its requests. Made once for each: what its fields say is not worked out anew
/// with every request.
struct InputReader<Input: Record>: Sendable {
    private let fields = Input.fields
    private let takesBody: Bool
    private let needsBody: Bool
    private let bodyNames: Set<String>
    private let queryNames: Set<String>

    init() {
        let body = Input.fields.filter { $0.source == .body }
        (takesBody, needsBody) = (!body.isEmpty, body.contains(where: \.isRequired))
        bodyNames = Set(body.map(\.name))
        queryNames = Set(Input.fields.filter { $0.source == .query }.map(\.name))
    }

    /// Path, query and body merged into one typed input. Faults name their field; unknown body members, unknown
    /// query names and missing fields are faults too.
    func read(_ request: Incoming, _ path: [String: String]) throws(InputFault) -> Input {
        var input = Input()
        let query = request.queryPairs
        let body = takesBody ? try self.body(of: request) : [:]
        var faults: [FieldFault] = []
        if case .object(let members) = body {
            faults += members.lazy.filter { !bodyNames.contains($0.name) }.map { .unknown($0.name) }
        }
        faults += query.lazy.filter { !queryNames.contains($0.name) }.map { .unknown($0.name) }
        for field in fields {
            let json: JSON? =
                switch field.source {
                case .body: body[field.name]
                case .path: path[field.name].map { Self.textual($0, field.schema) }
                case .query: Self.fromQuery(field, query)
                case .header: request.header(field.name.lowercased()).map { Self.textual($0, field.schema) }
                }
            guard let json else {
                if field.isRequired { faults.append(.missing(field.name)) }
                continue
            }
            do throws(FieldFault) { try input.decode(field, json) } catch { faults.append(error) }
        }
        guard faults.isEmpty else { throw .fields(faults) }
        return input
    }

    /// An object; empty where nothing was sent and nothing is required.
    private func body(of request: Incoming) throws(InputFault) -> JSON {
        if request.body.isEmpty, !needsBody { return [:] }
        guard request.isJSON else { throw .mediaType }
        let body: JSON
        do throws(JSONFault) { body = try JSON(parsing: request.body) } catch { throw .json(error) }
        guard case .object = body else {
            throw .fields([FieldFault("type", vi: "nội dung phải là đối tượng", en: "the body must be an object")])
        }
        return body
    }

    private static func fromQuery(_ field: Field<Input>, _ query: [(name: String, value: String)]) -> JSON? {
        guard !query.isEmpty else { return nil }
        let values = query.filter { $0.name == field.name }.map(\.value)
        guard let last = values.last else { return nil }
        guard field.isList else { return textual(last, field.schema) }
        return .array(values.map { textual($0, field.schema["items"] ?? [:]) })
    }

    /// A value that arrived as text, as the JSON that its schema expects.
    private static func textual(_ text: String, _ schema: JSON) -> JSON {
        switch schema["type"]?.text {
        case "integer": Int64(text).map(JSON.integer) ?? .string(text)
        case "boolean": text == "true" ? true : text == "false" ? false : .string(text)
        default: .string(text)
        }
    }
}

/// Why a request could not be read.
enum InputFault: Error {
    case mediaType
    case json(JSONFault)
    case fields([FieldFault])
}

extension Incoming {
    var isJSON: Bool {
        guard let type = header("content-type") else { return false }
        let essence = type.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
        return essence == "application/json" || essence.hasSuffix("+json")
    }
}
