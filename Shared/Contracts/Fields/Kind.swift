import Foundation

/// What is wrong with one field of a request: its path in the body (`applicant.phone`), a stable code, and the
/// reason in both languages.
public struct FieldFault: Error, Sendable, Equatable {
    public var field: String
    public let code: String
    public let vietnamese: String
    public let english: String

    public init(_ code: String, field: String = "", vi: String, en: String) {
        self.code = code
        self.field = field
        vietnamese = vi
        english = en
    }

    @usableFromInline
    func under(_ name: String) -> FieldFault {
        var copy = self
        copy.field = field.isEmpty ? name : field.first == "[" ? name + field : "\(name).\(field)"
        return copy
    }
}

/// A type of value on the wire: how it is read, how it is written, and its JSON Schema (2020-12), in one place.
public struct Kind<Value: Sendable>: Sendable {
    public let schema: JSON
    public let decode: @Sendable (JSON) throws(FieldFault) -> Value
    public let encode: @Sendable (Value, inout JSONWriter) -> Void

    @inlinable
    public init(
        schema: JSON, decode: @escaping @Sendable (JSON) throws(FieldFault) -> Value,
        encode: @escaping @Sendable (Value, inout JSONWriter) -> Void
    ) {
        self.schema = schema
        self.decode = decode
        self.encode = encode
    }

    /// A kind whose wire form is a string that `read` understands and `write` makes.
    @inlinable
    public init(
        format: JSON, expected: (vi: String, en: String), maxLength: Int = Limits.wireTextLength,
        read: @escaping @Sendable (String) -> Value?, write: @escaping @Sendable (Value) -> String
    ) {
        self.init(
            schema: format,
            decode: { json throws(FieldFault) in
                guard case .string(let text) = json, text.utf8.count <= maxLength, let value = read(text) else {
                    throw FieldFault("invalid", vi: "phải là \(expected.vi)", en: "must be \(expected.en)")
                }
                return value
            },
            encode: { value, writer in writer.string(write(value)) })
    }
}

extension Kind where Value == String {
    /// Text of `length` characters (Unicode scalars), normalised to NFC so that equal texts are equal bytes. Control
    /// characters except line breaks and tabs are refused: PostgreSQL cannot store NUL and no office needs the rest.
    public static func text(_ length: ClosedRange<Int>, pattern: String? = nil) -> Kind {
        var members: [JSON.Member] = [
            .init("type", "string"), .init("minLength", .integer(Int64(length.lowerBound))),
            .init("maxLength", .integer(Int64(length.upperBound))),
        ]
        let shape = pattern ?? (length.lowerBound > 0 ? #"^[^\x00-\x08\x0b\x0c\x0e-\x1f]+$"# : nil)
        if let shape { members.append(.init("pattern", .string(shape))) }
        return Kind(
            schema: .object(members),
            decode: { json throws(FieldFault) in
                guard case .string(let raw) = json else { throw .type("chuỗi", "a string") }
                // What is ASCII is normalised already, and is most of what comes.
                let text = raw.utf8.allSatisfy({ $0 < 0x80 }) ? raw : raw.precomposedStringWithCanonicalMapping
                guard length.contains(text.unicodeScalars.count), length.contains(raw.unicodeScalars.count) else {
                    throw FieldFault(
                        "length", vi: "phải dài từ \(length.lowerBound) đến \(length.upperBound) ký tự",
                        en: "must have \(length.lowerBound) to \(length.upperBound) characters")
                }
                let control = text.unicodeScalars.contains {
                    $0.value < 0x20 && $0 != "\n" && $0 != "\t" && $0 != "\r"
                }
                if control { throw FieldFault("characters", vi: "có ký tự điều khiển", en: "has control characters") }
                if let pattern, !text.fits(pattern) {
                    throw FieldFault("pattern", vi: "không đúng mẫu \(pattern)", en: "does not match \(pattern)")
                }
                return text
            },
            encode: { value, writer in writer.string(value) })
    }
}

extension String {
    /// `$` is the very end, as in JSON Schema, and not also before a last line break.
    fileprivate func fits(_ pattern: String) -> Bool {
        guard let range = range(of: pattern, options: .regularExpression) else { return false }
        return range.upperBound == endIndex || !pattern.hasSuffix("$")
    }
}

extension FieldFault {
    @usableFromInline
    static func type(_ vi: String, _ en: String) -> FieldFault {
        FieldFault("type", vi: "phải là \(vi)", en: "must be \(en)")
    }
}

extension Kind where Value == Int {
    public static func integer(_ range: ClosedRange<Int>) -> Kind {
        Kind(
            schema: [
                "type": "integer", "minimum": .integer(Int64(range.lowerBound)),
                "maximum": .integer(Int64(range.upperBound)),
            ],
            decode: { json throws(FieldFault) in
                guard case .integer(let value) = json else { throw .type("số nguyên", "an integer") }
                guard let value = Int(exactly: value), range.contains(value) else {
                    throw FieldFault(
                        "range", vi: "phải từ \(range.lowerBound) đến \(range.upperBound)",
                        en: "must be from \(range.lowerBound) to \(range.upperBound)")
                }
                return value
            },
            encode: { value, writer in writer.integer(Int64(value)) })
    }
}

extension Kind where Value == Bool {
    public static var bool: Kind {
        Kind(
            schema: ["type": "boolean"],
            decode: { json throws(FieldFault) in
                guard case .bool(let value) = json else { throw .type("đúng hoặc sai", "true or false") }
                return value
            },
            encode: { value, writer in writer.bool(value) })
    }
}

extension Kind where Value == JSON {
    /// Any JSON value, kept as it is.
    public static var any: Kind {
        Kind(schema: [:], decode: { json throws(FieldFault) in json }, encode: { value, writer in writer.write(value) })
    }
}

extension Kind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of the words of an enumeration.
    @inlinable
    public static var choice: Kind {
        let words = Value.allCases.map(\.rawValue)
        return Kind(
            schema: ["type": "string", "enum": .array(words.map(JSON.string))],
            decode: { json throws(FieldFault) in
                guard case .string(let text) = json, let value = Value(rawValue: text) else {
                    throw FieldFault(
                        "choice", vi: "phải là một trong: \(words.joined(separator: ", "))",
                        en: "must be one of: \(words.joined(separator: ", "))")
                }
                return value
            },
            encode: { value, writer in writer.string(value.rawValue) })
    }
}

extension Kind where Value: Record {
    /// A nested record.
    @inlinable
    public static var record: Kind {
        Kind(
            schema: Value.schema,
            decode: { json throws(FieldFault) in try Value(decoding: json, unknown: .refuse) },
            encode: { value, writer in value.encode(to: &writer) })
    }
}

extension Kind {
    /// A list of `count` elements.
    @inlinable
    public static func list<Element: Sendable>(_ element: Kind<Element>, _ count: ClosedRange<Int>) -> Kind
    where Value == [Element] {
        Kind(
            schema: [
                "type": "array", "items": element.schema, "minItems": .integer(Int64(count.lowerBound)),
                "maxItems": .integer(Int64(count.upperBound)),
            ],
            decode: { json throws(FieldFault) in
                guard case .array(let values) = json else { throw .type("danh sách", "a list") }
                guard count.contains(values.count) else {
                    throw FieldFault(
                        "count", vi: "phải có từ \(count.lowerBound) đến \(count.upperBound) phần tử",
                        en: "must have \(count.lowerBound) to \(count.upperBound) elements")
                }
                var elements: [Element] = []
                elements.reserveCapacity(values.count)
                for (index, value) in values.enumerated() {
                    do throws(FieldFault) { elements.append(try element.decode(value)) } catch {
                        throw error.under("[\(index)]")
                    }
                }
                return elements
            },
            encode: { values, writer in writer.array { writer in values.forEach { element.encode($0, &writer) } } })
    }
}
