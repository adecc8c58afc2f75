import Contracts
import Postgres

/// A batch of the relay as it stands in `relay_tick`: a set of events that never changes, ordered by `seq`.
struct Tick: Sendable, Equatable {
    var epoch: Int32
    var number: Int64
    /// What the snapshot pair tells apart; of a raised tick, whose events' xids mean nothing, only the range counts.
    var prev: Snapshot
    var cur: Snapshot
    var raised: Bool
    /// Its events lie above this seq, and up to the next.
    var afterSeq: Int64
    var throughSeq: Int64
    /// Where the difference of the pair ends: beyond `throughSeq` when it was too large for one tick.
    var untilSeq: Int64
    var count: Int

    /// Whether its events lie close together in the log, so that walking the range is cheaper than the index on xid. A
    /// late commit among new events makes a wide range of few.
    var isDense: Bool { raised || throughSeq - afterSeq <= Int64(count) * 16 + 1_000 }
}

/// How far is published: every tick before `tick`, and of this one the first `confirmed` events, up to `seq`.
struct RelayCursor: Sendable, Equatable, Comparable {
    var tick: Int64
    var seq: Int64
    var confirmed: Int

    static let start = RelayCursor(tick: 0, seq: 0, confirmed: 0)

    static func < (left: RelayCursor, right: RelayCursor) -> Bool {
        (left.tick, left.confirmed) < (right.tick, right.confirmed)
    }
}

/// What a tick is to be made of: pure, from what the last one left.
enum NextTick: Sendable, Equatable {
    /// What is visible now and was not in `prev`; everything up to `base` belongs to an earlier epoch.
    case fresh(prev: Snapshot, base: Int64)
    /// More of a difference that is known: what lies above `after` and up to `until`.
    case range(prev: Snapshot, cur: Snapshot, raised: Bool, after: Int64, until: Int64)

    var isKnown: Bool { if case .range = self { true } else { false } }
}

/// In which order the events of a tick are published, which is their order in the tick.
enum TickOrder: Sendable {
    case seq, xid

    static var ofPublishing: TickOrder {
        #if DEBUG
            if Mutant.orderByXid.isOn { return .xid }
        #endif
        return .seq
    }

    /// Of `n`, an `EventRow`.
    var sql: SQL {
        switch self {
        case .seq: "n.seq"
        case .xid: "(SELECT x.xid FROM event_log x WHERE x.seq = n.seq), n.seq"
        }
    }

    /// Which of the opened rows carries the tick: the one that comes first.
    var hasTick: SQL { self == .seq ? "n.ordinal = 1" : "true" }
}

/// The end of what is recorded.
struct Frontier: Sendable, Equatable {
    var epoch: Int32
    /// Where the epoch began: see `relay_epoch`.
    var base: Int64 = 0
    var since = Snapshot.nothing
    /// The number of the last tick of any epoch, and the last tick of this epoch.
    var lastNumber: Int64 = 0
    var last: Tick?

    var next: NextTick {
        guard let last else {
            guard base > 0 else { return .fresh(prev: since, base: 0) }
            return .range(prev: .nothing, cur: since, raised: true, after: 0, until: base)
        }
        guard last.throughSeq < last.untilSeq else {
            #if DEBUG
                if Mutant.tickBySeq.isOn { return .fresh(prev: .nothing, base: last.throughSeq) }
            #endif
            return .fresh(prev: last.cur, base: base)
        }
        return .range(
            prev: last.prev, cur: last.cur, raised: last.raised, after: last.throughSeq, until: last.untilSeq)
    }

    mutating func recorded(_ tick: Tick) {
        lastNumber = tick.number
        last = tick
    }
}
