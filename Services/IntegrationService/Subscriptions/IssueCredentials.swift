import Contracts
import Foundation
import ServiceKit

/// `POST /subscriptions/{subscription}/credentials`: what the subscriber needs, shown once. The first time as it was
/// made; every further time a new password or secret. A webhook's former secrets sign beside the new one for a day; a
/// queue's user has the new password at once, and connections that stand go on.
enum IssueCredentials: Endpoint {
    static let route = Route.post("/subscriptions/{subscription}/credentials")
    static let summary = "The password or signing secret, shown once; asked for again, a new one"
    static let access = Access.signedIn

    struct Output: Record {
        var kind = TargetKind.queue
        var host: String?
        var port: Int?
        var brokers: [String] = []
        var isEncrypted: Bool?
        var vhost: String?
        var user: String?
        var queue: String?
        var password: String?
        var secret: String?
        var formerUntil: Date?

        static let fields: [Field<Self>] = [
            .init("kind", \.kind, .choice, "What it is for"),
            .init("host", \.host, .text(1...255), "The broker, or the first of them"),
            .init("port", \.port, .integer(1...65_535), "Its port, AMQP 0-9-1"),
            .init(
                "brokers", \.brokers, .list(.text(1...262), 0...Limits.pageMaximum),
                "All of them, host:port; any will do"),
            .init("tls", \.isEncrypted, .bool, "Whether they expect TLS"),
            .init("vhost", \.vhost, .text(1...255), "Its vhost"),
            .init("user", \.user, .text(1...100), "May read this queue and nothing else"),
            .init("queue", \.queue, .text(1...100), "The queue; the exchange makes it: do not declare it"),
            .init("password", \.password, .text(1...100), "Keep it: it is not shown again"),
            .init("secret", \.secret, .text(1...100), "For the signatures (Standard Webhooks); it is not shown again"),
            .init("formerUntil", \.formerUntil, .instant, "Until then the secrets before sign too"),
        ]
    }

    static func handle(_ input: SubscriptionInput, _ call: Call) async throws -> Reply<Output> {
        // Not `call.transaction`: it would keep the answer, and with it the secret, for a repeated Idempotency-Key.
        let subscription = try await call.runtime.database.transaction { transaction in
            try await issue(input.subscription, call, transaction)
        }
        let secrets = call.resource(Outlets.self).secrets
        let (id, generation) = (subscription.subscription, subscription.generation)
        var output = Output()
        output.kind = subscription.kind
        switch subscription.kind {
        case .queue:
            // The user stands; a queue that is missing at this moment is made again by whoever leads.
            guard await call.provide(id, generation: generation) else { throw Refused.busy }
            let (amqp, doors) = (call.runtime.configuration.amqp, call.resource(Outlets.self).doors)
            (output.host, output.port, output.vhost) = (doors.first?.host, doors.first?.port, amqp.vhost)
            (output.brokers, output.isEncrypted) = (doors.map(\.description), amqp.tls != nil)
            (output.user, output.queue) = (subscription.queue, subscription.queue)
            output.password = secrets.password(id, generation)
        case .webhook:
            output.secret = secrets.text(id, generation)
            output.formerUntil = subscription.formerUntil
        }
        call.pokeExchange()
        return Reply(output, version: Int64(subscription.version))
    }

    private static func issue(
        _ id: SubscriptionID, _ call: Call, _ session: any Session
    ) async throws -> Subscription {
        try await session.run("SELECT 1 AS one FROM subscriptions WHERE id = \(id) FOR UPDATE")
        let before = try await call.subscription(id, in: session)
        try call.check(Int64(before.version))
        let overlap = Limits.Integration.secretOverlap.secondsValue
        try await session.run(
            """
            WITH issued AS (
                UPDATE subscriptions SET version = version + 1, shown = true,
                    generation = generation + CASE WHEN shown THEN 1 ELSE 0 END,
                    former_generation = CASE WHEN former_until > clock_timestamp() THEN former_generation
                        ELSE generation END,
                    former_until = CASE WHEN shown AND kind = 'webhook'
                        THEN clock_timestamp() + make_interval(secs => \(overlap)) END
                WHERE id = \(id) RETURNING id)
            INSERT INTO subscription_history (subscription, actor, what)
            SELECT id, \(call.caller.id), 'credentials issued' FROM issued
            """)
        return try await call.subscription(id, in: session)
    }
}
