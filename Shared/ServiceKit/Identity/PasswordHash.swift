import CArgon2
import Contracts
import Dispatch
import Foundation

/// Argon2id (RFC 9106) over libargon2. Hashing takes memory and time on purpose, so it never runs on the cooperative
/// pool; only `Limits.passwordHashesAtOnce` run at once, some wait in line, and beyond that `Refused.busy` is thrown.
public enum PasswordHash {
    private static let queue = DispatchQueue(label: "argon2id", attributes: .concurrent)
    private static let gate = Gate(atOnce: Limits.passwordHashesAtOnce, waiting: Limits.passwordHashesWaiting)

    /// The encoded hash, with its parameters and a fresh salt, as it is stored.
    public static func make(_ password: String) async throws -> String {
        var random = SystemRandomNumberGenerator()
        let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) }
        return try await offPool {
            var encoded = [CChar](repeating: 0, count: 256)
            let bytes = Array(password.utf8)
            let code = argon2id_hash_encoded(
                Limits.argonPasses, Limits.argonKibibytes, 1, bytes, bytes.count, salt, salt.count, 32, &encoded,
                encoded.count)
            guard code == ARGON2_OK.rawValue else { throw PasswordFault(code: code) }
            return String(decoding: encoded.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
    }

    /// Whether `password` has this hash. A nil hash takes as long as a real one and never matches, so that nobody
    /// learns from the time taken which accounts exist.
    public static func matches(_ password: String, _ hash: String?) async throws -> Bool {
        try await offPool {
            let bytes = Array(password.utf8)
            let code = argon2id_verify(hash ?? Self.nobody, bytes, bytes.count)
            return code == ARGON2_OK.rawValue && hash != nil
        }
    }

    /// A well-formed hash with today's parameters that no password has been chosen for.
    private static let nobody =
        "$argon2id$v=19$m=\(Limits.argonKibibytes),t=\(Limits.argonPasses),p=1$bm9ib2R5bm9ib2R5bm8$"
        + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

    private static func offPool<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        try await gate.pass {
            try await withCheckedThrowingContinuation { continuation in
                queue.async { continuation.resume(with: Result { try work() }) }
            }
        }
    }
}

/// libargon2 refused to hash: its error code.
struct PasswordFault: Error {
    let code: Int32
}
