import Foundation

/// Splits a script into statements at semicolons outside of quotes, dollar quotes and comments, which are left out.
enum Script {
    static func statements(_ script: String) -> [String] {
        var statements: [String] = []
        var current: [UInt8] = []
        var rest = Array(script.utf8)[...]
        while let byte = rest.first {
            let length = token(rest, after: current.last)
            let token = rest.prefix(length)
            rest = rest.dropFirst(length)
            switch byte {
            case UInt8(ascii: ";"): append(&statements, &current)
            case UInt8(ascii: "-") where length > 1, UInt8(ascii: "/") where length > 1:
                current.append(UInt8(ascii: " "))
            default: current += token
            }
        }
        append(&statements, &current)
        return statements
    }

    private static func append(_ statements: inout [String], _ current: inout [UInt8]) {
        let text = String(decoding: current, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        if !text.isEmpty { statements.append(text) }
        current.removeAll()
    }

    /// The length of what begins here and belongs together: a quote, a comment, or one byte.
    private static func token(_ rest: ArraySlice<UInt8>, after previous: UInt8?) -> Int {
        switch rest.first {
        case UInt8(ascii: "-") where rest.starts(with: "--".utf8):
            return rest.prefix { $0 != UInt8(ascii: "\n") }.count
        case UInt8(ascii: "/") where rest.starts(with: "/*".utf8):
            return comment(rest)
        case UInt8(ascii: "'"), UInt8(ascii: "\""):
            let hasEscapes = previous == UInt8(ascii: "E") || previous == UInt8(ascii: "e")
            return quote(rest, hasEscapes: hasEscapes && rest.first == UInt8(ascii: "'"))
        case UInt8(ascii: "$"):
            guard let tag = dollarTag(rest) else { return 1 }
            let body = rest.dropFirst(tag.count)
            let end = body.indices.first { body[$0...].starts(with: tag) } ?? body.endIndex
            return min(end + tag.count, rest.endIndex) - rest.startIndex
        default: return 1
        }
    }

    /// Comments nest.
    private static func comment(_ rest: ArraySlice<UInt8>) -> Int {
        var depth = 0
        var at = rest.startIndex
        while at < rest.endIndex {
            if rest[at...].starts(with: "/*".utf8) {
                depth += 1
                at += 2
            } else if rest[at...].starts(with: "*/".utf8) {
                depth -= 1
                at += 2
                if depth == 0 { break }
            } else {
                at += 1
            }
        }
        return at - rest.startIndex
    }

    /// A doubled quote ends one quote and begins the next, which is the same to us.
    private static func quote(_ rest: ArraySlice<UInt8>, hasEscapes: Bool) -> Int {
        var at = rest.startIndex + 1
        while at < rest.endIndex, rest[at] != rest.first {
            at += hasEscapes && rest[at] == UInt8(ascii: "\\") ? 2 : 1
        }
        return min(at + 1, rest.endIndex) - rest.startIndex
    }

    private static func dollarTag(_ rest: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let end = rest.dropFirst().firstIndex(of: UInt8(ascii: "$")) else { return nil }
        let name = rest[...end].dropFirst().dropLast()
        func isLetter(_ byte: UInt8) -> Bool {
            (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == UInt8(ascii: "_")
        }
        let isTag = name.first.map(isLetter) ?? true && name.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
        return isTag ? rest[...end] : nil
    }
}
