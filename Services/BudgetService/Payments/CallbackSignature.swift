import Contracts
import Crypto
import Foundation
import ServiceKit

/// The proof that a call-back comes from the payment gateway:
///
///     Payment-Signature: t=<seconds since 1970>,v1=<lower-case hex of HMAC-SHA-256(secret, "<t>.<raw body>")>
///
/// The time is under the signature, so an old call-back cannot be given a new one.
struct CallbackSignature: Sendable {
    static let header = "payment-signature"

    private let key: SymmetricKey

    init(secret: String) { key = SymmetricKey(data: Array(secret.utf8)) }

    /// The header that the gateway sends with a body at a time.
    func sign(_ body: [UInt8], at seconds: Int64) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Self.signed(body, seconds), using: key)
        return "t=\(seconds),v1=\(Hex.encode(code))"
    }

    /// Refuses what has no good signature, or a good one from another time than `now` (real time, both ways
    /// `Limits.Budget.callbackAge`). Compared in constant time.
    func verify(_ header: String?, _ body: [UInt8], now: Date) throws(Refused) {
        guard let header, let (seconds, code) = Self.parse(header) else { throw .callbackUnsigned }
        guard HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Self.signed(body, seconds), using: key)
        else {
            throw .callbackUnsigned
        }
        guard abs(Double(seconds) - now.timeIntervalSince1970) <= Limits.Budget.callbackAge / .seconds(1) else {
            throw .callbackStale
        }
    }

    private static func signed(_ body: [UInt8], _ seconds: Int64) -> [UInt8] { Array("\(seconds).".utf8) + body }

    /// Time and code of a header; nil when it has another shape.
    static func parse(_ header: String) -> (Int64, [UInt8])? {
        let parts = header.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].hasPrefix("t="), parts[1].hasPrefix("v1="),
            let seconds = Int64(parts[0].dropFirst(2)), parts[0] == "t=\(seconds)"
        else { return nil }
        do throws(HexFault) {
            let code = try Hex.decode(String(parts[1].dropFirst(3)), count: 32)
            return parts[1] == "v1=\(Hex.encode(code))" ? (seconds, code) : nil
        } catch { return nil }
    }
}

extension Refused {
    static let callbackUnsigned = Refused(
        "budget.callback-unsigned", 403, vi: "Chữ ký của cổng thanh toán thiếu hoặc không đúng.",
        en: "The payment gateway's signature is missing or wrong.", field: "Payment-Signature")
    static let callbackStale = Refused(
        "budget.callback-stale", 403, vi: "Chữ ký của cổng thanh toán quá cũ hoặc đi trước giờ hệ thống.",
        en: "The payment gateway's signature is of another time; sign again.", field: "Payment-Signature")
}
