import AMQP
import Contracts
import EventLog
import Foundation
import Postgres
import Receipts

/// `receipts_cost`: instructions of the service's process an event, with sealing against without, counted by callgrind.
///
/// The same number of events is written by 16 tasks and published by the production relay, in a process of its own
/// under valgrind, once with and once without the production sealer beside; of two runs of different length the
/// difference counts, so that starting does not.
enum ReceiptCost {
    static let (few, many) = (2_000, 12_000)
    static let tasks = 16

    static func figure() async throws -> Figure {
        try await Drain.withQueue {
            let bare = try instructions("bare")
            let sealed = try instructions("sealed")
            let note = String(format: "instructions an event: %.0f sealed, %.0f without", sealed, bare)
            return Figure(
                name: "receipts_cost", value: sealed / bare - 1, floor: 0.03, aim: 0.02, better: .lower, note: note)
        }
    }

    private static func instructions(_ mode: String) throws -> Double {
        let counts = try [few, many].map { try instructions(mode, $0) }
        return (counts[1] - counts[0]) / Double(many - few)
    }

    private static func instructions(_ mode: String, _ count: Int) throws -> Double {
        let output = try "\(Setting.value("RUN_DIR"))/callgrind-\(mode)-\(count).out"
        // Valgrind cannot read the debugging information of a Swift program.
        let program = try "\(Setting.value("RUN_DIR"))/benchmarks-stripped"
        try Command.run("strip", "-o", program, CommandLine.arguments[0])
        try Command.run(
            "valgrind", "--tool=callgrind", "--quiet", "--callgrind-out-file=\(output)", program, "carry", mode,
            "\(count)")
        let lines = try String(contentsOfFile: output, encoding: .utf8).split(separator: "\n")
        let totals = lines.last { $0.hasPrefix("totals: ") || $0.hasPrefix("summary: ") }
        guard let total = totals?.split(separator: " ").last.flatMap({ Double($0) }) else {
            throw BenchFault("callgrind counted nothing in \(output)")
        }
        return total
    }

    /// `Benchmarks carry bare|sealed COUNT`: what is counted.
    static func carry() async {
        do {
            let words = CommandLine.arguments
            guard words.count == 4, ["bare", "sealed"].contains(words[2]), let count = Int(words[3]) else {
                throw BenchFault("usage: Benchmarks carry bare|sealed COUNT")
            }
            try await carry(count, sealed: words[2] == "sealed")
        } catch {
            FileHandle.standardError.write(Data("carry: \(error)\n".utf8))
            exit(1)
        }
    }

    private static func carry(_ count: Int, sealed: Bool) async throws {
        let database = try await Backbone.database("onestop")
        try Backbone.empty("onestop")
        let publisher = Publisher(try Backbone.amqp("onestop"), exchange: Limits.exchange, logger: Backbone.quiet)
        let relay = Relay(
            database: database, publisher: publisher, source: "onestop", isConsumed: { _ in true },
            logger: Backbone.quiet)
        let sealer = ReceiptSealer(
            database: database, source: "onestop", key: SealingKey(), isActive: { relay.metrics.isLeader },
            logger: Backbone.quiet)
        let running = Task {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { try await relay.run() }
                if sealed { group.addTask { try await sealer.run() } }
            }
        }
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
        while publisher.metrics.confirmed < count || sealed && sealer.metrics.sealed < count {
            guard ContinuousClock.now - start < .seconds(300) else { throw BenchFault("not all was carried") }
            try await Task.sleep(for: .milliseconds(100))
        }
        running.cancel()
        try await running.value
        await publisher.close()
        await database.close()
    }
}
