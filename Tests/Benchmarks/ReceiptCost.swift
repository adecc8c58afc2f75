import AMQP
import Contracts
import EventLog
import Foundation
import Postgres
import Receipts

/// `receipts_cost`: instructions of the service's process an event for sealing, over those for writing and publishing
/// it, counted by callgrind.
///
/// Events are written by 16 tasks and published by the production relay, in a process of its own under valgrind; then
/// another one seals what that recorded with the production sealer, under a statement for each 500 events, as a service
/// with 500 events a second does. Of two runs of different length the difference counts, so that starting does not.
/// Apart, because valgrind is slow: beside each other the time between two statements would cover few events, and the
/// relay's ticks would have other sizes. Records are hashed in the database: that time is in the note.
enum ReceiptCost {
    static let (few, many) = (2_000, 12_000)
    static let tasks = 16
    static let statement = 500

    static func figure() async throws -> Figure {
        try await Drain.withQueue {
            // What is carried last is what is sealed.
            let counts = try [few, many].map {
                (carried: try instructions("carry", $0), sealed: try instructions("seal", $0))
            }
            let carried = (counts[1].carried - counts[0].carried) / Double(many - few)
            let sealed = (counts[1].sealed - counts[0].sealed) / Double(many - few)
            let inDatabase = try await hashing()
            let note = String(
                format: "instructions/event: %.0f to seal, %.0f to write and publish; %.1f us to hash in the database",
                sealed, carried, inDatabase)
            return Figure(
                name: "receipts_cost", value: sealed / carried, floor: 0.03, aim: 0.02, better: .lower, note: note)
        }
    }

    /// Microseconds an event of what was carried last to be sealed once more, outside of valgrind: nearly all of it is
    /// the database's.
    private static func hashing() async throws -> Double {
        try Statements.administer("TRUNCATE onestop.receipt_seal")
        let start = ContinuousClock.now
        try await seal(many)
        return (.now - start) / .microseconds(1) / Double(many)
    }

    private static func instructions(_ mode: String, _ count: Int) throws -> Double {
        let output = try "\(Setting.value("RUN_DIR"))/callgrind-\(mode)-\(count).out"
        // Valgrind cannot read the debugging information of a Swift program.
        let program = try "\(Setting.value("RUN_DIR"))/benchmarks-stripped"
        try Command.run("strip", "-o", program, CommandLine.arguments[0])
        try Command.run(
            "valgrind", "--tool=callgrind", "--quiet", "--callgrind-out-file=\(output)", program, "count", mode,
            "\(count)")
        let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
        let totals = lines.last { $0.hasPrefix("totals: ") || $0.hasPrefix("summary: ") }
        guard let total = totals?.split(separator: " ").last.flatMap({ Double($0) }) else {
            throw BenchFault("callgrind counted nothing in \(output)")
        }
        return total
    }

    /// `Benchmarks count carry|seal COUNT`: what is counted.
    static func counted() async {
        do {
            let words = CommandLine.arguments
            guard words.count == 4, ["carry", "seal"].contains(words[2]), let count = Int(words[3]) else {
                throw BenchFault("usage: Benchmarks count carry|seal COUNT")
            }
            if words[2] == "carry" { try await carry(count) } else { try await seal(count) }
        } catch {
            FileHandle.standardError.write(Data("count: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func carry(_ count: Int) async throws {
        let database = try await Backbone.database("onestop")
        try Backbone.empty("onestop")
        let publisher = Publisher(try Backbone.amqp("onestop"), exchange: Limits.exchange, logger: Backbone.quiet)
        let relay = Relay(
            database: database, publisher: publisher, source: "onestop", isConsumed: { _ in true },
            logger: Backbone.quiet)
        let running = Task { try await relay.run() }
        try await withThrowingDiscardingTaskGroup { group in
            for task in 0..<tasks {
                group.addTask {
                    for _ in stride(from: task, to: count, by: tasks) {
                        let announcement = Announcement(
                            event: Backbone.event(), agency: nil, actor: "bench", traceparent: nil,
                            occurredAt: Date())
                        try await database.run(
                            EventWriter.flight(
                                change: "SELECT 1::bigint AS version", then: [], announcing: [announcement]))
                    }
                }
            }
        }
        let start = ContinuousClock.now
        while publisher.metrics.confirmed < count {
            guard ContinuousClock.now - start < .seconds(300) else { throw BenchFault("not all was carried") }
            try await Task.sleep(for: .milliseconds(100))
        }
        running.cancel()
        try await running.value
        await publisher.close()
        await database.close()
    }

    private static func seal(_ count: Int) async throws {
        let database = try await Backbone.database("onestop")
        let sealer = ReceiptSealer(
            database: database, source: "onestop", key: SealingKey(), isActive: { true }, mostEvents: statement,
            logger: Backbone.quiet)
        let running = Task { try await sealer.run() }
        let start = ContinuousClock.now
        while sealer.metrics.sealed < count {
            guard ContinuousClock.now - start < .seconds(300) else { throw BenchFault("not all was sealed") }
            try await Task.sleep(for: .milliseconds(10))
        }
        running.cancel()
        try await running.value
        await database.close()
    }
}
