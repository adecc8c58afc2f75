import Contracts
import EventLog
import ServiceKit

/// `POST /subscriptions/{subscription}/test`: one delivery of no event, under the next number, to try the way.
enum TestDelivery: Endpoint {
    static let route = Route.post("/subscriptions/{subscription}/test")
    static let summary = "Deliver a test under the next number; the ledger says what became of it"
    static let access = Access.signedIn
    static let refusals = [Refused.notActive]

    struct Output: Record {
        var number: Int64 = 0
        static let fields: [Field<Self>] = [.init("number", \.number, .whole, "The test's number")]
    }

    static func handle(_ input: SubscriptionInput, _ call: Call) async throws -> Reply<Output> {
        let reply = try await call.transaction { work in
            let subscription = try await work.subscription(input.subscription, of: call)
            guard subscription.state == .active else { throw Refused.notActive }
            let rows = try await work.run(
                """
                WITH moved AS (
                    UPDATE subscription_progress SET numbered = numbered + 1
                    WHERE subscription = \(input.subscription) RETURNING numbered)
                INSERT INTO deliveries (subscription, epoch, number, event)
                SELECT \(input.subscription), \(EventLogStart.epoch), numbered, \(UUID.v7())
                FROM moved CROSS JOIN relay_epoch e RETURNING number
                """)
            var output = Output()
            output.number = try rows.first?("number") ?? 0
            return Reply(output)
        }
        call.pokeExchange()
        return reply
    }
}

/// `POST /subscriptions/{subscription}/acknowledge`: the subscriber says how far he is.
enum AcknowledgeNumber: Endpoint {
    static let route = Route.post("/subscriptions/{subscription}/acknowledge")
    static let summary = "Say that you have everything up to a number; what is missed is counted from there"
    static let access = Access.signedIn
    static let refusals = [Refused.numberAhead]

    struct Input: Record {
        var subscription = SubscriptionID()
        var number: Int64 = 0
        static let fields: [Field<Self>] = [
            .init("subscription", \.subscription, .id, "The subscription", in: .path),
            .init("number", \.number, .whole, "Everything up to here has arrived and is kept"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Subscription> {
        try await call.transaction { work in
            let subscription = try await call.subscription(input.subscription, in: work)
            guard input.number <= subscription.numbered else { throw Refused.numberAhead }
            try await work.run(
                """
                UPDATE subscription_progress SET acknowledged = greatest(acknowledged, \(input.number))
                WHERE subscription = \(input.subscription)
                """)
            return try await call.subscription(input.subscription, in: work).reply
        }
    }
}

extension Refused {
    static let numberAhead = Refused(
        "integration.number-ahead", 422, vi: "Số này chưa được cấp.", en: "This number has not been given yet.",
        field: "number")
}
