import Foundation

/// `submit_million_vs_empty`: submissions a second with a million dossiers in the table, by those into an empty one.
///
/// Two copies of OneStop run beside one another, each on a database of its own on the same server, both made from the
/// one that the province was loaded into. One has a million dossiers with their lines of history and their rows for the
/// search, all indexes built; of the other the dossiers are taken out before each of its runs. Nine pairs of runs,
/// three seconds each over 64 connections, each pair in the other order than the one before; the figure is the median
/// of the nine ratios.
struct SubmissionSize {
    static let pairs = 9
    static let seconds = 3
    static let dossiers = 1_000_000
    private static let large = "lienthong_large"

    static func figures(_ services: OneStop) throws -> [Figure] {
        try services.submitOnce(token: services.token("citizen"))
        let officer = try services.subject(of: services.token("officer"))
        // A database is copied only while nobody is connected to it.
        try Command.script("Deploy/local/services.sh", "stop", "onestop", "identity")
        try Statements.administer(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = 'lienthong' AND pid <> pg_backend_pid();
            CREATE DATABASE \(large) TEMPLATE lienthong
            """, database: "postgres", fromFile: true)
        try Command.script("Deploy/local/services.sh", "start", "identity", "onestop")
        try ManyDossiers(count: dossiers, database: large, officer: officer, whole: true).fill()
        let port = try Setting.service(2) + 50
        let second = try start(port: port)
        defer {
            second.terminate()
            second.waitUntilExit()
        }
        let (empty, full) = (services.url, "http://127.0.0.1:\(port)")
        for url in [empty, full] { _ = try run(services, url) }
        var ratios: [Double] = []
        var note = ""
        for pair in 1...pairs {
            var rates: [String: Double] = [:]
            for url in pair % 2 == 0 ? [full, empty] : [empty, full] {
                if url == empty { try emptied() }
                rates[url] = try run(services, url)
            }
            guard let little = rates[empty], let much = rates[full] else { continue }
            ratios.append(much / little)
            note += " \(Int(much))/\(Int(little))"
        }
        return [
            Figure(
                name: "submit_million_vs_empty", value: ratios.median, floor: 0.85, aim: 0.95, better: .higher,
                note: "per second:\(note)"),
            try search(services, full),
        ]
    }

    private static func emptied() throws {
        try Statements.administer(
            """
            SET client_min_messages = warning;
            TRUNCATE onestop.dossiers, onestop.dossier_search CASCADE;
            CHECKPOINT
            """, fromFile: true)
    }

    private static func run(_ services: OneStop, _ url: String) throws -> Double {
        let result = try Wrk.run(
            url, connections: OneStop.connections, seconds: seconds,
            script: services.submitScript(services.token("citizen"), Int.random(in: 1...1_000_000)))
        guard result.failures == 0 else { throw BenchFault("submission: \(result.failures) requests failed") }
        return result.perSecond
    }

    private static func start(port: Int) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ".build/release/OneStopService")
        process.arguments = ["serve"]
        process.environment = ProcessInfo.processInfo.environment.merging(try Backbone.environment("onestop")) { $1 }
            .merging(["LIENTHONG_PG_DATABASE": large, "LIENTHONG_HTTP_PORT": "\(port)"]) { $1 }
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        try Command.run(
            "curl", "-s", "--fail", "--retry", "50", "--retry-delay", "1", "--retry-all-errors", "-o", "/dev/null",
            "http://127.0.0.1:\(port)/health/ready")
        return process
    }

    /// `search_p99_ms`: by name with and without diacritics, by card, telephone and code, over 4 connections, of a
    /// million dossiers.
    private static func search(_ services: OneStop, _ url: String) throws -> Figure {
        let texts = [
            "nguyen thi hong anh", "Đào", "vu ngoc yen", "do quoc quynh", "000000123456", "0900123456",
            "H19.12-210209-0001", "ly lich tu phap", "ngo huu",
        ]
        let script = try """
        local texts = {\(texts.map { "\"\($0)\"" }.joined(separator: ", "))}
        local headers = {["Authorization"] = "Bearer \(services.token("officer"))",
            ["Content-Type"] = "application/json"}
        local count = 0
        function request()
            count = count + 1
            return wrk.format("POST", "/dossiers/search", headers,
                '{"purpose":"counter","text":"' .. texts[count % #texts + 1] .. '"}')
        end

        """
        let result = try Wrk.run(url, connections: 4, seconds: OneStop.runSeconds, script: script)
        guard result.failures == 0 else { throw BenchFault("search: \(result.failures) requests failed") }
        return Figure(
            name: "search_p99_ms", value: result.p99, floor: 200, aim: 50, better: .lower,
            note: "\(Int(result.perSecond)) requests per second over 4 connections")
    }
}
