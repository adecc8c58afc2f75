import Foundation

/// The real services in a release build, with the province loaded by the Rehearsal program; made once for all figures
/// that need them.
struct OneStop: Sendable {
    static let connections = 64
    static let runSeconds = 5
    static let pairs = 3
    /// Of a submission against pgbench with its statements: what must be, and what should.
    static let submitBars = (floor: 0.5, aim: 1.0)

    let url: String

    static func start() throws -> OneStop {
        try Command.script("Deploy/local/services.sh", "start")
        try rehearsal("load")
        return OneStop(url: "http://127.0.0.1:\(try Setting.service(2))")
    }

    @discardableResult
    private static func rehearsal(_ words: String...) throws -> String {
        try Command.run(
            "bash", "-c", "Deploy/local/with-environment.sh operator .build/release/Rehearsal \"$@\"", "rehearsal",
            words[0], words.count > 1 ? words[1] : "")
    }

    /// Lives five minutes: longer than one run.
    func token(_ who: String) throws -> String {
        try Self.rehearsal("token", who).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    static let submission = """
        {"procedure":"2.000488","agency":"H19.12","subject":"Cấp Phiếu lý lịch tư pháp số 1",\
        "name":"Nguyễn Thị Hồng Ánh","phone":"0000000001","nationalId":"999190000017"}
        """

    /// Ends those services that would work off the submissions at the same time, on the same cores; the events wait in
    /// their queues.
    func alone() throws {
        try Command.script("Deploy/local/services.sh", "stop", "hr", "documents", "mail", "budget", "integration")
    }

    // MARK: - Submission and reading against pgbench

    /// Medians of interleaved pairs: the service over 64 connections against the best of 1, 8, 16, 64 pgbench clients
    /// that run the very statements which the service sent.
    func againstPgBench() throws -> [Figure] {
        let first = try submitOnce(token: token("citizen"))
        let write = try Statements.sent(schema: "onestop") { try submitOnce(token: token("citizen")) }
        let reader = try token("clerk")
        try readOnce(first, token: reader)
        let read = try Statements.sent(schema: "onestop") { try readOnce(first, token: reader) }
        guard write.count == 1, !read.isEmpty else {
            throw BenchFault("a submission sent \(write.count) statements, a read \(read.count)")
        }
        var figures: [Figure] = []
        // Reads first: submissions leave work behind, for the relay and the broker.
        let script = read.map { $0.pgbench(unique: false) }.joined(separator: "\n")
        figures.append(
            try pairs("read_vs_pgbench", floor: 0.2, aim: 0.35, script: script) { _ in
                try Wrk.run(
                    "\(url)/dossiers/\(first)", connections: Self.connections, seconds: Self.runSeconds,
                    script: "wrk.headers[\"Authorization\"] = \"Bearer \(token("clerk"))\"\n")
            })
        figures.append(
            try pairs(
                "submit_vs_pgbench", floor: Self.submitBars.floor, aim: Self.submitBars.aim,
                script: write[0].pgbench(unique: true)
            ) { round in
                try Wrk.run(
                    url, connections: Self.connections, seconds: Self.runSeconds,
                    script: submitScript(token("citizen"), round))
            })
        return figures
    }

    private func pairs(
        _ name: String, floor: Double, aim: Double, script: String, _ ours: (Int) throws -> Wrk.Result
    ) throws -> Figure {
        try Machine.rest()
        var ratios: [Double] = []
        var rates: [(Double, Double)] = []
        for round in 1...Self.pairs {
            let result = try ours(round)
            guard result.failures == 0 else { throw BenchFault("\(name): \(result.failures) requests failed") }
            let bare = try PgBench.best(script, schema: "onestop", seconds: Self.runSeconds)
            ratios.append(result.perSecond / bare)
            rates.append((result.perSecond, bare))
        }
        let note = rates.map { "\(Int($0.0))/\(Int($0.1))" }.joined(separator: " ")
        return Figure(
            name: name, value: ratios.median, floor: floor, aim: aim, better: .higher, note: "per second: \(note)")
    }

    func submitScript(_ token: String, _ round: Int) -> String {
        """
        local threads = 0
        function setup(thread) threads = threads + 1; thread:set("number", threads) end
        local count = 0
        wrk.method = "POST"
        wrk.path = "/dossiers"
        wrk.body = [[\(Self.submission)]]
        wrk.headers["Content-Type"] = "application/json"
        wrk.headers["Authorization"] = "Bearer \(token)"
        function request()
            count = count + 1
            wrk.headers["Idempotency-Key"] = 
                "bench-\(round)-\(UInt32.random(in: 0 ... .max))-" .. number .. "-" .. count
            return wrk.format()
        end

        """
    }

    @discardableResult
    func submitOnce(token: String) throws -> String {
        let answer = try Command.run(
            "curl", "-sS", "--fail", "-H", "Authorization: Bearer \(token)", "-H", "Content-Type: application/json",
            "-H",
            "Idempotency-Key: once-\(UUID().uuidString)", "-d", Self.submission, "\(url)/dossiers")
        guard let object = try JSONSerialization.jsonObject(with: Data(answer.utf8)) as? [String: Any],
            let id = object["id"] as? String
        else { throw BenchFault("a submission was answered: \(answer)") }
        return id
    }

    @discardableResult
    private func readOnce(_ dossier: String, token: String) throws -> String {
        try Command.run("curl", "-sS", "--fail", "-H", "Authorization: Bearer \(token)", "\(url)/dossiers/\(dossier)")
    }
}
