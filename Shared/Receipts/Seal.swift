import Contracts
import Foundation

/// What a service states and signs: the root over neighbouring ticks of its relay, and the statement before. A text of
/// exactly these lines, each ended by a line feed:
///
///     lienthong seal 1
///     service: onestop
///     number: 12
///     epoch: 1
///     ticks: 40-52
///     events: 133
///     root: 64 hexadecimal digits
///     previous: 64 hexadecimal digits, of the statement before; zeros for the first
///     sealed-at: 2026-11-25T08:20:00+07:00
///     key: 16 hexadecimal digits
public struct Seal: Sendable, Hashable {
    /// The service's short name.
    public var service: String
    /// From 1, without gaps, through every epoch.
    public var number: Int64
    public var epoch: Int32
    public var firstTick: Int64
    public var lastTick: Int64
    public var events: Int64
    /// Over the ticks' entries: see `TickEntry`.
    public var root: Hash
    public var previous: Hash
    /// Real time, in whole seconds.
    public var sealedAt: Date
    /// Of the key that signs.
    public var key: String

    public init(
        service: String, number: Int64, epoch: Int32, ticks: ClosedRange<Int64>, events: Int64, root: Hash,
        previous: Hash, sealedAt: Date, key: String
    ) {
        (self.service, self.number, self.epoch, self.events) = (service, number, epoch, events)
        (firstTick, lastTick) = (ticks.lowerBound, ticks.upperBound)
        (self.root, self.previous, self.key) = (root, previous, key)
        self.sealedAt = Date(timeIntervalSince1970: sealedAt.timeIntervalSince1970.rounded(.down))
    }

    public var text: String {
        """
        lienthong seal 1
        service: \(service)
        number: \(number)
        epoch: \(epoch)
        ticks: \(firstTick)-\(lastTick)
        events: \(events)
        root: \(root)
        previous: \(previous)
        sealed-at: \(Instant.write(sealedAt))
        key: \(key)

        """
    }

    /// Nil unless the text is exactly what `text` would write: one content has one form.
    public init?(_ text: String) {
        let names = ["service", "number", "epoch", "ticks", "events", "root", "previous", "sealed-at", "key"]
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == names.count + 2, lines[0] == "lienthong seal 1" else { return nil }
        var values: [String] = []
        for (name, line) in zip(names, lines[1...]) {
            guard line.hasPrefix("\(name): ") else { return nil }
            values.append(String(line.dropFirst(name.utf8.count + 2)))
        }
        let ticks = values[3].split(separator: "-").compactMap { Int64($0) }
        guard let number = Int64(values[1]), let epoch = Int32(values[2]), ticks.count == 2, ticks[0] <= ticks[1],
            let events = Int64(values[4]), let root = Hash(hex: values[5]), let previous = Hash(hex: values[6]),
            let sealedAt = Instant.read(values[7]), number >= 1, epoch >= 1, ticks[0] >= 1, events >= 1
        else { return nil }
        self.init(
            service: values[0], number: number, epoch: epoch, ticks: ticks[0]...ticks[1], events: events, root: root,
            previous: previous, sealedAt: sealedAt, key: values[8])
        guard self.text == text else { return nil }
    }

    /// Ticks that it covers; their numbers have no gaps.
    public var tickCount: Int { Int(lastTick - firstTick) + 1 }
    public var hash: Hash { Hash(of: Array(text.utf8)) }
}

/// A tick as a leaf of its statement's tree: epoch (4 bytes), number (8), events (4), root over the events' records in
/// their order (32); numbers big-endian.
public enum TickEntry {
    public static func leaf(epoch: Int32, tick: Int64, events: Int32, root: Hash) -> Hash {
        var bytes: [UInt8] = []
        bytes.append(big: epoch)
        bytes.append(big: tick)
        bytes.append(big: events)
        return Merkle.leaf(bytes + root.bytes)
    }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(big number: Number) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }
}

/// A statement as it is handed out and anchored: its text and the signature of that text's bytes.
public struct SignedSeal: Record, Hashable {
    public var statement = ""
    public var signature: [UInt8] = []

    public init() {}

    public init(statement: String, signature: [UInt8]) {
        (self.statement, self.signature) = (statement, signature)
    }

    public static let fields: [Field<Self>] = [
        .init("statement", \.statement, .text(1...Limits.Receipts.statement), "The text that is signed"),
        .init("signature", \.signature, .base64(64...64), "Ed25519 over the text's bytes"),
    ]

    /// The statement, signed by one of the keys, which is the key of the service that it speaks for.
    public func open(_ keys: [SealKey]) throws(SealFault) -> Seal {
        guard let seal = Seal(statement) else { throw .noStatement }
        let known = keys.filter { $0.id == seal.key }
        guard !known.isEmpty else { throw .unknownKey(seal) }
        guard let key = known.first(where: { $0.service == seal.service }) else {
            guard let owner = known.compactMap(\.service).first else { throw .noOwner(seal) }
            throw .otherOwner(seal, owner)
        }
        guard key.signed(Array(statement.utf8), signature) else { throw .forged(seal) }
        return seal
    }
}

/// Why a signed statement is none.
public enum SealFault: Error, Sendable, Equatable, CustomStringConvertible {
    case noStatement
    case unknownKey(Seal)
    /// It speaks for one service, and the key that it names is another's.
    case otherOwner(Seal, String)
    /// Nobody said whose the key is.
    case noOwner(Seal)
    case forged(Seal)

    public var description: String {
        switch self {
        case .noStatement: "the statement is not in the form of a statement of LiênThông"
        case .unknownKey(let seal): "statement \(seal.number) is signed with key \(seal.key), which was not given"
        case .otherOwner(let seal, let owner):
            "statement \(seal.number) says that it is of the service “\(seal.service)”, but its key \(seal.key) is of"
                + " the service “\(owner)”"
        case .noOwner(let seal):
            "nobody said of which service key \(seal.key) of statement \(seal.number) is: a line “service: NAME” before"
                + " the key says so, or --service NAME"
        case .forged(let seal): "the signature of statement \(seal.number) is not by key \(seal.key): it was changed"
        }
    }
}

extension Kind where Value == [UInt8] {
    /// So many bytes in Base64 (RFC 4648, section 4, with padding).
    public static func base64(_ count: ClosedRange<Int>) -> Kind {
        Kind(
            format: ["type": "string", "contentEncoding": "base64"], expected: ("Base64", "Base64"),
            maxLength: (count.upperBound + 2) / 3 * 4,
            read: { text in
                Data(base64Encoded: text).map { [UInt8]($0) }.flatMap { count.contains($0.count) ? $0 : nil }
            },
            write: { Data($0).base64EncodedString() })
    }
}

extension Kind where Value == Hash {
    public static var hash: Kind {
        Kind(
            format: ["type": "string", "pattern": "^[0-9a-f]{64}$"],
            expected: ("64 chữ số thập lục phân", "64 hexadecimal digits"), read: { Hash(hex: $0) },
            write: { $0.description })
    }
}
