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

    /// - Throws: a configuration fault when `LIENTHONG_CLIENT_SECRETS` is not `name=secret,…`, or one of
    ///   `LIENTHONG_REDIRECT_URIS` is no absolute address without a fragment.
    init(_ configuration: Configuration) throws(ConfigurationFaults) {
        let redirects = configuration.optional("LIENTHONG_REDIRECT_URIS") ?? ""
        try self.init(secrets: configuration.secret("LIENTHONG_CLIENT_SECRETS").value, redirects: redirects)
    }

    init(secrets text: String, redirects list: String) throws(ConfigurationFaults) {
        var faults: [String] = []
        var secrets: [String: [UInt8]] = [:]
        for pair in text.split(separator: ",") {
            let sides = pair.split(separator: "=", maxSplits: 1).map(String.init)
            if sides.count == 2 {
                secrets[sides[0]] = Self.hash(sides[1])
            } else {
                faults.append("LIENTHONG_CLIENT_SECRETS must be a list such as hr=secret,mail=secret")
            }
        }
        redirects = list.split(separator: ",").map(String.init)
        self.secrets = secrets
        for redirect in redirects where !Self.isAddress(redirect) {
            faults.append("LIENTHONG_REDIRECT_URIS: '\(redirect)' is no absolute address without a fragment")
        }
        guard faults.isEmpty else { throw ConfigurationFaults(faults: faults) }
    }

    func isPublic(_ client: String) -> Bool { client == Self.portal }

    /// Whether this program has this secret, compared in constant time over the hashes.
    func authenticate(_ client: String, _ secret: String) -> Bool {
        let known = secrets[client]
        let difference = zip(Self.hash(secret), known ?? Self.hash("")).reduce(0) { $0 | ($1.0 ^ $1.1) }
        return known != nil && difference == 0
    }

    /// Exactly an address that the operator allowed: the client at the other end is known.
    func isRegistered(redirect: String) -> Bool { redirects.contains(redirect) }

    /// Registered, or loopback with any port (RFC 8252, section 7.3), where any program may listen.
    func allows(redirect: String) -> Bool {
        if isRegistered(redirect: redirect) { return true }
        let loopback = /http:\/\/(127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?\/callback/
        return redirect.wholeMatch(of: loopback) != nil
    }

    private static func hash(_ secret: String) -> [UInt8] { Array(SHA256.hash(data: Array(secret.utf8))) }

    private static func isAddress(_ text: String) -> Bool {
        guard let url = URLComponents(string: text), let scheme = url.scheme, url.string == text else { return false }
        return url.fragment == nil && (url.host?.isEmpty == false || !["http", "https"].contains(scheme))
    }
}
