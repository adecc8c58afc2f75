import Contracts

/// Random numbers that are the same for the same seed (SplitMix64).
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state = state &+ 0x9E37_79B9_7F4A_7C15
        let once = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        let twice = (once ^ (once >> 27)) &* 0x94D0_49BB_1331_11EB
        return twice ^ (twice >> 31)
    }
}

/// Changes good inputs into ones that are nearly good.
struct Mutator {
    var dice: Dice
    let samples: [[UInt8]]
    private let words: [[UInt8]]

    init(seed: UInt64, samples: [[UInt8]], words: [[UInt8]]) {
        dice = Dice(seed)
        self.samples = samples.isEmpty ? [[]] : samples
        self.words = words + Self.everywhere
    }

    /// What has confused readers of text before: signs, look-alikes, marks that combine, ends of lines, numbers at the
    /// edges of what fits, characters that equal others canonically.
    private static let everywhere: [[UInt8]] =
        [
            "\0", "\n", "\r\n", " ", "\t", "+", "-", "0", "00", "1", "/", "\\", "\"", "'", ".", "..", ",", ";", ":",
            "=",
            "&", "%", "%00", "%2", "%+5", "%-0", "%zz", "{", "}", "[", "]", "null", "true", "1e9", "0x10", "NaN", "inf",
            "9223372036854775807", "9223372036854775808", "-9223372036854775808", "18446744073709551616",
            "2147483648", "\u{301}", "\u{307}", "\u{200B}", "\u{FEFF}", "\u{202E}", "\u{0660}\u{0661}", "\u{FF11}",
            "\u{212A}", "\u{2126}", "\u{37E}", "\u{1FEF}", "e\u{301}", "\u{E9}", "D\u{335}", "\u{D0}", "\u{110}",
            "\u{189}",
            "\u{1F468}\u{200D}\u{1F469}", "\u{FFFD}", "\u{10FFFF}", "\\u0000", "\\ud800", "\\ud83d\\ude00",
        ].map { Array($0.utf8) } + [
            [0x80], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xFF], [0xC3],
        ]

    mutating func sample() -> [UInt8] { samples[below(samples.count)] }

    mutating func below(_ limit: Int) -> Int { limit <= 1 ? 0 : Int(dice.next() % UInt64(limit)) }

    mutating func word() -> [UInt8] { words[below(words.count)] }

    /// One to four changes.
    mutating func change(_ input: [UInt8]) -> [UInt8] {
        var bytes = input
        for _ in 0...below(4) { once(&bytes) }
        return bytes
    }

    private mutating func once(_ bytes: inout [UInt8]) {
        let at = below(bytes.count + 1)
        let count = min(bytes.count - at, 1 + below(below(8) == 0 ? 64 : 6))
        switch below(13) {
        case 0 where at < bytes.count: bytes[at] ^= 1 << UInt8(below(8))
        case 1 where at < bytes.count: bytes[at] = UInt8(below(256))
        case 2: bytes.removeSubrange(at..<at + count)
        case 3, 4: bytes.insert(contentsOf: word(), at: at)
        case 5: bytes.replaceSubrange(at..<at + count, with: word())
        case 6: bytes.insert(contentsOf: Array(bytes[at..<at + count]), at: at)
        case 7: bytes.removeSubrange(at...)
        case 8: splice(&bytes, at)
        case 9:
            let piece = Array(bytes[at..<at + count])
            for _ in 0..<(1 << below(10)) where bytes.count < FuzzSettings.octets {
                bytes.insert(contentsOf: piece, at: at)
            }
        case 10: number(&bytes)
        case 11 where at < bytes.count && bytes[at] >= 0x41: bytes[at] ^= 0x20
        case 12: bytes += word()
        default: bytes.insert(UInt8(below(256)), at: at)
        }
    }

    private mutating func splice(_ bytes: inout [UInt8], _ at: Int) {
        let other = sample()
        guard !other.isEmpty else { return }
        let start = below(other.count)
        let piece = other[start..<min(other.count, start + 1 + below(40))]
        bytes.replaceSubrange(at..<min(bytes.count, at + below(piece.count + 1)), with: piece)
    }

    /// Another number in place of one.
    private mutating func number(_ bytes: inout [UInt8]) {
        let places = bytes.indices.filter { (0x30...0x39).contains(bytes[$0]) }
        guard !places.isEmpty else { return }
        let first = places[below(places.count)]
        let end = bytes[first...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.count
        let numbers = [
            "0", "1", "00", "01", "-1", "+1", "9", "10", "99", "100", "255", "256", "999", "9999", "10000",
            "2147483647",
            "2147483648", "4294967296", "9007199254740993", "9223372036854775807", "9223372036854775808", "1.0", "1e3",
        ]
        bytes.replaceSubrange(first..<end, with: Array(numbers[below(numbers.count)].utf8))
    }
}

// MARK: - JSON

extension Mutator {
    /// Changes the tree, then now and then the octets too.
    mutating func changeJSON(_ input: [UInt8]) -> [UInt8] {
        guard below(4) > 0, var tree = try? JSON(parsing: input) else { return change(input) }
        for _ in 0...below(3) {
            var left = below(Self.size(tree))
            tree = changed(tree, &left)
        }
        let bytes = tree.bytes
        return below(6) == 0 ? change(bytes) : bytes
    }

    private static func size(_ tree: JSON) -> Int {
        switch tree {
        case .array(let values): 1 + values.reduce(0) { $0 + size($1) }
        case .object(let members): 1 + members.reduce(0) { $0 + size($1.value) }
        default: 1
        }
    }

    /// Changes the node to which counting down leads.
    private mutating func changed(_ tree: JSON, _ left: inout Int) -> JSON {
        defer { left -= 1 }
        if left == 0 { return other(tree) }
        switch tree {
        case .array(let values):
            return .array(
                values.map {
                    guard left > 0 else { return $0 }
                    left -= 1
                    return changed($0, &left)
                })
        case .object(let members):
            return .object(
                members.map {
                    guard left > 0 else { return $0 }
                    left -= 1
                    return JSON.Member($0.name, changed($0.value, &left))
                })
        default: return tree
        }
    }

    private mutating func other(_ node: JSON) -> JSON {
        switch (below(5), node) {
        case (0...2, .string(let text)):
            return .string(String(decoding: change(Array(text.utf8)), as: UTF8.self))
        case (0...2, .integer(let value)):
            let near: [Int64] = [
                0, 1, -1, .max, .min, value &+ 1, value &- 1, 0 &- value, 1 << 53, 1_000_000_000_000_000_001,
            ]
            return .integer(near[below(near.count)])
        case (0...3, .array(var values)):
            guard !values.isEmpty else { return [1] }
            let at = below(values.count)
            if below(2) == 0 { values.remove(at: at) } else { values.insert(values[below(values.count)], at: at) }
            if below(20) == 0 {
                values = (0..<1_200).map { values.isEmpty ? .integer(Int64($0)) : values[$0 % values.count] }
            }
            return .array(values)
        case (0...3, .object(var members)):
            guard !members.isEmpty else { return ["a": 1] }
            let at = below(members.count)
            switch below(4) {
            case 0: members.remove(at: at)
            case 1: members.append(.init(members[at].name, 1))
            case 2:
                let name = String(decoding: change(Array(members[at].name.utf8)), as: UTF8.self)
                members[at] = .init(name, members[at].value)
            default: members.swapAt(at, below(members.count))
            }
            return .object(members)
        default:
            let kinds: [JSON] = [
                .null, true, false, 0, -1, 1, .number("1.5"), .number("1e400"), "", "a", [], [:], [[[]]],
                .string(String(decoding: word(), as: UTF8.self)), .integer(.max), .integer(.min),
            ]
            return kinds[below(kinds.count)]
        }
    }
}
