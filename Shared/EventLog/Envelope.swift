import Contracts
import Foundation

/// Where an event stands in its source's history; never changes once its tick has committed. Positions of one source
/// are compared field by field.
public struct Position: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// One incarnation of the source's history; raised after a restore or a lost tail.
    public let epoch: Int32
    /// One batch of the relay, from 1.
    public let tick: Int64
    /// Place within the tick, from 1.
    public let ordinal: Int32

    public init(epoch: Int32, tick: Int64, ordinal: Int32) {
        self.epoch = epoch
        self.tick = tick
        self.ordinal = ordinal
    }

    /// Before the first event of all.
    public static let start = Position(epoch: 0, tick: 0, ordinal: 0)

    /// `epoch.tick.ordinal`, as it travels in `after=`.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let epoch = Int32(parts[0]), let tick = Int64(parts[1]), let ordinal = Int32(parts[2]),
            epoch >= 0, tick >= 0, ordinal >= 0
        else { return nil }
        self.init(epoch: epoch, tick: tick, ordinal: ordinal)
        // One spelling each: no sign, no leading zeros.
        guard description == text else { return nil }
    }

    public var description: String { "\(epoch).\(tick).\(ordinal)" }

    public static func < (left: Position, right: Position) -> Bool {
        (left.epoch, left.tick, left.ordinal) < (right.epoch, right.tick, right.ordinal)
    }
}

/// An event with everything that travels beside its data, as it comes from the broker or from a feed.
public struct Envelope: Sendable, Equatable {
    /// CloudEvents `id`.
    public var id: UUID
    /// The announcing service by its short name.
    public var source: String
    /// Wire name with version: `onestop.dossier.accepted.v1`.
    public var type: String
    public var aggregateType: String
    public var aggregateID: String
    /// Dense from 1 within the aggregate.
    public var version: Int64
    /// The epoch in which it was written.
    public var epoch: Int32
    public var position: Position
    /// The receiving agency: the end of the routing key.
    public var agency: AgencyCode?
    /// Who did it: an account or a program.
    public var actor: String?
    /// W3C Trace Context.
    public var traceparent: String?
    /// Business time.
    public var occurredAt: Date
    /// JSON, as it was stored.
    public var payload: [UInt8]

    public init(
        id: UUID, source: String, type: String, aggregateType: String, aggregateID: String, version: Int64,
        epoch: Int32, position: Position, agency: AgencyCode?, actor: String?, traceparent: String?,
        occurredAt: Date, payload: [UInt8]
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.aggregateType = aggregateType
        self.aggregateID = aggregateID
        self.version = version
        self.epoch = epoch
        self.position = position
        self.agency = agency
        self.actor = actor
        self.traceparent = traceparent
        self.occurredAt = occurredAt
        self.payload = payload
    }

    /// The aggregate across all sources.
    public var aggregate: AggregateKey { AggregateKey(source: source, type: aggregateType, id: aggregateID) }
}

/// One aggregate of one source: what order and deduplication are kept for.
public struct AggregateKey: Sendable, Hashable, CustomStringConvertible {
    public let source: String
    public let type: String
    public let id: String

    public init(source: String, type: String, id: String) {
        self.source = source
        self.type = type
        self.id = id
    }

    public var description: String { "\(source).\(type) \(id)" }
}

/// A reaction cannot act because something is not known here yet. The event parks, its successors of the same
/// aggregate behind it, until `Inbox.wake` is called with the same key in a transaction that makes it known.
public struct NotYet: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is waited for: `agency:H19.12`, `dossier:<id>`.
    public let key: String

    public init(_ key: String) { self.key = key }

    public var description: String { "\(key) is not known here yet" }
}
