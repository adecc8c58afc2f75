import Foundation

/// Writes JSON as compact UTF-8, members in the order in which they are given.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    public init() { bytes.reserveCapacity(256) }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    public mutating func name(_ name: String) {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// A member name that `quoted` has made ready.
    public mutating func name(quoted member: [UInt8]) {
        separate()
        bytes.append(contentsOf: member)
        needsComma = false
    }

    /// A member name with its quotes and colon, to be written often.
    public static func quoted(_ name: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.name(name)
        return writer.bytes
    }

    public mutating func object(_ body: (inout JSONWriter) -> Void) { nest("{", "}", body) }
    public mutating func array(_ body: (inout JSONWriter) -> Void) { nest("[", "]", body) }

    private mutating func nest(_ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(UInt8(ascii: open))
        needsComma = false
        body(&self)
        bytes.append(UInt8(ascii: close))
        needsComma = true
    }

    public mutating func string(_ text: String) {
        separate()
        quote(text)
    }

    public mutating func integer(_ value: Int64) { verbatim("\(value)") }
    public mutating func bool(_ value: Bool) { verbatim(value ? "true" : "false") }
    public mutating func null() { verbatim("null") }

    /// Text that is JSON already (a number kept as text, or a value read from `jsonb`).
    public mutating func verbatim(_ json: String) {
        separate()
        bytes.append(contentsOf: json.utf8)
    }

    public mutating func write(_ value: JSON) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .number(let text): verbatim(text)
        case .string(let text): string(text)
        case .array(let values): array { writer in values.forEach { writer.write($0) } }
        case .object(let members):
            object { writer in
                for member in members {
                    writer.name(member.name)
                    writer.write(member.value)
                }
            }
        }
    }

    private static let hex = Array("0123456789abcdef".utf8)

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { all in
            // Nearly every text goes through in one piece.
            var start = 0
            for index in all.indices where all[index] < 0x20 || all[index] == 0x22 || all[index] == 0x5C {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: all[start..<index]))
                escape(all[index])
                start = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: all[start...]))
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(0x5C)
        switch byte {
        case 0x22, 0x5C: bytes.append(byte)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default: bytes.append(contentsOf: Array("u00".utf8) + [Self.hex[Int(byte >> 4)], Self.hex[Int(byte & 15)]])
        }
    }
}
