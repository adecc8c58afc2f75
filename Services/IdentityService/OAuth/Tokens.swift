import Contracts
import Crypto
import Foundation
import ServiceKit

/// Opaque secrets: 32 random bytes given to the holder, only their SHA-256 kept here.
enum OpaqueSecret {
    static func new() -> String {
        var random = SystemRandomNumberGenerator()
        return Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &random) })
    }

    static func hash(_ secret: String) -> [UInt8] { Array(SHA256.hash(data: Array(secret.utf8))) }
}

/// Whom tokens are made for.
struct TokenSubject: Sendable {
    var account: AccountID?
    var person: PersonID?
    var kind: AccountKind
    var client: String
    var signedInAt: Date?

    /// A program of our own, by client credentials.
    static func program(_ client: String) -> TokenSubject { TokenSubject(kind: .program, client: client) }

    init(account: AccountID? = nil, person: PersonID? = nil, kind: AccountKind, client: String) {
        self.account = account
        self.person = person
        self.kind = kind
        self.client = client
    }

    init(_ row: Row, client: String) throws {
        self.init(
            account: try row("account"), person: try row("person"),
            kind: AccountKind(rawValue: try row("kind")) ?? .citizen, client: client)
    }

    /// The claims of an access token (RFC 9068): identity only, five minutes.
    func accessClaims(issuer: String, now: Date) -> JSON {
        let at = Int64(now.timeIntervalSince1970)
        var members: [JSON.Member] = [
            .init("iss", .string(issuer)), .init("aud", "lienthong"), .init("sub", .string(account?.text ?? client)),
            .init("iat", .integer(at)), .init("exp", .integer(at + Int64(Limits.accessToken.secondsValue))),
            .init("jti", .string(UUID.v7().text)), .init("client_id", .string(client)),
            .init("kind", .string(kind.rawValue)),
        ]
        if let person { members.append(.init("person", .string(person.text))) }
        return .object(members)
    }

    /// The claims of an ID token (OpenID Connect Core, section 2).
    func identityClaims(issuer: String, nonce: String?, now: Date) -> JSON {
        let at = Int64(now.timeIntervalSince1970)
        var members: [JSON.Member] = [
            .init("iss", .string(issuer)), .init("aud", .string(client)),
            .init("sub", .string(account?.text ?? client)),
            .init("iat", .integer(at)), .init("exp", .integer(at + Int64(Limits.accessToken.secondsValue))),
        ]
        if let signedInAt {
            members.append(.init("auth_time", .integer(Int64(signedInAt.timeIntervalSince1970))))
        }
        if let nonce { members.append(.init("nonce", .string(nonce))) }
        return .object(members)
    }
}
