import Contracts
import Foundation

@testable import IdentityService
@testable import ServiceKit

enum HTTPTargets {
    static let all: [Target] = [form, route, idempotencyKey, ifMatch, traceparent, language, mediaType, hex]

    private static let form = Target(
        "form and query",
        texts: ["a=1&b=%C3%A9+%2B&c", "grant_type=authorization_code&code=abc%3D", "x=%E1%BB%93&&=y&z==", "a%20b=%25"]
    ) { text in
        let pairs = FormDecoding.pairs(text)
        let again = FormDecoding.pairs(QueryEncoding.text(pairs))
        // An empty pair is written as `=`.
        try require(again.elementsEqual(pairs, by: ==), "\(pairs) becomes \(again)")
        let plain = text.split(separator: "&").map { pair -> (name: String, value: String) in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(sides[0]), sides.count > 1 ? decoded(sides[1]) : "")
        }
        try require(
            plain.elementsEqual(pairs) { ValueTargets.same($0.name, $1.name) && ValueTargets.same($0.value, $1.value) },
            "\(pairs) instead of \(plain)")
    }

    /// The same again, by the letter of WHATWG URL 1.3 and 5.1: only a percent sign with two hexadecimal digits counts.
    private static func decoded(_ text: Substring) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var at = 0
        func digit(_ index: Int) -> UInt8? {
            guard index < bytes.count else { return nil }
            switch bytes[index] {
            case 0x30...0x39: return bytes[index] - 0x30
            case 0x41...0x46: return bytes[index] - 0x37
            case 0x61...0x66: return bytes[index] - 0x57
            default: return nil
            }
        }
        while at < bytes.count {
            if bytes[at] == 0x25, let high = digit(at + 1), let low = digit(at + 2) {
                out.append(high << 4 | low)
                at += 3
            } else {
                out.append(bytes[at] == 0x2B ? 0x20 : bytes[at])
                at += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static let routes = EndpointTargets.mounted.filter { $0.service == "onestop" }.map { $0.endpoint.route }
    private static let router = Router(routes.map { ($0, $0) })

    private static let route = Target(
        "route",
        texts: routes.map {
            "\($0.method) \($0.path.replacing("{dossier}", with: "0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f"))"
        },
        words: ["dossiers", "accept", "HEAD ", "//", "%2F", "{dossier}", "inbox"]
    ) { text in
        let sides = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard sides.count == 2 else { throw ValueTargets.Refusal() }
        switch router.find(sides[0], sides[1]) {
        case .nowhere: throw ValueTargets.Refusal()
        case .wrongMethod(let allowed):
            try require(
                !allowed.isEmpty && !allowed.contains(sides[0]), "\(sides[0]) is refused, allowed is \(allowed)")
        case .found(let route, let values):
            try require(Set(values.keys) == Set(route.pathFields), "\(route) with \(values)")
            let count = sides[1].utf8.split(separator: UInt8(ascii: "/")).count
            try require(count == route.segments.count, "\(text.debugDescription) is \(route)")
            try require(route.method == (sides[0] == "HEAD" ? "GET" : sides[0]), "\(sides[0]) is \(route)")
        }
    }

    private static let idempotencyKey = Target(
        "Idempotency-Key",
        texts: ["0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f", "\"quoted\"", "a", String(repeating: "k", count: 200)]
    ) { text in
        let request = Incoming("POST", "/x", headers: [("idempotency-key", text)], body: Array(text.utf8))
        guard let key = try IdempotencyKey(request, caller: "c", route: .post("/x")) else {
            throw ValueTargets.Refusal()
        }
        try require(ValueTargets.same(key.key, text), "another key than was sent")
        try require(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "\(text.debugDescription) is accepted")
        try require(key.text.split(separator: "\u{1}").count == 3, "the key reaches into its neighbours")
    }

    private static let ifMatch = Target("If-Match", texts: ["\"7\"", "7", "*", " \"12\" ", "\"9223372036854775807\""]) {
        text in
        let request = Incoming("PUT", "/x", headers: [("if-match", text)])
        let version: Int64?
        do throws(Refused) { version = try Responder.ifMatch(request, required: true) } catch {
            try require(error.status == 412, "refused with \(error.status)")
            throw error
        }
        let bare = text.trimmingCharacters(in: .whitespaces)
        guard let version else { return try require(bare == "*", "\(text.debugDescription) means any version") }
        try require(
            bare == "\"\(version)\"" || bare == "\(version)", "\(text.debugDescription) means version \(version)")
    }

    private static let traceparent = Target(
        "traceparent",
        texts: [
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        ], words: ["00000000000000000000000000000000", "ff-", "0000000000000000"]
    ) { text in
        let trace = TraceContext(continuing: text)
        try require(
            Patterns.matches(trace.traceparent, "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$"), "\(trace.traceparent) is sent on")
        try require(trace.traceID.contains { $0 != "0" }, "the trace is all zeros")
        let again = TraceContext(continuing: trace.traceparent)
        try require(again.traceID == trace.traceID, "\(trace.traceID) is not continued")
        if Patterns.matches(text, "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"), !text.hasPrefix("ff"),
            text.dropFirst(3).prefix(32).contains(where: { $0 != "0" }),
            text.dropFirst(36).prefix(16).contains(where: { $0 != "0" })
        {
            try require(text.contains(trace.traceID), "a good traceparent is not continued")
        }
    }

    private static let language = Target(
        "Accept-Language", texts: ["vi", "en-GB,en;q=0.9,vi;q=0.8", "*", "en;q=0", "vi;q=nan, en;q=inf"]
    ) { text in
        let language = Language(accepting: text)
        if !text.lowercased().contains("en") { try require(language == .vietnamese, "English was not asked for") }
    }

    private static let mediaType = Target(
        "Content-Type", texts: ["application/json", "application/merge-patch+json; a=b"]
    ) {
        let isJSON = Incoming("POST", "/x", headers: [("content-type", $0)]).isJSON
        try require(!isJSON || $0.lowercased().contains("json"), "\($0.debugDescription) is JSON")
    }

    private static let hex = Target("hexadecimal digits", texts: [String(repeating: "aF", count: 32)]) { text in
        let bytes = try Hex.decode(text, count: 32)
        try require(
            Hex.encode(bytes) == text.lowercased() && text.utf8.count == 64, "\(text.debugDescription) is accepted")
    }
}
