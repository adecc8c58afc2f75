import Contracts
import Courier
import Foundation
import Logging
import Postgres
import ServiceKit

/// The queues of subscriptions and their users, made and removed over RabbitMQ's management API. Everything here may be
/// done twice.
struct BrokerControl: Sendable {
    /// Direct; each queue is bound to it under its own name.
    static let exchange = "integration.deliveries"

    private let management: Management
    private let vhost: String
    private let queueArguments: JSON
    private let secrets: SubscriptionSecrets
    private let turns: Turns
    private let log: Logger

    init(_ configuration: Configuration, _ outlets: Outlets, _ log: Logger) throws(ConfigurationFaults) {
        let amqp = configuration.amqp
        management = try Management(configuration, log)
        vhost = amqp.vhost
        queueArguments = Self.arguments(nodes: amqp.addresses.count)
        secrets = outlets.secrets
        turns = outlets.turns
        self.log = log
    }

    /// What is in a subscription's queue stands in the archive too, with its number, and is read again as `missed`: the
    /// queue need not survive its node. On one node it is a classic one of version 2, which costs a third of a quorum
    /// queue and no stop of the whole broker's log; of several nodes another takes over a quorum queue at once.
    static func arguments(nodes: Int) -> JSON {
        let type: [JSON.Member] =
            nodes > 1
            ? [.init("x-queue-type", "quorum")]
            : [.init("x-queue-type", "classic"), .init("x-queue-version", 2)]
        return .object(
            type + [
                .init("x-overflow", "reject-publish"),
                .init("x-max-length", .integer(Int64(Limits.Integration.queueLength))),
            ])
    }

    // MARK: - One subscription

    /// Exchange, queue, binding and user with exactly its right. A queue that stood before is made again by nobody but
    /// whoever leads: only there is it known that no batch is on its way into it.
    func provide(_ subscription: SubscriptionID, generation: Int) async throws {
        try await turns.take(of: subscription) { try await provideQueue(Subscription.queue(of: subscription)) }
        try await provideUser(subscription, generation: generation)
    }

    private func provideQueue(_ queue: String) async throws {
        try await ask(
            "PUT", ["exchanges", vhost, Self.exchange], ["type": "direct", "durable": true, "auto_delete": false])
        do {
            try await ask(
                "PUT", ["queues", vhost, queue],
                ["durable": true, "auto_delete": false, "arguments": queueArguments])
        } catch let fault as BrokerFault where fault.status == 400 {
            // One that was made when the broker had another number of nodes stays what it is.
            try await ask("GET", ["queues", vhost, queue])
        }
        try await ask("POST", ["bindings", vhost, "e", Self.exchange, "q", queue], ["routing_key": .string(queue)])
    }

    /// The user alone, for whom the queue need not be there.
    func provideUser(_ subscription: SubscriptionID, generation: Int) async throws {
        let queue = Subscription.queue(of: subscription)
        // The tags say whose it is, as users belong to the whole broker, and which password it has.
        try await ask(
            "PUT", ["users", queue],
            [
                "password": .string(secrets.password(subscription, generation)),
                "tags": .string("\(tag),\(Self.generationTag)\(generation)"),
            ])
        let own = "^\(queue.replacing(".", with: #"\."#))$"
        try await ask(
            "PUT", ["permissions", vhost, queue], ["configure": "^$", "write": "^$", "read": .string(own)])
    }

    func remove(_ name: String) async throws {
        try await ask("DELETE", ["queues", vhost, name], missingIsFine: true)
        try await ask("DELETE", ["users", name], missingIsFine: true)
    }

    private var tag: String { "vhost-\(vhost)" }
    private static let generationTag = "generation-"

    // MARK: - All of them

    /// What a comparison found at the broker.
    struct Found: Sendable {
        /// Nobody's queues and users, which were removed.
        var orphans = 0
        /// Subscriptions' queues that cannot be used although every node that has them runs, or that are too new for
        /// the broker to have said how they are.
        var broken: Set<String> = []
        /// Somebody was given another password meanwhile.
        var changed = false
    }

    /// What stands at the broker and what the subscriptions say are made the same.
    ///
    /// The broker is asked first: whatever stands there was in the database before it was made.
    /// - Parameter lost: queues that were found broken for as long as one has to come back. RabbitMQ may come back from
    ///   a crash with a queue whose log it cannot read, and keeps one whose making was cut off half-way: it stands, and
    ///   every use of it fails. What is still so is made again.
    func compare(with database: Database, lost: Set<String>) async throws -> Found {
        let queues = try await all(["queues", vhost])
        var people: [String: Int] = [:]
        for user in try await all(["users"]) {
            let tags = Self.tags(user)
            guard tags.contains(tag) else { continue }
            let generation = tags.first { $0.hasPrefix(Self.generationTag) }?.dropFirst(Self.generationTag.count)
            people[Self.name(user)] = generation.flatMap { Int($0) } ?? 0
        }
        var (found, standing) = (Found(), Set(queues.map(Self.name)))
        let leaderless = Self.leaderless(queues)
        if !leaderless.isEmpty {
            let nodes = try await all(["nodes"]).filter { $0["running"] == .bool(true) }.map(Self.name)
            found.broken = Set(leaderless.filter { Self.isComplete($0, running: Set(nodes)) }.map(Self.name))
        }
        let unbound = standing.subtracting(try await bound()).subtracting(leaderless.map(Self.name))
        let rows = try await database.run(
            "SELECT id, generation, provisioned FROM subscriptions WHERE kind = 'queue' AND state <> 'deleted'")
        var known: Set<String> = []
        for row in rows {
            let id: SubscriptionID = try row("id")
            let (generation, provisioned): (Int, Int) = (try row("generation"), try row("provisioned"))
            let name = Subscription.queue(of: id)
            known.insert(name)
            if lost.contains(name), found.broken.remove(name) != nil {
                log.error(
                    "a queue was lost at the broker; it is made again, its subscriber reads what was in it as missed",
                    metadata: ["queue": "\(name)"])
                try await ask("DELETE", ["queues", vhost, name], missingIsFine: true)
                standing.remove(name)
            }
            // Two who asked for a new password at once may have set theirs in another order than the database has.
            let isItsUser = people[name] == generation && provisioned == generation
            guard !isItsUser || !standing.contains(name) || unbound.contains(name) else { continue }
            try await provide(id, generation: generation)
            if try await !noteProvided(id, generation, in: database) { found.changed = true }
            log.notice("queue and user made", metadata: ["queue": "\(name)"])
        }
        let orphans = standing.union(people.keys).subtracting(known).filter { $0.hasPrefix(Subscription.queuePrefix) }
        for orphan in orphans.sorted() {
            try await remove(orphan)
            log.warning("orphan removed at the broker", metadata: ["name": "\(orphan)"])
        }
        found.orphans = orphans.count
        return found
    }

    /// The queues that have their binding: the others stand and get nothing. Of one whose node is away the broker tells
    /// none, and that is no fault of its making.
    private func bound() async throws -> Set<String> {
        let bindings = try await all(["exchanges", vhost, Self.exchange, "bindings", "source"], missingIsFine: true)
        return Set(bindings.compactMap { $0["destination"]?.text })
    }

    /// A string in this version, a list in newer ones.
    private static func tags(_ user: JSON) -> [String] {
        user["tags"]?.array?.compactMap(\.text) ?? user["tags"]?.text?.split(separator: ",").map(String.init) ?? []
    }

    private static func name(_ thing: JSON) -> String { thing["name"]?.text ?? "" }

    /// Those of subscriptions that nobody leads. Of a quorum queue none of the members is alive; or one is and was
    /// never elected, because who asked for the queue went away: then it alone has no state, which leaders tell every
    /// few seconds. The process of a classic one has crashed, or did not come up.
    static func leaderless(_ queues: [JSON]) -> [JSON] {
        let areMeasured = queues.contains { $0["state"]?.text != nil }
        return queues.filter { queue in
            guard name(queue).hasPrefix(Subscription.queuePrefix) else { return false }
            guard queue["members"]?.array?.isEmpty == false else {
                return ["crashed", "down", "stopped"].contains(queue["state"]?.text)
            }
            return queue["online"]?.array?.isEmpty == true || areMeasured && queue["state"]?.text == nil
        }
    }

    /// A queue whose nodes do not all run only waits for them.
    private static func isComplete(_ queue: JSON, running nodes: Set<String>) -> Bool {
        (queue["members"]?.array ?? queue["node"].map { [$0] } ?? []).allSatisfy { nodes.contains($0.text ?? "") }
    }

    /// False: it has another password by now, which may have been set before this one.
    func noteProvided(
        _ subscription: SubscriptionID, _ generation: Int, in database: any Session
    ) async throws -> Bool {
        try await database.run(
            """
            UPDATE subscriptions SET provisioned = \(generation)
            WHERE id = \(subscription) AND generation = \(generation)
            """
        ).affected == 1
    }

    /// Of a queue that was lost while it ran the management says twice which of its members are online: first what
    /// is, then what the last statistics had.
    private func all(_ path: [String], missingIsFine: Bool = false) async throws -> [JSON] {
        let answer = try await ask("GET", path, missingIsFine: missingIsFine)
        return try JSON(parsing: answer.body, repeated: .ignored).array ?? []
    }

    // MARK: - The API

    @discardableResult
    private func ask(
        _ method: String, _ path: [String], _ body: JSON? = nil, missingIsFine: Bool = false
    ) async throws -> CourierAnswer {
        let parts = path.map { $0.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "" }
        let columns = method == "GET" ? "?columns=name,tags,members,online,state,node,running,destination" : ""
        let answer = try await management.send(method, parts.joined(separator: "/") + columns, body)
        guard (200..<300).contains(answer.status) || missingIsFine && answer.status == 404 else {
            throw BrokerFault(attempting: "\(method) \(path.joined(separator: "/"))", status: answer.status)
        }
        return answer
    }
}

/// The broker's management said no.
struct BrokerFault: Error, CustomStringConvertible {
    let attempting: String
    let status: Int

    var description: String { "the broker's management answered \(status) to \(attempting)" }
}
