import Contracts
import EventLog
import Foundation
import ServiceKit

enum ReplayState: String, CaseIterable, Sendable { case running, done, cancelled }

/// A piece of the past that a subscriber gets once more.
struct Replay: Record {
    var replay = ReplayID()
    var subscription = SubscriptionID()
    var firstPosition: Int64 = 0
    var lastPosition: Int64 = 0
    var place: Int64 = 0
    var happenedFrom: Date?
    var happenedUntil: Date?
    var aggregate: AggregateChoice?
    var rate = Limits.Integration.replayRateDefault
    var sent: Int64 = 0
    var state = ReplayState.running
    var createdAt = Date(timeIntervalSince1970: 0)
    var endedAt: Date?

    static let fields: [Field<Self>] = [
        .init("replay", \.replay, .id, "The replay; its deliveries carry it as the attribute replay"),
        .init("subscription", \.subscription, .id, "Whose"),
        .init("firstPosition", \.firstPosition, .whole, "From this position of the archive"),
        .init("lastPosition", \.lastPosition, .whole, "To this one"),
        .init("place", \.place, .whole, "Looked at up to here"),
        .init("happenedFrom", \.happenedFrom, .instant, "Only what happened then or later"),
        .init("happenedUntil", \.happenedUntil, .instant, "Only what happened before"),
        .init("aggregate", \.aggregate, .record, "Only of this thing"),
        .init("rate", \.rate, .integer(Limits.Integration.replayRate), "Events a second at most"),
        .init("sent", \.sent, .whole, "Events that got numbers"),
        .init("state", \.state, .choice, "Whether it runs"),
        .init("createdAt", \.createdAt, .instant, "When it was asked for, in real time"),
        .init("endedAt", \.endedAt, .instant, "When it ended"),
    ]

    init() {}

    static let selection: SQL = """
        SELECT r.id, r.subscription, r.first_position, r.last_position, r.place, r.happened_from, r.happened_until,
               r.aggregate_source, r.aggregate_type, r.aggregate_id, r.rate, r.sent, r.state, r.created_at, r.ended_at
        FROM replays r
        """

    init(_ row: Row) throws {
        (replay, subscription) = (try row("id"), try row("subscription"))
        (firstPosition, lastPosition) = (try row("first_position"), try row("last_position"))
        place = try row("place")
        (happenedFrom, happenedUntil) = (try row("happened_from"), try row("happened_until"))
        if let source: String = try row("aggregate_source") {
            var chosen = AggregateChoice()
            (chosen.source, chosen.type, chosen.id) = (source, try row("aggregate_type"), try row("aggregate_id"))
            aggregate = chosen
        }
        (rate, sent) = (try row("rate"), try row("sent"))
        state = ReplayState(rawValue: try row("state")) ?? .done
        (createdAt, endedAt) = (try row("created_at"), try row("ended_at"))
    }

    /// What of the subscription's events it brings.
    func filter(of subscription: Filter) -> Filter {
        var filter = subscription
        (filter.happenedFrom, filter.happenedUntil) = (happenedFrom, happenedUntil)
        // One of its own things only: another one matches nothing, because both must hold.
        if let aggregate { filter.aggregate = aggregate.key }
        return filter
    }
}
