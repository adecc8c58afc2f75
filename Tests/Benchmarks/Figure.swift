import Foundation

/// One line of the table: a ratio or a duration with what it must and what it should reach.
struct Figure: Sendable {
    enum Better: String, Sendable { case higher, lower }

    let name: String
    let value: Double
    let floor: Double
    let aim: Double
    let better: Better
    /// How it came about: the absolute figures of the run, for people.
    let note: String

    var meetsFloor: Bool { better == .higher ? value >= floor : value <= floor }
    var meetsAim: Bool { better == .higher ? value >= aim : value <= aim }

    /// What the program ends with: a figure below its floor is no success, whoever reads the table or not.
    static func status(of figures: [Figure]) -> Int32 { figures.allSatisfy(\.meetsFloor) ? 0 : 1 }

    var json: [String: Any] {
        ["name": name, "value": value, "floor": floor, "aim": aim, "better": better.rawValue, "note": note]
    }

    var row: String {
        func column(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        let verdict = meetsAim ? "aim met" : meetsFloor ? "floor met" : "BELOW FLOOR"
        return column(name, 24) + column(String(format: "%.3f", value), 11) + column(String(format: "%g", floor), 8)
            + column(String(format: "%g", aim), 8) + column(better.rawValue, 8) + column(verdict, 13) + note
    }

    static let header =
        "figure                  value      floor   aim     better  verdict      note"
}

/// The machine, for whoever compares two files.
enum Machine {
    static var description: String {
        let cpu =
            (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))?
            .split(separator: "\n").first { $0.hasPrefix("model name") }?
            .split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
        let memory = ProcessInfo.processInfo.physicalMemory / 1_073_741_824
        return "\(ProcessInfo.processInfo.activeProcessorCount) x \(cpu), \(memory) GiB"
    }

    /// Until the processors do little for three seconds on end, at most `limit` seconds: what a suite leaves to
    /// vacuum, checkpoints and the broker is not the next one's.
    static func rest(atMost limit: Double = 120) throws {
        let start = ContinuousClock.now
        var calm = 0
        var last = try times()
        while calm < 3, (.now - start) / .seconds(1) < limit {
            Thread.sleep(forTimeInterval: 1)
            let now = try times()
            let share = (now.busy - last.busy) / Swift.max(1, now.all - last.all)
            calm = share < 0.08 ? calm + 1 : 0
            last = now
        }
    }

    /// Of all processors since the machine started, in ticks.
    private static func times() throws -> (busy: Double, all: Double) {
        let first = try String(contentsOfFile: "/proc/stat", encoding: .utf8).prefix { $0 != "\n" }
        let ticks = first.split(separator: " ").dropFirst().compactMap { Double($0) }
        guard ticks.count >= 5 else { throw BenchFault("/proc/stat says '\(first)'") }
        let all = ticks.prefix(8).reduce(0, +)
        return (all - ticks[3] - ticks[4], all)
    }
}

extension [Double] {
    var median: Double {
        let sorted = sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted.count % 2 == 1
            ? sorted[sorted.count / 2] : (sorted[sorted.count / 2 - 1] + sorted[sorted.count / 2]) / 2
    }

    /// The smallest value that at least `share` of all do not exceed.
    func quantile(_ share: Double) -> Double {
        let sorted = sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted[Swift.min(sorted.count - 1, Int((Double(sorted.count) * share).rounded(.up)) - 1)]
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// What a benchmark cannot go on without.
struct BenchFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
