import Contracts
import ServiceKit

// Whose a subscription is: officials who hold integration.manage at its agency (of the whole system when it has none),
// and the program that it was made for.
extension Call {
    func mayManage(_ subscription: Subscription) async throws {
        if let client = caller.client {
            guard subscription.client == client else { throw refused(.notFound) }
            return
        }
        try await require(.integrationManage, at: subscription.agency ?? .none)
    }

    /// The subscriptions that the caller may see; `s` is the table.
    func visible() async throws -> SQL {
        if let client = caller.client { return "s.client = \(client)" }
        let agencies = try await agencies(.integrationManage)
        guard !agencies.isEmpty else { throw refused() }
        if agencies.contains(.none) { return "true" }
        let parts = agencies.map { agency -> SQL in
            "s.agency = \(agency) OR s.agency LIKE \("\(agency.text).%")"
        }
        return "(\(SQL(joining: parts, separator: " OR ")))"
    }

    /// A subscription that the caller may manage.
    func subscription(_ id: SubscriptionID, in session: (any Session)? = nil) async throws -> Subscription {
        let rows = try await (session ?? runtime.database).run(
            "\(Subscription.selection) WHERE s.id = \(id) AND s.state <> 'deleted'")
        guard let row = rows.first else { throw Refused.notFound }
        let subscription = try Subscription(row)
        try await mayManage(subscription)
        return subscription
    }

    /// The deliverers look at once.
    func pokeExchange() { resource(Bells.self).subscriptions.ring() }
}

extension Work {
    /// A subscription that the caller may manage and that nobody changes meanwhile; the version that he sent is its.
    func subscription(_ id: SubscriptionID, of call: Call) async throws -> Subscription {
        try await run("SELECT 1 AS one FROM subscriptions WHERE id = \(id) FOR UPDATE")
        let subscription = try await call.subscription(id, in: self)
        try call.check(Int64(subscription.version))
        return subscription
    }

    func note(_ subscription: SubscriptionID, _ what: String, _ note: String? = nil) async throws {
        try await run(
            """
            INSERT INTO subscription_history (subscription, actor, what, note)
            VALUES (\(subscription), \(actor), \(what), \(note))
            """)
    }
}

/// What names a subscription in a path.
struct SubscriptionInput: Record {
    var subscription = SubscriptionID()
    static let fields: [Field<Self>] = [
        .init("subscription", \.subscription, .id, "The subscription", in: .path)
    ]
}
