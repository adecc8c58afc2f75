import Contracts
import Foundation

// PostgreSQL's binary formats of the types that we use. A whole number reads from any integer column that fits it.

extension FixedWidthInteger {
    /// Nil when the sum does not fit.
    func plus(_ other: Self) -> Self? {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? nil : sum
    }

    init(whole bytes: UnsafeRawBufferPointer) throws(Unreadable) {
        let value: Int64
        switch bytes.count {
        case 2: value = Int64(bytes.big(0, as: Int16.self))
        case 4: value = Int64(bytes.big(0, as: Int32.self))
        case 8: value = bytes.big(0, as: Int64.self)
        default: throw Unreadable(expected: "integer")
        }
        guard let fitting = Self(exactly: value) else { throw Unreadable(expected: "integer of \(Self.bitWidth) bits") }
        self = fitting
    }
}

enum OID {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let jsonb: UInt32 = 3802
    static let uuid: UInt32 = 2950
    static let numeric: UInt32 = 1700
}

private func isInteger(_ oid: UInt32) -> Bool { [20, 21, 23, 26, 5069, 28].contains(oid) }

extension Int: SQLValue, SQLTyped {
    public static let oid: UInt32 = 20
    public static let arrayOID: UInt32 = 1016
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { bytes.append(big: Int64(self)) }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        guard isInteger(oid) else { throw Unreadable(expected: "integer") }
        self = try Int(whole: bytes)
    }
}

extension Int64: SQLValue, SQLTyped {
    public static let oid: UInt32 = 20
    public static let arrayOID: UInt32 = 1016
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { bytes.append(big: self) }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        guard isInteger(oid) else { throw Unreadable(expected: "integer") }
        self = try Int64(whole: bytes)
    }
}

extension Int32: SQLValue, SQLTyped {
    public static let oid: UInt32 = 23
    public static let arrayOID: UInt32 = 1007
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { bytes.append(big: self) }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        guard isInteger(oid) else { throw Unreadable(expected: "integer") }
        self = try Int32(whole: bytes)
    }
}

extension Int16: SQLValue, SQLTyped {
    public static let oid: UInt32 = 21
    public static let arrayOID: UInt32 = 1005
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { bytes.append(big: self) }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        guard isInteger(oid) else { throw Unreadable(expected: "integer") }
        self = try Int16(whole: bytes)
    }
}

/// Bytes exist for lists of them: `[UInt8]` is `bytea`.
extension UInt8: SQLValue {
    public static let oid: UInt32 = 21
    public static let arrayOID: UInt32 = 1005
    public static var listOID: UInt32 { OID.bytea }
    public func write(to bytes: inout [UInt8]) { bytes.append(big: Int16(self)) }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) { self = try UInt8(whole: bytes) }
    public static func bind(list: [UInt8]) -> Bind { Bind(oid: OID.bytea, bytes: list) }
    public static func read(list bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) -> [UInt8] {
        guard oid == OID.bytea else { throw Unreadable(expected: "bytea") }
        return [UInt8](bytes)
    }
}

extension Bool: SQLValue, SQLTyped {
    public static let oid: UInt32 = OID.bool
    public static let arrayOID: UInt32 = 1000
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { bytes.append(self ? 1 : 0) }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        guard oid == OID.bool, bytes.count == 1 else { throw Unreadable(expected: "boolean") }
        self = bytes[0] != 0
    }
}

extension Double: SQLValue, SQLTyped {
    public static let oid: UInt32 = 701
    public static let arrayOID: UInt32 = 1022
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { bytes.append(big: bitPattern) }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        switch (oid, bytes.count) {
        case (701, 8): self = Double(bitPattern: bytes.big(0, as: UInt64.self))
        case (700, 4): self = Double(Float(bitPattern: bytes.big(0, as: UInt32.self)))
        default: throw Unreadable(expected: "double precision")
        }
    }
}

extension String: SQLValue, SQLTyped {
    public static let oid: UInt32 = 25
    public static let arrayOID: UInt32 = 1009
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { bytes += utf8 }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        // text, varchar, bpchar, "char", name, unknown, json, xml
        guard [25, 1043, 1042, 18, 19, 705, 114, 142].contains(oid) else { throw Unreadable(expected: "text") }
        self = String(decoding: bytes, as: UTF8.self)
    }
}

extension UUID: SQLValue, SQLTyped {
    public static let oid: UInt32 = OID.uuid
    public static let arrayOID: UInt32 = 2951
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) } }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        guard oid == OID.uuid, bytes.count == 16 else { throw Unreadable(expected: "uuid") }
        self.init(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

/// `timestamptz`: microseconds since 2000-01-01 00:00 UTC.
extension Date: SQLValue, SQLTyped {
    public static let oid: UInt32 = 1184
    public static let arrayOID: UInt32 = 1185
    public static var bindOID: UInt32 { oid }
    private static let epoch: Int64 = 946_684_800_000_000
    public func write(to bytes: inout [UInt8]) {
        let microseconds = (timeIntervalSince1970 * 1_000_000).rounded()
        let kept = Int64(exactly: microseconds).flatMap { $0.plus(-Self.epoch) }
        // Beyond what the type holds: PostgreSQL's infinities.
        bytes.append(big: kept ?? (microseconds < 0 ? Int64.min : Int64.max))
    }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        guard oid == 1184, bytes.count == 8 else { throw Unreadable(expected: "timestamptz") }
        let microseconds = bytes.big(0, as: Int64.self)
        guard microseconds != .min, let sinceUnix = microseconds.plus(Self.epoch) else {
            throw Unreadable(expected: "finite timestamptz")
        }
        self.init(timeIntervalSince1970: Double(sinceUnix) / 1_000_000)
    }
}

/// `date`: days since 2000-01-01.
extension Day: SQLValue, SQLTyped {
    public static let oid: UInt32 = 1082
    public static let arrayOID: UInt32 = 1182
    public static var bindOID: UInt32 { oid }
    private static let epoch: Int32 = 10_957
    public func write(to bytes: inout [UInt8]) {
        bytes.append(big: number.plus(-Self.epoch) ?? (number < 0 ? Int32.min : Int32.max))
    }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        guard oid == 1082, bytes.count == 4 else { throw Unreadable(expected: "date") }
        let days = bytes.big(0, as: Int32.self)
        guard days != .min, let number = days.plus(Self.epoch) else { throw Unreadable(expected: "finite date") }
        self.init(number: number)
    }
}

extension Data: SQLBindable, SQLTyped, SQLReadable {
    public static var bindOID: UInt32 { OID.bytea }
    public var bind: Bind { Bind(oid: OID.bytea, bytes: [UInt8](self)) }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        guard oid == OID.bytea else { throw Unreadable(expected: "bytea") }
        self.init(bytes)
    }
}

extension JSON: SQLValue, SQLTyped {
    public static let oid: UInt32 = OID.jsonb
    public static let arrayOID: UInt32 = 3807
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) {
        bytes.append(1)
        bytes += self.bytes
    }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        guard oid == OID.jsonb || oid == 114 else { throw Unreadable(expected: "jsonb") }
        do { self = try JSON(parsing: [UInt8](oid == OID.jsonb ? bytes.dropFirst() : bytes[...])) } catch {
            throw Unreadable(expected: "JSON within the limits")
        }
    }
}

/// `numeric`: base 10,000 digits with weight, sign and scale.
extension Decimal: SQLValue, SQLTyped {
    public static let oid: UInt32 = OID.numeric
    public static let arrayOID: UInt32 = 1231
    public static var bindOID: UInt32 { oid }

    public func write(to bytes: inout [UInt8]) {
        guard isFinite else {
            for part: UInt16 in [0, 0, 0xC000, 0] { bytes.append(big: part) }
            return
        }
        var text = description
        let negative = text.hasPrefix("-")
        if negative { text.removeFirst() }
        let sides = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        let fraction = sides.count > 1 ? sides[1] : ""
        let whole = String(repeating: "0", count: (4 - sides[0].count % 4) % 4) + sides[0]
        let digits = Array((whole + fraction + String(repeating: "0", count: (4 - fraction.count % 4) % 4)).utf8)
        let groups = stride(from: 0, to: digits.count, by: 4).map { start in
            digits[start..<start + 4].reduce(Int16(0)) { $0 * 10 + Int16($1 - UInt8(ascii: "0")) }
        }
        bytes.append(big: Int16(groups.count))
        bytes.append(big: Int16(whole.count / 4 - 1))
        bytes.append(big: Int16(negative ? 0x4000 : 0))
        bytes.append(big: Int16(fraction.count))
        groups.forEach { bytes.append(big: $0) }
    }

    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        guard oid == OID.numeric, bytes.count >= 8 else { throw Unreadable(expected: "numeric") }
        let count = Int(bytes.big(0, as: Int16.self))
        let weight = Int(bytes.big(2, as: Int16.self))
        let sign = bytes.big(4, as: UInt16.self)
        guard sign == 0 || sign == 0x4000, count >= 0, bytes.count == 8 + 2 * count else {
            throw Unreadable(expected: "finite numeric")
        }
        let digits = (0..<count).map { index -> String in
            let group = String(bytes.big(8 + 2 * index, as: Int16.self))
            return String(repeating: "0", count: 4 - group.count) + group
        }.joined().drop { $0 == "0" }
        let ending = digits.reversed().prefix { $0 == "0" }.count
        let exponent = (weight - count + 1) * 4 + ending
        // More than 38 digits would be rounded without a word.
        guard digits.count - ending <= 38, (-128...127).contains(exponent),
            let significand = Decimal(string: digits.isEmpty ? "0" : String(digits.dropLast(ending)))
        else { throw Unreadable(expected: "numeric of at most 38 digits") }
        self.init(sign: sign == 0 ? .plus : .minus, exponent: digits.isEmpty ? 0 : exponent, significand: significand)
    }
}

// MARK: - Values of Contracts

extension ID: SQLBindable, SQLReadable, SQLTyped, SQLValue {
    public static var oid: UInt32 { OID.uuid }
    public static var arrayOID: UInt32 { 2951 }
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { uuid.write(to: &bytes) }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        self.init(try UUID(sql: bytes, oid: oid))
    }
}

extension Money: SQLValue, SQLTyped {
    public static let oid: UInt32 = 20
    public static let arrayOID: UInt32 = 1016
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { bytes.append(big: dong) }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        let dong = try Int64(whole: bytes)
        do throws(FieldFault) { self = try Money(dong) } catch {
            throw Unreadable(expected: "amount of money")
        }
    }
}

extension AgencyCode: SQLValue, SQLTyped {
    public static let oid: UInt32 = 25
    public static let arrayOID: UInt32 = 1009
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { bytes += text.utf8 }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        let text = try String(sql: bytes, oid: oid)
        if text.isEmpty {
            self = .none
            return
        }
        do throws(FieldFault) { self = try AgencyCode(text) } catch { throw Unreadable(expected: "agency code") }
    }
}

extension DossierCode: SQLValue, SQLTyped {
    public static let oid: UInt32 = 25
    public static let arrayOID: UInt32 = 1009
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { bytes += text.utf8 }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        let text = try String(sql: bytes, oid: oid)
        do throws(FieldFault) { self = try DossierCode(text) } catch { throw Unreadable(expected: "dossier code") }
    }
}

extension DocumentNumber: SQLValue, SQLTyped {
    public static let oid: UInt32 = 25
    public static let arrayOID: UInt32 = 1009
    public static var bindOID: UInt32 { oid }
    public func write(to bytes: inout [UInt8]) { bytes += text.utf8 }
    public init(sql bytes: UnsafeRawBufferPointer, oid: UInt32) throws(Unreadable) {
        let text = try String(sql: bytes, oid: oid)
        do throws(FieldFault) { self = try DocumentNumber(text) } catch {
            throw Unreadable(expected: "document number")
        }
    }
}
