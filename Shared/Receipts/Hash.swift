import Contracts
import Crypto

/// A SHA-256: of bytes, or a node of a tree.
public struct Hash: Sendable, Hashable, CustomStringConvertible {
    public static let size = 32
    public let bytes: [UInt8]

    /// Nil unless there are 32.
    public init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.size else { return nil }
        self.bytes = Array(bytes)
    }

    public init(of bytes: [UInt8]) { self.bytes = Array(SHA256.hash(data: bytes)) }

    /// What stands in the place of a hash where there is nothing before.
    public static let none = Hash(zeros: ())

    private init(zeros: Void) { bytes = [UInt8](repeating: 0, count: Self.size) }

    /// From 64 lower-case hexadecimal digits.
    public init?(hex: String) {
        guard let bytes = Hex.decode(canonical: hex) else { return nil }
        self.init(bytes)
    }

    public var description: String { Hex.encode(bytes) }
}
