import Contracts
import EventLog
import Foundation
import ServiceKit

enum TargetKind: String, CaseIterable, Sendable { case queue, webhook }

enum SubscriptionState: String, CaseIterable, Sendable {
    case active
    /// Somebody stopped it; nothing gets numbers until it goes on.
    case paused
    /// The exchange stopped it: the subscriber is gone or failed for too long. It goes on where it stood.
    case disabled
    case deleted
}

/// Who gets which events, and how far he is.
struct Subscription: Record {
    var subscription = SubscriptionID()
    var name = ""
    var kind = TargetKind.queue
    var types: [String] = []
    var agency: AgencyCode?
    var aggregate: AggregateChoice?
    var client: String?
    var url: String?
    var state = SubscriptionState.active
    var reason: String?
    /// Name of the private queue, also of its user at the broker.
    var queue: String?
    var isProvisioned = true
    var place: Int64 = 0
    var numbered: Int64 = 0
    var settled: Int64 = 0
    var acknowledged: Int64 = 0
    var createdAt = Date(timeIntervalSince1970: 0)
    var version = 1
    var generation = 1
    var formerUntil: Date?
    var formerGeneration: Int?

    static let fields: [Field<Self>] = [
        .init("subscription", \.subscription, .id, "The subscription"),
        .init("name", \.name, .text(1...Limits.nameLength), "What people call it"),
        .init("kind", \.kind, .choice, "Where its events go: a private queue, or a webhook"),
        .init("types", \.types, .list(.text(1...Limits.Events.type), 0...Limits.Integration.patterns), "Patterns"),
        .init("agency", \.agency, .agency, "Only events of this agency and those below it"),
        .init("aggregate", \.aggregate, .record, "Only events of this thing"),
        .init("client", \.client, .text(1...100), "The program that it belongs to"),
        .init("url", \.url, .text(1...Limits.Integration.urlLength), "Where a webhook's events go"),
        .init("state", \.state, .choice, "Whether it runs"),
        .init("reason", \.reason, .text(0...Limits.noteLength), "Why it is disabled"),
        .init("queue", \.queue, .text(1...100), "Its queue, and its user at the broker"),
        .init("provisioned", \.isProvisioned, .bool, "Queue and user stand at the broker as they should"),
        .init("place", \.place, .whole, "The archive was looked at up to this position"),
        .init("numbered", \.numbered, .whole, "The last number given to a delivery"),
        .init("settled", \.settled, .whole, "Everything up to this number is delivered or was left out"),
        .init("acknowledged", \.acknowledged, .whole, "The subscriber says that he has everything up to this number"),
        .init("createdAt", \.createdAt, .instant, "When it was made, in real time"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
    ]

    init() {}

    static let selection: SQL = """
        SELECT s.id, s.version, s.name, s.kind, s.types, s.agency, s.aggregate_source, s.aggregate_type,
               s.aggregate_id, s.client, s.url, s.state, s.reason, s.generation, s.provisioned, s.former_until,
               s.former_generation, s.created_at, p.place, p.numbered, p.settled, p.acknowledged
        FROM subscriptions s JOIN subscription_progress p ON p.subscription = s.id
        """

    init(_ row: Row) throws {
        subscription = try row("id")
        version = try row("version")
        name = try row("name")
        kind = TargetKind(rawValue: try row("kind")) ?? .queue
        types = try row("types")
        agency = try row("agency")
        if let source: String = try row("aggregate_source") {
            var chosen = AggregateChoice()
            (chosen.source, chosen.type, chosen.id) = (source, try row("aggregate_type"), try row("aggregate_id"))
            aggregate = chosen
        }
        client = try row("client")
        url = try row("url")
        state = SubscriptionState(rawValue: try row("state")) ?? .disabled
        reason = try row("reason")
        generation = try row("generation")
        isProvisioned = try kind == .webhook || row("provisioned", as: Int.self) == generation
        queue = kind == .queue ? Self.queue(of: subscription) : nil
        formerUntil = try row("former_until")
        formerGeneration = try row("former_generation")
        createdAt = try row("created_at")
        (place, numbered) = (try row("place"), try row("numbered"))
        (settled, acknowledged) = (try row("settled"), try row("acknowledged"))
    }

    static let queuePrefix = "integration.s."

    static func queue(of subscription: SubscriptionID) -> String { "\(queuePrefix)\(subscription.text)" }

    var filter: Filter { Filter(types: types, agency: agency, aggregate: aggregate?.key) }

    /// The secrets that are valid, by their generations, the newest first: whoever asked for a new one twice within a
    /// day may have got only one of the answers.
    func generations(at now: Date) -> [Int] {
        guard let until = formerUntil, until > now, let former = formerGeneration else { return [generation] }
        let oldest = max(former, generation - Limits.Integration.signatures + 1)
        return Array((oldest...generation).reversed())
    }

    var reply: Reply<Subscription> { Reply(self, version: Int64(version)) }
}

/// One thing whose events are asked for.
struct AggregateChoice: Record {
    var source = ""
    var type = ""
    var id = ""

    static let fields: [Field<Self>] = [
        .init("source", \.source, .text(1...40), "The announcing service"),
        .init("type", \.type, .text(1...60), "The kind of thing: the second word of its events' types"),
        .init("id", \.id, .text(1...Limits.Events.aggregateID), "The thing: the subject of its events"),
    ]

    var key: AggregateKey { AggregateKey(source: source, type: type, id: id) }
}

extension Kind where Value == Int64 {
    /// A number from 0.
    static var whole: Kind {
        Kind(
            schema: ["type": "integer", "minimum": 0, "maximum": .integer(Int64.max)],
            decode: { json throws(FieldFault) in
                guard let value = json.integer, value >= 0 else {
                    throw FieldFault("range", vi: "phải là số nguyên không âm", en: "must be a whole number from 0")
                }
                return value
            },
            encode: { value, writer in writer.integer(value) })
    }
}
