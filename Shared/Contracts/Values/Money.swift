import Foundation

/// An amount in whole đồng. Adding and multiplying are checked: an amount never wraps around and never leaves
/// `Limits.moneyDong` either way.
public struct Money: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let dong: Int64

    public static let zero = Money(unchecked: 0)

    private init(unchecked dong: Int64) { self.dong = dong }

    /// - Throws: `money.range` beyond `Limits.moneyDong`.
    public init(_ dong: Int64) throws(FieldFault) {
        guard (-Limits.moneyDong...Limits.moneyDong).contains(dong) else { throw Money.outOfRange }
        self.dong = dong
    }

    /// Reads `200000`, `200.000`, `200.000 đồng`, `-200.000 đ`. Dots group by three or are absent.
    public init(_ text: String) throws(FieldFault) {
        var body = text.precomposedStringWithCanonicalMapping[...]
        if let unit = [" đồng", " đ"].first(where: { body.hasSuffix($0) }) { body = body.dropLast(unit.count) }
        let isNegative = body.first == "-"
        if isNegative { body = body.dropFirst() }
        let groups = body.split(separator: ".", omittingEmptySubsequences: false)
        let isGrouped =
            groups.count == 1
            || ((1...3).contains(groups[0].utf8.count) && groups.dropFirst().allSatisfy { $0.utf8.count == 3 })
        let digits = groups.joined()
        guard isGrouped, !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw FieldFault(
                "money.shape", vi: "phải là số tiền như 200.000 đồng", en: "must be an amount such as 200.000 đồng")
        }
        guard let dong = Int64(digits) else { throw Money.outOfRange }
        try self.init(isNegative ? -dong : dong)
    }

    public static func + (left: Money, right: Money) throws(FieldFault) -> Money {
        // Both are within 10^18, so the sum fits into 64 bits.
        try Money(left.dong + right.dong)
    }

    public static func - (left: Money, right: Money) throws(FieldFault) -> Money {
        try Money(left.dong - right.dong)
    }

    public static func * (amount: Money, count: Int) throws(FieldFault) -> Money {
        let (product, overflow) = amount.dong.multipliedReportingOverflow(by: Int64(count))
        guard !overflow else { throw Money.outOfRange }
        return try Money(product)
    }

    public static prefix func - (amount: Money) -> Money { Money(unchecked: -amount.dong) }

    /// The sum, zero for none.
    public static func sum(_ amounts: some Sequence<Money>) throws(FieldFault) -> Money {
        var sum = Money.zero
        for amount in amounts { sum = try sum + amount }
        return sum
    }

    public static func < (left: Money, right: Money) -> Bool { left.dong < right.dong }

    /// As it is written in Vietnam: `200.000 đồng`.
    public var text: String {
        let digits = Array(String(dong.magnitude).utf8)
        var grouped = dong < 0 ? "-" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { grouped.append(".") }
            grouped.unicodeScalars.append(Unicode.Scalar(digit))
        }
        return grouped + " đồng"
    }

    public var description: String { text }

    private static var outOfRange: FieldFault {
        FieldFault("money.range", vi: "số tiền vượt giới hạn", en: "the amount is out of range")
    }
}
