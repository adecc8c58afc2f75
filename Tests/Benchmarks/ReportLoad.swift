import Foundation

/// Reports of the busiest agency among a million dossiers of a year, which has a fifth of them; only when named
/// (`SUITE=reports`). Each figure is the median of nine requests after one that is not counted, each timed to the last
/// octet of the answer; its note says the longest of them.
///
/// `report_month_ms`, `report_year_ms`: the table of timeliness by procedure. `indicators_agency_ms`,
/// `indicators_officials_ms`: the points and grades of a quarter.
struct ReportLoad {
    static let dossiers = 1_000_000
    static let requests = 9

    let services: OneStop

    static func figures(_ services: OneStop) throws -> [Figure] {
        try services.submitOnce(token: services.token("citizen"))
        let officer = try services.subject(of: services.token("officer"))
        try ManyDossiers(count: dossiers, officer: officer, whole: true, histories: true).fill()
        try Machine.rest()
        let load = ReportLoad(services: services)
        return [
            try load.figure("report_month_ms", "2020-06/timeliness?by=procedure", floor: 600, aim: 300),
            try load.figure("report_year_ms", "2020/timeliness?by=procedure", floor: 4_000, aim: 2_500),
            try load.figure("indicators_agency_ms", "2020-Q2/indicators", floor: 4_000, aim: 2_500),
            try load.figure("indicators_officials_ms", "2020-Q2/indicators?of=officer", floor: 4_000, aim: 2_500),
        ]
    }

    private func figure(_ name: String, _ path: String, floor: Double, aim: Double) throws -> Figure {
        let token = try services.token("leader")
        let answer = try ask(path, token).body
        let times = try (1...Self.requests).map { _ in try ask(path, token).milliseconds }
        return Figure(
            name: name, value: times.median, floor: floor, aim: aim, better: .lower,
            note: String(format: "at most %.0f; ", times.max() ?? .nan) + Self.said(answer))
    }

    private func ask(_ path: String, _ token: String) throws -> (milliseconds: Double, body: String) {
        let said = try Command.run(
            "curl", "-sS", "--fail-with-body", "-H", "Authorization: Bearer \(token)", "-w", "\\n%{time_total}",
            "\(services.url)/agencies/\(ManyDossiers.agency)/reports/\(path)")
        let parts = said.split(separator: "\n")
        guard parts.count == 2, let seconds = Double(parts[1]) else { throw BenchFault("curl said: \(said)") }
        return (seconds * 1_000, String(parts[0]))
    }

    /// How many dossiers a table has, or how many lines the indicators.
    private static func said(_ answer: String) -> String {
        let report = try? JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any]
        let lines = (report?["lines"] as? [Any])?.count ?? 0
        guard let total = report?["total"] as? [String: Int] else { return "\(lines) lines" }
        let came = ["opening", "counter", "online", "postal"].reduce(0) { $0 + (total[$1] ?? 0) }
        return "\(came) dossiers in \(lines) lines"
    }
}
