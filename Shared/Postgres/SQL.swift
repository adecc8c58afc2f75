import Contracts
import Foundation

/// A statement with its values apart. Interpolation binds: `"… WHERE id = \(id)"` becomes `$1` and a bind, so a value
/// can never become SQL. Raw text needs the loud label `\(raw:)`; another `SQL` nests, its parameters renumbered.
public struct SQL: ExpressibleByStringInterpolation, Sendable {
    var segments: [String]
    var binds: [Bind]
    /// What it writes is waited for: `Database.onAnnouncement` when it has committed.
    public var announces = false
    /// One plan serves whatever the values are. By itself PostgreSQL plans a statement anew for every execution while
    /// it takes the plan for these values to be cheaper, which costs a large statement more than its work does. The
    /// plan goes by indexes also where a table is small: it stays when the table has grown.
    public var isPlannedOnce = false

    public init(stringLiteral value: String) {
        segments = [value]
        binds = []
    }

    public init(stringInterpolation: Interpolation) {
        segments = stringInterpolation.segments
        binds = stringInterpolation.binds
    }

    /// Fragments one after the other, `separator` between them.
    public init(joining fragments: [SQL], separator: String) {
        var interpolation = Interpolation(
            literalCapacity: 0, interpolationCount: fragments.reduce(0) { $0 + $1.binds.count })
        for (index, fragment) in fragments.enumerated() {
            if index > 0 { interpolation.appendLiteral(separator) }
            interpolation.appendInterpolation(fragment)
        }
        self.init(stringInterpolation: interpolation)
    }

    /// The text with `$1 …` in place of the values.
    public var text: String {
        guard segments.count > 1 else { return segments[0] }
        var text = segments[0]
        text.reserveCapacity(segments.reduce(0) { $0 + $1.utf8.count + 4 })
        for index in 1..<segments.count {
            text += "$\(index)"
            text += segments[index]
        }
        return text
    }

    public struct Interpolation: StringInterpolationProtocol, Sendable {
        var segments: [String]
        var binds: [Bind] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            segments = [""]
            segments.reserveCapacity(interpolationCount + 1)
            binds.reserveCapacity(interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) { segments[segments.count - 1] += literal }

        public mutating func appendInterpolation<Value: SQLBindable>(_ value: Value) {
            binds.append(value.bind)
            segments.append("")
        }

        /// NULL when nil. An overload of its own, because the compiler warns of optionals in generic interpolations.
        public mutating func appendInterpolation<Value: SQLTyped>(_ value: Value?) {
            binds.append(value.bind)
            segments.append("")
        }

        /// Verbatim SQL: names and keywords that are constants of ours, never anything from outside.
        public mutating func appendInterpolation(raw text: String) { appendLiteral(text) }

        public mutating func appendInterpolation(_ fragment: SQL) {
            appendLiteral(fragment.segments[0])
            segments += fragment.segments.dropFirst()
            binds += fragment.binds
        }
    }
}

extension SQL {
    /// Commits without waiting for the disk, for what is only done again when a crash loses it: `WITH quick AS (…)`.
    public static let lazily: SQL = "SELECT set_config('synchronous_commit', 'off', true)"
}

/// One parameter: its type, and its bytes in PostgreSQL's binary format, nil for NULL.
public struct Bind: Sendable {
    let oid: UInt32
    let bytes: [UInt8]?
}

/// A value that can be bound to a parameter.
public protocol SQLBindable: Sendable {
    var bind: Bind { get }
}

/// A value that can be read from a column.
public protocol SQLReadable: Sendable {
    /// - Throws: `Unreadable` when the column has another type.
    init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable)
}

/// A column's bytes are no such value.
public struct Unreadable: Error, Sendable {
    let expected: String
}

/// A type with a PostgreSQL type of its own, both ways, and arrays of it.
public protocol SQLValue: SQLBindable, SQLReadable {
    static var oid: UInt32 { get }
    static var arrayOID: UInt32 { get }
    func write(to bytes: inout [UInt8])
    /// How a list of such values is bound and read: an array, except for bytes, which are `bytea`.
    static func bind(list: [Self]) -> Bind
    static func read(list bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) -> [Self]
    static var listOID: UInt32 { get }
}

extension SQLValue {
    public var bind: Bind {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return Bind(oid: Self.oid, bytes: bytes)
    }

    public static var listOID: UInt32 { arrayOID }

    public static func bind(list: [Self]) -> Bind {
        var bytes: [UInt8] = []
        bytes.append(big: Int32(list.isEmpty ? 0 : 1))
        bytes.append(big: Int32(0))
        bytes.append(big: Int32(bitPattern: oid))
        if !list.isEmpty {
            bytes.append(big: Int32(list.count))
            bytes.append(big: Int32(1))
        }
        for element in list {
            var one: [UInt8] = []
            element.write(to: &one)
            bytes.append(big: Int32(one.count))
            bytes += one
        }
        return Bind(oid: arrayOID, bytes: bytes)
    }

    public static func read(list bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) -> [Self] {
        guard bytes.count >= 12 else { throw Unreadable(expected: "array") }
        guard bytes.big(0, as: Int32.self) > 0 else { return [] }
        let element = UInt32(bitPattern: bytes.big(8, as: Int32.self))
        guard bytes.big(0, as: Int32.self) == 1, bytes.count >= 20 else { throw Unreadable(expected: "flat array") }
        var at = 20
        var list: [Self] = []
        for _ in 0..<bytes.big(12, as: Int32.self) {
            let length = Int(bytes.big(at, as: Int32.self))
            guard length >= 0, at + 4 + length <= bytes.count else { throw Unreadable(expected: "array without NULL") }
            list.append(
                try Self(sql: UnsafeRawBufferPointer(rebasing: bytes[(at + 4)..<(at + 4 + length)]), oid: element))
            at += 4 + length
        }
        return list
    }
}

extension Optional: SQLBindable where Wrapped: SQLTyped {
    public var bind: Bind { self?.bind ?? Bind(oid: Wrapped.bindOID, bytes: nil) }
}

/// What NULL needs to know: the type that it would have had.
public protocol SQLTyped: SQLBindable {
    static var bindOID: UInt32 { get }
}

extension Array: SQLBindable, SQLTyped where Element: SQLValue {
    public var bind: Bind { Element.bind(list: self) }
    public static var bindOID: UInt32 { Element.listOID }
}

extension Array: SQLReadable where Element: SQLValue {
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        self = try Element.read(list: bytes, oid: oid)
    }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(big number: Number) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    /// The big-endian number at `offset`; 0 when it does not fit.
    func big<Number: FixedWidthInteger>(_ offset: Int, as type: Number.Type) -> Number {
        guard offset >= 0, offset + MemoryLayout<Number>.size <= count else { return 0 }
        return Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
