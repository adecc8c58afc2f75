/// Hexadecimal digits, two a byte. Written in lower case.
public enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// Reads digits of either case.
    /// - Throws: `HexFault` unless `text` is exactly `count` bytes; the fault does not repeat the text.
    public static func decode(_ text: String, count: Int) throws(HexFault) -> [UInt8] {
        let values = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard text.utf8.count == count * 2, values.count == count * 2 else { throw HexFault(expected: count) }
        return (0..<count).map { UInt8(values[2 * $0] << 4 | values[2 * $0 + 1]) }
    }

    /// Reads what `encode` writes, of any length; nil for anything else, upper case too.
    public static func decode(canonical text: String) -> [UInt8]? {
        guard let bytes = try? decode(text, count: text.utf8.count / 2), encode(bytes) == text else { return nil }
        return bytes
    }
}

/// A text is not so many bytes in hexadecimal digits.
public struct HexFault: Error, Sendable, CustomStringConvertible {
    let expected: Int

    public var description: String { "expected \(expected) bytes as \(expected * 2) hexadecimal digits" }
}
