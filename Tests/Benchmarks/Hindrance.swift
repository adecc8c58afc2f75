import Contracts
import EventLog
import Foundation
import Postgres
import Synchronization

/// What somebody else's trouble costs everybody else; only when named (`SUITE=hindrance`). Pairs without and with it,
/// in turns that change places, because the machine drifts.
///
/// `foreign_writer_ratio`: the 99th percentile of effect_vs_floor's own run while a transaction that has written stays
/// open in another database of the server, over the one without. `poison_ratio`: how long a backlog of others takes to
/// have its effects while one aggregate's events all fail, over the time without.
enum Hindrance {
    static let pairs = 15
    static let others = 20_000
    static let poisonous = 200

    static func figures() async throws -> [Figure] {
        let (source, target) = (try await Backbone.database("onestop"), try await Backbone.database("mail"))
        try Backbone.empty("onestop")
        try Backbone.empty("mail")
        let foreign = try await ratio("foreign_writer_ratio") { isHindered in
            func p99() async throws -> Double { try await Effect.ours(source, target).quantile(0.99) }
            return isHindered ? try await withForeignWriter(p99) : try await p99()
        }
        let poison = try await ratio("poison_ratio") { try await seconds(source, target, isPoisoned: $0) }
        try Backbone.empty("onestop")
        try Backbone.empty("mail")
        await source.close()
        await target.close()
        return [foreign, poison]
    }

    private static func ratio(_ name: String, _ measure: (Bool) async throws -> Double) async throws -> Figure {
        var ratios: [Double] = []
        var notes: [String] = []
        for pair in 0..<pairs {
            var values: [Bool: Double] = [:]
            for isHindered in pair.isMultiple(of: 2) ? [false, true] : [true, false] {
                values[isHindered] = try await measure(isHindered)
            }
            let (hindered, free) = (values[true] ?? .nan, values[false] ?? .nan)
            ratios.append(hindered / free)
            notes.append(String(format: "%.2f/%.2f", hindered, free))
        }
        return Figure(
            name: name, value: ratios.median, floor: 1.1, aim: 1.1, better: .lower,
            note: "with/without: \(notes.joined(separator: " "))")
    }

    private static func withForeignWriter(_ body: () async throws -> Double) async throws -> Double {
        let foreign = Database(
            PostgresConfiguration(
                host: "127.0.0.1", port: try Setting.port("PG_PORT"), database: "postgres", user: "postgres",
                password: try Setting.value("PG_PASSWORD"), schema: "public", connections: 1),
            logger: Backbone.quiet)
        let value = try await foreign.transaction { transaction in
            try await transaction.run("SELECT pg_current_xact_id()::text AS id")
            return try await body()
        }
        await foreign.close()
        return value
    }

    private struct Poisonous: Error {}

    /// From the first effect of the others to the last.
    private static func seconds(
        _ source: Database, _ target: Database, isPoisoned: Bool
    ) async throws -> Double {
        try Backbone.empty("onestop")
        try Backbone.empty("mail")
        try Statements.administer("TRUNCATE mail.inbox_parked")
        // The poison stands in front: whatever waits behind it waits for nothing else.
        if isPoisoned { try backlog(poisonous, aggregate: "'poison'", version: "n") }
        try backlog(others, aggregate: "gen_random_uuid()::text", version: "1")
        let seen = Mutex<(count: Int, first: ContinuousClock.Instant?, last: ContinuousClock.Instant?)>((0, nil, nil))
        return try await Backbone.whileRunning(
            source, target,
            reacting: { envelope, _ in
                guard envelope.aggregateID != "poison" else { throw Poisonous() }
                seen.withLock { seen in
                    seen.count += 1
                    if seen.first == nil { seen.first = .now }
                    seen.last = .now
                }
            }
        ) { inbox in
            try await Backbone.settle(inbox, taken: others)
            return try seen.withLock { seen in
                guard seen.count >= others, let first = seen.first, let last = seen.last else {
                    throw BenchFault("\(seen.count) of \(others) effects")
                }
                return (last - first).seconds
            }
        }
    }

    private static func backlog(_ count: Int, aggregate: String, version: String) throws {
        try Statements.administer(
            """
            INSERT INTO onestop.event_log (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, agency,
                                           actor, traceparent, occurred_at, payload)
            SELECT 1, gen_random_uuid(), 'dossier', \(aggregate), \(version), '\(DossierSubmitted.type)', 'H19.12',
                   'bench', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', now(), '{"text":"x"}'::json
            FROM generate_series(1, \(count)) n
            """)
    }
}
