import Foundation
import ServiceKit

/// The few plain pages of sign-in: no script but one, no picture, nothing from elsewhere; readable without styles.
enum Page {
    /// - Parameter sendsTo: where a form on the page may lead beside ourselves; browsers count redirects too.
    static func html(
        _ status: Int, title: String, _ language: Language, body: String, script: String? = nil, sendsTo: String? = nil
    ) -> Outgoing {
        let nonce = OpaqueSecret.new()
        let scripted = script.map { "<script nonce=\"\(nonce)\">\($0)</script>" } ?? ""
        let text = """
            <!doctype html>
            <html lang="\(language.rawValue)"><head><meta charset="utf-8"><title>\(escape(title)) – LiênThông</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style nonce="\(nonce)">\(style)</style></head>
            <body><header>LiênThông</header><main><h1>\(escape(title))</h1>\(body)</main>\(scripted)</body></html>
            """
        var answer = Outgoing.text(status, text, type: "text/html; charset=utf-8")
        let scripts = script == nil ? "" : "script-src 'nonce-\(nonce)'; "
        let forms = sendsTo.map { "'self' \(origin(of: $0))" } ?? "'self'"
        let policy =
            "default-src 'none'; style-src 'nonce-\(nonce)'; \(scripts)form-action \(forms); base-uri 'none'; "
            + "frame-ancestors 'none'"
        answer.headers += [
            ("content-security-policy", policy), ("cache-control", "no-store"), ("referrer-policy", "same-origin"),
            ("x-content-type-options", "nosniff"), ("content-language", language.rawValue),
            ("vary", "Accept-Language, Cookie"),
        ]
        return answer
    }

    private static let style = """
        *{box-sizing:border-box}
        body{font:1.125rem/1.5 system-ui,sans-serif;max-width:26rem;margin:0 auto;padding:1.5rem 1rem 3rem;
        color:#1b1b1b;background:#fff}
        header{font-weight:600;color:#8f1d14;border-bottom:3px solid #8f1d14;padding-bottom:.5rem}
        h1{font-size:1.6rem;line-height:1.25;margin:1.5rem 0 1rem}
        label{display:block;font-weight:600;margin-top:1rem}
        .hint{margin:.1rem 0 .3rem;color:#484848;font-size:1rem}
        input{font:inherit;width:100%;padding:.5rem;border:2px solid #5e5e5e;border-radius:3px}
        button{font:inherit;font-weight:600;margin-top:1.5rem;padding:.6rem 1.4rem;background:#8f1d14;color:#fff;
        border:0;border-radius:3px;cursor:pointer}
        :focus-visible{outline:3px solid #1a56c4;outline-offset:2px}
        .fault{border-left:5px solid #8f1d14;padding:.3rem 0 .3rem .8rem;font-weight:600}
        .after{margin-top:1.2rem}
        footer{margin-top:2rem}
        """

    /// Scheme, host and port; for an application's own scheme, the scheme.
    static func origin(of address: String) -> String {
        guard let url = URLComponents(string: address), let scheme = url.scheme else { return "'none'" }
        guard let host = url.encodedHost, !host.isEmpty else { return "\(scheme):" }
        return "\(scheme)://\(host)\(url.port.map { ":\($0)" } ?? "")"
    }

    static func escape(_ text: String) -> String {
        text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
            .replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
            .replacingOccurrences(of: "'", with: "&#39;")
    }

    static func fault(_ text: String?) -> String {
        text.map { "<p class=\"fault\" role=\"alert\">\(escape($0))</p>" } ?? ""
    }
}

/// Words of the pages in both languages.
struct Words: Sendable {
    let language: Language

    func callAsFunction(_ vietnamese: String, _ english: String) -> String {
        language == .english ? english : vietnamese
    }
}
