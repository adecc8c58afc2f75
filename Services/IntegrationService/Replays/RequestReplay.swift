import Contracts
import Foundation
import ServiceKit

/// `POST /subscriptions/{subscription}/replays`: a piece of the past once more, with its ids as they were, the mark
/// `replay` and numbers that follow the last one, beside what is live.
enum RequestReplay: Endpoint {
    static let route = Route.post("/subscriptions/{subscription}/replays", success: 201)
    static let summary = "Deliver a piece of the past again: by time, positions, numbers, or of one thing"
    static let access = Access.signedIn
    static let refusals = [
        Refused.replayOfNothing, .replayMixed, .replayOtherThing, .tooManyReplays, .numberAhead, .aggregateUnknown,
    ]

    struct Input: Record {
        var subscription = SubscriptionID()
        var fromTime: Date?
        var untilTime: Date?
        var fromPosition: Int64?
        var throughPosition: Int64?
        var afterNumber: Int64?
        var throughNumber: Int64?
        var aggregate: AggregateChoice?
        var rate = Limits.Integration.replayRateDefault

        static let fields: [Field<Self>] = [
            .init("subscription", \.subscription, .id, "The subscription", in: .path),
            .init("fromTime", \.fromTime, .instant, "What happened then or later"),
            .init("untilTime", \.untilTime, .instant, "What happened before"),
            .init("fromPosition", \.fromPosition, .whole, "From this position of the archive"),
            .init("throughPosition", \.throughPosition, .whole, "To this one"),
            .init("afterNumber", \.afterNumber, .whole, "What was delivered after this number"),
            .init("throughNumber", \.throughNumber, .whole, "And up to this one"),
            .init("aggregate", \.aggregate, .record, "Only of this thing"),
            .init(
                "rate", \.rate, .integer(Limits.Integration.replayRate), default: Limits.Integration.replayRateDefault,
                "Events a second at most"),
        ]
    }

    /// The positions to look at, and what of them.
    struct Span: Sendable, Equatable {
        var first: Int64
        var last: Int64
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Replay> {
        let id = ReplayID.new()
        let reply = try await call.transaction { work in
            let subscription = try await work.subscription(input.subscription, of: call)
            try decide(input, subscription)
            let running = try await work.run(
                """
                SELECT count(*) AS n FROM replays WHERE subscription = \(input.subscription) AND state = 'running'
                """)
            guard let count: Int = try running.first?("n"), count < Limits.Integration.replays else {
                throw Refused.tooManyReplays
            }
            let span = try await span(input, subscription, work)
            // Nothing in it: over at once.
            let state = span.first > span.last ? ReplayState.done : .running
            try await work.run(
                """
                INSERT INTO replays (id, subscription, first_position, last_position, place, happened_from,
                                     happened_until, aggregate_source, aggregate_type, aggregate_id, rate, state,
                                     created_by)
                VALUES (\(id), \(input.subscription), \(span.first), \(span.last), \(span.first - 1),
                        \(input.fromTime), \(input.untilTime), \(input.aggregate?.source), \(input.aggregate?.type),
                        \(input.aggregate?.id), \(input.rate), \(state.rawValue), \(call.caller.id))
                """)
            try await work.note(input.subscription, "replay", id.text)
            let rows = try await work.run("\(Replay.selection) WHERE r.id = \(id)")
            guard let row = rows.first else { throw Refused.notFound }
            return Reply(try Replay(row), location: "/subscriptions/\(input.subscription)/replays")
        }
        call.pokeExchange()
        return reply
    }

    static func decide(_ input: Input, _ subscription: Subscription) throws(Refused) {
        let byTime = input.fromTime != nil || input.untilTime != nil
        let byPosition = input.fromPosition != nil || input.throughPosition != nil
        let byNumber = input.afterNumber != nil || input.throughNumber != nil
        guard byTime || byPosition || byNumber || input.aggregate != nil else { throw .replayOfNothing }
        guard [byTime, byPosition, byNumber].count(where: { $0 }) <= 1 else { throw .replayMixed }
        try Wish.check(aggregate: input.aggregate)
        if let own = subscription.aggregate, let asked = input.aggregate, own.key != asked.key {
            throw .replayOtherThing
        }
        for number in [input.afterNumber, input.throughNumber] where number ?? 0 > subscription.numbered {
            throw .numberAhead
        }
    }

    /// Never beyond what was looked at live: that comes by itself.
    private static func span(
        _ input: Input, _ subscription: Subscription, _ session: any Session
    ) async throws -> Span {
        var span = Span(first: 1, last: subscription.place)
        if let time = input.fromTime {
            span.first = try await ArchiveReader(database: session).place(before: time) + 1
        }
        if let first = input.fromPosition { span.first = max(1, first) }
        if let last = input.throughPosition { span.last = min(span.last, last) }
        guard input.afterNumber != nil || input.throughNumber != nil else { return span }
        // What came again between these numbers too: by position, so that order is kept, with what lies between.
        let rows = try await session.run(
            """
            SELECT min(position) AS first, max(position) AS last FROM deliveries
            WHERE subscription = \(subscription.subscription) AND number > \(input.afterNumber ?? 0)
                AND number <= \(input.throughNumber ?? subscription.numbered)
            """)
        guard let row = rows.first, let first: Int64 = try row("first"), let last: Int64 = try row("last") else {
            return Span(first: 1, last: 0)
        }
        return Span(first: first, last: min(span.last, last))
    }
}

/// `GET /subscriptions/{subscription}/replays`: newest first.
enum ListReplays: Endpoint {
    static let route = Route.get("/subscriptions/{subscription}/replays")
    static let summary = "The replays of a subscription, newest first, with how far each is"
    static let access = Access.signedIn

    struct Input: Record {
        var subscription = SubscriptionID()
        var cursor: String?
        var limit = Limits.pageDefault
        static let fields: [Field<Self>] = [
            .init("subscription", \.subscription, .id, "The subscription", in: .path),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var replays: [Replay] = []
        static let fields: [Field<Self>] = [
            .init("replays", \.replays, .list(.record, 0...Limits.pageMaximum), "The replays")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let subscription = try await call.subscription(input.subscription)
        let cursor = try Cursor(input.cursor).text
        let before = cursor.isEmpty ? nil : try ReplayID(cursor)
        let rows = try await call.run(
            """
            \(Replay.selection) WHERE r.subscription = \(subscription.subscription)
                AND (\(before)::uuid IS NULL OR r.id < \(before))
            ORDER BY r.id DESC LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.replays = try rows.prefix(input.limit).map(Replay.init)
        guard rows.count > input.limit, let last = output.replays.last else { return Reply(output) }
        let path = "/subscriptions/\(subscription.subscription)/replays"
        return Reply(output, next: "\(path)?limit=\(input.limit)&cursor=\(Cursor(text: last.replay.text))")
    }
}

/// `POST /subscriptions/{subscription}/replays/{replay}/cancel`.
enum CancelReplay: Endpoint {
    static let route = Route.post("/subscriptions/{subscription}/replays/{replay}/cancel")
    static let summary = "End a replay before its end; what has a number is still delivered"
    static let access = Access.signedIn
    static let refusals = [Refused.replayOver]

    struct Input: Record {
        var subscription = SubscriptionID()
        var replay = ReplayID()
        static let fields: [Field<Self>] = [
            .init("subscription", \.subscription, .id, "The subscription", in: .path),
            .init("replay", \.replay, .id, "The replay", in: .path),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Replay> {
        try await call.transaction { work in
            _ = try await call.subscription(input.subscription, in: work)
            let rows = try await work.run(
                """
                \(Replay.selection) WHERE r.id = \(input.replay) AND r.subscription = \(input.subscription) FOR UPDATE
                """)
            guard let row = rows.first else { throw Refused.notFound }
            var replay = try Replay(row)
            guard replay.state == .running else { throw Refused.replayOver }
            let ended = try await work.run(
                """
                UPDATE replays SET state = 'cancelled', ended_at = clock_timestamp() WHERE id = \(input.replay)
                RETURNING ended_at
                """)
            (replay.state, replay.endedAt) = (.cancelled, try ended.first?("ended_at"))
            try await work.note(input.subscription, "replay cancelled", input.replay.text)
            return Reply(replay)
        }
    }
}

extension Refused {
    static let replayOfNothing = Refused(
        "integration.replay-of-nothing", 422, vi: "Hãy chọn thời gian, vị trí, số thứ tự hoặc đối tượng cần phát lại.",
        en: "Say what: a time, positions, numbers or one thing.")
    static let replayMixed = Refused(
        "integration.replay-mixed", 422, vi: "Chỉ chọn một trong: thời gian, vị trí, số thứ tự.",
        en: "Choose one of time, positions and numbers.")
    static let replayOtherThing = Refused(
        "integration.replay-other-thing", 422, vi: "Đăng ký này chỉ nhận sự kiện của một đối tượng khác.",
        en: "This subscription is about another thing only.", field: "aggregate")
    static let tooManyReplays = Refused(
        "integration.too-many-replays", vi: "Đang có \(Limits.Integration.replays) lần phát lại.",
        en: "\(Limits.Integration.replays) replays of this subscription are running.")
    static let replayOver = Refused(
        "integration.replay-over", vi: "Lần phát lại đã kết thúc.", en: "The replay is over.")
}
