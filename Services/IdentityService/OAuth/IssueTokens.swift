import Contracts
import Crypto
import Foundation
import ServiceKit

/// `POST /oauth/token` (RFC 6749, section 3.2): a code with its PKCE verifier, a refresh token, or a program's own
/// credentials become an access token.
enum IssueTokens: RawEndpoint {
    static let route = Route.post("/oauth/token")
    static let summary = "Tokens for an authorization code, a refresh token or client credentials"
    static let access = Access.open
    static let operation: JSON = [
        "requestBody": [
            "required": true,
            "content": [
                "application/x-www-form-urlencoded": [
                    "schema": [
                        "type": "object", "required": ["grant_type"],
                        "properties": [
                            "grant_type": [
                                "type": "string",
                                "enum": ["authorization_code", "refresh_token", "client_credentials"],
                            ],
                            "code": ["type": "string"], "redirect_uri": ["type": "string"],
                            "client_id": ["type": "string"],
                            "code_verifier": ["type": "string"], "refresh_token": ["type": "string"],
                        ],
                    ]
                ]
            ],
        ],
        "responses": [
            "200": [
                "description": "Tokens",
                "content": [
                    "application/json": [
                        "schema": [
                            "type": "object", "required": ["access_token", "token_type", "expires_in"],
                        ]
                    ]
                ],
            ],
            "400": ["description": "Refused", "content": ["application/json": ["schema": OAuthFault.schema]]],
            "401": ["description": "Unknown client", "content": ["application/json": ["schema": OAuthFault.schema]]],
        ],
    ]

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        do {
            let form = try Form(request)
            switch try form.require("grant_type") {
            case "client_credentials": return try program(request, call)
            case "authorization_code": return try await code(form, call)
            case "refresh_token": return try await refresh(form, call)
            default: throw OAuthFault.unsupportedGrant
            }
        } catch let fault as OAuthFault { return fault.outgoing }
    }

    /// RFC 6749, section 4.4, with HTTP Basic (section 2.3.1: both sides are form-encoded).
    private static func program(_ request: Incoming, _ call: Call) throws -> Outgoing {
        guard let header = request.header("authorization"), header.lowercased().hasPrefix("basic "),
            let bytes = Data(base64Encoded: String(header.dropFirst(6)))
        else { throw OAuthFault.invalidClient }
        let pair = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1).map { side in
            side.replacing("+", with: " ").removingPercentEncoding ?? String(side)
        }
        guard pair.count == 2, call.resource(Clients.self).authenticate(pair[0], pair[1]) else {
            throw OAuthFault.invalidClient
        }
        return try answer(.program(pair[0]), call)
    }

    /// RFC 6749, section 4.1.3, with PKCE (RFC 7636): a code works once; used again, all that came of it ends. Code and
    /// refresh token change hands in one statement, so that a second use always finds what the first brought.
    private static func code(_ form: Form, _ call: Call) async throws -> Outgoing {
        let client = try form.require("client_id")
        let code = OpaqueSecret.hash(try form.require("code"))
        let verifier = try form.require("code_verifier")
        let redirect = try form.require("redirect_uri")
        guard Limits.SignIn.codeVerifier.contains(verifier.utf8.count) else {
            throw OAuthFault.invalidGrant("code_verifier has 43 to 128 characters")
        }
        let challenge = Base64URL.encode(Array(SHA256.hash(data: Array(verifier.utf8))))
        let next = OpaqueSecret.new()
        let rows = try await call.run(
            """
            WITH spent AS (
                UPDATE authorization_codes c SET used_at = now() FROM accounts a
                WHERE c.code_hash = \(code) AND c.used_at IS NULL AND c.expires_at > now() AND a.id = c.account
                  AND a.state = 'active'
                RETURNING c.account, a.person, a.kind, c.nonce, c.family, c.signed_in_at,
                    c.client = \(client) AND c.redirect_uri = \(redirect) AND c.challenge = \(challenge) AS fits),
            issued AS (
                INSERT INTO refresh_tokens (token_hash, family, account, client, expires_at)
                SELECT \(OpaqueSecret.hash(next)), family, account, \(client),
                       now() + make_interval(secs => \(Limits.refreshToken.secondsValue)) FROM spent WHERE fits)
            SELECT * FROM spent
            """)
        guard let row = rows.first else {
            try await endFamily(of: code, call)
            throw OAuthFault.invalidGrant("The code is unknown, used or expired")
        }
        guard try row("fits") else {
            throw OAuthFault.invalidGrant("Client, redirect address or code verifier do not fit the code")
        }
        var subject = try TokenSubject(row, client: client)
        subject.signedInAt = try row("signed_in_at")
        return try answer(subject, refresh: next, withIdentity: true, nonce: row("nonce"), call)
    }

    /// A used code seen again was stolen, before or after: what came of it ends (RFC 6749, section 4.1.2).
    private static func endFamily(of code: [UInt8], _ call: Call) async throws {
        let reused = try await call.run(
            """
            WITH seen AS (SELECT family, account FROM authorization_codes
                          WHERE code_hash = \(code) AND used_at IS NOT NULL),
                 ended AS (UPDATE refresh_tokens r SET revoked_at = now() FROM seen
                           WHERE r.family = seen.family AND r.revoked_at IS NULL)
            INSERT INTO sign_in_log (account, what) SELECT account, 'code reused' FROM seen RETURNING account
            """)
        if !reused.isEmpty { call.log.warning("a used authorization code was shown again; what came of it ended") }
    }

    /// RFC 6749, section 6, with rotation: each refresh token works once. A used one seen again means that it was
    /// stolen: the whole family ends (RFC 9700, section 4.14). A family has ended when any of its tokens was revoked:
    /// so one that is made while another is revoked is worth nothing either.
    private static func refresh(_ form: Form, _ call: Call) async throws -> Outgoing {
        let client = try form.require("client_id")
        let token = OpaqueSecret.hash(try form.require("refresh_token"))
        let next = OpaqueSecret.new()
        let rows = try await call.run(
            """
            WITH spent AS (
                UPDATE refresh_tokens r SET used_at = now() FROM accounts a
                WHERE r.token_hash = \(token) AND r.client = \(client) AND r.used_at IS NULL AND r.revoked_at IS NULL
                  AND r.expires_at > now() AND a.id = r.account AND a.state = 'active'
                  AND NOT EXISTS (SELECT 1 FROM refresh_tokens f WHERE f.family = r.family AND f.revoked_at IS NOT NULL)
                RETURNING r.account, a.person, a.kind, r.family, r.client),
            issued AS (
                INSERT INTO refresh_tokens (token_hash, family, account, client, expires_at)
                SELECT \(OpaqueSecret.hash(next)), family, account, client,
                       now() + make_interval(secs => \(Limits.refreshToken.secondsValue)) FROM spent)
            SELECT * FROM spent
            """)
        guard let row = rows.first else {
            let reused = try await call.run(
                """
                WITH seen AS (SELECT family, account FROM refresh_tokens
                              WHERE token_hash = \(token) AND client = \(client) AND used_at IS NOT NULL),
                     ended AS (UPDATE refresh_tokens r SET revoked_at = now() FROM seen
                               WHERE r.family = seen.family AND r.revoked_at IS NULL)
                INSERT INTO sign_in_log (account, what) SELECT account, 'refresh token reused' FROM seen
                RETURNING account
                """)
            if !reused.isEmpty { call.log.warning("a used refresh token was shown again; its family ended") }
            throw OAuthFault.invalidGrant("The refresh token is unknown, used or expired")
        }
        return try answer(TokenSubject(row, client: client), refresh: next, call)
    }

    private static func answer(
        _ subject: TokenSubject, refresh: String? = nil, withIdentity: Bool = false, nonce: String? = nil, _ call: Call
    ) throws -> Outgoing {
        let keys = call.resource(KeyRing.self)
        let issuer = call.runtime.configuration.identityURL
        let now = Date()
        let access = try keys.sign(subject.accessClaims(issuer: issuer, now: now), type: "at+jwt")
        var members: [JSON.Member] = [
            .init("access_token", .string(access)), .init("token_type", "Bearer"),
            .init("expires_in", .integer(Int64(Limits.accessToken.secondsValue))),
        ]
        if let refresh { members += [.init("refresh_token", .string(refresh)), .init("scope", "openid")] }
        if withIdentity {
            let claims = subject.identityClaims(issuer: issuer, nonce: nonce, now: now)
            members.append(.init("id_token", .string(try keys.sign(claims, type: "JWT"))))
        }
        var answer = Outgoing.json(200, JSON.object(members).bytes)
        answer.headers.append(("cache-control", "no-store"))
        return answer
    }
}
