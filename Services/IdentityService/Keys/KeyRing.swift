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

    init(_ configuration: Configuration, database: Database) throws(ConfigurationFaults) {
        sealing = try Self.sealing(configuration)
        self.database = database
    }

    /// What the stored keys are sealed with.
    static func sealing(_ configuration: Configuration) throws(ConfigurationFaults) -> SymmetricKey {
        let text = try configuration.secret("LIENTHONG_KEY_SECRET").value
        guard let bytes = try? Hex.decode(text, count: 32) else {
            throw ConfigurationFaults(faults: ["LIENTHONG_KEY_SECRET must be 64 hexadecimal digits"])
        }
        return SymmetricKey(data: bytes)
    }

    /// Reads the keys, those of other processes too; makes the first one, and a new one when the newest has signed for
    /// `Limits.signingKey`. At start and then every `Limits.SignIn.keyLook`.
    func load() async throws {
        var rows = try await stored(database)
        if try isDue(rows) {
            try await database.transaction { transaction in
                // Of several processes that find a key due, one makes the next.
                try await transaction.run("LOCK TABLE signing_keys IN SHARE ROW EXCLUSIVE MODE")
                if try await isDue(stored(transaction)) { try await rotate(in: transaction) }
            }
            rows = try await stored(database)
        }
        try use(rows)
    }

    /// A new signing key; the old ones go on verifying. It signs here from the next `load` on.
    func rotate(in session: any Session) async throws {
        let key = SigningKey()
        let sealed = try AES.GCM.seal(key.raw, using: sealing, authenticating: Array(key.kid.utf8))
        guard let combined = sealed.combined else { throw KeyRingFault.sealing }
        try await session.run(
            """
            INSERT INTO signing_keys (kid, sealed, jwk, created_at)
            VALUES (\(key.kid), \(Array(combined)), \(key.jwk), clock_timestamp())
            """)
    }

    /// The public keys (RFC 7517, section 5), as the database has them; those last read while it is away.
    func jwks() async -> JSON {
        if let rows = try? await stored(database), let keys = try? Self.published(rows), !keys.isEmpty {
            return ["keys": .array(keys)]
        }
        return ["keys": .array(state.withLock { $0.published })]
    }

    func sign(_ claims: JSON, type: String) throws -> String {
        guard let key = state.withLock({ $0.signing }) else { throw KeyRingFault.noKey }
        return try key.sign(claims, type: type)
    }

    /// Newest first. What has verified for `Limits.signingKey` after it signed is left out.
    private func stored(_ session: any Session) async throws -> Rows {
        try await session.run(
            """
            SELECT kid, sealed, jwk, extract(epoch FROM now() - created_at)::float8 AS age FROM signing_keys
            WHERE created_at > now() - make_interval(secs => \(2 * Limits.signingKey.secondsValue))
            ORDER BY created_at DESC, kid
            """)
    }

    private func isDue(_ rows: Rows) throws -> Bool {
        guard let newest = rows.first else { return true }
        return try newest("age", as: Double.self) >= Limits.signingKey.secondsValue
    }

    private func use(_ rows: Rows) throws {
        guard let newest = rows.first else { throw KeyRingFault.noKey }
        let kid: String = try newest("kid")
        let published = try Self.published(rows)
        let signing = state.withLock { $0.signing }
        let key = try signing?.kid == kid ? signing : unseal(newest("sealed"), kid: kid)
        state.withLock { state in
            state.signing = key
            state.published = published
        }
    }

    private static func published(_ rows: Rows) throws -> [JSON] { try rows.map { try $0("jwk") } }

    private func unseal(_ sealed: [UInt8], kid: String) throws -> SigningKey {
        do {
            let raw = try AES.GCM.open(
                AES.GCM.SealedBox(combined: sealed), using: sealing, authenticating: Array(kid.utf8))
            return try SigningKey(raw: Array(raw), kid: kid)
        } catch { throw KeyRingFault.unsealing(kid: kid) }
    }
}

enum KeyRingFault: Error, CustomStringConvertible {
    case sealing, noKey
    case unsealing(kid: String)

    var description: String {
        switch self {
        case .sealing: "a new signing key could not be sealed"
        case .noKey: "there is no signing key"
        case .unsealing(let kid): "LIENTHONG_KEY_SECRET does not open the signing key \(kid)"
        }
    }
}
