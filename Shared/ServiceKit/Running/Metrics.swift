import Contracts
import Foundation
import Glibc
import Synchronization

/// What the service measures, as Prometheus reads it (text format 0.0.4).
public final class Metrics: Sendable {
    /// Upper bounds of the duration buckets, in seconds.
    private static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// What callers may invent must not become labels without end.
    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

    private struct Series: Hashable {
        let method: String
        let route: String
        let status: Int
    }

    private struct Histogram {
        var buckets = [Int](repeating: 0, count: bounds.count)
        var count = 0
        var seconds = 0.0

        mutating func add(_ seconds: Double) {
            count += 1
            self.seconds += seconds
            if let index = bounds.firstIndex(where: { seconds <= $0 }) { buckets[index] += 1 }
        }
    }

    /// One measured value: its full name, its labels, and whether it only grows.
    public struct Sample: Sendable {
        public let name: String
        public let labels: [(name: String, value: String)]
        public let value: Double
        public let isCounter: Bool
        public let help: String

        public init(
            _ name: String, _ value: Double, isCounter: Bool = false, labels: [(name: String, value: String)] = [],
            help: String
        ) {
            self.name = name
            self.value = value
            self.isCounter = isCounter
            self.labels = labels
            self.help = help
        }
    }

    private let service: String
    private let started = Date()
    private let requests = Mutex<[Series: Histogram]>([:])
    private let sources = Mutex<[@Sendable () async -> [Sample]]>([])

    public init(service: String) { self.service = service }

    func request(method: String, route: String, status: Int, took: Duration) {
        let series = Series(
            method: Self.methods.contains(method) ? method : "other", route: route, status: status)
        requests.withLock { $0[series, default: Histogram()].add(took.secondsValue) }
    }

    /// Adds something that is asked for its values at each scrape.
    public func observe(_ source: @escaping @Sendable () async -> [Sample]) { sources.withLock { $0.append(source) } }

    /// All of it, as `/metrics` answers.
    func text() async -> String {
        var samples = process()
        for source in sources.withLock({ $0 }) { samples += await source() }
        var out = histograms()
        for (name, group) in Dictionary(grouping: samples, by: \.name).sorted(by: { $0.key < $1.key }) {
            out += "# HELP \(name) \(group[0].help)\n# TYPE \(name) \(group[0].isCounter ? "counter" : "gauge")\n"
            for sample in group { out += "\(name)\(labels(sample.labels)) \(Self.number(sample.value))\n" }
        }
        return out
    }

    private func histograms() -> String {
        let name = "lienthong_http_request_duration_seconds"
        var counts = "# HELP lienthong_http_requests_total Requests answered\n"
        counts += "# TYPE lienthong_http_requests_total counter\n"
        var out = "# HELP \(name) From the request's arrival to its answer\n# TYPE \(name) histogram\n"
        let all = requests.withLock { $0 }
        let sorted = all.sorted {
            ($0.key.route, $0.key.method, $0.key.status) < ($1.key.route, $1.key.method, $1.key.status)
        }
        for (series, histogram) in sorted {
            let own = [("method", series.method), ("route", series.route), ("status", "\(series.status)")]
            counts += "lienthong_http_requests_total\(labels(own)) \(histogram.count)\n"
            var below = 0
            for (bound, count) in zip(Self.bounds, histogram.buckets) {
                below += count
                out += "\(name)_bucket\(labels(own + [("le", Self.number(bound))])) \(below)\n"
            }
            out += "\(name)_bucket\(labels(own + [("le", "+Inf")])) \(histogram.count)\n"
            out += "\(name)_sum\(labels(own)) \(histogram.seconds)\n\(name)_count\(labels(own)) \(histogram.count)\n"
        }
        return counts + out
    }

    private func labels(_ own: [(name: String, value: String)]) -> String {
        let all = [(name: "service", value: service)] + own
        return "{" + all.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
    }

    private static func escaped(_ text: String) -> String {
        text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
            .replacingOccurrences(of: "\n", with: "\\n")
    }

    private static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return "\(whole)" }
        return "\(value)"
    }

    private func process() -> [Sample] {
        var samples = [
            Sample(
                "process_start_time_seconds", started.timeIntervalSince1970, help: "Start of the process, Unix time")
        ]
        if let resident = Self.residentBytes() {
            samples.append(Sample("process_resident_memory_bytes", Double(resident), help: "Resident memory"))
        }
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            let seconds =
                Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
                + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1_000_000
            samples.append(
                Sample("process_cpu_seconds_total", seconds, isCounter: true, help: "Processor time, user and system"))
        }
        return samples
    }

    /// The second number of `/proc/self/statm`, in pages.
    private static func residentBytes() -> Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return nil }
        let words = text.split(separator: " ")
        return words.count > 1 ? Int(words[1]).map { $0 * sysconf(Int32(_SC_PAGESIZE)) } : nil
    }
}
