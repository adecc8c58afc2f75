import Contracts
import Courier
import Foundation

@testable import IntegrationService

/// What integrators ask for: which types of events, and where they are sent to.
enum SubscriptionTargets {
    static let all: [Target] = [pattern, webhook, plainWebhook, ipAddress]

    private static let types = Catalogue.events.map { $0.type }

    private static let pattern = Target(
        "pattern of types",
        texts: ["#", "hr.#", "onestop.dossier.*.v1", "*.*.*.v1", "onestop.dossier.accepted.v1", "*.#"],
        words: [".*", ".#", "*", "#", "onestop", ".dossier", ".v1", "\n"]
    ) { text in
        try Wish.check(types: [text])
        let matching = types.filter { Filter.matches(text, $0) }
        try require(!matching.isEmpty, "it matches nothing")
        // The database's own way to ask the same.
        let expression = Filter.expression(text)
        for type in types {
            let isMatching = matching.contains(type)
            try require(Patterns.matches(type, expression) == isMatching, "\(type) and \(expression)")
        }
        try require(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "\(text.debugDescription) is accepted")
    }

    private static let words = [
        "https://", "http://", "@", "127.0.0.1", "[::1]", "localhost", "//", "\\", "%31", "?", "#",
    ]

    private static let webhook = Target(
        "address of a webhook",
        texts: [
            "https://agency.gov.vn/hook?x=1", "https://1.1.1.1:8443/", "https://[2606:4700::1111]/a",
            "HTTPS://a.vn/%20",
        ], words: words
    ) { text in
        let policy = AddressPolicy()
        try Wish.check(url: text, .webhook, policy)
        try require(text.lowercased().hasPrefix("https://"), "\(text) is accepted")
        try require(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }, "\(text.debugDescription) is accepted")
        if let literal = IPAddress(host(of: text)) { try require(literal.isPublic, "\(literal) is sent to") }
    }

    private static let plainWebhook = Target(
        "address of a rehearsal's webhook", texts: ["http://127.0.0.1:9/", "http://localhost/x", "http://[::1]:9/"],
        words: words
    ) { text in
        let networks = ["127.0.0.0/8", "::1"].compactMap { Network($0) }
        let policy = AddressPolicy(networks: networks, allowsPlainLoopback: true)
        try Wish.check(url: text, .webhook, policy)
        guard let literal = IPAddress(host(of: text)) else { return }
        let isPlain = text.lowercased().hasPrefix("http://")
        try require(literal.isLoopback || !isPlain && literal.isPublic, "\(literal) is sent to")
    }

    /// By the letter of RFC 3986, section 3.2: between the two slashes and the next slash, question mark or hash,
    /// behind a user, before a port.
    private static func host(of text: String) -> String {
        let behind = text.components(separatedBy: "//").dropFirst().joined(separator: "//")
        let authority = behind.prefix { !"/?#".contains($0) }
        let place = authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
            let rest = place[place.index(after: end)...]
            return rest.isEmpty || rest.hasPrefix(":") ? String(place[...end]) : String(place)
        }
        guard let colon = place.lastIndex(of: ":") else { return String(place) }
        return String(place[..<colon])
    }

    private static let ipAddress = Target(
        "IP address",
        texts: ["10.1.2.3", "[::1]", "::ffff:8.8.8.8", "2606:4700::1111", "64:ff9b::7f00:1", "2002:7f00:1::"],
        words: ["::", "ffff:", "0:0:", "255.", "127."]
    ) { text in
        guard let address = IPAddress(text) else { throw ValueTargets.Refusal() }
        try require(IPAddress(address.description) == address, "\(address) is read back as another address")
        try require(!(address.isPublic && address.isLoopback), "\(address) is loopback and public")
        try require(!address.isPublic || AddressPolicy().allows(address, plain: false), "\(address) is not allowed")
    }
}
