import Foundation

/// A typed list of fields: name, kind with bounds, and meaning, declared once. Decoding, encoding and the JSON Schema
/// all come from this list; there is no reflection and no `Codable`.
///
///     struct Input: Record {
///         var reason = ""
///         var until: Day?
///         static let fields: [Field<Self>] = [
///             .init("reason", \.reason, .text(1...500), "Why the dossier is stopped"),
///             .init("until", \.until, .day, "First day on which it may go on"),
///         ]
///     }
public protocol Record: Sendable {
    init()
    static var fields: [Field<Self>] { get }
    /// A requirement, so that each record has a specialised one; never written by hand.
    func encode(to writer: inout JSONWriter)
}

/// An empty input or output.
public struct Nothing: Record {
    public init() {}
    public static let fields: [Field<Self>] = []
}

/// Where a request carries a field.
public enum FieldSource: Sendable { case body, path, query, header }

public struct Field<Root: Sendable>: Sendable {
    public let name: String
    public let doc: String
    public let schema: JSON
    public let isRequired: Bool
    public let source: FieldSource
    /// A list in the query is given by repeating its name.
    public let isList: Bool
    @usableFromInline let decode: @Sendable (inout Root, JSON) throws(FieldFault) -> Void
    /// Reads the field in place: a record of fifty fields is not copied fifty times.
    @usableFromInline let encode: @Sendable (UnsafePointer<Root>, inout JSONWriter) -> Void

    /// A required field.
    @inlinable
    public init<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ kind: Kind<Value>, _ doc: String,
        in source: FieldSource = .body
    ) {
        self.name = name
        self.doc = doc
        self.source = source
        schema = kind.schema
        isRequired = true
        isList = kind.schema["type"] == "array"
        decode = { root, json throws(FieldFault) in root[keyPath: path] = try kind.decode(json) }
        let (member, stored) = (JSONWriter.quoted(name), Stored(path))
        encode = { root, writer in
            writer.name(quoted: member)
            kind.encode(stored.read(root), &writer)
        }
    }

    /// An optional field: absent and `null` mean the same; it is left out when nil.
    @inlinable
    public init<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, Value?> & Sendable, _ kind: Kind<Value>, _ doc: String,
        in source: FieldSource = .body
    ) {
        self.name = name
        self.doc = doc
        self.source = source
        schema = kind.schema
        isRequired = false
        isList = kind.schema["type"] == "array"
        decode = { root, json throws(FieldFault) in
            root[keyPath: path] = json == .null ? nil : try kind.decode(json)
        }
        let (member, stored) = (JSONWriter.quoted(name), Stored(path))
        encode = { root, writer in
            guard let value = stored.read(root) else { return }
            writer.name(quoted: member)
            kind.encode(value, &writer)
        }
    }

    /// A field with a default: absent leaves what `Root()` has.
    @inlinable
    public init<Value: Sendable>(
        _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ kind: Kind<Value>, default: Value,
        _ doc: String, in source: FieldSource = .body
    ) {
        self.name = name
        self.doc = doc
        self.source = source
        schema = kind.schema
        isRequired = false
        isList = kind.schema["type"] == "array"
        decode = { root, json throws(FieldFault) in
            root[keyPath: path] = json == .null ? `default` : try kind.decode(json)
        }
        let (member, stored) = (JSONWriter.quoted(name), Stored(path))
        encode = { root, writer in
            writer.name(quoted: member)
            kind.encode(stored.read(root), &writer)
        }
    }
}

/// How to read one property of a record in memory. A key path walks generic metadata at each reading, which cost half
/// of writing a list; where the property is stored its offset is as good.
@usableFromInline
struct Stored<Root, Value>: Sendable {
    @usableFromInline let path: any WritableKeyPath<Root, Value> & Sendable
    @usableFromInline let offset: Int?

    @inlinable
    init(_ path: any WritableKeyPath<Root, Value> & Sendable) {
        self.path = path
        offset = MemoryLayout<Root>.offset(of: path)
    }

    @inlinable
    func read(_ root: UnsafePointer<Root>) -> Value {
        guard let offset else { return root.pointee[keyPath: path] }
        return UnsafeRawPointer(root).load(fromByteOffset: offset, as: Value.self)
    }
}

public enum UnknownFields: Sendable { case refuse, ignore }

extension Record {
    /// Reads a record from a JSON object. `refuse` for requests, `ignore` for events (new optional fields may come).
    public init(decoding json: JSON, unknown: UnknownFields) throws(FieldFault) {
        guard case .object(let members) = json else { throw .type("đối tượng", "an object") }
        self.init()
        var rest = members
        for field in Self.fields {
            if let index = rest.firstIndex(where: { $0.name == field.name }) {
                try decode(field, rest[index].value)
                rest.remove(at: index)
            } else if field.isRequired {
                throw .missing(field.name)
            }
        }
        if unknown == .refuse, let first = rest.first { throw .unknown(first.name) }
    }

    /// Sets one field; the fault names it.
    public mutating func decode(_ field: Field<Self>, _ json: JSON) throws(FieldFault) {
        do throws(FieldFault) { try field.decode(&self, json) } catch { throw error.under(field.name) }
    }

    @inlinable
    public func encode(to writer: inout JSONWriter) {
        withUnsafePointer(to: self) { record in
            writer.object { writer in
                let fields = Self.fields
                for index in fields.indices { fields[index].encode(record, &writer) }
            }
        }
    }

    public var jsonBytes: [UInt8] {
        var writer = JSONWriter()
        encode(to: &writer)
        return writer.bytes
    }

    /// JSON Schema 2020-12 of the fields that travel in the body.
    public static var schema: JSON {
        schema(of: fields.filter { $0.source == .body })
    }

    public static func schema(of fields: [Field<Self>], closed: Bool = true) -> JSON {
        let properties = fields.map { field in
            guard case .object(let members) = field.schema else { return JSON.Member(field.name, field.schema) }
            return JSON.Member(field.name, .object(members + [.init("description", .string(field.doc))]))
        }
        var members: [JSON.Member] = [.init("type", "object"), .init("properties", .object(properties))]
        let required = fields.filter(\.isRequired).map { JSON.string($0.name) }
        if !required.isEmpty { members.append(.init("required", .array(required))) }
        if closed { members.append(.init("additionalProperties", false)) }
        return .object(members)
    }
}

extension FieldFault {
    public static func missing(_ name: String) -> FieldFault {
        FieldFault("missing", field: name, vi: "là bắt buộc", en: "is required")
    }
    public static func unknown(_ name: String) -> FieldFault {
        FieldFault("unknown", field: name, vi: "không được biết", en: "is not known")
    }
}
