import Contracts
import Foundation
import ServiceKit

/// What a client asks of the authorization endpoint (RFC 6749, section 4.1.1; RFC 7636; OpenID Connect Core, 3.1.2.1).
struct AuthorizationRequest: Sendable {
    let client: String
    let redirect: String
    let challenge: String
    let state: String?
    let nonce: String?
    let locales: String?
    /// `none`: show nothing. `login`: ask for the password again.
    let prompt: Set<String>
    /// Most seconds since the person signed in.
    let maxAge: Int?

    /// - Throws: `OAuthFault` when client or redirect address are not known: then nobody is redirected anywhere.
    ///   `SentBack` for what the client hears by redirect.
    init(_ form: Form, _ clients: Clients) throws {
        client = try form.require("client_id")
        redirect = try form.require("redirect_uri")
        guard clients.isPublic(client) else { throw OAuthFault.invalidRequest("client_id is not known") }
        guard clients.allows(redirect: redirect) else {
            throw OAuthFault.invalidRequest("redirect_uri is not allowed")
        }
        state = try form.optional("state")
        do {
            challenge = try Self.challenge(form)
            nonce = try form.optional("nonce")
            locales = try form.optional("ui_locales")
            prompt = Set((try form.optional("prompt") ?? "").split(separator: " ").map(String.init))
            guard !prompt.contains("none") || prompt.count == 1 else {
                throw OAuthFault.invalidRequest("prompt none stands alone")
            }
            let age = try form.optional("max_age")
            maxAge = age.flatMap { Int($0) }
            guard age == nil || maxAge ?? -1 >= 0 else { throw OAuthFault.invalidRequest("max_age counts seconds") }
        } catch let fault as OAuthFault { throw SentBack(fault: fault, redirect: redirect, state: state) }
    }

    /// Checks what cannot be otherwise, and gives the code challenge.
    private static func challenge(_ form: Form) throws(OAuthFault) -> String {
        for name in ["request", "request_uri"] where form[name] != nil {
            throw OAuthFault(code: "\(name)_not_supported", description: "Send the parameters themselves")
        }
        guard try form.require("response_type") == "code" else {
            throw OAuthFault(code: "unsupported_response_type", description: "response_type must be code")
        }
        guard [nil, "query"].contains(try form.optional("response_mode")) else {
            throw .invalidRequest("response_mode must be query")
        }
        guard try form.require("code_challenge_method") == "S256" else {
            throw .invalidRequest("code_challenge_method must be S256")
        }
        let challenge = try form.require("code_challenge")
        guard challenge.utf8.count == Limits.SignIn.codeChallenge, Base64URL.decode(challenge) != nil else {
            throw .invalidRequest("code_challenge must be 43 characters of base64url")
        }
        return challenge
    }

    /// The language asked for by the client, or by the page's own link; else the browser's.
    func language(_ call: Call) -> Language {
        (locales ?? "").split(separator: " ").lazy.compactMap { Language(rawValue: String($0.prefix(2))) }.first
            ?? call.language
    }

    /// The parameters, to be asked again.
    private func parameters(_ locales: String?) -> [(name: String, value: String)] {
        let pairs: [(String, String?)] = [
            ("client_id", client), ("redirect_uri", redirect), ("code_challenge", challenge), ("state", state),
            ("nonce", nonce), ("response_type", "code"), ("code_challenge_method", "S256"), ("ui_locales", locales),
        ]
        return pairs.compactMap { name, value in value.map { (name, $0) } }
    }

    var hiddenFields: String {
        parameters(locales).map { name, value in
            "<input type=\"hidden\" name=\"\(name)\" value=\"\(Page.escape(value))\">"
        }.joined()
    }

    /// The same page in another language.
    func address(in language: Language) -> String {
        var all = parameters(language.rawValue)
        if !prompt.isEmpty { all.append(("prompt", prompt.sorted().joined(separator: " "))) }
        if let maxAge { all.append(("max_age", "\(maxAge)")) }
        return "/oauth/authorize?\(QueryEncoding.text(all))"
    }

    /// Back to the client (RFC 6749, sections 4.1.2 and 3.1.2: its own query stays), with our name (RFC 9207).
    static func back(
        to redirect: String, _ parameters: [(name: String, value: String)], state: String?, _ call: Call
    ) -> Outgoing {
        var all = parameters
        if let state { all.append(("state", state)) }
        all.append(("iss", call.runtime.configuration.identityURL))
        let address = "\(redirect)\(redirect.contains("?") ? "&" : "?")\(QueryEncoding.text(all))"
        return Outgoing(302, headers: [("location", address), ("cache-control", "no-store")])
    }
}

/// A fault that the client hears about by redirect (RFC 6749, section 4.1.2.1).
struct SentBack: Error {
    let fault: OAuthFault
    let redirect: String
    let state: String?

    func outgoing(_ call: Call) -> Outgoing {
        AuthorizationRequest.back(
            to: redirect, [("error", fault.code), ("error_description", fault.description)], state: state, call)
    }
}

/// Writes `application/x-www-form-urlencoded`: everything but the unreserved characters (RFC 3986, section 2.3) is
/// percent-encoded, the plus sign too, which would be read as a space.
enum QueryEncoding {
    private static let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)

    static func text(_ pairs: [(name: String, value: String)]) -> String {
        pairs.map { "\(encode($0.name))=\(encode($0.value))" }.joined(separator: "&")
    }

    private static func encode(_ text: String) -> String {
        text.utf8.map { byte in
            plain.contains(byte) ? String(Unicode.Scalar(byte)) : "%\(Hex.encode([byte]).uppercased())"
        }.joined()
    }
}
