import Contracts
import Foundation
import ServiceKit

/// `PATCH /subscriptions/{subscription}`: what is left out stays. Holds for what gets its number from then on.
enum ChangeSubscription: Endpoint {
    static let route = Route.patch("/subscriptions/{subscription}")
    static let summary = "Change name, patterns, agency or address; what is left out stays"
    static let access = Access.official(.integrationManage)
    static let refusals = [
        Refused.patternShape, .patternUnknown("…"), .urlWithQueue, .urlMalformed, .urlScheme, .urlForbidden,
    ]

    struct Input: Record {
        var subscription = SubscriptionID()
        var name: String?
        var types: [String]?
        var agency: AgencyCode?
        var url: String?

        static let fields: [Field<Self>] = [
            .init("subscription", \.subscription, .id, "The subscription", in: .path),
            .init("name", \.name, .text(1...Limits.nameLength), "What people call it"),
            .init("types", \.types, .list(.text(1...Limits.Events.type), 0...Limits.Integration.patterns), "Patterns"),
            .init("agency", \.agency, .agency, "Only events of this agency and those below"),
            .init("url", \.url, .text(1...Limits.Integration.urlLength), "Where a webhook's events go"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Subscription> {
        if let types = input.types { try Wish.check(types: types) }
        let reply = try await call.transaction { work in
            let before = try await work.subscription(input.subscription, of: call)
            if let agency = input.agency { try await call.require(.integrationManage, at: agency) }
            if let url = input.url { try Wish.check(url: url, before.kind, call.resource(Outlets.self).policy) }
            try await work.run(
                """
                UPDATE subscriptions SET version = version + 1, name = coalesce(\(input.name), name),
                    types = coalesce(\(input.types), types), agency = coalesce(\(input.agency), agency),
                    url = coalesce(\(input.url), url)
                WHERE id = \(input.subscription)
                """)
            try await work.note(input.subscription, "changed")
            return try await call.subscription(input.subscription, in: work).reply
        }
        call.pokeExchange()
        return reply
    }
}

/// `POST /subscriptions/{subscription}/pause`.
enum PauseSubscription: Endpoint {
    static let route = Route.post("/subscriptions/{subscription}/pause")
    static let summary = "Stop deliveries; nothing is lost"
    static let access = Access.signedIn
    static let refusals = [Refused.notActive]

    static func handle(_ input: SubscriptionInput, _ call: Call) async throws -> Reply<Subscription> {
        let reply = try await call.transaction { work in
            let before = try await work.subscription(input.subscription, of: call)
            guard before.state == .active else { throw Refused.notActive }
            try await work.run(
                "UPDATE subscriptions SET version = version + 1, state = 'paused' WHERE id = \(input.subscription)")
            try await work.note(input.subscription, "paused")
            return try await call.subscription(input.subscription, in: work).reply
        }
        call.pokeExchange()
        return reply
    }
}

/// `POST /subscriptions/{subscription}/resume`: goes on where it stood; what was given up is tried again first.
enum ResumeSubscription: Endpoint {
    static let route = Route.post("/subscriptions/{subscription}/resume")
    static let summary = "Go on where it stood, after a pause or after it was disabled"
    static let access = Access.signedIn
    static let refusals = [Refused.alreadyActive]

    static func handle(_ input: SubscriptionInput, _ call: Call) async throws -> Reply<Subscription> {
        let reply = try await call.transaction { work in
            let before = try await work.subscription(input.subscription, of: call)
            guard before.state != .active else { throw Refused.alreadyActive }
            try await work.run(
                """
                UPDATE subscriptions SET version = version + 1, state = 'active', reason = NULL
                WHERE id = \(input.subscription)
                """)
            try await work.run(
                """
                UPDATE delivery_failures SET state = 'retrying', attempts = 0, first_at = clock_timestamp(),
                    due_at = clock_timestamp()
                WHERE subscription = \(input.subscription)
                """)
            try await work.note(input.subscription, "resumed")
            return try await call.subscription(input.subscription, in: work).reply
        }
        call.pokeExchange()
        return reply
    }
}

/// `DELETE /subscriptions/{subscription}`: its queue and its user go too; the ledger stays.
enum DeleteSubscription: Endpoint {
    static let route = Route.delete("/subscriptions/{subscription}")
    static let summary = "Delete a subscription with its queue and its user; what was delivered stays in the ledger"
    static let access = Access.official(.integrationManage)

    static func handle(_ input: SubscriptionInput, _ call: Call) async throws -> Reply<Nothing> {
        let reply = try await call.transaction { work -> Reply<Nothing> in
            _ = try await work.subscription(input.subscription, of: call)
            try await work.run(
                "UPDATE subscriptions SET version = version + 1, state = 'deleted' WHERE id = \(input.subscription)")
            try await work.run(
                """
                UPDATE replays SET state = 'cancelled', ended_at = clock_timestamp()
                WHERE subscription = \(input.subscription) AND state = 'running'
                """)
            try await work.note(input.subscription, "deleted")
            return Reply(Nothing())
        }
        call.pokeExchange()
        do { try await call.resource(BrokerControl.self).remove(Subscription.queue(of: input.subscription)) } catch {
            // An orphan from now on: the comparison removes it.
            call.log.warning("queue not removed yet", metadata: ["error": "\(error)"])
            call.resource(Bells.self).broker.ring()
        }
        return reply
    }
}

extension Refused {
    static let notActive = Refused(
        "integration.not-active", vi: "Đăng ký không ở trạng thái hoạt động.", en: "The subscription is not active.")
    static let alreadyActive = Refused(
        "integration.already-active", vi: "Đăng ký đang hoạt động.", en: "The subscription is active already.")
}
