import Contracts
import Foundation
import ServiceKit

struct DeliveryInput: Record {
    var subscription = SubscriptionID()
    var number: Int64 = 0
    static let fields: [Field<Self>] = [
        .init("subscription", \.subscription, .id, "The subscription", in: .path),
        .init("number", \.number, .whole, "The delivery's number there", in: .path),
    ]
}

/// What somebody says with an act on a delivery.
struct DeliveryAct: Record {
    var subscription = SubscriptionID()
    var number: Int64 = 0
    var reason = ""
    static let fields: [Field<Self>] = [
        .init("subscription", \.subscription, .id, "The subscription", in: .path),
        .init("number", \.number, .whole, "The delivery's number there", in: .path),
        .init("reason", \.reason, .text(1...Limits.noteLength), "Why, for the audit"),
    ]
}

extension Work {
    /// One line of the ledger with its data, of a subscription that the caller may manage and that stays as it is.
    func delivery(_ id: SubscriptionID, _ number: Int64, of call: Call) async throws -> LedgerLine {
        _ = try await call.subscription(id, in: self)
        try await run("SELECT 1 AS one FROM subscriptions WHERE id = \(id) FOR UPDATE")
        let rows = try await run(
            LedgerLine.selection("d.subscription = \(id) AND d.number = \(number)", withData: true))
        guard let row = rows.first else { throw Refused.notFound }
        return try LedgerLine(row)
    }

    /// The same, of one that failed and is not over: only those may be acted on.
    func failed(_ id: SubscriptionID, _ number: Int64, of call: Call) async throws -> LedgerLine {
        let line = try await delivery(id, number, of: call)
        guard line.state == .dead || line.state == .retrying else { throw Refused.deliveryNotFailed }
        return line
    }

    func audit(_ line: LedgerLine, _ what: String, _ reason: String?, before: JSON? = nil) async throws {
        try await run(
            """
            INSERT INTO delivery_audit (subscription, number, what, actor, reason, before)
            VALUES (\(line.subscription), \(line.number), \(what), \(actor), \(reason), \(before?.bytes))
            """)
    }
}

/// `GET /subscriptions/{subscription}/deliveries/{number}`: with its data; who looked is written down.
enum InspectDelivery: Endpoint {
    static let route = Route.get("/subscriptions/{subscription}/deliveries/{number}")
    static let summary = "One delivery with its data; the look is audited"
    static let access = Access.signedIn

    static func handle(_ input: DeliveryInput, _ call: Call) async throws -> Reply<LedgerLine> {
        try await call.transaction { work in
            let line = try await work.delivery(input.subscription, input.number, of: call)
            try await work.audit(line, "inspected", nil)
            return Reply(line, version: Int64(line.attempts))
        }
    }
}

/// `PUT /subscriptions/{subscription}/deliveries/{number}`: other data, when the subscriber cannot take what there is.
enum EditDelivery: Endpoint {
    static let route = Route.put("/subscriptions/{subscription}/deliveries/{number}")
    static let summary = "Send other data in a failed delivery, marked as edited; the event itself stays as it is"
    static let access = Access.official(.integrationManage)
    static let refusals = [Refused.deliveryNotFailed, .dataNotObject]

    struct Input: Record {
        var subscription = SubscriptionID()
        var number: Int64 = 0
        var data = JSON.object([])
        var reason = ""
        static let fields: [Field<Self>] = [
            .init("subscription", \.subscription, .id, "The subscription", in: .path),
            .init("number", \.number, .whole, "The delivery's number there", in: .path),
            .init("data", \.data, .any, "The data from now on"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why, for the audit"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<LedgerLine> {
        guard case .object = input.data else { throw Refused.dataNotObject }
        let reply = try await call.transaction { work in
            let before = try await work.failed(input.subscription, input.number, of: call)
            try call.check(Int64(before.attempts))
            try await work.run(
                """
                UPDATE delivery_failures SET edited = \(input.data.bytes)
                WHERE subscription = \(input.subscription) AND number = \(input.number)
                """)
            try await work.audit(before, "edited", input.reason, before: before.data)
            let after = try await work.failed(input.subscription, input.number, of: call)
            return Reply(after, version: Int64(after.attempts))
        }
        call.pokeExchange()
        return reply
    }
}

/// `POST /subscriptions/{subscription}/deliveries/{number}/retry`: at once, with all its time again.
enum RetryDelivery: Endpoint {
    static let route = Route.post("/subscriptions/{subscription}/deliveries/{number}/retry")
    static let summary = "Try a failed delivery at once, with all its time again"
    static let access = Access.signedIn
    static let refusals = [Refused.deliveryNotFailed]

    static func handle(_ input: DeliveryAct, _ call: Call) async throws -> Reply<LedgerLine> {
        let reply = try await call.transaction { work in
            let before = try await work.failed(input.subscription, input.number, of: call)
            try await work.run(
                """
                UPDATE delivery_failures SET state = 'retrying', attempts = 0, first_at = clock_timestamp(),
                    due_at = clock_timestamp()
                WHERE subscription = \(input.subscription) AND number = \(input.number)
                """)
            try await work.audit(before, "retried", input.reason)
            return Reply(try await work.failed(input.subscription, input.number, of: call))
        }
        call.pokeExchange()
        return reply
    }
}

/// `POST /subscriptions/{subscription}/deliveries/{number}/skip`: the subscriber never gets it under this number.
enum SkipDelivery: Endpoint {
    static let route = Route.post("/subscriptions/{subscription}/deliveries/{number}/skip")
    static let summary = "Leave a failed delivery out; the ones behind it have their turn"
    static let access = Access.official(.integrationManage)
    static let refusals = [Refused.deliveryNotFailed]

    static func handle(_ input: DeliveryAct, _ call: Call) async throws -> Reply<LedgerLine> {
        let reply = try await call.transaction { work in
            let before = try await work.failed(input.subscription, input.number, of: call)
            try await work.run(
                """
                WITH gone AS (
                    DELETE FROM delivery_failures
                    WHERE subscription = \(input.subscription) AND number = \(input.number) RETURNING attempts)
                INSERT INTO settlements (subscription, first_number, last_number, outcome, attempts)
                SELECT \(input.subscription), \(input.number), \(input.number), 'skipped', attempts FROM gone
                """)
            try await work.audit(before, "skipped", input.reason)
            return Reply(try await work.delivery(input.subscription, input.number, of: call))
        }
        call.pokeExchange()
        return reply
    }
}

extension Refused {
    static let deliveryNotFailed = Refused(
        "integration.delivery-not-failed", vi: "Lần gửi này không ở trạng thái lỗi.",
        en: "This delivery has not failed, or is over.")
    static let dataNotObject = Refused(
        "integration.data-not-object", 422, vi: "Dữ liệu phải là đối tượng JSON.",
        en: "The data must be a JSON object.",
        field: "data")
}
