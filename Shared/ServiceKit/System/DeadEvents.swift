import Contracts
import Crypto
import EventLog
import Foundation
import Postgres

/// An event that could not be taken and waits for an operator: of the system, not of one agency, because the events
/// here are of all agencies. No post contains `.none`, so that only an administrator of the system holds a right there.
struct DeadEvent: Record {
    var event = EventID()
    var source = ""
    var type = ""
    var aggregateType = ""
    var aggregate = ""
    var eventVersion = 0
    var epoch = 0
    var attempts = 0
    var error = ""
    var parkedAt = Date(timeIntervalSince1970: 0)
    /// The whole event, when it is looked at alone.
    var envelope: JSON?

    static let fields: [Field<Self>] = [
        .init("event", \.event, .id, "The event as it is parked here"),
        .init("source", \.source, .text(1...40), "The announcing service"),
        .init("type", \.type, .text(1...200), "Wire name with version"),
        .init("aggregateType", \.aggregateType, .text(1...60), "The kind of thing it is about"),
        .init("aggregate", \.aggregate, .text(1...200), "The thing it is about"),
        .init("eventVersion", \.eventVersion, .integer(1...Int.max), "Place within the thing's events"),
        .init("epoch", \.epoch, .integer(0...Int.max), "Incarnation of the source's history"),
        .init("attempts", \.attempts, .integer(0...Int.max), "How often it was tried"),
        .init("error", \.error, .text(0...Limits.noteLength), "Why the last try failed"),
        .init("parkedAt", \.parkedAt, .instant, "When it was put aside, in real time"),
        .init("envelope", \.envelope, .any, "The event itself; only when it is read alone"),
    ]

    init() {}

    init(_ letter: DeadLetter) {
        event = EventID(letter.id)
        (source, aggregateType, aggregate) = (letter.aggregate.source, letter.aggregate.type, letter.aggregate.id)
        (type, eventVersion, epoch) = (letter.type, Int(letter.version), Int(letter.epoch))
        (attempts, error, parkedAt, envelope) = (letter.attempts, letter.error, letter.parkedAt, letter.envelope)
    }

    /// Changes whenever the event or its tries do: the ETag.
    static func version(_ letter: DeadLetter) -> Int64 {
        let hash = SHA256.hash(data: (letter.envelope ?? .null).bytes + Array("\(letter.attempts)".utf8))
        return hash.prefix(7).reduce(0) { $0 << 8 | Int64($1) }
    }
}

extension Work {
    /// Who writes the audit's lines.
    func inspect(_ event: EventID) async throws -> DeadLetter {
        do { return try await DeadLetters.inspect(event.uuid, actor: actor, in: self) } catch is DeadLetterFault {
            throw Refused.notFound
        }
    }
}

/// `GET /dead-events`.
enum ListDeadEvents: Endpoint {
    static let route = Route.get("/dead-events")
    static let summary = "Events that could not be taken and wait for an operator, oldest first"
    static let access = Access.official(.systemOperate)

    struct Input: Record {
        var cursor: String?
        var limit = Limits.pageDefault
        static let fields: [Field<Self>] = [
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var events: [DeadEvent] = []
        static let fields: [Field<Self>] = [
            .init("events", \.events, .list(.record, 0...Limits.pageMaximum), "The events, without their data")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.systemOperate, at: .none)
        let after = try Cursor(input.cursor).uuid()
        let letters = try await DeadLetters.list(after: after, limit: input.limit + 1, in: call.runtime.database)
        var output = Output()
        output.events = letters.prefix(input.limit).map(DeadEvent.init)
        guard letters.count > input.limit, let last = output.events.last else { return Reply(output) }
        return Reply(output, next: "/dead-events?limit=\(input.limit)&cursor=\(Cursor(text: last.event.text))")
    }
}

extension Cursor {
    /// The id that the cursor holds; nil for the first page.
    func uuid() throws(FieldFault) -> UUID? {
        guard !text.isEmpty else { return nil }
        guard let uuid = UUID(text: text) else {
            throw FieldFault(
                "invalid", field: "cursor", vi: "không phải vị trí trang này", en: "is no cursor of this list")
        }
        return uuid
    }
}

struct DeadEventInput: Record {
    var event = EventID()
    static let fields: [Field<Self>] = [.init("event", \.event, .id, "The event as it is parked here", in: .path)]
}

/// `GET /dead-events/{event}`: with its data; who looked is written down.
enum ReadDeadEvent: Endpoint {
    static let route = Route.get("/dead-events/{event}")
    static let summary = "Inspect a dead event; the look is audited"
    static let access = Access.official(.systemOperate)

    static func handle(_ input: DeadEventInput, _ call: Call) async throws -> Reply<DeadEvent> {
        try await call.require(.systemOperate, at: .none)
        return try await call.transaction { work in
            let letter = try await work.inspect(input.event)
            return Reply(DeadEvent(letter), version: DeadEvent.version(letter))
        }
    }
}

/// `PUT /dead-events/{event}`: other data, for an event that its source wrote wrongly.
enum EditDeadEvent: Endpoint {
    static let route = Route.put("/dead-events/{event}")
    static let summary = "Replace the data of a dead event; what it was stays in the audit"
    static let access = Access.official(.systemOperate)
    static let refusals = [Refused.eventUnreadable]

    struct Input: Record {
        var event = EventID()
        var payload = JSON.object([])
        var reason = ""
        static let fields: [Field<Self>] = [
            .init("event", \.event, .id, "The event as it is parked here", in: .path),
            .init("payload", \.payload, .any, "The data from now on"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why, for the audit"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DeadEvent> {
        try await call.require(.systemOperate, at: .none)
        return try await call.transaction { work in
            try await work.run("SELECT 1 AS one FROM inbox_parked WHERE id = \(input.event) FOR UPDATE")
            try call.check(DeadEvent.version(try await work.inspect(input.event)))
            do {
                try await DeadLetters.edit(
                    input.event.uuid, payload: input.payload, actor: work.actor, reason: input.reason, in: work)
            } catch DeadLetterFault.unreadable { throw Refused.eventUnreadable }
            let letter = try await work.inspect(input.event)
            return Reply(DeadEvent(letter), version: DeadEvent.version(letter))
        }
    }
}

/// What an operator says with an act on a dead event.
struct DeadEventAct: Record {
    var event = EventID()
    var reason = ""
    static let fields: [Field<Self>] = [
        .init("event", \.event, .id, "The event as it is parked here", in: .path),
        .init("reason", \.reason, .text(1...Limits.noteLength), "Why, for the audit"),
    ]
}

/// `POST /dead-events/{event}/retry`.
enum RetryDeadEvent: Endpoint {
    static let route = Route.post("/dead-events/{event}/retry")
    static let summary = "Give a dead event all its attempts again, at once"
    static let access = Access.official(.systemOperate)

    static func handle(_ input: DeadEventAct, _ call: Call) async throws -> Reply<Nothing> {
        try await call.require(.systemOperate, at: .none)
        return try await call.transaction { work in
            do {
                try await DeadLetters.retry(input.event.uuid, actor: work.actor, reason: input.reason, in: work)
            } catch is DeadLetterFault { throw Refused.notFound }
            return Reply(Nothing())
        }
    }
}

/// `POST /dead-events/{event}/skip`.
enum SkipDeadEvent: Endpoint {
    static let route = Route.post("/dead-events/{event}/skip")
    static let summary = "Leave a dead event out: its effects never happen, its successors have their turn"
    static let access = Access.official(.systemOperate)

    static func handle(_ input: DeadEventAct, _ call: Call) async throws -> Reply<Nothing> {
        try await call.require(.systemOperate, at: .none)
        return try await call.transaction { work in
            do {
                try await DeadLetters.skip(input.event.uuid, actor: work.actor, reason: input.reason, in: work)
            } catch is DeadLetterFault { throw Refused.notFound }
            return Reply(Nothing())
        }
    }
}

extension Refused {
    static let eventUnreadable = Refused(
        "event-unreadable", 422, vi: "Dữ liệu này không tạo thành sự kiện đọc được.",
        en: "This data does not make an event that can be read.", field: "payload")
}
