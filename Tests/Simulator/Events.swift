#if DEBUG
    import AMQP
    import Contracts
    @testable import EventLog
    import Foundation

    /// What a reaction does with an event.
    enum Deed: Equatable {
        case plain
        /// No reaction is registered for its type; only the position moves on.
        case ignored
        /// Cannot act before this is known.
        case needs(Int)
        case makesKnown(Int)
        /// Fails that often; -1: until the faults are over.
        case fails(Int)
        case setsTimer(Time)
    }

    /// An event as it was written once; where it stands is the log's matter.
    final class Happened {
        let number: Int
        let aggregate: Int
        let version: Int64
        let epoch: Int32
        let deed: Deed
        /// The version before it, as it was then.
        let before: Happened?
        let key: AggregateKey
        let type: String

        // What the oracle has seen of it.
        /// The relay handed it to a connection.
        var isTried = false
        /// The broker answered for it: in every queue, or nobody wants it.
        var isSettled = false
        /// It was in the consumer's database once, committed.
        var isKept = false
        /// It is in the log, committed; of a history that was lost it is not any more.
        var isStanding = false
        var failures: Int

        init(number: Int, aggregate: Int, version: Int64, epoch: Int32, deed: Deed, before: Happened?) {
            self.number = number
            self.aggregate = aggregate
            self.version = version
            self.epoch = epoch
            self.deed = deed
            self.before = before
            key = Names.keys[aggregate]
            type = Names.types[Names.kind(of: aggregate)]
            if case .fails(let count) = deed { failures = count } else { failures = 0 }
        }

        var description: String { "\(key.type) \(key.id) v\(version)" }
        var isConsumed: Bool { Names.kind(of: aggregate) != Names.unconsumed }

        var message: OutgoingMessage {
            OutgoingMessage(
                routingKey: type, messageID: String(number), type: type, appID: Names.source, timestamp: Names.date,
                body: [])
        }

        func envelope(_ position: Position) -> Envelope {
            Envelope(
                id: Names.id, source: Names.source, type: type, aggregateType: key.type, aggregateID: key.id,
                version: version, epoch: epoch, position: position, agency: nil, actor: nil, traceparent: nil,
                occurredAt: Names.date, payload: [])
        }
    }

    /// What the simulated services are called, made once: there are few names and many events.
    enum Names {
        static let source = "origin"
        /// Two kinds of aggregates are consumed, one is announced and nobody wants it.
        static let kinds = ["thing", "other", "unheard"]
        static let unconsumed = 2
        static let types = kinds.map { "origin.\($0).done.v1" }
        static let consumed = Array(kinds[..<unconsumed])
        static let most = 12
        static let keys = (0..<most).map { AggregateKey(source: source, type: kinds[kind(of: $0)], id: String($0)) }
        static let date = Date(timeIntervalSince1970: 1_612_839_600)
        static let id = UUID(uuid: (0, 0, 0, 0, 0, 0, 0x40, 0, 0x80, 0, 0, 0, 0, 0, 0, 0))

        static func kind(of aggregate: Int) -> Int { aggregate % 5 == 4 ? unconsumed : aggregate % 2 }
    }
#endif
