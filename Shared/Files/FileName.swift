import Contracts
import Foundation

/// What people call a file. Only ever shown and written into a header; never a path.
public struct FileName: Hashable, Sendable, CustomStringConvertible {
    public let text: String

    /// - Throws: `file-name` for an empty or too long name and for one with slashes, control or direction characters,
    ///   which make a name look like another.
    public init(_ text: String) throws(FieldFault) {
        let text = text.precomposedStringWithCanonicalMapping.trimmingCharacters(in: .whitespaces)
        let isShown = text.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: false
            default: scalar != "/" && scalar != "\\"
            }
        }
        guard (1...Limits.Files.nameLength).contains(text.unicodeScalars.count), isShown, text.first != "." else {
            throw FieldFault(
                "file-name",
                vi: "tên tệp dài 1 đến \(Limits.Files.nameLength) ký tự, không có dấu / \\ và ký tự điều khiển",
                en: "a file name has 1 to \(Limits.Files.nameLength) characters, no slashes and no control characters")
        }
        self.text = text
    }

    public var description: String { text }

    /// For `Content-Disposition` (RFC 6266), with the name in UTF-8 as RFC 8187 writes it.
    public var disposition: String {
        let plain = text.unicodeScalars.allSatisfy { $0.isASCII && $0 != "\"" && $0 != "%" }
        return plain ? "attachment; filename=\"\(text)\"" : "attachment; filename*=UTF-8''\(FileName.encoded(text))"
    }

    static func encoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { out, byte in
            let character = Character(Unicode.Scalar(byte))
            if byte < 0x80, character.isLetter || character.isNumber || "-._~".contains(character) {
                out.append(character)
            } else {
                out += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
