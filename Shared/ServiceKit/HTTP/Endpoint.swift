import Contracts
import Foundation

/// What a service mounts in its table of contents: an `Endpoint` or a `RawEndpoint`.
public protocol Mountable: Sendable {
    static var route: Route { get }
    /// One sentence for OpenAPI: what a person does with it.
    static var summary: String { get }
    static var access: Access { get }
    /// The refusals that are the use case's own, for the documentation.
    static var refusals: [Refused] { get }
}

extension Mountable {
    public static var refusals: [Refused] { [] }
}

/// Who may call. Where a right counts only at some agencies the use case also says `try call.require(_, at:)`.
public enum Access: Sendable {
    /// Anybody, without a token.
    case open
    /// Anybody who is signed in.
    case signedIn
    /// A citizen, about his or her own dossiers.
    case citizen
    /// An official who holds this scope somewhere.
    case official(Scope)
    /// One of our services that consumes this service's events.
    case consumer
}

/// A use case behind HTTP: one file reads route, input, output, refusals, `handle`, and the pure decision.
public protocol Endpoint: Mountable {
    associatedtype Input: Record
    associatedtype Output: Record
    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output>
}

/// An endpoint that an RFC or an outside system defines, or whose body is no JSON of ours: it reads and writes
/// messages itself.
public protocol RawEndpoint: Mountable {
    /// Largest body accepted, in bytes.
    static var bodyLimit: Int { get }
    /// The OpenAPI operation's own members: parameters, requestBody, responses (2xx and its own others).
    static var operation: JSON { get }
    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing
}

extension RawEndpoint {
    public static var bodyLimit: Int { Limits.bodyBytes }
}

/// What a use case answers: its output, and where it stands.
public struct Reply<Output: Record>: Sendable {
    public var output: Output
    /// The version of the thing after this request; becomes the ETag.
    public var version: Int64?
    /// Where the new thing is (Location).
    public var location: String?
    /// Keyset pagination: the address of the next page (RFC 8288 `rel="next"`).
    public var next: String?

    public init(_ output: Output, version: Int64? = nil, location: String? = nil, next: String? = nil) {
        self.output = output
        self.version = version
        self.location = location
        self.next = next
    }

    func outgoing(_ route: Route) -> Outgoing {
        var headers: [(name: String, value: String)] = []
        if let version { headers.append(("etag", "\"\(version)\"")) }
        if let location { headers.append(("location", location)) }
        if let next { headers.append(("link", "<\(next)>; rel=\"next\"")) }
        guard route.success != 204 else { return Outgoing(204, headers: headers) }
        headers.append(("content-type", "application/json"))
        return Outgoing(route.success, headers: headers, body: output.jsonBytes)
    }
}

extension Endpoint {
    /// Path, query and body merged into one typed input. Faults name their field; unknown body members, unknown
    /// query names and missing fields are faults too.
    static func read(_ request: Incoming, _ path: [String: String]) throws(InputFault) -> Input {
        var input = Input()
        var faults: [FieldFault] = []
        let query = request.queryPairs
        var body: JSON = [:]
        let wantsBody = Input.fields.contains { $0.source == .body }
        if wantsBody {
            if request.body.isEmpty, !Input.fields.contains(where: { $0.source == .body && $0.isRequired }) {
                body = [:]
            } else {
                guard request.isJSON else { throw .mediaType }
                do throws(JSONFault) { body = try JSON(parsing: request.body) } catch { throw .json(error) }
            }
            guard case .object(let members) = body else {
                throw .fields([FieldFault("type", vi: "nội dung phải là đối tượng", en: "the body must be an object")])
            }
            let known = Set(Input.fields.filter { $0.source == .body }.map(\.name))
            faults += members.filter { !known.contains($0.name) }.map { .unknown($0.name) }
        }
        let queryNames = Set(Input.fields.filter { $0.source == .query }.map(\.name))
        faults += query.filter { !queryNames.contains($0.name) }.map { .unknown($0.name) }
        for field in Input.fields {
            let json: JSON? =
                switch field.source {
                case .body: body[field.name]
                case .path: path[field.name].map { textual($0, field.schema) }
                case .query: fromQuery(field, query.filter { $0.name == field.name }.map(\.value))
                case .header: request.header(field.name.lowercased()).map { textual($0, field.schema) }
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

    private static func fromQuery(_ field: Field<Input>, _ values: [String]) -> JSON? {
        guard !values.isEmpty else { return nil }
        if field.isList { return .array(values.map { textual($0, field.schema["items"] ?? [:]) }) }
        return textual(values[values.count - 1], field.schema)
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
