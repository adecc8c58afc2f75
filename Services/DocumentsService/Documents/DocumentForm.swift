import Contracts
import Foundation
import ServiceKit

/// What kind of paper a document is, by the word that stands for it: a type of Decree 30/2020/NĐ-CP, or a result that
/// another law gives its form, such as a permit (`GP`), a certificate (`GCN`) or a slip (`Phiếu`).
struct DocumentForm: Hashable, Sendable {
    /// As it is stored and announced: the abbreviation, or the type's name where it has none.
    let word: String
    let type: DocumentType?

    init(_ word: String) {
        type = DocumentType.find(word)
        self.word = type.map { $0.abbreviation ?? $0.code } ?? word.precomposedStringWithCanonicalMapping
    }

    /// What stands for it in the symbol. Capital letters alone are an abbreviation; a word like `Phiếu` is none.
    var abbreviation: String? {
        if let type { return type.abbreviation }
        let isShort = word.unicodeScalars.count <= Limits.Documents.abbreviation
        return isShort && word.unicodeScalars.allSatisfy(\.properties.isUppercase) ? word : nil
    }

    /// What people call it.
    var vietnamese: String { type?.vietnamese ?? word }

    /// Which series (sổ) it is numbered in is decided by this key. All forms without abbreviation share one: their
    /// symbols look alike, so their numbers must differ.
    var key: String {
        if type?.isCopy == true { return Numbering.copies }
        return abbreviation == nil ? DocumentForm.letter : type?.code ?? word
    }

    /// The key of official letters and everything else without an abbreviation.
    static let letter = "cong-van"

    /// The symbol: `QĐ-STP`, or for what has no abbreviation the agency and its field or unit, `STP-LLTP`.
    func symbol(issuer: String, field: String?) throws(Refused) -> String {
        let groups = abbreviation.map { [$0, issuer] } ?? [issuer, field.map(Abbreviation.group) ?? ""]
        guard !groups.contains("") else { throw .fieldMissing }
        do throws(FieldFault) {
            return try DocumentNumber(1, symbol: groups.joined(separator: "-")).symbol
        } catch { throw .fieldUnfit }
    }
}

/// Abbreviations as offices form them.
enum Abbreviation {
    /// A default for an agency whose clerk has set none: the initials of its name up to the place (`Sở Tư pháp` is STP,
    /// `Ủy ban nhân dân huyện Tân Phú` is UBND); a police force also names its level (`Công an tỉnh` is CAT).
    static func ofAgency(_ name: String, kind: AgencyKind) -> String {
        let words = words(name)
        let place = words.dropFirst().firstIndex { places.contains($0) }
        var kept = words[..<(place ?? words.endIndex)]
        if kind == .police, let place { kept = words[...place] }
        let text = initials(Array(kept))
        return String(text.unicodeScalars.prefix(Limits.Documents.agencySymbol).map(Character.init))
    }

    /// A field or unit as one group of a symbol: itself when it fits, its initials when it is a phrase.
    static func group(_ text: String) -> String {
        if (try? DocumentNumber(1, symbol: text)) != nil { return text }
        return initials(words(text))
    }

    private static let places: Set<String> = ["tỉnh", "thành", "huyện", "quận", "thị", "phường", "xã"]
    private static let small: Set<String> = ["và", "các", "của", "về"]

    private static func words(_ text: String) -> [String] {
        text.precomposedStringWithCanonicalMapping.split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    /// First letters without their marks; Đ is a letter of its own and stays.
    private static func initials(_ words: [String]) -> String {
        let letters = words.filter { !small.contains($0) }.compactMap(\.first)
        let plain = String(letters).decomposedStringWithCanonicalMapping.unicodeScalars.filter {
            $0.properties.generalCategory != .nonspacingMark
        }
        return String(String.UnicodeScalarView(plain)).uppercased()
    }
}

extension Refused {
    static let fieldMissing = Refused(
        "documents.field-missing", 422,
        vi: "Văn bản không có chữ viết tắt loại thì ký hiệu cần tên đơn vị soạn thảo hoặc lĩnh vực.",
        en: "A document whose type has no abbreviation names its drafting unit or field in the symbol.",
        field: "field")
    static let fieldUnfit = Refused(
        "documents.field-unfit", 422, vi: "Đơn vị hoặc lĩnh vực này không thể viết trong ký hiệu.",
        en: "This unit or field cannot stand in a symbol.", field: "field")
}
