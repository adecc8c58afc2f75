import Contracts
import Foundation
import ServiceKit

/// `GET /subscriptions/{subscription}/missed`: what lies between two numbers, or since the last acknowledged one, with
/// its data; or between two positions, whether it was delivered or not. Nothing is delivered by it.
enum ReadMissed: Endpoint {
    static let route = Route.get("/subscriptions/{subscription}/missed")
    static let summary = "What you may have missed: by numbers, by positions, or since the last acknowledged number"
    static let access = Access.signedIn
    static let refusals = [Refused.missedMixed]

    struct Input: Record {
        var subscription = SubscriptionID()
        var afterNumber: Int64?
        var throughNumber: Int64?
        var afterPosition: Int64?
        var throughPosition: Int64?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("subscription", \.subscription, .id, "The subscription", in: .path),
            .init(
                "afterNumber", \.afterNumber, .whole, "After this number; without it, the last acknowledged one",
                in: .query),
            .init("throughNumber", \.throughNumber, .whole, "Up to this number", in: .query),
            .init("afterPosition", \.afterPosition, .whole, "After this position of the archive", in: .query),
            .init("throughPosition", \.throughPosition, .whole, "Up to this position", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var deliveries: [LedgerLine] = []
        var acknowledged: Int64 = 0
        var isLast = true
        static let fields: [Field<Self>] = [
            .init(
                "deliveries", \.deliveries, .list(.record, 0...Limits.pageMaximum),
                "By number; asked for by positions, what has none is number 0"),
            .init("acknowledged", \.acknowledged, .whole, "The last acknowledged number"),
            .init("isLast", \.isLast, .bool, "There is nothing more for now"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let subscription = try await call.subscription(input.subscription)
        let byPosition = input.afterPosition != nil || input.throughPosition != nil
        guard !byPosition || input.afterNumber == nil && input.throughNumber == nil else { throw Refused.missedMixed }
        var output = Output()
        // What a webhook answered with 2xx is acknowledged by that.
        output.acknowledged = max(
            subscription.acknowledged, subscription.kind == .webhook ? subscription.settled : 0)
        if byPosition { return try await positions(input, subscription, output, call) }
        let after = input.afterNumber ?? output.acknowledged
        let rows = try await call.run(
            """
            \(LedgerLine.selection(
                """
                d.subscription = \(input.subscription) AND d.number > \(after)
                    AND d.number <= \(input.throughNumber ?? subscription.numbered)
                """, withData: true))
            ORDER BY d.number LIMIT \(input.limit + 1)
            """)
        output.deliveries = try rows.prefix(input.limit).map(LedgerLine.init)
        guard rows.count > input.limit, let last = output.deliveries.last else { return Reply(output) }
        output.isLast = false
        var next = "/subscriptions/\(input.subscription)/missed?limit=\(input.limit)&afterNumber=\(last.number)"
        if let through = input.throughNumber { next += "&throughNumber=\(through)" }
        return Reply(output, next: next)
    }

    /// From the archive by the filter as it is now, whatever has a number.
    private static func positions(
        _ input: Input, _ subscription: Subscription, _ from: Output, _ call: Call
    ) async throws -> Reply<Output> {
        var output = from
        let head: Int64 = try await call.run("SELECT position FROM archive_head").first?("position") ?? 0
        let through = min(head, input.throughPosition ?? head)
        let page = try await ArchiveReader(database: call.runtime.database).page(
            after: input.afterPosition ?? 0, head: through, subscription.filter, limit: input.limit)
        let numbers = try await numbers(of: page.events, subscription, call)
        output.deliveries = try page.events.map { event in
            var line = LedgerLine()
            (line.subscription, line.number) = (subscription.subscription, numbers[event.position] ?? 0)
            (line.event, line.type, line.source) = (EventID(event.id), event.type, event.source)
            (line.aggregateType, line.aggregate, line.eventVersion) = (
                event.aggregateType, event.aggregateID, event.version
            )
            (line.agency, line.position, line.numberedAt) = (event.agency, event.position, event.occurredAt)
            line.data = try JSON(parsing: event.payload)
            return line
        }
        output.isLast = page.reached >= through
        guard !output.isLast else { return Reply(output) }
        var next = "/subscriptions/\(input.subscription)/missed?limit=\(input.limit)&afterPosition=\(page.reached)"
        if let through = input.throughPosition { next += "&throughPosition=\(through)" }
        return Reply(output, next: next)
    }

    private static func numbers(
        of events: [ArchivedEvent], _ subscription: Subscription, _ call: Call
    ) async throws -> [Int64: Int64] {
        let rows = try await call.run(
            """
            SELECT position, max(number) AS number FROM deliveries
            WHERE subscription = \(subscription.subscription) AND position = ANY(\(events.map(\.position)))
            GROUP BY position
            """)
        return try Dictionary(uniqueKeysWithValues: rows.map { (try $0("position"), try $0("number")) })
    }
}

extension Refused {
    static let missedMixed = Refused(
        "integration.missed-mixed", 422, vi: "Chỉ chọn số thứ tự hoặc vị trí.", en: "Choose numbers or positions.")
}
