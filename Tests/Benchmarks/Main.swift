import Foundation

/// `Benchmarks [suite ...]`: measures on servers of its own (make bench), prints a table and writes bench.json into the
/// run folder. Suites: backbone, services, exchange, onestop, workflow, inbox; all when none is named; and when
/// named submission-size, reports, hindrance, and receipts, which needs valgrind. Exit status 1: a figure is below its
/// floor, or could not be measured.
@main enum Main {
    /// The first thread waits by itself: an asynchronous `main` would end it, which valgrind does not survive.
    static func main() {
        Task.detached {
            let status = await run()
            exit(status)
        }
        while true { pause() }
    }

    /// The exit status.
    private static func run() async -> Int32 {
        if CommandLine.arguments.dropFirst().first == "count" {
            await ReceiptCost.counted()
            return 0
        }
        let wanted = Set(CommandLine.arguments.dropFirst())
        func wants(_ suite: String) -> Bool { wanted.isEmpty || wanted.contains(suite) }
        do {
            say(Figure.header)
            var figures: [Figure] = []
            func add(_ more: [Figure]) {
                more.forEach { say($0.row) }
                figures += more
            }
            if wants("backbone") {
                // Latency first: a drained backlog leaves work behind, for checkpoints and the broker.
                add([try await Effect.figure()])
                add([try await Drain.figure()])
            }
            if ["services", "exchange", "onestop", "workflow", "inbox"].contains(where: wants) {
                let services = try OneStop.start()
                if wants("services") { add(try await Services.figures(services)) }
                if wants("exchange") { add(try await Backfill.figures(services)) }
                if ["onestop", "workflow", "inbox"].contains(where: wants) { try services.alone() }
                if wants("onestop") { add(try services.againstPgBench()) }
                if wants("workflow") { add([try services.workflows()]) }
                if wants("inbox") { add(try await services.inbox()) }
            }
            if wanted.contains("submission-size") {
                let services = try OneStop.start()
                try services.alone()
                add(try SubmissionSize.figures(services))
            }
            if wanted.contains("reports") {
                let services = try OneStop.start()
                try services.alone()
                add(try ReportLoad.figures(services))
            }
            if wanted.contains("hindrance") { add(try await Hindrance.figures()) }
            if wanted.contains("receipts") { add([try await ReceiptCost.figure()]) }
            try write(figures)
            let below = figures.filter { !$0.meetsFloor }.map(\.name)
            if !below.isEmpty { say("below their floors: \(below.joined(separator: ", "))") }
            return Figure.status(of: figures)
        } catch {
            FileHandle.standardError.write(Data("bench: \(error)\n".utf8))
            return 1
        }
    }

    /// At once, also into a file: a benchmark takes minutes.
    private static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    /// `.run/bench.json`: the run folder of the benchmark lies inside the one that the file is for.
    private static func write(_ figures: [Figure]) throws {
        let folder = URL(fileURLWithPath: try Setting.value("RUN_DIR")).deletingLastPathComponent()
        let json: [String: Any] = ["machine": Machine.description, "figures": figures.map(\.json)]
        let data = try JSONSerialization.data(withJSONObject: json, options: [.prettyPrinted, .sortedKeys])
        try data.write(to: folder.appendingPathComponent("bench.json"))
    }
}
