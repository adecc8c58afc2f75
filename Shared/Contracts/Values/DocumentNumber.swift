import Foundation

/// Number and symbol of an official document (số và ký hiệu), Decree 30/2020/NĐ-CP Art. 15 and Annex I: `15/QĐ-UBND`,
/// `1594/UBND-KGVX`, and with the year for legal normative documents `05/2026/QĐ-UBND`.
///
/// Numbers below 10 have a leading zero. The symbol is kept in Unicode NFC and its diacritics count: `QĐ` is a decision
/// and `ĐA` a scheme, `QD` is nothing and `DA` a project.
public struct DocumentNumber: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// From 1 on within its series and year.
    public let number: Int
    /// The year, where the number carries one.
    public let year: Int?
    /// What follows the last slash: `QĐ-UBND`.
    public let symbol: String

    public init(_ number: Int, year: Int? = nil, symbol: String) throws(FieldFault) {
        guard Limits.documentNumber.contains(number) else {
            throw FieldFault(
                "document-number.number", vi: "số văn bản phải từ 1 đến \(Limits.documentNumber.upperBound)",
                en: "the number must be from 1 to \(Limits.documentNumber.upperBound)")
        }
        if let year, !Limits.documentYears.contains(year) {
            throw FieldFault(
                "document-number.year", vi: "năm trong số văn bản không hợp lệ", en: "the year is not possible")
        }
        self.number = number
        self.year = year
        self.symbol = try DocumentNumber.normalised(symbol)
    }

    /// Reads `15/QĐ-UBND` or `05/2026/QĐ-UBND`, composed or decomposed.
    public init(_ text: String) throws(FieldFault) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 || parts.count == 3, let number = DocumentNumber.digits(parts[0]) else {
            throw FieldFault(
                "document-number.shape", vi: "phải có dạng số/ký hiệu, ví dụ 15/QĐ-UBND",
                en: "must be number/symbol, e.g. 15/QĐ-UBND")
        }
        if parts.count == 2 {
            try self.init(number, symbol: parts[1])
        } else if parts[1].utf8.count == 4, let year = DocumentNumber.digits(parts[1]) {
            try self.init(number, year: year, symbol: parts[2])
        } else {
            throw FieldFault(
                "document-number.year", vi: "năm trong số văn bản không hợp lệ", en: "the year is not possible")
        }
    }

    /// `05/QĐ-UBND`.
    public var text: String {
        let padded = number < 10 ? "0\(number)" : "\(number)"
        return year.map { "\(padded)/\($0)/\(symbol)" } ?? "\(padded)/\(symbol)"
    }

    public var description: String { text }

    /// By symbol, then year, then number: the order of a register.
    public static func < (left: DocumentNumber, right: DocumentNumber) -> Bool {
        if left.symbol != right.symbol {
            return left.symbol.utf8.lexicographicallyPrecedes(right.symbol.utf8)
        }
        return (left.year ?? 0, left.number) < (right.year ?? 0, right.number)
    }

    /// The symbol of a document: `QĐ-UBND` for a type with an abbreviation; an official letter has none and names
    /// the drafting unit or field instead: `UBND-KGVX`.
    public static func symbol(
        _ type: DocumentType, issuer: String, draftedBy unit: String? = nil
    ) throws(FieldFault) -> String {
        let groups = [type.abbreviation, issuer, type.abbreviation == nil ? unit : nil].compactMap(\.self)
        return try normalised(groups.joined(separator: "-"))
    }

    private static func digits(_ text: String) -> Int? {
        guard (1...7).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    private static func normalised(_ symbol: String) throws(FieldFault) -> String {
        let text = symbol.precomposedStringWithCanonicalMapping
        guard (1...Limits.documentSymbolLength).contains(text.unicodeScalars.count) else {
            throw FieldFault(
                "document-number.length", vi: "ký hiệu dài 1 đến \(Limits.documentSymbolLength) ký tự",
                en: "the symbol must have 1 to \(Limits.documentSymbolLength) characters")
        }
        // Old keyboards type the Icelandic Ð and the African Ɖ, which look the same and are not the letter Đ.
        let letters = String(String.UnicodeScalarView(text.unicodeScalars.map { Self.lookAlikes[$0] ?? $0 }))
        let groups = letters.split(separator: "-", omittingEmptySubsequences: false)
        let isShaped = groups.allSatisfy { group in
            group.unicodeScalars.first.map(isLetterOrDigit) ?? false
                && group.unicodeScalars.allSatisfy { isLetterOrDigit($0) || $0 == "." || $0 == "&" }
        }
        guard isShaped, letters.unicodeScalars.contains(where: \.properties.isAlphabetic) else {
            throw FieldFault(
                "document-number.symbol", vi: "ký hiệu gồm các nhóm chữ và số nối bằng gạch nối, không có dấu cách",
                en: "the symbol has groups of letters and digits joined by hyphens, without spaces")
        }
        return letters
    }

    private static let lookAlikes: [Unicode.Scalar: Unicode.Scalar] = ["Ð": "Đ", "Ɖ": "Đ", "ð": "đ", "ɖ": "đ"]

    private static func isLetterOrDigit(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
    }
}
