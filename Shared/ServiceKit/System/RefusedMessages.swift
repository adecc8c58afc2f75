import Contracts
import EventLog
import Foundation

/// A message at the broker that was no event of ours: malformed, or from somebody who may not announce it.
struct RefusedMessageView: Record {
    var message = EventID()
    var routingKey = ""
    var messageID = ""
    var sender = ""
    var reason = ""
    var bodyBytes = 0
    var at = Date(timeIntervalSince1970: 0)

    static let fields: [Field<Self>] = [
        .init("message", \.message, .id, "The message as it is kept here"),
        .init("routingKey", \.routingKey, .text(0...300), "Its routing key"),
        .init("messageID", \.messageID, .text(0...300), "Its own id, when it had one"),
        .init("sender", \.sender, .text(0...300), "The broker's user that sent it, as the broker checked it"),
        .init("reason", \.reason, .text(0...Limits.noteLength), "Why it was refused"),
        .init("bodyBytes", \.bodyBytes, .integer(0...Int.max), "Bytes of its body"),
        .init("at", \.at, .instant, "When it came, in real time"),
    ]

    init() {}

    init(_ refused: RefusedMessage) {
        message = EventID(refused.id)
        (routingKey, messageID, sender) = (refused.routingKey, refused.message, refused.sender)
        (reason, bodyBytes, at) = (refused.reason, refused.bodyBytes, refused.at)
    }
}

/// `GET /refused-messages`.
enum ListRefusedMessages: Endpoint {
    static let route = Route.get("/refused-messages")
    static let summary = "Messages at the broker that were no events of ours, oldest first"
    static let access = Access.official(.systemOperate)

    typealias Input = ListDeadEvents.Input

    struct Output: Record {
        var messages: [RefusedMessageView] = []
        static let fields: [Field<Self>] = [
            .init("messages", \.messages, .list(.record, 0...Limits.pageMaximum), "The messages, without their bodies")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.systemOperate, at: .none)
        let after = try Cursor(input.cursor).uuid()
        let refused = try await DeadLetters.refused(after: after, limit: input.limit + 1, in: call.runtime.database)
        var output = Output()
        output.messages = refused.prefix(input.limit).map(RefusedMessageView.init)
        guard refused.count > input.limit, let last = output.messages.last else { return Reply(output) }
        return Reply(output, next: "/refused-messages?limit=\(input.limit)&cursor=\(Cursor(text: last.message.text))")
    }
}

/// `POST /refused-messages/{message}/dismiss`.
enum DismissRefusedMessage: Endpoint {
    static let route = Route.post("/refused-messages/{message}/dismiss")
    static let summary = "Take a refused message off the list; what it was stays in the audit"
    static let access = Access.official(.systemOperate)

    struct Input: Record {
        var message = EventID()
        var reason = ""
        static let fields: [Field<Self>] = [
            .init("message", \.message, .id, "The message as it is kept here", in: .path),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why, for the audit"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Nothing> {
        try await call.require(.systemOperate, at: .none)
        return try await call.transaction { work in
            do {
                try await DeadLetters.dismiss(input.message.uuid, actor: work.actor, reason: input.reason, in: work)
            } catch is DeadLetterFault { throw Refused.notFound }
            return Reply(Nothing())
        }
    }
}
