import Contracts
import Crypto
import Foundation
import ServiceKit

/// The programs that may ask for tokens. Public clients prove themselves by PKCE; our services by a secret.
struct Clients: Sendable {
    /// The command line and the portal: public clients on loopback or on addresses that the operator allows.
    static let portal = "portal"

    private let secrets: [String: [UInt8]]
    private let redirects: [String]

    /// - Throws: a configuration fault when `LIENTHONG_CLIENT_SECRETS` is not `name=secret,…`.
    init(_ configuration: Configuration) throws {
        self.init(
            secrets: try configuration.secret("LIENTHONG_CLIENT_SECRETS").value,
            redirects: configuration.optional("LIENTHONG_REDIRECT_URIS") ?? "")
    }

    init(secrets text: String, redirects: String) {
        let pairs = text.split(separator: ",").compactMap { pair -> (String, [UInt8])? in
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            return sides.count == 2 ? (sides[0], Array(SHA256.hash(data: Array(sides[1].utf8)))) : nil
        }
        secrets = Dictionary(pairs, uniquingKeysWith: { $1 })
        self.redirects = redirects.split(separator: ",").map(String.init)
    }

    func isPublic(_ client: String) -> Bool { client == Self.portal }

    /// Whether this program has this secret, compared in constant time over the hashes.
    func authenticate(_ client: String, _ secret: String) -> Bool {
        let given = Array(SHA256.hash(data: Array(secret.utf8)))
        guard let known = secrets[client] else { return false }
        return zip(given, known).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }

    /// Exact addresses that the operator allowed, or loopback with any port (RFC 8252, section 7.3).
    func allows(redirect: String) -> Bool {
        if redirects.contains(redirect) { return true }
        guard let url = URLComponents(string: redirect), url.scheme == "http", url.host == "127.0.0.1",
            url.user == nil, url.fragment == nil
        else { return false }
        return url.path == "/callback" && url.query == nil
    }
}
