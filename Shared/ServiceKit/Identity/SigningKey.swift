import Contracts
import Crypto
import Foundation

/// A private key that signs access tokens: ES256 (RFC 7518, section 3.4).
public struct SigningKey: Sendable {
    public let kid: String
    private let key: P256.Signing.PrivateKey

    public init() {
        key = P256.Signing.PrivateKey()
        kid = Base64URL.encode(Array(SHA256.hash(data: key.publicKey.x963Representation).prefix(12)))
    }

    /// From the 32 bytes that `raw` gave.
    public init(raw: [UInt8], kid: String) throws {
        key = try P256.Signing.PrivateKey(rawRepresentation: raw)
        self.kid = kid
    }

    public var raw: [UInt8] { Array(key.rawRepresentation) }

    /// Uncompressed point: 0x04, x, y.
    public var publicPoint: [UInt8] { Array(key.publicKey.x963Representation) }

    /// The public key as a JWK (RFC 7517).
    public var jwk: JSON {
        let point = publicPoint
        return [
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": .string(kid),
            "x": .string(Base64URL.encode(Array(point[1..<33]))),
            "y": .string(Base64URL.encode(Array(point[33..<65]))),
        ]
    }

    /// A compact JWS with `typ` `at+jwt` (RFC 9068) or another.
    public func sign(_ claims: JSON, type: String = "at+jwt") throws -> String {
        let header: JSON = ["alg": "ES256", "typ": .string(type), "kid": .string(kid)]
        let input = "\(Base64URL.encode(header.bytes)).\(Base64URL.encode(claims.bytes))"
        let signature = try key.signature(for: Array(input.utf8))
        return "\(input).\(Base64URL.encode(Array(signature.rawRepresentation)))"
    }
}
