import Foundation

/// A request as ServiceKit sees it, free of the HTTP library.
public struct Incoming: Sendable {
    public var method: String
    public var path: String
    /// The query without its question mark, still percent-encoded.
    public var query: String
    /// Names in lower case, in order, repeated names repeated.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    /// The peer's address, for locks against guessing; never logged with personal data.
    public var peer: String

    public init(
        _ method: String, _ path: String, query: String = "", headers: [(name: String, value: String)] = [],
        body: [UInt8] = [], peer: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.peer = peer
    }

    /// The first header of this (lower-case) name.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The pairs of the query, decoded, in order.
    public var queryPairs: [(name: String, value: String)] { FormDecoding.pairs(query) }
}

/// A response as ServiceKit makes it.
public struct Outgoing: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public init(_ status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    public static func json(_ status: Int, _ body: [UInt8], type: String = "application/json") -> Outgoing {
        Outgoing(status, headers: [("content-type", type)], body: body)
    }

    public static func text(_ status: Int, _ body: String, type: String = "text/plain; charset=utf-8") -> Outgoing {
        Outgoing(status, headers: [("content-type", type)], body: Array(body.utf8))
    }

    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// `application/x-www-form-urlencoded` (WHATWG URL 5.1), for queries and OAuth bodies.
public enum FormDecoding {
    public static func pairs(_ text: String) -> [(name: String, value: String)] {
        guard !text.isEmpty else { return [] }
        return text.split(separator: "&").map { pair in
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decode(sides[0]), sides.count > 1 ? decode(sides[1]) : "")
        }
    }

    /// Percent-decoding with `+` as a space; invalid UTF-8 becomes U+FFFD.
    static func decode(_ text: Substring, plus: Bool = true) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var out: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            if byte == UInt8(ascii: "+"), plus {
                out.append(0x20)
            } else if byte == UInt8(ascii: "%"), bytes.count >= 2,
                let high = hexValue(bytes[bytes.startIndex]), let low = hexValue(bytes[bytes.startIndex + 1])
            {
                out.append(high << 4 | low)
                bytes = bytes.dropFirst(2)
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Digits only: the standard library would also read a sign.
    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
