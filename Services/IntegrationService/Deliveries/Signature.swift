import Contracts
import Crypto
import Foundation
import ServiceKit

/// Passwords and signing secrets of subscriptions: derived from one secret of the operator, the subscription and a
/// counter, so that none is stored and a lost queue's user can be made again as it was.
struct SubscriptionSecrets: Sendable {
    private let root: SymmetricKey

    init(root: String) { self.root = SymmetricKey(data: Array(root.utf8)) }

    private func derive(_ purpose: String, _ subscription: SubscriptionID, _ generation: Int) -> [UInt8] {
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: root, salt: subscription.uuid.bytes, info: Array("\(purpose) \(generation)".utf8),
            outputByteCount: 32)
        return key.withUnsafeBytes { Array($0) }
    }

    /// The password of the queue's user at the broker.
    func password(_ subscription: SubscriptionID, _ generation: Int) -> String {
        Base64URL.encode(derive("queue", subscription, generation))
    }

    /// What a webhook's deliveries are signed with.
    func signing(_ subscription: SubscriptionID, _ generation: Int) -> [UInt8] {
        derive("webhook", subscription, generation)
    }

    /// The form in which libraries of Standard Webhooks take it.
    func text(_ subscription: SubscriptionID, _ generation: Int) -> String {
        "whsec_\(Data(signing(subscription, generation)).base64EncodedString())"
    }
}

/// Signatures as Standard Webhooks 1.0 lays down, so that receivers have libraries for them:
///
///     webhook-id: <subscription>:<epoch>:<number>          the same at every try
///     webhook-timestamp: <seconds since 1970>              of this try
///     webhook-signature: v1,<base64 of HMAC-SHA-256(secret, "<id>.<timestamp>.<body>")> …
///
/// While older secrets are still valid there are several signatures, apart by a space; one of them is enough.
enum WebhookSignature {
    static func headers(
        id: String, at seconds: Int64, _ body: [UInt8], secrets: [[UInt8]]
    ) -> [(name: String, value: String)] {
        let content = Array("\(id).\(seconds).".utf8) + body
        let signatures = secrets.map { secret in
            let code = HMAC<SHA256>.authenticationCode(for: content, using: SymmetricKey(data: secret))
            return "v1,\(Data(code).base64EncodedString())"
        }
        return [
            ("webhook-id", id), ("webhook-timestamp", "\(seconds)"),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }
}
