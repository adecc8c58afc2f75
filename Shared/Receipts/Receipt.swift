import Contracts
import Foundation

/// The proof that an event stands in a service's history, checked with the service's public key alone.
public struct Receipt: Record, Hashable {
    /// The form of this document.
    public var format = Receipt.form
    /// `EventRecord.bytes`.
    public var event: [UInt8] = []
    /// Its tick, its place there from 1, and how many events the tick has.
    public var tick = 0
    public var place = 0
    public var tickEvents = 0
    /// From the event to the root of its tick, and from the tick's entry to the root of the statement; lowest first.
    public var eventPath: [Hash] = []
    public var tickPath: [Hash] = []
    public var statement = ""
    public var signature: [UInt8] = []

    public static let form = "lienthong receipt 1"

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("format", \.format, .text(1...40), "`lienthong receipt 1`"),
        .init("event", \.event, .base64(1...Limits.Receipts.recordBytes), "The row of the event log, every column"),
        .init("tick", \.tick, .integer(1...Int.max), "The tick that it was published in"),
        .init("place", \.place, .integer(1...Int(Int32.max)), "Its place in the tick, from 1"),
        .init("tickEvents", \.tickEvents, .integer(1...Int(Int32.max)), "Events of the tick"),
        .init(
            "eventPath", \.eventPath, .list(.hash, 0...Limits.Receipts.pathSteps),
            "The nodes from the event to the tick's root, lowest first"),
        .init(
            "tickPath", \.tickPath, .list(.hash, 0...Limits.Receipts.pathSteps),
            "The nodes from the tick to the statement's root, lowest first"),
        .init("statement", \.statement, .text(1...Limits.Receipts.statement), "The text that is signed"),
        .init("signature", \.signature, .base64(64...64), "Ed25519 over the statement's bytes"),
    ]

    public var signed: SignedSeal { SignedSeal(statement: statement, signature: signature) }

    /// The event and the statement that it stands under, when every step holds.
    public func verify(_ keys: [SealKey]) throws(ReceiptFault) -> (event: EventRecord, seal: Seal) {
        guard format == Self.form else { throw .form(format) }
        let seal: Seal
        do throws(SealFault) { seal = try signed.open(keys) } catch { throw .statement(error) }
        guard let record = EventRecord(event) else { throw .noEvent }
        guard (seal.firstTick...seal.lastTick).contains(Int64(tick)) else { throw .otherTick(tick, seal) }
        guard let events = Int32(exactly: tickEvents),
            let root = Merkle.root(from: Merkle.leaf(event), at: place - 1, of: tickEvents, path: eventPath)
        else { throw .noPath("of the event in its tick") }
        let entry = TickEntry.leaf(epoch: seal.epoch, tick: Int64(tick), events: events, root: root)
        let top = Merkle.root(
            from: entry, at: tick - Int(seal.firstTick), of: seal.tickCount, path: tickPath)
        guard let top else { throw .noPath("of the tick in its statement") }
        guard top == seal.root else { throw .otherRoot(seal) }
        return (record, seal)
    }
}

/// Why a receipt proves nothing.
public enum ReceiptFault: Error, Sendable, Equatable, CustomStringConvertible {
    case form(String)
    case statement(SealFault)
    case noEvent
    case otherTick(Int, Seal)
    case noPath(String)
    case otherRoot(Seal)

    public var description: String {
        switch self {
        case .form(let form): "its format is “\(form)”, and only “\(Receipt.form)” is known here"
        case .statement(let fault): fault.description
        case .noEvent: "the event's bytes are not a row of an event log"
        case .otherTick(let tick, let seal):
            "tick \(tick) is not one of those under statement \(seal.number), \(seal.firstTick) to \(seal.lastTick)"
        case .noPath(let what): "the path \(what) has not the length that its place needs"
        case .otherRoot(let seal):
            "event and paths do not lead to the root that statement \(seal.number) signs: the event, its place or a"
                + " path was changed"
        }
    }
}

/// Makes receipts from the leaf hashes that were sealed with a statement.
public struct SealedTicks: Sendable, Equatable {
    public let epoch: Int32
    public let firstTick: Int64
    /// By tick, in their order.
    public let leaves: [[Hash]]

    /// Nil when the counts do not add up to the leaves, or there is nothing.
    public init?(epoch: Int32, firstTick: Int64, counts: [Int32], leaves: [UInt8]) {
        guard !counts.isEmpty, counts.allSatisfy({ $0 > 0 }),
            counts.reduce(0, { $0 + Int($1) }) * Hash.size == leaves.count
        else { return nil }
        var (at, ticks): (Int, [[Hash]]) = (0, [])
        for count in counts {
            ticks.append(
                (0..<Int(count)).compactMap { place in
                    Hash(leaves[(at + place * Hash.size)..<(at + (place + 1) * Hash.size)])
                })
            at += Int(count) * Hash.size
        }
        (self.epoch, self.firstTick, self.leaves) = (epoch, firstTick, ticks)
    }

    private var entries: [Hash] {
        leaves.enumerated().map { index, leaves in
            TickEntry.leaf(
                epoch: epoch, tick: firstTick + Int64(index), events: Int32(leaves.count), root: Merkle.root(leaves))
        }
    }

    public var root: Hash { Merkle.root(entries) }

    /// - Parameter place: from 1.
    public func receipt(event: [UInt8], tick: Int64, place: Int, _ signed: SignedSeal) -> Receipt {
        let mine = leaves[Int(tick - firstTick)]
        var receipt = Receipt()
        receipt.event = event
        (receipt.tick, receipt.place, receipt.tickEvents) = (Int(tick), place, mine.count)
        receipt.eventPath = Merkle.path(to: place - 1, in: mine)
        receipt.tickPath = Merkle.path(to: Int(tick - firstTick), in: entries)
        (receipt.statement, receipt.signature) = (signed.statement, signed.signature)
        return receipt
    }
}
