import Contracts
import Crypto
import Foundation
import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// Verifies access tokens with Identity's public keys. The keys are fetched in the background and kept in the
/// database, so that neither a request nor a restart needs Identity; a verified token is kept by its SHA-256 until it
/// expires. Tokens use real time, never the rehearsal's.
public final class TokenVerifier: ServiceLifecycle.Service {
    private struct Digest: Hashable {
        let words: (UInt64, UInt64, UInt64, UInt64)

        init(_ text: String) {
            var hash = SHA256()
            var text = text
            text.withUTF8 { hash.update(bufferPointer: UnsafeRawBufferPointer($0)) }
            words = hash.finalize().withUnsafeBytes { $0.loadUnaligned(as: (UInt64, UInt64, UInt64, UInt64).self) }
        }

        static func == (left: Digest, right: Digest) -> Bool { left.words == right.words }
        func hash(into hasher: inout Hasher) { hasher.combine(words.0) }
    }

    private struct State {
        var keys: [String: P256.Signing.PublicKey] = [:]
        var verified: [Digest: (caller: Caller, until: Date)] = [:]
        var fetching: Task<Bool, Never>?
        /// The last fetch that succeeded, and the last that did not: Identity may just be starting.
        var fetchedAt: ContinuousClock.Instant?
        var failedAt: ContinuousClock.Instant?
    }

    private let issuer: String
    private let address: String?
    private let database: Database
    private let log: Logger
    private let state = Mutex(State())

    init(_ configuration: Configuration, database: Database, log: Logger) {
        issuer = configuration.identityURL
        address = configuration.address(of: .identity)
        self.database = database
        self.log = log
    }

    /// Fetches the keys now and then, until shutdown.
    public func run() async throws {
        var pause = Limits.Tokens.retryFirst
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            if await fetch() {
                pause = Limits.Tokens.retryFirst
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: Limits.Tokens.refresh) }
            } else {
                let wait = pause
                pause = min(pause * 2, Limits.Tokens.retryMost)
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: wait) }
            }
        }
    }

    /// Who the token says that calls.
    ///
    /// - Throws: `Refused.unauthenticated` for every token that is not exactly one of ours, valid now.
    func verify(_ token: String) async throws -> Caller {
        guard token.utf8.count <= Limits.Tokens.length else { throw Refused.unauthenticated }
        let digest = Digest(token)
        let now = Date()
        if let known = state.withLock({ $0.verified[digest] }) {
            guard known.until > now else { throw Refused.unauthenticated }
            return known.caller
        }
        let parsed = try ParsedToken(token)
        guard let key = await key(parsed.kid), key.isValidSignature(parsed.signature, for: parsed.signed) else {
            throw Refused.unauthenticated
        }
        let (caller, until) = try parsed.caller(issuer: issuer, now: now)
        state.withLock { state in
            if state.verified.count >= Limits.Tokens.kept {
                state.verified = state.verified.filter { $0.value.until > now }
                if state.verified.count >= Limits.Tokens.kept { state.verified.removeAll(keepingCapacity: true) }
            }
            state.verified[digest] = (caller, until)
        }
        return caller
    }

    /// The key of this id. One that is not known may be new: the keys are fetched again, but not for every stranger.
    private func key(_ kid: String) async -> P256.Signing.PublicKey? {
        if let key = state.withLock({ $0.keys[kid] }) { return key }
        _ = await fetch(unlessWithin: Limits.Tokens.unknownKey)
        return state.withLock { $0.keys[kid] }
    }

    // MARK: - Keys

    /// The keys that the last run left.
    func load() async throws {
        let rows = try await database.run("SELECT jwk FROM verifier_keys")
        try use(rows.map { try $0("jwk") })
    }

    /// Fetches, together with whoever is fetching already. False when it failed or was too soon.
    @discardableResult
    func fetch(unlessWithin pause: Duration = .zero) async -> Bool {
        let task = state.withLock { state -> Task<Bool, Never>? in
            if let running = state.fetching { return running }
            let now = ContinuousClock.now
            if let last = state.fetchedAt, now - last < pause { return nil }
            if let last = state.failedAt, now - last < min(pause, Limits.Tokens.retryFirst) { return nil }
            let task = Task { await self.fetchNow() }
            state.fetching = task
            return task
        }
        guard let task else { return false }
        return await task.value
    }

    private func fetchNow() async -> Bool {
        let fetched = await fetchAndKeep()
        state.withLock { state in
            state.fetching = nil
            if fetched { state.fetchedAt = .now } else { state.failedAt = .now }
        }
        return fetched
    }

    private func fetchAndKeep() async -> Bool {
        guard let address else { return false }
        do {
            let answer = try await Outbound().send(.GET, "\(address)/.well-known/jwks.json")
            guard answer.status == 200 else { throw OutboundFault(address: address, reason: "status \(answer.status)") }
            let set = try JSON(parsing: answer.body)
            let keys = (set["keys"]?.array ?? []).prefix(Limits.Tokens.keys).filter { $0["kid"]?.text != nil }
            guard !keys.isEmpty else { throw OutboundFault(address: address, reason: "no keys") }
            try use(keys)
            try await keep(keys)
            return true
        } catch {
            log.warning("keys of tokens not fetched", metadata: ["error": "\(error)"])
            return false
        }
    }

    /// From now on exactly these keys count; what others verified is forgotten.
    func use(_ jwks: [JSON]) throws {
        let pairs = try jwks.map { try (($0["kid"]?.text ?? ""), Self.publicKey($0)) }
        let keys = Dictionary(pairs, uniquingKeysWith: { first, _ in first })
        state.withLock { state in
            if !Set(state.keys.keys).isSubset(of: keys.keys) { state.verified.removeAll() }
            state.keys = keys
        }
    }

    private func keep(_ keys: [JSON]) async throws {
        let kids = keys.compactMap { $0["kid"]?.text }
        try await database.run(
            """
            WITH given AS (SELECT * FROM unnest(\(kids), \(keys)) AS g (kid, jwk)),
                 gone AS (DELETE FROM verifier_keys WHERE kid <> ALL (\(kids)))
            INSERT INTO verifier_keys (kid, jwk) SELECT kid, jwk FROM given
            ON CONFLICT (kid) DO UPDATE SET jwk = excluded.jwk, fetched_at = now()
            """)
    }

    /// RFC 7517 and RFC 7518, section 6.2.
    static func publicKey(_ jwk: JSON) throws -> P256.Signing.PublicKey {
        guard jwk["kty"]?.text == "EC", jwk["crv"]?.text == "P-256",
            let x = jwk["x"]?.text.flatMap({ Base64URL.decode($0) }), x.count == 32,
            let y = jwk["y"]?.text.flatMap({ Base64URL.decode($0) }), y.count == 32
        else { throw KeyFault(kid: jwk["kid"]?.text ?? "?") }
        return try P256.Signing.PublicKey(rawRepresentation: x + y)
    }
}

/// A published key is no P-256 key.
struct KeyFault: Error { let kid: String }

/// A compact JWS whose header was checked, and whose signature was not (RFC 9068, section 4).
struct ParsedToken {
    let kid: String
    let signed: [UInt8]
    let signature: P256.Signing.ECDSASignature
    private let payload: [UInt8]

    init(_ token: String) throws(Refused) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let headerBytes = Base64URL.decode(parts[0]), let payload = Base64URL.decode(parts[1]),
            let raw = Base64URL.decode(parts[2]), let header = try? JSON(parsing: headerBytes),
            header["alg"]?.text == "ES256", header["crit"] == nil,
            ["at+jwt", "application/at+jwt"].contains(header["typ"]?.text?.lowercased()),
            let kid = header["kid"]?.text, let signature = try? P256.Signing.ECDSASignature(rawRepresentation: raw)
        else { throw .unauthenticated }
        self.kid = kid
        self.payload = payload
        self.signature = signature
        signed = Array(token.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
    }

    /// The caller, and until when the token is good. Only for a token whose signature holds.
    func caller(issuer: String, now: Date) throws(Refused) -> (Caller, until: Date) {
        guard let claims = try? JSON(parsing: payload), claims["iss"]?.text == issuer,
            Self.audience(claims["aud"]).contains("lienthong"), let subject = claims["sub"]?.text, !subject.isEmpty,
            let expires = claims["exp"]?.integer, Date(timeIntervalSince1970: Double(expires)) > now,
            let kind = claims["kind"]?.text.flatMap(AccountKind.init(rawValue:))
        else { throw .unauthenticated }
        let latest = Int64(now.timeIntervalSince1970 + Limits.Tokens.leeway.secondsValue)
        for name in ["nbf", "iat"] {
            guard let claim = claims[name] else { continue }
            guard let at = claim.integer, at <= latest else { throw .unauthenticated }
        }
        let client = claims["client_id"]?.text
        let isProgram = kind == .program
        let account = isProgram ? nil : try? AccountID(subject)
        let person = claims["person"]?.text.flatMap { try? PersonID($0) }
        guard isProgram ? client != nil : account != nil && person != nil else { throw .unauthenticated }
        return (
            Caller(id: subject, kind: kind, account: account, person: person, client: isProgram ? client : nil),
            until: Date(timeIntervalSince1970: Double(expires))
        )
    }

    private static func audience(_ claim: JSON?) -> [String] {
        claim?.text.map { [$0] } ?? claim?.array?.compactMap(\.text) ?? []
    }
}
