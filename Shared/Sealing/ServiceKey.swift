import Contracts
import Crypto
import Foundation

/// The suite for handing subjects' keys to a service: HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256),
/// HKDF-SHA256 and AES-256-GCM.
private let suite = HPKE.Ciphersuite(kem: .Curve25519_HKDF_SHA256, kdf: .HKDF_SHA256, aead: .AES_GCM_256)

/// A subject's key in a form that only one service can read.
public struct WrappedKey: Sendable, Equatable {
    public let id: SubjectKeyID
    /// The encapsulated key (32 bytes), then the ciphertext.
    public let bytes: [UInt8]

    public init(id: SubjectKeyID, bytes: [UInt8]) {
        self.id = id
        self.bytes = bytes
    }
}

/// A service's public key (X25519): whoever has it can wrap for the service.
public struct ServicePublicKey: Sendable {
    public let service: ServiceName
    private let key: Curve25519.KeyAgreement.PublicKey

    public init(_ service: ServiceName, hex: String) throws(SealingFault) {
        guard let bytes = try? Hex.decode(hex, count: 32),
            let key = try? Curve25519.KeyAgreement.PublicKey(rawRepresentation: bytes)
        else { throw .malformedKey }
        self.init(service, key)
    }

    init(_ service: ServiceName, _ key: Curve25519.KeyAgreement.PublicKey) {
        self.service = service
        self.key = key
    }

    public var hex: String { Hex.encode(key.rawRepresentation) }

    public func wrap(_ subject: SubjectKey) throws(SealingFault) -> WrappedKey {
        do {
            var sender = try HPKE.Sender(recipientKey: key, ciphersuite: suite, info: Self.info(service, subject.id))
            let secret = subject.secret.withUnsafeBytes { Data($0) }
            let sealed = try sender.seal(secret)
            return WrappedKey(id: subject.id, bytes: Array(sender.encapsulatedKey + sealed))
        } catch { throw .unreadable }
    }

    /// Binds what is wrapped to its receiver and its name.
    static func info(_ service: ServiceName, _ id: SubjectKeyID) -> Data {
        Data("lienthong/subject-key/v1\n\(service.rawValue)\n\(id)".utf8)
    }
}

/// A service's own key pair. The private half comes from its environment or a file and is never shown.
public struct ServiceKey: Sendable, CustomStringConvertible, CustomReflectable {
    public let service: ServiceName
    private let key: Curve25519.KeyAgreement.PrivateKey

    /// - Parameter hex: 32 bytes; any are a private key (RFC 7748, section 5).
    public init(_ service: ServiceName, hex: String) throws(SealingFault) {
        guard let bytes = try? Hex.decode(hex, count: 32),
            let key = try? Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes)
        else { throw .malformedKey }
        self.service = service
        self.key = key
    }

    public init(_ service: ServiceName) {
        self.service = service
        key = Curve25519.KeyAgreement.PrivateKey()
    }

    public var publicKey: ServicePublicKey { ServicePublicKey(service, key.publicKey) }

    public func unwrap(_ wrapped: WrappedKey) throws(SealingFault) -> SubjectKey {
        let encapsulated = wrapped.bytes.prefix(32)
        guard encapsulated.count == 32 else { throw .unreadable }
        do {
            var recipient = try HPKE.Recipient(
                privateKey: key, ciphersuite: suite, info: ServicePublicKey.info(service, wrapped.id),
                encapsulatedKey: Data(encapsulated))
            let secret = try recipient.open(Data(wrapped.bytes.dropFirst(32)))
            guard secret.count == 32 else { throw SealingFault.unreadable }
            return SubjectKey(id: wrapped.id, secret: SymmetricKey(data: secret))
        } catch { throw .unreadable }
    }

    public var description: String { "key of \(service.rawValue)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
