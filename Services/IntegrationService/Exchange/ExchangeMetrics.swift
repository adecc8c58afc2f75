import Contracts
import Postgres
import ServiceKit

/// What operators see of the exchange; a disabled subscription and one that is far behind are alarms.
enum ExchangeMetrics {
    typealias Sample = Metrics.Sample

    static func samples(_ counts: ExchangeCounts, _ database: Database) async -> [Sample] {
        let now = counts.now
        func name(_ word: String) -> String { "lienthong_integration_\(word)" }
        var samples = [
            Sample(name("leader"), now.isLeader ? 1 : 0, help: "Whether this process numbers and delivers"),
            Sample(name("archived_total"), Double(now.archived), isCounter: true, help: "Events that got a position"),
            Sample(
                name("failed_total"), Double(now.failed), isCounter: true, help: "Tries of webhooks that failed"),
            Sample(
                name("orphans_total"), Double(now.orphans), isCounter: true,
                help: "Queues and users removed that no subscription has"),
        ]
        for kind in TargetKind.allCases {
            samples.append(
                Sample(
                    name("delivered_total"), Double(now.delivered[kind] ?? 0), isCounter: true,
                    labels: [("kind", kind.rawValue)], help: "Deliveries that the subscriber, or his queue, has"))
        }
        return samples + (await standing(database, name))
    }

    private static func standing(_ database: Database, _ name: (String) -> String) async -> [Sample] {
        guard
            let rows = try? await database.run(
                """
                SELECT s.state, count(*) AS n, max(h.position - p.place) AS behind, max(p.numbered - p.settled) AS open
                FROM subscriptions s JOIN subscription_progress p ON p.subscription = s.id CROSS JOIN archive_head h
                WHERE s.state <> 'deleted' GROUP BY s.state
                """),
            let dead = try? await database.run("SELECT count(*) AS n FROM delivery_failures WHERE state = 'dead'"),
            let head = try? await database.run("SELECT position FROM archive_head")
        else { return [] }
        var samples: [Sample] = []
        for row in rows {
            guard let state = try? row("state", as: String.self), let count = try? row("n", as: Int.self),
                let behind = try? row("behind", as: Int.self), let open = try? row("open", as: Int.self)
            else { continue }
            let labels = [(name: "state", value: state)]
            samples += [
                Sample(name("subscriptions"), Double(count), labels: labels, help: "Subscriptions by state"),
                Sample(
                    name("behind_events"), Double(behind), labels: labels,
                    help: "Positions that the one farthest behind has not looked at"),
                Sample(
                    name("open_deliveries"), Double(open), labels: labels,
                    help: "Numbered deliveries that are not over, of the one with the most"),
            ]
        }
        if let count = try? dead.first?("n", as: Int.self) {
            samples.append(Sample(name("dead_deliveries"), Double(count), help: "Deliveries that wait for an operator"))
        }
        if let position = try? head.first?("position", as: Int.self) {
            samples.append(Sample(name("position"), Double(position), help: "The archive's last position"))
        }
        return samples
    }
}
