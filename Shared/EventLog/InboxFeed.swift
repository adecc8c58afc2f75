import Contracts

/// What an inbox asks of a source's feed: what came after a position, or one aggregate's missing versions.
public enum FeedRequest: Sendable, Equatable {
    /// Events of these aggregates after `position`, oldest first, whatever their type: a type left out would look like
    /// a lost version.
    case after(Position, source: String, aggregates: [String])
    /// Events of one aggregate from `version` on, in order.
    case aggregate(AggregateKey, from: Int64)

    public var source: String {
        switch self {
        case .after(_, let source, _): source
        case .aggregate(let key, _): key.source
        }
    }
}

/// A page of a source's feed.
public struct FeedPage: Sendable, Equatable {
    public var events: [Envelope]
    /// For `.after`: everything up to here was looked at, also what was left out because nobody asked for it. The next
    /// request goes on from here. Never before the position that was asked for.
    public var through: Position
    /// There is nothing more for now.
    public var isLast: Bool

    public init(events: [Envelope], through: Position, isLast: Bool) {
        self.events = events
        self.through = through
        self.isLast = isLast
    }
}

/// Reads a source's feed; throws when the source is away. Over HTTP in the services.
public typealias FeedFetch = @Sendable (FeedRequest) async throws -> FeedPage
