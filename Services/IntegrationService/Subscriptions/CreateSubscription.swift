import Contracts
import Foundation
import ServiceKit

/// `POST /subscriptions`: from now on, from a time, from a position of the archive, or one thing from its beginning.
enum CreateSubscription: Endpoint {
    static let route = Route.post("/subscriptions", success: 201)
    static let summary = "Make a subscription: which events, where they go, and from when on"
    static let access = Access.official(.integrationManage)
    static let refusals = [
        Refused.patternShape, .patternUnknown("…"), .urlWithQueue, .urlMissing, .urlMalformed, .urlScheme,
        .urlForbidden, .aggregateUnknown, .positionAhead, .twoStarts, .tooManySubscriptions,
    ]

    struct Input: Record {
        var name = ""
        var kind = TargetKind.queue
        var types: [String] = []
        var agency: AgencyCode?
        var aggregate: AggregateChoice?
        var client: String?
        var url: String?
        var fromTime: Date?
        var fromPosition: Int64?

        static let fields: [Field<Self>] = [
            .init("name", \.name, .text(1...Limits.nameLength), "What people call it"),
            .init("kind", \.kind, .choice, "A private queue at the broker, or a webhook"),
            .init(
                "types", \.types, .list(.text(1...Limits.Events.type), 0...Limits.Integration.patterns), default: [],
                "Patterns of types such as onestop.dossier.*.v1 or hr.#; none: every type"),
            .init("agency", \.agency, .agency, "Only events of this agency and those below; without it, of the system"),
            .init("aggregate", \.aggregate, .record, "Only events of one thing"),
            .init("client", \.client, .text(1...100), "The program that may manage it with its own token"),
            .init("url", \.url, .text(1...Limits.Integration.urlLength), "Where a webhook's events go"),
            .init(
                "fromTime", \.fromTime, .instant, "Everything that happened then or later comes, and then what is new"),
            .init("fromPosition", \.fromPosition, .whole, "Everything from this position of the archive on comes"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Subscription> {
        try await call.require(.integrationManage, at: input.agency ?? .none)
        try decide(input, call.resource(Outlets.self))
        let id = SubscriptionID.new()
        let reply = try await call.transaction { work in
            let place = try await place(input, work)
            let aggregate = input.aggregate
            let known = try await work.run("SELECT count(*) AS n FROM subscriptions WHERE state <> 'deleted'")
            guard let count: Int = try known.first?("n"), count < Limits.Integration.subscriptions else {
                throw Refused.tooManySubscriptions
            }
            try await work.run(
                """
                INSERT INTO subscriptions (id, version, name, kind, types, agency, aggregate_source, aggregate_type,
                                           aggregate_id, client, url, state, created_by)
                VALUES (\(id), 1, \(input.name), \(input.kind.rawValue), \(input.types), \(input.agency),
                        \(aggregate?.source), \(aggregate?.type), \(aggregate?.id), \(input.client), \(input.url),
                        'active', \(call.caller.id))
                """)
            try await work.run(
                """
                INSERT INTO subscription_progress (subscription, place) SELECT \(id), coalesce(\(place), h.position)
                FROM archive_head h
                """)
            try await work.note(id, "created")
            let made = try await call.subscription(id, in: work)
            return Reply(made, version: 1, location: "/subscriptions/\(id)")
        }
        var output = reply
        // The queue first: deliveries begin with the poke.
        if input.kind == .queue { output.output.isProvisioned = await call.provide(id, generation: 1) }
        call.pokeExchange()
        return output
    }

    static func decide(_ input: Input, _ outlets: Outlets) throws(Refused) {
        try Wish.check(types: input.types)
        try Wish.check(url: input.url, input.kind, outlets.policy)
        try Wish.check(aggregate: input.aggregate)
        guard input.fromTime == nil || input.fromPosition == nil else { throw .twoStarts }
    }

    /// Nil: now.
    private static func place(_ input: Input, _ work: Work) async throws -> Int64? {
        if let time = input.fromTime { return try await ArchiveReader(database: work).place(before: time) }
        guard let position = input.fromPosition else { return input.aggregate == nil ? nil : 0 }
        let head: Int64 = try await work.run("SELECT position FROM archive_head").first?("position") ?? 0
        guard position <= head + 1 else { throw Refused.positionAhead }
        return max(0, position - 1)
    }
}

extension Call {
    /// Makes the user at once, and the queue where there never was one, so that nothing is on its way into it; when the
    /// broker is away the comparison does it later. A queue that is missing now is made by the comparison alone: any
    /// copy of the service answers requests, and only the one that leads knows when a batch is over.
    func provide(_ id: SubscriptionID, generation: Int) async -> Bool {
        let broker = resource(BrokerControl.self)
        do {
            let had = try await runtime.database.run(
                "SELECT 1 AS one FROM subscriptions WHERE id = \(id) AND provisioned > 0")
            if had.isEmpty {
                try await broker.provide(id, generation: generation)
            } else {
                try await broker.provideUser(id, generation: generation)
            }
            guard try await broker.noteProvided(id, generation, in: runtime.database) else {
                resource(Bells.self).broker.ring()
                return false
            }
            return true
        } catch {
            log.warning("queue or user not made yet", metadata: ["subscription": "\(id)", "error": "\(error)"])
            resource(Bells.self).broker.ring()
            return false
        }
    }
}
