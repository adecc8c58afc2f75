import Contracts
import Crypto
import Foundation
import Postgres
import ServiceKit
import Synchronization

/// The keys that sign access tokens. Private parts are sealed (AES-GCM) with the operator's key secret, so a stolen
/// database signs nothing. The newest key signs; the ones before verify until tokens signed by them are gone.
final class KeyRing: Sendable {
    private let database: Database
    private let sealing: SymmetricKey
    private let state = Mutex<State>(State())

    struct State: Sendable {
        var signing: SigningKey?
        var published: [JSON] = []
    }

    /// - Throws: a configuration fault unless `LIENTHONG_KEY_SECRET` is 32 bytes in hex.
    init(_ configuration: Configuration, database: Database) throws {
        let bytes = try Hex.decode(configuration.secret("LIENTHONG_KEY_SECRET").value, count: 32)
        sealing = SymmetricKey(data: bytes)
        self.database = database
    }

    /// Reads the keys; makes the first one, and a new one when the newest is older than `Limits.signingKey`.
    func load() async throws {
        let rows = try await database.run(
            """
            SELECT kid, sealed, jwk, extract(epoch FROM now() - created_at)::float8 AS age FROM signing_keys
            WHERE created_at > now() - make_interval(secs => \(2 * Limits.signingKey.secondsValue))
            ORDER BY created_at DESC, kid
            """)
        guard let newest = rows.first, try newest("age", as: Double.self) < Limits.signingKey.secondsValue else {
            return try await rotate()
        }
        let kid: String = try newest("kid")
        let raw = try AES.GCM.open(
            AES.GCM.SealedBox(combined: newest("sealed", as: [UInt8].self)), using: sealing,
            authenticating: Array(kid.utf8))
        let signing = try SigningKey(raw: Array(raw), kid: kid)
        let published: [JSON] = try rows.map { try $0("jwk") }
        state.withLock { state in
            state.signing = signing
            state.published = published
        }
    }

    /// A new signing key; the old ones go on verifying.
    func rotate() async throws {
        let key = SigningKey()
        let sealed = try AES.GCM.seal(key.raw, using: sealing, authenticating: Array(key.kid.utf8))
        guard let combined = sealed.combined else { throw KeyRingFault.sealing }
        try await database.run(
            "INSERT INTO signing_keys (kid, sealed, jwk) VALUES (\(key.kid), \(Array(combined)), \(key.jwk))")
        try await load()
    }

    /// The public keys (RFC 7517, section 5).
    var jwks: JSON { ["keys": .array(state.withLock { $0.published })] }

    func sign(_ claims: JSON, type: String) throws -> String {
        guard let key = state.withLock({ $0.signing }) else { throw KeyRingFault.noKey }
        return try key.sign(claims, type: type)
    }
}

enum KeyRingFault: Error { case sealing, noKey }
