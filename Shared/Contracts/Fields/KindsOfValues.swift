import Foundation

/// What `Kind.id` needs of `ID<Tag>`: Swift has no generic computed properties.
public protocol Identifier: Sendable {
    init(_ text: String) throws(FieldFault)
    var text: String { get }
}

extension ID: Identifier {}

extension Kind where Value: Identifier {
    /// A UUID with its meaning.
    @inlinable
    public static var id: Kind {
        Kind(
            format: ["type": "string", "format": "uuid"], expected: ("một UUID", "a UUID"),
            read: { try? Value($0) }, write: { $0.text })
    }
}

extension Kind where Value == UUID {
    public static var uuid: Kind {
        Kind(
            format: ["type": "string", "format": "uuid"], expected: ("một UUID", "a UUID"),
            read: { UUID(text: $0) }, write: { $0.text })
    }
}

extension Kind where Value == Day {
    /// A calendar date, `2021-02-09`.
    public static var day: Kind {
        Kind(
            format: ["type": "string", "format": "date"],
            expected: ("ngày dạng 2021-02-09", "a date such as 2021-02-09"),
            read: { try? Day($0) }, write: { $0.text })
    }
}

extension Kind where Value == AgencyCode {
    /// An agency code, either form; written in the form of QĐ 20/2020/QĐ-TTg.
    public static var agency: Kind {
        Kind(
            format: ["type": "string", "minLength": 1, "maxLength": .integer(Int64(Limits.agencyCodeLength))],
            expected: ("mã cơ quan, ví dụ H19.12", "an agency code such as H19.12"),
            read: { try? AgencyCode($0) }, write: { $0.text })
    }
}

extension Kind where Value == Money {
    /// Whole đồng.
    public static var money: Kind {
        Kind(
            schema: [
                "type": "integer", "minimum": .integer(-Limits.moneyDong), "maximum": .integer(Limits.moneyDong),
            ],
            decode: { json throws(FieldFault) in
                guard case .integer(let dong) = json else { throw .type("số đồng", "a whole number of đồng") }
                return try Money(dong)
            },
            encode: { value, writer in writer.integer(value.dong) })
    }
}

extension Kind where Value == Date {
    /// An instant: RFC 3339 with offset; written in Vietnam's, `2021-02-09T10:00:00+07:00`.
    public static var instant: Kind {
        Kind(
            format: ["type": "string", "format": "date-time"],
            expected: ("thời điểm RFC 3339 có múi giờ", "an RFC 3339 time with offset"),
            read: { Instant.read($0) }, write: { Instant.write($0) })
    }
}

/// RFC 3339 to microseconds, by hand: formatters cost more than the rest of a response.
public enum Instant {
    public static func write(_ date: Date) -> String {
        // PostgreSQL's infinity lies beyond what 64 bits of microseconds say; no year of four digits does.
        let near = min(max(date.timeIntervalSince1970, -1e11), 1e12)
        let microseconds = Int64((near * 1_000_000).rounded())
        let seconds = microseconds.floored(by: 1_000_000)
        let fraction = Int(microseconds - seconds * 1_000_000)
        let local = seconds + 7 * 3_600
        let (year, month, day) = Day(number: Int32(truncatingIfNeeded: local.floored(by: 86_400))).parts
        let second = Int(local - local.floored(by: 86_400) * 86_400)
        return String(unsafeUninitializedCapacity: 32) { buffer in
            var at = 0
            func put(_ value: Int, _ digits: Int, before mark: Unicode.Scalar?) {
                var rest = value
                for place in (at..<at + digits).reversed() {
                    buffer[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                at += digits
                if let mark {
                    buffer[at] = UInt8(ascii: mark)
                    at += 1
                }
            }
            // RFC 3339 has four digits; a year beyond them is written as the nearest that it can say.
            put(min(max(year, 0), 9_999), 4, before: "-")
            put(month, 2, before: "-")
            put(day, 2, before: "T")
            put(second / 3_600, 2, before: ":")
            put(second / 60 % 60, 2, before: ":")
            put(second % 60, 2, before: fraction > 0 ? "." : nil)
            if fraction > 0 {
                put(fraction % 1_000 == 0 ? fraction / 1_000 : fraction, fraction % 1_000 == 0 ? 3 : 6, before: nil)
            }
            put(0, 0, before: "+")
            put(7, 2, before: ":")
            put(0, 2, before: nil)
            return at
        }
    }

    public static func read(_ text: String) -> Date? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, bytes.count <= 40, bytes[10] == 0x54 || bytes[10] == 0x74,
            bytes[13] == 0x3A, bytes[16] == 0x3A, let day = try? Day(String(text.prefix(10)))
        else { return nil }
        func number(_ range: Range<Int>, below limit: Int) -> Int? {
            guard bytes[range].allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            let value = bytes[range].reduce(0) { $0 * 10 + Int($1 - 0x30) }
            return value < limit ? value : nil
        }
        guard let hour = number(11..<13, below: 24), let minute = number(14..<16, below: 60),
            let second = number(17..<19, below: 60)
        else { return nil }
        var at = 19
        var fraction = 0.0
        if bytes[at] == 0x2E {
            let end = bytes[(at + 1)...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.count
            guard end > at + 1, end < bytes.count else { return nil }
            fraction = Double("0." + String(decoding: bytes[(at + 1)..<end], as: UTF8.self)) ?? 0
            at = end
        }
        guard let offset = offset(bytes[at...], number) else { return nil }
        let seconds = Int(day.number) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        let date = Date(timeIntervalSince1970: ((Double(seconds) + fraction) * 1_000_000).rounded() / 1_000_000)
        // What could not be written in Vietnam's time is not read either.
        return Limits.years.contains(Day(date).year) ? date : nil
    }

    private static func offset(_ zone: ArraySlice<UInt8>, _ number: (Range<Int>, Int) -> Int?) -> Int? {
        let at = zone.startIndex
        if zone.count == 1, zone[at] == 0x5A || zone[at] == 0x7A { return 0 }
        guard zone.count == 6, zone[at] == 0x2B || zone[at] == 0x2D, zone[at + 3] == 0x3A,
            let hours = number(at + 1..<at + 3, 24), let minutes = number(at + 4..<at + 6, 60)
        else { return nil }
        return (hours * 3_600 + minutes * 60) * (zone[at] == 0x2B ? 1 : -1)
    }
}

extension Int64 {
    /// Division rounded down, also below zero.
    func floored(by divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}
