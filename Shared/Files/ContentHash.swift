import Crypto

/// SHA-256 of a file's bytes (FIPS 180-4): its name in the store, and what events carry.
public struct ContentHash: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 64 hex digits, lower case.
    public let text: String

    /// Reads 64 hex digits in either case; nil for anything else, so that a hash can never be a path.
    public init?(_ text: String) {
        let isHex = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || (0x41...0x46).contains($0)
        }
        guard text.utf8.count == 64, isHex else { return nil }
        self.text = text.lowercased()
    }

    /// The hash of these bytes.
    public init(of bytes: some Sequence<UInt8>) {
        var hasher = SHA256()
        hasher.update(data: Array(bytes))
        self.init(hasher.finalize())
    }

    init(_ digest: SHA256Digest) {
        let digits = Array("0123456789abcdef".utf8)
        text = String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    public var description: String { text }

    public static func < (left: ContentHash, right: ContentHash) -> Bool { left.text < right.text }
}
