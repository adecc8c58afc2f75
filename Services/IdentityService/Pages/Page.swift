import Foundation
import ServiceKit

/// The few plain pages of sign-in: no script but one, no picture, nothing from elsewhere; readable without styles.
enum Page {
    static func html(
        _ status: Int, title: String, _ language: Language, body: String, script: String? = nil
    ) -> Outgoing {
        let nonce = OpaqueSecret.new()
        let scripted = script.map { "<script nonce=\"\(nonce)\">\($0)</script>" } ?? ""
        let text = """
            <!doctype html>
            <html lang="\(language.rawValue)"><head><meta charset="utf-8"><title>\(escape(title))</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style nonce="\(nonce)">
            body{font:18px/1.5 system-ui,sans-serif;max-width:24rem;margin:3rem auto;padding:0 1rem;color:#1b1b1b}
            h1{font-size:1.4rem;color:#8f1d14}label{display:block;margin-top:1rem}
            input{font:inherit;width:100%;padding:.5rem;box-sizing:border-box;border:1px solid #767676}
            button{font:inherit;margin-top:1.5rem;padding:.6rem 1.4rem;background:#8f1d14;color:#fff;border:0}
            .fault{border-left:4px solid #8f1d14;padding-left:.8rem}
            </style></head><body><main><h1>\(escape(title))</h1>\(body)</main>\(scripted)</body></html>
            """
        var answer = Outgoing.text(status, text, type: "text/html; charset=utf-8")
        let policy =
            "default-src 'none'; style-src 'nonce-\(nonce)'; script-src 'nonce-\(nonce)'; "
            + "base-uri 'none'; frame-ancestors 'none'"
        answer.headers += [
            ("content-security-policy", policy), ("cache-control", "no-store"), ("referrer-policy", "no-referrer"),
            ("content-language", language.rawValue),
        ]
        return answer
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
