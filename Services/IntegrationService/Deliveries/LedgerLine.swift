import Contracts
import EventLog
import Foundation
import ServiceKit

enum DeliveryState: String, CaseIterable, Sendable {
    /// Has its number and is on its way.
    case pending
    /// Failed and is tried again.
    case retrying
    /// Given up: the subscription is disabled until somebody acts.
    case dead
    case delivered
    /// Left out by an operator.
    case skipped
}

/// One delivery as the ledger knows it.
struct LedgerLine: Record {
    var subscription = SubscriptionID()
    var epoch: Int64?
    var number: Int64 = 0
    var event = EventID()
    var type = ""
    var source = ""
    var aggregateType: String?
    var aggregate: String?
    var eventVersion: Int64?
    var agency: AgencyCode?
    var position: Int64?
    var replay: ReplayID?
    var isEdited = false
    var state = DeliveryState.pending
    var attempts = 0
    var status: Int?
    var error: String?
    var numberedAt = Date(timeIntervalSince1970: 0)
    var dueAt: Date?
    var settledAt: Date?
    /// The data, when the line is looked at alone or as something missed.
    var data: JSON?

    static let fields: [Field<Self>] = [
        .init("subscription", \.subscription, .id, "The subscription"),
        .init("epoch", \.epoch, .whole, "The incarnation of the exchange in which it got its number"),
        .init("number", \.number, .whole, "Its number there"),
        .init("event", \.event, .id, "The event"),
        .init("type", \.type, .text(1...Limits.Events.type), "Its wire name"),
        .init("source", \.source, .text(1...40), "Who announced it"),
        .init("aggregateType", \.aggregateType, .text(1...60), "The kind of thing that it is about"),
        .init("aggregate", \.aggregate, .text(1...Limits.Events.aggregateID), "The thing"),
        .init("eventVersion", \.eventVersion, .whole, "Place within the thing's events"),
        .init("agency", \.agency, .agency, "The receiving agency"),
        .init("position", \.position, .whole, "Its position in the archive; none for a test"),
        .init("replay", \.replay, .id, "The replay that it belongs to"),
        .init("edited", \.isEdited, .bool, "An operator gave other data"),
        .init("state", \.state, .choice, "What became of it"),
        .init("attempts", \.attempts, .integer(0...Int.max), "Tries so far"),
        .init("status", \.status, .integer(0...999), "The webhook's last refusal"),
        .init("error", \.error, .text(0...Limits.Integration.errorLength), "Why the last try failed"),
        .init("numberedAt", \.numberedAt, .instant, "When it got its number, in real time"),
        .init("dueAt", \.dueAt, .instant, "When it is tried again"),
        .init("settledAt", \.settledAt, .instant, "When it was over"),
        .init("data", \.data, .any, "The event's data"),
    ]

    init() {}

    /// `condition` on d (deliveries), a (archive_events), s (subscriptions) and x (what became of it).
    static func selection(_ condition: SQL, withData: Bool = false) -> SQL {
        """
        SELECT d.subscription, d.epoch, d.number, d.event, d.position, d.replay, d.numbered_at, a.type, a.source,
               a.aggregate_type, a.aggregate_id, a.aggregate_version, a.agency, x.state, x.attempts, x.settled_at,
               f.status, f.error, f.edited IS NOT NULL AS edited,
               CASE WHEN x.state = 'retrying' THEN f.due_at END AS due_at,
               CASE WHEN \(withData) THEN coalesce(f.edited, a.payload) END AS data
        FROM deliveries d JOIN subscriptions s ON s.id = d.subscription
            LEFT JOIN archive_order o ON o.position = d.position LEFT JOIN archive_events a ON a.id = o.entry
            LEFT JOIN delivery_failures f ON f.subscription = d.subscription AND f.number = d.number
            LEFT JOIN LATERAL (
                SELECT t.* FROM settlements t WHERE t.subscription = d.subscription AND t.last_number >= d.number
                ORDER BY t.last_number LIMIT 1) t ON t.first_number <= d.number
            CROSS JOIN LATERAL (
                SELECT coalesce(t.outcome, f.state, 'pending') AS state,
                       coalesce(t.attempts, f.attempts, 0) AS attempts, t.at AS settled_at) x
        WHERE \(condition)
        """
    }

    init(_ row: Row) throws {
        (subscription, event) = (try row("subscription"), try row("event"))
        (epoch, number) = (Int64(try row("epoch", as: Int32.self)), try row("number"))
        (position, replay, numberedAt) = (try row("position"), try row("replay"), try row("numbered_at"))
        type = try row("type") ?? Delivery.testType
        source = try row("source") ?? ServiceName.integration.rawValue
        (aggregateType, aggregate) = (try row("aggregate_type"), try row("aggregate_id"))
        (eventVersion, agency) = (try row("aggregate_version"), try row("agency"))
        state = DeliveryState(rawValue: try row("state")) ?? .pending
        (attempts, settledAt, isEdited) = (try row("attempts"), try row("settled_at"), try row("edited"))
        (status, error, dueAt) = (try row("status"), try row("error"), try row("due_at"))
        if let bytes: [UInt8] = try row("data") { data = try JSON(parsing: bytes) }
    }
}
