import Contracts
import Foundation
import ServiceKit

/// `GET /subscriptions`: those that the caller may manage, oldest first.
enum ListSubscriptions: Endpoint {
    static let route = Route.get("/subscriptions")
    static let summary = "The subscriptions that you may manage, with how far each is"
    static let access = Access.signedIn

    struct Input: Record {
        var state: SubscriptionState?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("state", \.state, .choice, "Only in this state; deleted ones only when asked for", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var subscriptions: [Subscription] = []
        var head: Int64 = 0
        static let fields: [Field<Self>] = [
            .init("subscriptions", \.subscriptions, .list(.record, 0...Limits.pageMaximum), "The subscriptions"),
            .init("head", \.head, .whole, "The archive's last position"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let visible = try await call.visible()
        let cursor = try Cursor(input.cursor).text
        let after = cursor.isEmpty ? nil : try SubscriptionID(cursor)
        let rows = try await call.run(
            """
            \(Subscription.selection)
            WHERE \(visible) AND (\(after)::uuid IS NULL OR s.id > \(after))
                AND s.state = coalesce(\(input.state?.rawValue), s.state)
                AND (s.state <> 'deleted' OR \(input.state == .deleted))
            ORDER BY s.id LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.subscriptions = try rows.prefix(input.limit).map(Subscription.init)
        output.head = try await call.run("SELECT position FROM archive_head").first?("position") ?? 0
        guard rows.count > input.limit, let last = output.subscriptions.last else { return Reply(output) }
        let state = input.state.map { "&state=\($0.rawValue)" } ?? ""
        return Reply(
            output, next: "/subscriptions?limit=\(input.limit)\(state)&cursor=\(Cursor(text: last.subscription.text))")
    }
}

/// `GET /subscriptions/{subscription}`.
enum ReadSubscription: Endpoint {
    static let route = Route.get("/subscriptions/{subscription}")
    static let summary = "One subscription, with how far it is"
    static let access = Access.signedIn

    static func handle(_ input: SubscriptionInput, _ call: Call) async throws -> Reply<Subscription> {
        try await call.subscription(input.subscription).reply
    }
}

/// `GET /subscriptions/{subscription}/history`: what was done with it, newest first.
enum ReadSubscriptionHistory: Endpoint {
    static let route = Route.get("/subscriptions/{subscription}/history")
    static let summary = "What was done with a subscription, newest first"
    static let access = Access.signedIn

    struct Line: Record {
        var at = Date(timeIntervalSince1970: 0)
        var actor = ""
        var what = ""
        var note: String?
        static let fields: [Field<Self>] = [
            .init("at", \.at, .instant, "When, in real time"),
            .init("actor", \.actor, .text(1...200), "Who: an account, a program, or the exchange itself"),
            .init("what", \.what, .text(1...40), "What"),
            .init("note", \.note, .text(0...Limits.noteLength), "Why, or with which values"),
        ]
    }

    struct Output: Record {
        var lines: [Line] = []
        static let fields: [Field<Self>] = [
            .init("lines", \.lines, .list(.record, 0...Limits.pageMaximum), "The newest \(Limits.pageMaximum) at most")
        ]
    }

    static func handle(_ input: SubscriptionInput, _ call: Call) async throws -> Reply<Output> {
        let subscription = try await call.subscription(input.subscription)
        let rows = try await call.run(
            """
            SELECT at, actor, what, note FROM subscription_history WHERE subscription = \(subscription.subscription)
            ORDER BY id DESC LIMIT \(Limits.pageMaximum)
            """)
        var output = Output()
        output.lines = try rows.map { row in
            var line = Line()
            (line.at, line.actor) = (try row("at"), try row("actor"))
            (line.what, line.note) = (try row("what"), try row("note"))
            return line
        }
        return Reply(output)
    }
}
