import Contracts
import Crypto
import Foundation

/// The public half of a key that signs statements: Ed25519 (RFC 8032).
public struct SealKey: Sendable, Hashable {
    /// 32 bytes.
    public let raw: [UInt8]
    /// Whose it is, by the service's short name. Nil where nobody said so: with such a key nothing is proven, for any
    /// service could have signed for any other.
    public private(set) var service: String?

    /// Nil unless these are the 32 bytes of a key.
    public init?(raw: [UInt8]) {
        guard (try? Curve25519.Signing.PublicKey(rawRepresentation: raw)) != nil else { return nil }
        self.raw = raw
    }

    /// The same key, as this service's own.
    public func of(_ service: String) -> SealKey {
        var key = self
        key.service = service
        return key
    }

    /// The first 8 bytes of the raw key's SHA-256, in hexadecimal.
    public var id: String { Hex.encode(Hash(of: raw).bytes.prefix(8)) }

    /// SubjectPublicKeyInfo (RFC 8410, section 4): these bytes, then the key.
    private static let prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]
    private static let (begin, end) = ("-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----")

    public var pem: String { "\(Self.begin)\n\(Data(Self.prefix + raw).base64EncodedString())\n\(Self.end)\n" }

    /// What says whose key follows: a line before its PEM block, where text may stand (RFC 7468, section 5.2).
    private static let owner = "service: "

    /// PEM behind the line that says whose key it is, when that is known.
    public var labelled: String { (service.map { "\(Self.owner)\($0)\n" } ?? "") + pem }

    /// Every Ed25519 key of a PEM text, which may hold several, of several services. A line `service: NAME` counts for
    /// the key that follows it and for no other.
    public static func all(pem text: String) -> [SealKey] {
        let parts = text.components(separatedBy: begin)
        // Text stands before the first block and behind the end of each.
        let texts: [String] = [end + parts[0]] + parts.dropFirst()
        return zip(texts, parts.dropFirst()).compactMap { before, part in
            guard let stop = part.range(of: end) else { return nil }
            let body = part[..<stop.lowerBound].filter { !$0.isWhitespace }
            guard let bytes = Data(base64Encoded: body), bytes.starts(with: prefix),
                let key = SealKey(raw: Array(bytes.dropFirst(prefix.count)))
            else { return nil }
            return named(before).map { key.of($0) } ?? key
        }
    }

    /// The service that the last line of its kind names, behind the end of the block before.
    private static func named(_ before: String) -> String? {
        guard before.contains(end), let words = before.components(separatedBy: end).last else { return nil }
        let line = words.split(whereSeparator: \.isNewline).last { $0.hasPrefix(owner) }
        let name = line?.dropFirst(owner.count).trimmingCharacters(in: .whitespaces) ?? ""
        // Names of services are small letters; anything else is some other text.
        return !name.isEmpty && name.utf8.allSatisfy { (0x61...0x7A).contains($0) } ? name : nil
    }

    public func signed(_ message: [UInt8], _ signature: [UInt8]) -> Bool {
        (try? Curve25519.Signing.PublicKey(rawRepresentation: raw))?.isValidSignature(signature, for: message) ?? false
    }
}

/// The private half. No description shows it.
public struct SealingKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    private let key: Curve25519.Signing.PrivateKey

    public init() { key = Curve25519.Signing.PrivateKey() }

    /// From its 32 bytes (RFC 8032, section 5.1.5) in hexadecimal; nil when it is no such text.
    public init?(hex: String) {
        guard let bytes = try? Hex.decode(hex, count: 32),
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)
        else { return nil }
        self.key = key
    }

    public var open: SealKey {
        guard let open = SealKey(raw: Array(key.publicKey.rawRepresentation)) else {
            preconditionFailure("a public key has 32 bytes")
        }
        return open
    }

    /// - Throws: when the cryptographic library refuses.
    public func sign(_ seal: Seal) throws -> SignedSeal {
        precondition(seal.key == open.id, "the statement names another key")
        let text = seal.text
        return SignedSeal(statement: text, signature: Array(try key.signature(for: Array(text.utf8))))
    }

    /// Ed25519 over the bytes of another text of ours. Its first line must say what it is: no statement begins so.
    /// - Throws: when the cryptographic library refuses.
    public func signature(of text: String) throws -> [UInt8] {
        precondition(!text.hasPrefix("lienthong seal "), "a statement is signed as one")
        return Array(try key.signature(for: Array(text.utf8)))
    }

    public var description: String { "key \(open.id)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
