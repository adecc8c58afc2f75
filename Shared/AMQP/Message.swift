import Contracts
import Foundation

/// The kinds of header values that we write; on reading, every other kind is ignored.
public enum HeaderValue: Sendable, Equatable, Hashable {
    case string(String)
    case integer(Int64)
    case bool(Bool)

    /// The text of a string header, nil for the other kinds.
    public var text: String? { if case .string(let text) = self { text } else { nil } }
    public var integer: Int64? { if case .integer(let number) = self { number } else { nil } }
    public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
}

/// A message to publish; always persistent and mandatory.
public struct OutgoingMessage: Sendable, Equatable {
    public var routingKey: String
    /// Another exchange than the publisher's.
    public var exchange: String?
    /// Unique within what is in flight: a message that comes back unroutable is recognised by it.
    public var messageID: String
    public var type: String
    public var appID: String
    /// Checked by the broker against the connection's user; nil means the configuration's user.
    public var userID: String?
    /// Whole seconds on the wire (AMQP 0-9-1 section 4.2.5.4).
    public var timestamp: Date
    public var contentType: String
    public var headers: [(String, HeaderValue)]
    public var body: [UInt8]

    public init(
        routingKey: String, messageID: String, type: String, appID: String, userID: String? = nil, timestamp: Date,
        contentType: String = "application/json", headers: [(String, HeaderValue)] = [], body: [UInt8]
    ) {
        self.routingKey = routingKey
        self.messageID = messageID
        self.type = type
        self.appID = appID
        self.userID = userID
        self.timestamp = timestamp
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    public static func == (a: OutgoingMessage, b: OutgoingMessage) -> Bool {
        a.routingKey == b.routingKey && a.exchange == b.exchange && a.messageID == b.messageID && a.type == b.type
            && a.appID == b.appID
            && a.userID == b.userID && a.timestamp == b.timestamp && a.contentType == b.contentType
            && a.body == b.body && a.headers.elementsEqual(b.headers) { $0.0 == $1.0 && $0.1 == $1.1 }
    }

    /// What keeps the message from fitting its frames, or nil.
    var defect: String? {
        // Runs once a message on the way to the broker, hence no array of them.
        let longest = max(
            routingKey.utf8.count, messageID.utf8.count, type.utf8.count, appID.utf8.count, userID?.utf8.count ?? 0,
            contentType.utf8.count, exchange?.utf8.count ?? 0)
        if longest > Limits.AMQP.shortString {
            return "a property of \(messageID) is longer than \(Limits.AMQP.shortString) bytes"
        }
        if body.count > Limits.AMQP.bodyBytes { return "the body of \(messageID) has \(body.count) bytes" }
        if headers.count > Limits.AMQP.headers { return "\(messageID) has \(headers.count) headers" }
        var bytes = 0
        for (name, value) in headers {
            if name.utf8.count > Limits.AMQP.headerName { return "header \(name) has too long a name" }
            bytes += name.utf8.count + (value.text?.utf8.count ?? 8)
        }
        return bytes > Limits.AMQP.headerBytes ? "the headers of \(messageID) have \(bytes) bytes" : nil
    }
}

/// What the broker said about one published message.
public enum PublishOutcome: Sendable, Equatable {
    /// Taken into every queue it was routed to.
    case confirmed
    /// The broker did not take it (queue full with reject-publish, internal error).
    case nacked
    /// No queue was bound for it; the broker confirms such a message too, but nobody has it.
    case returned(code: Int, text: String)
}

/// A message from the queue, copied out of the library completely.
public struct Delivery: Sendable {
    public let routingKey: String
    public let exchange: String
    public let messageID: String
    public let type: String
    public let appID: String
    public let userID: String
    public let contentType: String
    public let timestamp: Date?
    public let headers: [String: HeaderValue]
    public let body: [UInt8]
    /// The broker has handed it out before; it may have been worked on.
    public let redelivered: Bool
    /// The broker's number for it, valid only within `generation`.
    public let tag: UInt64
    /// Counts the consumer's connections; an acknowledgement from an older one means nothing any more.
    public let generation: UInt64
}
