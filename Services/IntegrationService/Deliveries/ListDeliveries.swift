import Contracts
import Foundation
import ServiceKit

/// `GET /deliveries`: the ledger, by subscription and number; by event or thing over all subscriptions.
enum ListDeliveries: Endpoint {
    static let route = Route.get("/deliveries")
    static let summary = "What was delivered to whom: by subscription, event, thing, time or state"
    static let access = Access.signedIn
    static let refusals = [Refused.ledgerTooWide]

    struct Input: Record {
        var subscription: SubscriptionID?
        var event: EventID?
        var source: String?
        var aggregateType: String?
        var aggregate: String?
        var state: DeliveryState?
        var from: Date?
        var until: Date?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("subscription", \.subscription, .id, "Only to this one", in: .query),
            .init("event", \.event, .id, "Only of this event", in: .query),
            .init("source", \.source, .text(1...40), "Only of a thing of this service", in: .query),
            .init("aggregateType", \.aggregateType, .text(1...60), "and of this kind", in: .query),
            .init("aggregate", \.aggregate, .text(1...Limits.Events.aggregateID), "and this one", in: .query),
            .init("state", \.state, .choice, "Only what stands so", in: .query),
            .init("from", \.from, .instant, "Numbered then or later", in: .query),
            .init("until", \.until, .instant, "Numbered before", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var deliveries: [LedgerLine] = []
        static let fields: [Field<Self>] = [
            .init("deliveries", \.deliveries, .list(.record, 0...Limits.pageMaximum), "By subscription and number")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        var conditions = [try await call.visible()] + (try narrow(input))
        if let (subscription, number) = try LedgerCursor.read(input.cursor) {
            conditions.append("(d.subscription, d.number) > (\(subscription), \(number))")
        }
        let rows = try await call.run(
            """
            \(LedgerLine.selection(SQL(joining: conditions, separator: " AND ")))
            ORDER BY d.subscription, d.number LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.deliveries = try rows.prefix(input.limit).map(LedgerLine.init)
        guard rows.count > input.limit, let last = output.deliveries.last else { return Reply(output) }
        return Reply(output, next: "/deliveries?\(query(input))&cursor=\(LedgerCursor.write(last))")
    }

    /// Something that an index leads to must be asked for.
    private static func narrow(_ input: Input) throws(Refused) -> [SQL] {
        var conditions: [SQL] = []
        if let subscription = input.subscription { conditions.append("d.subscription = \(subscription)") }
        if let event = input.event {
            conditions.append(
                """
                (d.position IN (SELECT o2.position FROM archive_order o2 JOIN archive_events a2 ON a2.id = o2.entry
                                WHERE a2.event = \(event)) OR d.position IS NULL AND d.event = \(event))
                """)
        }
        if let source = input.source, let type = input.aggregateType, let id = input.aggregate {
            conditions.append(
                """
                d.position IN (SELECT o3.position FROM archive_order o3 JOIN archive_events a3 ON a3.id = o3.entry
                               WHERE a3.source = \(source) AND a3.aggregate_type = \(type)
                                   AND a3.aggregate_id = \(id))
                """)
        } else if input.source != nil || input.aggregateType != nil || input.aggregate != nil {
            throw .ledgerTooWide
        }
        guard !conditions.isEmpty else { throw .ledgerTooWide }
        if let state = input.state { conditions.append("x.state = \(state.rawValue)") }
        if let from = input.from { conditions.append("d.numbered_at >= \(from)") }
        if let until = input.until { conditions.append("d.numbered_at < \(until)") }
        return conditions
    }

    private static func query(_ input: Input) -> String {
        var parts = ["limit=\(input.limit)"]
        func add(_ name: String, _ value: String?) {
            guard let value else { return }
            parts.append("\(name)=\(value.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")")
        }
        add("subscription", input.subscription?.text)
        add("event", input.event?.text)
        add("source", input.source)
        add("aggregateType", input.aggregateType)
        add("aggregate", input.aggregate)
        add("state", input.state?.rawValue)
        add("from", input.from.map(Instant.write))
        add("until", input.until.map(Instant.write))
        return parts.joined(separator: "&")
    }
}

/// Where a page of the ledger ended.
enum LedgerCursor {
    static func read(_ text: String?) throws -> (SubscriptionID, Int64)? {
        let cursor = try Cursor(text)
        guard !cursor.text.isEmpty else { return nil }
        guard let parts = cursor.parts(2), let number = Int64(parts[1]) else {
            throw FieldFault(
                "invalid", field: "cursor", vi: "không phải vị trí trang này", en: "is no cursor of this list")
        }
        return (try SubscriptionID(parts[0]), number)
    }

    static func write(_ line: LedgerLine) -> Cursor { Cursor(parts: [line.subscription.text, "\(line.number)"]) }
}

/// `GET /dead-deliveries`: what was given up, over all subscriptions that the caller may manage.
enum ListDeadDeliveries: Endpoint {
    static let route = Route.get("/dead-deliveries")
    static let summary = "Deliveries that were given up and wait for somebody"
    static let access = Access.signedIn

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

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<ListDeliveries.Output> {
        let after = try LedgerCursor.read(input.cursor)
        let rows = try await call.run(
            """
            \(LedgerLine.selection("\(try await call.visible()) AND f.state = 'dead'"))
                AND (\(after?.0)::uuid IS NULL OR (d.subscription, d.number) > (\(after?.0)::uuid, \(after?.1)))
            ORDER BY d.subscription, d.number LIMIT \(input.limit + 1)
            """)
        var output = ListDeliveries.Output()
        output.deliveries = try rows.prefix(input.limit).map(LedgerLine.init)
        guard rows.count > input.limit, let last = output.deliveries.last else { return Reply(output) }
        return Reply(output, next: "/dead-deliveries?limit=\(input.limit)&cursor=\(LedgerCursor.write(last))")
    }
}

extension Refused {
    static let ledgerTooWide = Refused(
        "integration.ledger-too-wide", 422,
        vi: "Hãy chọn đăng ký, sự kiện, hoặc cả source, aggregateType và aggregate.",
        en: "Name a subscription, an event, or all of source, aggregateType and aggregate.")
}
