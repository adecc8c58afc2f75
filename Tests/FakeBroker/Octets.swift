/// Writes the octets of AMQP 0-9-1, section 4.2.5.
public struct OctetWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public mutating func octet(_ value: UInt8) { bytes.append(value) }
    public mutating func short(_ value: UInt16) { number(value) }
    public mutating func long(_ value: UInt32) { number(value) }
    public mutating func longLong(_ value: UInt64) { number(value) }
    public mutating func raw(_ octets: [UInt8]) { bytes += octets }

    private mutating func number(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { bytes += $0 }
    }

    /// At most 255 bytes; what is longer is cut.
    public mutating func shortString(_ text: String) {
        let octets = text.utf8.prefix(255)
        octet(UInt8(octets.count))
        bytes += octets
    }

    public mutating func longString(_ octets: [UInt8]) {
        long(UInt32(octets.count))
        bytes += octets
    }

    public mutating func table(_ entries: [(String, FieldValue)]) {
        var inner = OctetWriter()
        for (name, value) in entries {
            inner.shortString(name)
            inner.value(value)
        }
        longString(inner.bytes)
    }

    private mutating func value(_ value: FieldValue) {
        switch value {
        case .text(let text):
            octet(UInt8(ascii: "S"))
            longString(Array(text.utf8))
        case .integer(let number):
            octet(UInt8(ascii: "l"))
            longLong(UInt64(bitPattern: number))
        case .bool(let flag):
            octet(UInt8(ascii: "t"))
            octet(flag ? 1 : 0)
        case .table(let entries):
            octet(UInt8(ascii: "F"))
            table(entries)
        }
    }
}

/// A value in a table; the kinds that RabbitMQ and our services write, and tables in tables.
public indirect enum FieldValue: Sendable {
    case text(String)
    case integer(Int64)
    case bool(Bool)
    case table([(String, FieldValue)])
}

/// The client sent what AMQP 0-9-1 does not allow.
public struct BadOctets: Error, Sendable, CustomStringConvertible {
    public let description: String
}

/// Reads octets from their beginning.
public struct OctetReader {
    private var rest: ArraySlice<UInt8>

    public init(_ bytes: some Collection<UInt8>) { rest = ArraySlice(Array(bytes)) }

    public var isAtEnd: Bool { rest.isEmpty }

    public mutating func octet() throws(BadOctets) -> UInt8 { try take(1)[0] }
    public mutating func short() throws(BadOctets) -> UInt16 { UInt16(truncatingIfNeeded: try number(2)) }
    public mutating func long() throws(BadOctets) -> UInt32 { UInt32(truncatingIfNeeded: try number(4)) }
    public mutating func longLong() throws(BadOctets) -> UInt64 { try number(8) }

    public mutating func shortString() throws(BadOctets) -> String {
        String(decoding: try take(Int(try octet())), as: UTF8.self)
    }

    public mutating func longString() throws(BadOctets) -> [UInt8] { try take(Int(try long())) }

    private mutating func number(_ count: Int) throws(BadOctets) -> UInt64 {
        try take(count).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func take(_ count: Int) throws(BadOctets) -> [UInt8] {
        guard rest.count >= count else { throw BadOctets(description: "\(count) octets wanted, \(rest.count) left") }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}
