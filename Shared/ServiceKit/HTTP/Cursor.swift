import Contracts
import Foundation

/// Where a page ended (keyset pagination). Callers hand it back as it is; what it says may change at any time.
public struct Cursor: Sendable, Hashable, CustomStringConvertible {
    /// The key of the last row; empty before the first page.
    public let text: String

    public init(text: String) { self.text = text }

    /// A key of several columns, none of which contains the unit separator.
    public init(parts: [String]) { text = parts.joined(separator: Self.separator) }

    /// What a caller sent; nil is the first page.
    public init(_ given: String?) throws(FieldFault) {
        guard let given else {
            text = ""
            return
        }
        guard given.utf8.count <= Limits.cursorLength, let bytes = Base64URL.decode(given),
            let text = String(validating: bytes, as: UTF8.self), !text.isEmpty,
            !text.unicodeScalars.contains(where: { $0.value < 0x20 && $0.value != 0x1F })
        else {
            throw Self.foreign
        }
        self.text = text
    }

    /// A cursor that this list has not given out.
    public static let foreign = FieldFault(
        "invalid", field: "cursor", vi: "không phải vị trí trang mà hệ thống đã cấp",
        en: "is no cursor that was given out here")

    /// The columns of `init(parts:)`; nil when there are not `count` of them.
    public func parts(_ count: Int) -> [String]? {
        let parts = text.components(separatedBy: Self.separator)
        return parts.count == count ? parts : nil
    }

    public var description: String { Base64URL.encode(Array(text.utf8)) }

    private static let separator = "\u{1F}"
}
