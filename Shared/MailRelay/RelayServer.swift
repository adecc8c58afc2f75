import CCurl
import Contracts
import Foundation
import Glibc

/// The server that takes our letters to the outside (a smart host): address, user, and how it is trusted.
public struct RelayServer: Sendable, CustomStringConvertible, CustomReflectable {
    public var host: String
    public var port: Int
    /// TLS from the first byte (smtps, port 465); else STARTTLS.
    public var isImplicitTLS: Bool
    public var user: String?
    private let password: String?
    /// A PEM file to trust instead of the system's authorities.
    public var authorities: String?

    /// - Parameter address: `smtp://host:587` or `smtps://host:465`.
    public init?(_ address: String, user: String? = nil, password: String? = nil, authorities: String? = nil) {
        guard let parts = URLComponents(string: address), let host = parts.host, !host.isEmpty,
            let scheme = parts.scheme, ["smtp", "smtps"].contains(scheme), parts.user == nil, parts.password == nil,
            parts.path.isEmpty || parts.path == "/", parts.query == nil, parts.fragment == nil
        else { return nil }
        self.host = host
        isImplicitTLS = scheme == "smtps"
        port = parts.port ?? (isImplicitTLS ? 465 : 587)
        self.user = user
        self.password = password
        self.authorities = authorities
    }

    /// On the same machine nothing can be overheard; everywhere else letters go encrypted or not at all.
    var isLoopback: Bool { host == "localhost" || host == "[::1]" || host.hasPrefix("127.") }

    public var description: String { "\(isImplicitTLS ? "smtps" : "smtp")://\(host):\(port)" }
    public var customMirror: Mirror { Mirror(self, children: ["address": description]) }

    /// Hands a letter over; the answer says what is certain. Never throws: every end of it is an outcome.
    public func send(_ letter: Letter) async -> LetterOutcome {
        await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: Sending.perform(letter, self, password)) }
            thread.name = "mail-relay"
            thread.start()
        }
    }
}

/// What became of one attempt. A code is the server's (RFC 5321, section 4.2); its text is not kept: servers repeat the
/// recipient's address in it.
public enum LetterOutcome: Sendable, Equatable {
    /// The server has taken responsibility for it.
    case taken
    /// It never will.
    case refused(code: Int)
    /// Not now; certainly not taken.
    case postponed(code: Int, reason: String)
    /// The letter was handed over and no answer came: it may have been taken.
    case uncertain(reason: String)

    /// - Parameters:
    ///   - failure: what libcurl says; nil when all went well.
    ///   - code: the last answer of the server; 0: none.
    static func of(failure: String?, code: Int) -> LetterOutcome {
        guard let failure else { return .taken }
        switch code {
        case 500...599: return .refused(code: code)
        case 400...499: return .postponed(code: code, reason: failure)
        // "Start mail input" is the last we heard: what was sent after it may have arrived.
        case 354: return .uncertain(reason: failure)
        default: return .postponed(code: code, reason: failure)
        }
    }
}

/// One conversation with the server, on a thread of its own.
private enum Sending {
    /// Once in the life of the process, before any other call.
    static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    static func perform(_ letter: Letter, _ server: RelayServer, _ password: String?) -> LetterOutcome {
        guard Letter.isAddress(letter.to), Letter.isAddress(letter.from) else { return .refused(code: 553) }
        guard isReady, let handle = curl_easy_init() else {
            return .postponed(code: 0, reason: "libcurl does not start")
        }
        defer { curl_easy_cleanup(handle) }
        var bytes = letter.bytes
        let count = bytes.count
        return bytes.withUnsafeMutableBytes { buffer in
            // libcurl reads from a file by itself; this one is the memory of the letter.
            guard let file = fmemopen(buffer.baseAddress, count, "r") else {
                return .postponed(code: 0, reason: "no memory for the letter")
            }
            defer { fclose(file) }
            guard let recipients = curl_slist_append(nil, "<\(letter.to)>") else {
                return .postponed(code: 0, reason: "no memory for the recipient")
            }
            defer { curl_slist_free_all(recipients) }
            guard set(handle, letter, server, password, file, count, recipients) else {
                return .postponed(code: 0, reason: "libcurl refuses the settings")
            }
            let result = curl_easy_perform(handle)
            let failure = result == CURLE_OK ? nil : "\(result.rawValue) \(String(cString: curl_easy_strerror(result)))"
            return LetterOutcome.of(failure: failure, code: lt_curl_status(handle))
        }
    }

    private static func set(
        _ handle: UnsafeMutableRawPointer, _ letter: Letter, _ server: RelayServer, _ password: String?,
        _ file: UnsafeMutablePointer<FILE>, _ count: Int, _ recipients: UnsafeMutablePointer<curl_slist>
    ) -> Bool {
        func text(_ option: CURLoption, _ value: String) -> Bool { lt_curl_text(handle, option, value) == CURLE_OK }
        func number(_ option: CURLoption, _ value: Int) -> Bool { lt_curl_number(handle, option, value) == CURLE_OK }
        func pointer(_ option: CURLoption, _ value: UnsafeMutableRawPointer) -> Bool {
            lt_curl_pointer(handle, option, value) == CURLE_OK
        }
        let isEncrypted = server.isImplicitTLS || !server.isLoopback
        let domain = letter.from.split(separator: "@").last.map(String.init) ?? "localhost"
        var isSet =
            text(CURLOPT_URL, "\(server.isImplicitTLS ? "smtps" : "smtp")://\(server.host):\(server.port)/\(domain)")
            && text(CURLOPT_PROTOCOLS_STR, "smtp,smtps") && text(CURLOPT_PROXY, "")
            && text(CURLOPT_MAIL_FROM, "<\(letter.from)>") && pointer(CURLOPT_MAIL_RCPT, recipients)
            && number(CURLOPT_UPLOAD, 1) && pointer(CURLOPT_READDATA, file) && number(CURLOPT_INFILESIZE, count)
            && number(CURLOPT_NOSIGNAL, 1) && number(CURLOPT_SSLVERSION, lt_curl_tls_1_2)
            && number(CURLOPT_USE_SSL, Int((isEncrypted ? CURLUSESSL_ALL : CURLUSESSL_TRY).rawValue))
            && number(CURLOPT_CONNECTTIMEOUT_MS, Limits.OutboundMail.connect.milliseconds)
            && number(CURLOPT_TIMEOUT_MS, Limits.OutboundMail.sending.milliseconds)
        if let user = server.user, let password {
            isSet = isSet && text(CURLOPT_USERNAME, user) && text(CURLOPT_PASSWORD, password)
        }
        if let authorities = server.authorities { isSet = isSet && text(CURLOPT_CAINFO, authorities) }
        return isSet
    }
}

extension Duration {
    fileprivate var milliseconds: Int {
        Int(components.seconds) * 1_000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
