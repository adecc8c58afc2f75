import Contracts
import Crypto
import Foundation

@testable import BudgetService
@testable import IdentityService
@testable import ServiceKit

/// Tokens, signatures, sign-in.
enum IdentityTargets {
    static let all: [Target] = [token, keys, authorization, cookie, clients, signature, callback]

    private static let signing = try? SigningKey(raw: Array(repeating: 7, count: 32), kid: "fuzz")
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private static let issuer = "http://127.0.0.1:8100"

    private static let claims: JSON = [
        "iss": .string(issuer), "aud": "lienthong", "sub": "0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f", "exp": 1_800_000_300,
        "iat": 1_800_000_000, "kind": "official", "person": "0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0e",
    ]

    /// Signed anew at each start (ECDSA draws), so kept.
    private static let tokens: [String] = [
        try? signing?.sign(claims), try? signing?.sign(claims, type: "application/at+jwt"),
    ]
    .compactMap { $0 }

    private static let token = Target(
        "access token", texts: tokens, words: ["eyJhbGciOiJub25lIn0", "e30", ".", "..", "=", "fuzz"]
    ) { text in
        let parsed = try ParsedToken(text)
        try require(text.utf8.allSatisfy { $0 < 0x80 }, "a token outside ASCII")
        guard let key = try signing.map({ try TokenVerifier.publicKey($0.jwk) }),
            key.isValidSignature(parsed.signature, for: parsed.signed)
        else {
            throw Refused.unauthenticated
        }
        try require(tokens.contains(text), "a token that was never signed is let in")
        let (caller, until) = try parsed.caller(issuer: issuer, now: now)
        try require(until > now && caller.person != nil && caller.kind == .official, "\(caller)")
    }

    private static let keys = Target(
        "published keys", [signing?.jwk.bytes ?? []], words: ["P-256", "EC", "AA"], change: { $1.changeJSON($0) }
    ) { bytes in
        _ = try TokenVerifier.publicKey(JSON(parsing: bytes))
    }

    private static let request =
        "response_type=code&client_id=portal&redirect_uri=http%3A%2F%2F127.0.0.1%3A9000%2Fcallback&state=a%20b"
        + "&nonce=n&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
        + "&ui_locales=vi%20en&prompt=login&max_age=60"

    private static let authorization = Target(
        "authorization request", texts: [request],
        words: [
            "redirect_uri=", "https://portal.example.vn/back", "%22%3E%3Cscript%3E", "'", "&state=%00",
            "prompt=none%20login",
        ]
    ) { text in
        let clients = try Clients(secrets: "hr=s", redirects: "https://portal.example.vn/back")
        let asked: AuthorizationRequest
        do { asked = try AuthorizationRequest(Form(query: text), clients) } catch let back as SentBack {
            try require(isAllowed(back.redirect), "sent back to \(back.redirect)")
            throw back
        }
        try require(isAllowed(asked.redirect), "\(asked.redirect) is allowed")
        let fields = asked.hiddenFields
        try require(
            fields.count { $0 == "<" } == fields.components(separatedBy: "<input type=\"hidden\" name=\"").count - 1,
            "markup in \(fields)")
        let address = asked.address(in: .english)
        let again = try AuthorizationRequest(Form(query: String(address.drop { $0 != "?" }.dropFirst())), clients)
        try require(
            again.state == asked.state && again.nonce == asked.nonce && again.redirect == asked.redirect
                && again.challenge == asked.challenge && again.prompt == asked.prompt && again.maxAge == asked.maxAge,
            "asked in another language it is another request")
    }

    private static func isAllowed(_ redirect: String) -> Bool {
        redirect == "https://portal.example.vn/back"
            || Patterns.matches(redirect, #"^http://(127[.]0[.]0[.]1|\[::1\])(:[0-9]{1,5})?/callback$"#)
    }

    private static let cookie = Target(
        "cookie", texts: ["lienthong_session=abc", "a=b; lienthong_session=x=y; c", "lienthong_session="],
        words: ["lienthong_session", ";", "="]
    ) { text in
        guard let value = BrowserSession.value(Incoming("GET", "/oauth", headers: [("cookie", text)])) else { return }
        try require(!value.isEmpty && !value.contains(";") && text.contains(value), "\(value.debugDescription)")
    }

    private static let clients = Target(
        "client secrets and redirects", texts: ["hr=secret,mail=other\nhttps://a.vn/b,vn.app:/callback", "\n"],
        words: [",", "=", "http://", "#x", "javascript:alert(1)"]
    ) { text in
        let sides = text.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let clients: Clients
        do throws(ConfigurationFaults) {
            clients = try Clients(secrets: sides[0], redirects: sides.count > 1 ? sides[1] : "")
        } catch {
            try require(!error.faults.isEmpty, "refused without a fault")
            throw error
        }
        try require(!clients.authenticate("", "") && !clients.authenticate("nobody", ""), "nobody is let in")
    }

    private static let secret = CallbackSignature(secret: "fuzz")
    private static let body = Array(#"{"reference":"A1"}"#.utf8)
    private static let signed = secret.sign(body, at: Int64(now.timeIntervalSince1970))

    private static let signature = Target(
        "call-back signature", texts: [signed], words: ["t=", ",v1=", "v1=", ",v0=00"]
    ) { text in
        try secret.verify(text, body, now: now)
        try require(text == signed, "\(text) is let in beside \(signed)")
    }

    private static let callback = Target(
        "call-back",
        [
            Array(
                #"{"reference":"A1","demand":"0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f","amount":200000,"currency":"VND","#
                    .utf8)
                + Array(#""paidAt":"2021-02-09T10:00:00+07:00"}"#.utf8)
        ], change: { $1.changeJSON($0) }
    ) { bytes in
        let report = try ReceivePaymentCallback.read(bytes)
        let tree = try JSON(parsing: report.jsonBytes)
        if let fault = SchemaCheck.fault(tree, ReceivePaymentCallback.Report.schema) { throw Finding(fault) }
        try require(report.reference.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, report.reference.debugDescription)
    }
}
