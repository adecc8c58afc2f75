import Contracts
import Crypto
import Foundation

/// Why something sealed cannot be read. It says nothing of what is inside.
public enum SealingFault: Error, Sendable, Equatable {
    /// Longer than `Limits.Sealing.textBytes`.
    case tooLong
    /// Sealed under another key than the one at hand.
    case otherKey
    /// Changed on the way, for another purpose, or no sealed text at all.
    case unreadable
    /// No X25519 key in hexadecimal.
    case malformedKey
}

/// The data key of one subject: AES-256-GCM (NIST SP 800-38D) with random nonces of 96 bits, far fewer than the 2^32
/// texts that one key may seal. It exists in memory only, while something is sealed or opened.
public struct SubjectKey: Sendable {
    public let id: SubjectKeyID
    let secret: SymmetricKey

    /// A new key.
    public init() {
        id = .new()
        secret = SymmetricKey(size: .bits256)
    }

    init(id: SubjectKeyID, secret: SymmetricKey) {
        self.id = id
        self.secret = secret
    }

    /// - Parameter purpose: what the text is for (`onestop.citizen-notice.address`): it cannot be put to another use.
    public func seal(_ text: String, for purpose: String) throws(SealingFault) -> Sealed {
        let bytes = Array(text.utf8)
        guard bytes.count <= Limits.Sealing.textBytes else { throw .tooLong }
        // A nonce of the usual size is always given back combined.
        guard let box = try? AES.GCM.seal(bytes, using: secret, authenticating: context(purpose)).combined else {
            throw .unreadable
        }
        return Sealed(key: id, box: Array(box))
    }

    public func open(_ sealed: Sealed, for purpose: String) throws(SealingFault) -> String {
        guard sealed.key == id else { throw .otherKey }
        guard let bytes = sealed.bytes, let box = try? AES.GCM.SealedBox(combined: bytes),
            let text = try? AES.GCM.open(box, using: secret, authenticating: context(purpose)),
            let text = String(validating: text, as: UTF8.self)
        else { throw .unreadable }
        return text
    }

    /// Authenticated with the text: neither key nor purpose can be exchanged.
    private func context(_ purpose: String) -> [UInt8] { Array("lienthong/sealed/v1\n\(id)\n\(purpose)".utf8) }
}
