import AMQP
import Contracts
import Foundation

/// Events on the broker: CloudEvents 1.0 in binary mode. AMQP 0-9-1 has no official binding; ours: every attribute is a
/// header `cloudEvents:<name>`, the data is the body, and what AMQP has a property for is repeated there.
///
/// | attribute | header | property |
/// |---|---|---|
/// | id | string | message_id |
/// | source | string: the service's short name | app_id, and user_id, which the broker checks |
/// | type | string | type, and the beginning of the routing key |
/// | time | string, RFC 3339 | timestamp, in whole seconds |
/// | datacontenttype | `application/json` | content_type |
/// | specversion, subject (the aggregate's id) | string | |
/// | aggregateversion, epoch | integer | |
/// | position, agency, actor, traceparent | string; the last three may be absent | |
///
/// The routing key is the type, then the words of the agency's code. Commands go the same way through the exchange
/// `lienthong.commands`, which only their sender may write to and only their addressee may bind a queue to.
public enum WireFormat {
    static let contentType = "application/json"

    public static func message(_ event: Envelope) -> OutgoingMessage {
        message(
            Parts(
                id: event.id.text, source: event.source, type: event.type, subject: event.aggregateID,
                version: event.version, epoch: event.epoch, position: event.position.description,
                agency: event.agency?.routingWords ?? "", actor: event.actor, traceparent: event.traceparent,
                time: event.occurredAt, body: event.payload))
    }

    /// What a message is made of; the relay fills it from a row, without the detour over an envelope.
    struct Parts {
        var id: String
        var source: String
        var type: String
        var subject: String
        var version: Int64
        var epoch: Int32
        var position: String
        /// Empty for none.
        var agency: String
        var actor: String?
        var traceparent: String?
        var time: Date
        var body: [UInt8]
    }

    static func message(_ parts: Parts) -> OutgoingMessage {
        var headers: [(String, HeaderValue)] = []
        headers.reserveCapacity(13)
        headers.append((Name.specversion, .string("1.0")))
        headers.append((Name.id, .string(parts.id)))
        headers.append((Name.source, .string(parts.source)))
        headers.append((Name.type, .string(parts.type)))
        headers.append((Name.time, .string(Instant.write(parts.time))))
        headers.append((Name.subject, .string(parts.subject)))
        headers.append((Name.datacontenttype, .string(contentType)))
        headers.append((Name.aggregateversion, .integer(parts.version)))
        headers.append((Name.epoch, .integer(Int64(parts.epoch))))
        headers.append((Name.position, .string(parts.position)))
        if !parts.agency.isEmpty { headers.append((Name.agency, .string(parts.agency))) }
        if let actor = parts.actor { headers.append((Name.actor, .string(actor))) }
        if let traceparent = parts.traceparent { headers.append((Name.traceparent, .string(traceparent))) }
        var message = OutgoingMessage(
            routingKey: parts.agency.isEmpty ? parts.type : "\(parts.type).\(parts.agency)", messageID: parts.id,
            type: parts.type, appID: parts.source, timestamp: parts.time, contentType: contentType, headers: headers,
            body: parts.body)
        if Catalogue.command(parts.type) != nil { message.exchange = Limits.commandExchange }
        return message
    }

    /// The headers' names.
    enum Name {
        static let prefix = "cloudEvents:"
        static let specversion = "cloudEvents:specversion"
        static let id = "cloudEvents:id"
        static let source = "cloudEvents:source"
        static let type = "cloudEvents:type"
        static let time = "cloudEvents:time"
        static let subject = "cloudEvents:subject"
        static let datacontenttype = "cloudEvents:datacontenttype"
        static let aggregateversion = "cloudEvents:aggregateversion"
        static let epoch = "cloudEvents:epoch"
        static let position = "cloudEvents:position"
        static let agency = "cloudEvents:agency"
        static let actor = "cloudEvents:actor"
        static let traceparent = "cloudEvents:traceparent"
    }
}

/// Why a message is no event of ours. Nothing of it may be acted on.
public enum WireFault: Error, Sendable, Equatable, CustomStringConvertible {
    /// No CloudEvents headers of version 1.0: somebody else's message.
    case notCloudEvents
    /// An attribute is missing or has no such form.
    case malformed(attribute: String, reason: String)
    /// It says that it comes from another service than the one that the broker knows published it, or its attributes
    /// contradict the properties, which may have been checked on the way.
    case forged(reason: String)

    public var description: String {
        switch self {
        case .notCloudEvents: "the message has no CloudEvents 1.0 headers"
        case .malformed(let attribute, let reason): "the attribute \(attribute) \(reason)"
        case .forged(let reason): "the message is forged: \(reason)"
        }
    }
}
