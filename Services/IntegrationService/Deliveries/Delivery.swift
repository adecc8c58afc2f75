import AMQP
import Contracts
import EventLog
import Foundation
import ServiceKit

/// One event on its way to one subscriber, under a number of the subscription's own.
struct Delivery: Sendable, Equatable {
    let subscription: SubscriptionID
    /// The incarnation of the exchange's history in which it got its number; the same at every try. After a restore
    /// numbers may come again, for other events, in a later one.
    let epoch: Int32
    /// Dense from 1: a subscriber sees by it what is missing.
    let number: Int64
    /// Nil: a test.
    let event: ArchivedEvent?
    let id: UUID
    let replay: UUID?
    let numberedAt: Date
    /// The data that an operator gave instead.
    var edited: [UInt8]?
    /// Tries so far, and the first that failed. Moments here are of a clock that nobody sets; how long ago the first
    /// was, and how soon it is due, the database says.
    var attempts = 0
    var failedSince: ContinuousClock.Instant?
    var due: ContinuousClock.Instant?

    /// Wire name of what a test delivers; no event of the catalogue.
    static let testType = "integration.subscription.test.v1"

    /// What keeps its order towards the subscriber: the aggregate, apart for live and for each replay.
    var lane: Lane { Lane(aggregate: event?.aggregate, replay: replay) }

    struct Lane: Hashable, Sendable {
        let aggregate: AggregateKey?
        let replay: UUID?
    }

    var body: [UInt8] {
        if let edited { return edited }
        return event?.payload ?? Array(#"{"subscription":"\#(subscription)","number":\#(number)}"#.utf8)
    }

    /// What a subscriber knows a repetition by.
    func key(_ separator: String) -> String {
        "\(subscription)\(separator)\(epoch)\(separator)\(number)"
    }

    /// The CloudEvents 1.0 attributes: those that the event came with, and four of the exchange: the subscription, its
    /// epoch and number there, and the replay that it belongs to.
    var attributes: [(name: String, value: HeaderValue)] {
        var list: [(name: String, value: HeaderValue)] = [
            ("specversion", .string("1.0")), ("id", .string(id.text)),
            ("source", .string(event?.source ?? ServiceName.integration.rawValue)),
            ("type", .string(event?.type ?? Self.testType)),
            ("time", .string(Instant.write(event?.occurredAt ?? numberedAt))),
            ("subject", .string(event?.aggregateID ?? subscription.text)),
            ("datacontenttype", .string("application/json")),
        ]
        if let event {
            list.append(("aggregateversion", .integer(event.version)))
            list.append(("epoch", .integer(Int64(event.epoch))))
            if let position = event.sourcePosition { list.append(("position", .string(position))) }
            if let agency = event.agency { list.append(("agency", .string(agency.text))) }
            if let actor = event.actor { list.append(("actor", .string(actor))) }
            if let trace = event.traceparent { list.append(("traceparent", .string(trace))) }
            list.append(("exchangeposition", .integer(event.position)))
        }
        list.append(("subscription", .string(subscription.text)))
        list.append(("subscriptionnumber", .integer(number)))
        list.append(("exchangeepoch", .integer(Int64(epoch))))
        if let replay { list.append(("replay", .string(replay.text))) }
        if edited != nil { list.append(("edited", .string("true"))) }
        return list
    }

    /// For the subscriber's queue: as events travel between the services (`WireFormat`), only that message_id is the
    /// delivery's and not the event's, which may be on its way more than once.
    func message(to queue: String) -> OutgoingMessage {
        OutgoingMessage(
            routingKey: queue, messageID: key("/"), type: event?.type ?? Self.testType,
            appID: event?.source ?? ServiceName.integration.rawValue, timestamp: event?.occurredAt ?? numberedAt,
            headers: attributes.map { ("cloudEvents:\($0.name)", $0.value) }, body: body)
    }

    /// For a webhook: the HTTP protocol binding of CloudEvents, binary mode.
    var headers: [(name: String, value: String)] {
        attributes.map { attribute in
            if attribute.name == "datacontenttype" { return ("Content-Type", "application/json") }
            let value =
                switch attribute.value {
                case .string(let text): Self.escaped(text)
                case .integer(let number): "\(number)"
                case .bool(let flag): "\(flag)"
                }
            return ("ce-\(attribute.name)", value)
        }
    }

    /// HTTP protocol binding, 3.1.3.2: outside of U+0021 to U+007E, and for quote and percent, the bytes of UTF-8.
    static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            if scalar.value > 0x20, scalar.value < 0x7F, scalar != "\"", scalar != "%" {
                out.unicodeScalars.append(scalar)
            } else {
                for byte in String(scalar).utf8 { out += "%" + Hex.encode([byte]).uppercased() }
            }
        }
        return out
    }
}
