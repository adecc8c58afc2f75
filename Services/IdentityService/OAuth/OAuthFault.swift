import Contracts
import ServiceKit

/// An error of RFC 6749: as an answer of section 5.2 (`error` and `error_description`, never cached), or as what a
/// client hears by redirect (section 4.1.2.1).
struct OAuthFault: Error, Sendable, Equatable {
    let code: String
    let description: String
    var status = 400

    static let invalidClient = OAuthFault(
        code: "invalid_client", description: "Unknown client or wrong secret", status: 401)
    static let unsupportedGrant = OAuthFault(
        code: "unsupported_grant_type", description: "authorization_code, refresh_token or client_credentials")
    static let unsupportedToken = OAuthFault(
        code: "unsupported_token_type", description: "Access tokens live five minutes and are not revoked")

    static func invalidRequest(_ description: String) -> OAuthFault {
        OAuthFault(code: "invalid_request", description: description)
    }

    static func invalidGrant(_ description: String) -> OAuthFault {
        OAuthFault(code: "invalid_grant", description: description)
    }

    var outgoing: Outgoing {
        let body: JSON = ["error": .string(code), "error_description": .string(description)]
        var answer = Outgoing.json(status, body.bytes)
        answer.headers.append(("cache-control", "no-store"))
        if status == 401 { answer.headers.append(("www-authenticate", "Basic realm=\"lienthong\"")) }
        return answer
    }

    static let schema: JSON = [
        "type": "object", "required": ["error"],
        "properties": ["error": ["type": "string"], "error_description": ["type": "string"]],
    ]
}

/// The members of a form body or a query. RFC 6749, section 3.1: each at most once, an empty one counts as absent.
struct Form: Sendable {
    private let pairs: [(name: String, value: String)]

    init(_ request: Incoming) throws(OAuthFault) {
        let type = request.header("content-type") ?? ""
        guard type.lowercased().hasPrefix("application/x-www-form-urlencoded") else {
            throw .invalidRequest("Send application/x-www-form-urlencoded")
        }
        try self.init(query: String(decoding: request.body, as: UTF8.self))
    }

    init(query: String) throws(OAuthFault) {
        pairs = FormDecoding.pairs(query)
        guard Set(pairs.map(\.name)).count == pairs.count else { throw .invalidRequest("A parameter is repeated") }
    }

    subscript(_ name: String) -> String? { pairs.first { $0.name == name && !$0.value.isEmpty }?.value }

    /// A value that may be absent, but not endless.
    func optional(_ name: String) throws(OAuthFault) -> String? {
        guard let value = self[name] else { return nil }
        guard value.utf8.count <= Limits.noteLength, !value.contains("\0") else {
            throw .invalidRequest("\(name) is too long or holds what it cannot")
        }
        return value
    }

    func require(_ name: String) throws(OAuthFault) -> String {
        guard let value = try optional(name) else { throw .invalidRequest("\(name) is missing") }
        return value
    }
}
