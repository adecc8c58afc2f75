import Foundation

/// Identifier code of an agency (mã định danh) as Decision 20/2020/QĐ-TTg writes it: groups separated by dots, the
/// level-1 code first, each further group a child of the one before: `H19.12`. At most 35 characters of `.`, 0-9, A-Z.
///
/// The older form of QCVN 102:2016 has 13 characters with level 1 last and zeros for absent levels:
/// `000.00.12.H19`. Both are read; the newer is the canonical one and what equality means.
public struct AgencyCode: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The canonical form: `H19.12`.
    public let text: String

    /// No agency: what a field holds before it is decoded. Its text is empty.
    public static let none = AgencyCode(unchecked: "")

    private init(unchecked text: String) { self.text = text }

    /// Reads either form.
    /// - Throws: `agency-code.*` when it is neither.
    public init(_ text: String) throws(FieldFault) {
        if AgencyCode.isCanonical(text) {
            self.init(unchecked: text)
        } else if AgencyCode.hasOldShape(text) {
            try self.init(old: text)
        } else {
            try self.init(groups: text.split(separator: ".", omittingEmptySubsequences: false).map(String.init))
        }
    }

    /// Makes the code from its groups, level 1 first.
    public init(groups: [String]) throws(FieldFault) {
        guard let first = groups.first, AgencyCode.isLevelOne(first) else {
            throw FieldFault(
                "agency-code.level-1", vi: "mã cơ quan phải bắt đầu bằng mã cấp 1 như H19",
                en: "an agency code must begin with a level-1 code such as H19")
        }
        for group in groups.dropFirst() {
            guard !group.isEmpty, group.utf8.allSatisfy({ AgencyCode.isDigit($0) || (0x41...0x5A).contains($0) }) else {
                throw FieldFault(
                    "agency-code.group", vi: "mỗi nhóm của mã cơ quan chỉ gồm chữ số và chữ in hoa A-Z",
                    en: "each group of an agency code has digits and capital letters A-Z only")
            }
            // The old form writes an absent level as zeros, so a group of zeros could not be told from none.
            guard group.utf8.contains(where: { $0 != 0x30 }) else {
                throw FieldFault(
                    "agency-code.zero-group", vi: "nhóm của mã cơ quan không được toàn số 0",
                    en: "a group of an agency code must not be all zeros")
            }
        }
        let text = groups.joined(separator: ".")
        guard text.utf8.count <= Limits.agencyCodeLength else {
            throw FieldFault(
                "agency-code.length", vi: "mã cơ quan dài tối đa \(Limits.agencyCodeLength) ký tự",
                en: "an agency code has at most \(Limits.agencyCodeLength) characters")
        }
        self.text = text
    }

    /// Reads the 13-character form of QCVN 102:2016, `V1V2V3.Z1Z2.Y1Y2.MX1X2`.
    /// - Throws: `agency-code.old` when it has another shape, and when it skips level 2 but names level 3 by two
    ///   digits: that could not be told from a level 2 afterwards.
    public init(old text: String) throws(FieldFault) {
        guard AgencyCode.hasOldShape(text) else {
            throw FieldFault(
                "agency-code.old", vi: "phải là mã 13 ký tự như 000.00.12.H19",
                en: "must be a 13-character code such as 000.00.12.H19")
        }
        let groups = text.split(separator: ".").map(String.init)
        let isAbsent = groups.map { $0.utf8.allSatisfy { $0 == 0x30 } }
        guard isAbsent[1] || !isAbsent[2] else {
            throw FieldFault(
                "agency-code.old", vi: "mã có cấp 3 mà không có cấp 2", en: "the code has a level 3 but no level 2")
        }
        try self.init(groups: groups.indices.reversed().filter { !isAbsent[$0] }.map { groups[$0] })
    }

    /// The form of QCVN 102:2016, or nil where the code has levels or letters which that form cannot say.
    public var old: String? {
        var slots = ["00", "00", "000"]
        var slot = 0
        for group in groups.dropFirst() {
            guard group.utf8.allSatisfy(AgencyCode.isDigit) else { return nil }
            switch (group.utf8.count, slot) {
            case (2, 0), (2, 1):
                slots[slot] = group
                slot += 1
            case (3, 0...2):
                slots[2] = group
                slot = 3
            default: return nil
            }
        }
        guard let first = groups.first else { return nil }
        return "\(slots[2]).\(slots[1]).\(slots[0]).\(first)"
    }

    /// Level 1 first. Empty for `none`.
    public var groups: [String] { text.split(separator: ".").map(String.init) }

    /// 1 for a province or ministry, one more for each group below.
    public var level: Int { text.isEmpty ? 0 : 1 + text.utf8.count { $0 == 0x2E } }

    /// The agency above, or nil at level 1.
    public var parent: AgencyCode? {
        guard let dot = text.lastIndex(of: ".") else { return nil }
        return AgencyCode(unchecked: String(text[..<dot]))
    }

    /// The agencies above, nearest first.
    public var ancestors: [AgencyCode] { Array(sequence(first: self, next: \.parent).dropFirst()) }

    /// Whether it is `subtree` or below it.
    public func isWithin(_ subtree: AgencyCode) -> Bool {
        guard !subtree.text.isEmpty, text.utf8.starts(with: subtree.text.utf8) else { return false }
        let count = subtree.text.utf8.count
        return text.utf8.count == count || text.utf8[text.utf8.index(text.utf8.startIndex, offsetBy: count)] == 0x2E
    }

    /// The code as the last words of a routing key: one word a group, so that `H19.12.#` matches a subtree.
    public var routingWords: String { text }

    public var description: String { text }

    /// By text: an agency comes directly before everything below it.
    public static func < (left: AgencyCode, right: AgencyCode) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    /// Whether `init(groups:)` would keep the text as it is, found in one pass: every row of a list has two codes.
    private static func isCanonical(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            guard (3...Limits.agencyCodeLength).contains(bytes.count), (0x41...0x5A).contains(bytes[0]),
                isDigit(bytes[1]), isDigit(bytes[2]), bytes[1] != 0x30 || bytes[2] != 0x30,
                bytes.count == 3 || bytes[3] == 0x2E
            else { return false }
            var isZero = false
            for byte in bytes[3...] {
                if byte == 0x2E {
                    if isZero { return false }
                    isZero = true
                } else if isDigit(byte) || (0x41...0x5A).contains(byte) {
                    if byte != 0x30 { isZero = false }
                } else {
                    return false
                }
            }
            return !isZero
        }
    }

    private static func hasOldShape(_ text: String) -> Bool {
        let groups = text.split(separator: ".", omittingEmptySubsequences: false)
        return groups.map(\.utf8.count) == [3, 2, 2, 3] && groups[0..<3].allSatisfy { $0.utf8.allSatisfy(isDigit) }
            && isLevelOne(String(groups[3]))
    }

    /// A letter and two digits, not both zero.
    private static func isLevelOne(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count == 3 && (0x41...0x5A).contains(bytes[0]) && isDigit(bytes[1]) && isDigit(bytes[2])
            && bytes[1...] != [0x30, 0x30]
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
