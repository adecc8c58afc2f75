import Foundation

/// A JSON value (RFC 8259). Objects keep their order; a number that is not a whole number of 64 bits keeps its text,
/// so that no digit is lost on the way through.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(String)
    case string(String)
    case array([JSON])
    case object([Member])

    public struct Member: Sendable, Hashable {
        public let name: String
        public let value: JSON

        public init(_ name: String, _ value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The value of the first member called `name`; nil when this is no object or has none.
    public subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The text of a string, nil for every other kind.
    public var text: String? {
        if case .string(let text) = self { text } else { nil }
    }

    public var integer: Int64? {
        if case .integer(let value) = self { value } else { nil }
    }

    public var array: [JSON]? {
        if case .array(let values) = self { values } else { nil }
    }

    public var bytes: [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.bytes
    }

    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(elements.map { Member($0.0, $0.1) })
    }
}

/// Why bytes are not JSON: what was expected, and the offset in bytes at which it was not found.
public struct JSONFault: Error, Sendable, Equatable {
    public let reason: String
    public let offset: Int
}

extension JSON {
    /// What a member is whose name its object has already (RFC 8259 section 4 leaves it open).
    public enum Repeated: Sendable { case refused, ignored }

    /// Reads one JSON text that fills `bytes` whole. Refuses what RFC 8259 leaves open to interpretation: duplicate
    /// member names unless told otherwise, unpaired surrogates, invalid UTF-8, and nesting deeper than
    /// `Limits.jsonDepth`.
    public init(parsing bytes: [UInt8], repeated: Repeated = .refused) throws(JSONFault) {
        var parser = JSONParser(bytes, repeated)
        self = try parser.document()
    }
}

struct JSONParser {
    private let bytes: [UInt8]
    private let repeated: JSON.Repeated
    private var at = 0
    private var depth = 0

    init(_ bytes: [UInt8], _ repeated: JSON.Repeated) { (self.bytes, self.repeated) = (bytes, repeated) }

    mutating func document() throws(JSONFault) -> JSON {
        let value = try value()
        skipSpace()
        guard at == bytes.count else { throw fault("nothing after the value") }
        return value
    }

    private func fault(_ expected: String) -> JSONFault { JSONFault(reason: "expected \(expected)", offset: at) }

    private mutating func skipSpace() {
        while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0A || bytes[at] == 0x0D || bytes[at] == 0x09 {
            at += 1
        }
    }

    private mutating func value() throws(JSONFault) -> JSON {
        skipSpace()
        guard at < bytes.count else { throw fault("a value") }
        switch bytes[at] {
        case UInt8(ascii: "{"): return try nested { parser throws(JSONFault) in try parser.object() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONFault) in try parser.list() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: return try number()
        }
    }

    private mutating func nested(_ body: (inout Self) throws(JSONFault) -> JSON) throws(JSONFault) -> JSON {
        depth += 1
        guard depth <= Limits.jsonDepth else { throw fault("at most \(Limits.jsonDepth) levels") }
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws(JSONFault) -> JSON {
        at += 1
        var members: [JSON.Member] = []
        skipSpace()
        if take("}") { return .object([]) }
        while true {
            skipSpace()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw fault("a member name") }
            let name = try string()
            let isRepeated = members.contains { $0.name == name }
            if isRepeated, repeated == .refused { throw fault("each member once, but \"\(name)\" repeats") }
            guard members.count < Limits.jsonMembers else { throw fault("at most \(Limits.jsonMembers) members") }
            skipSpace()
            guard take(":") else { throw fault("a colon") }
            let value = try value()
            if !isRepeated { members.append(JSON.Member(name, value)) }
            skipSpace()
            if take(",") { continue }
            if take("}") { return .object(members) }
            throw fault("a comma or a closing brace")
        }
    }

    private mutating func list() throws(JSONFault) -> JSON {
        at += 1
        var values: [JSON] = []
        skipSpace()
        if take("]") { return .array([]) }
        while true {
            values.append(try value())
            skipSpace()
            if take(",") { continue }
            if take("]") { return .array(values) }
            throw fault("a comma or a closing bracket")
        }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    private mutating func literal(_ word: StaticString, _ value: JSON) throws(JSONFault) -> JSON {
        for index in 0..<word.utf8CodeUnitCount {
            guard at < bytes.count, bytes[at] == word.utf8Start[index] else { throw fault("\(word)") }
            at += 1
        }
        return value
    }

    private mutating func digits() throws(JSONFault) {
        let start = at
        while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { at += 1 }
        guard at > start else { throw fault("a digit") }
    }

    private mutating func number() throws(JSONFault) -> JSON {
        let start = at
        var whole = true
        _ = take("-")
        if !take("0") { try digits() }
        if take(".") {
            whole = false
            try digits()
        }
        if take("e") || take("E") {
            whole = false
            _ = take("+") || take("-")
            try digits()
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        guard text.utf8.count <= Limits.jsonNumberDigits else { throw fault("a shorter number") }
        if whole, let value = Int64(text) { return .integer(value) }
        return .number(text)
    }

    private mutating func string() throws(JSONFault) -> String {
        at += 1
        let start = at
        while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"), bytes[at] >= 0x20 {
            at += 1
        }
        guard at < bytes.count else { throw fault("a closing quote") }
        if bytes[at] == UInt8(ascii: "\"") {
            guard let text = String(validating: bytes[start..<at], as: UTF8.self) else { throw fault("valid UTF-8") }
            at += 1
            return text
        }
        return try stringWithEscapes(from: start)
    }

    private mutating func stringWithEscapes(from start: Int) throws(JSONFault) -> String {
        var out = Array(bytes[start..<at])
        while at < bytes.count {
            let byte = bytes[at]
            at += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: out, as: UTF8.self) else { throw fault("valid UTF-8") }
                return text
            case UInt8(ascii: "\\"): out.append(contentsOf: String(try escape()).utf8)
            case 0..<0x20: throw fault("no raw control character")
            default: out.append(byte)
            }
        }
        throw fault("a closing quote")
    }

    private mutating func escape() throws(JSONFault) -> Unicode.Scalar {
        guard at < bytes.count else { throw fault("an escape") }
        let byte = bytes[at]
        at += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try hex()
            guard unit >= 0xD800, unit <= 0xDFFF else { return Unicode.Scalar(UInt16(unit)) ?? "\u{FFFD}" }
            guard unit < 0xDC00, take("\\"), take("u") else { throw fault("a surrogate pair") }
            let low = try hex()
            guard low >= 0xDC00, low <= 0xDFFF else { throw fault("a surrogate pair") }
            let scalar = 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
            guard let character = Unicode.Scalar(scalar) else { throw fault("a character") }
            return character
        default: throw fault("an escape")
        }
    }

    private mutating func hex() throws(JSONFault) -> UInt32 {
        guard at + 4 <= bytes.count else { throw fault("four hex digits") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = Character(Unicode.Scalar(bytes[at])).hexDigitValue else { throw fault("a hex digit") }
            value = value << 4 | UInt32(digit)
            at += 1
        }
        return value
    }
}
