import Foundation

/// Inboxes over many dossiers: `INBOX_ROWS` of them, a million when nothing is said.
extension OneStop {
    /// Milliseconds between two submissions to that agency, over a connection of their own: what is kept of the counts
    /// does not live long. How long a commit takes is another figure's.
    static let inboxWrites = 15
    static let sevenYears = 10_000_000
    /// Milliseconds for which each of 16 connections rests before it asks again: together a thousand inboxes a second,
    /// as if each of a province's 40,000 officials looked at his every forty seconds. Without a rest both cores are
    /// full, and a percentile says how long the line is, not how long an inbox takes.
    static let inboxRest = 8...20

    /// `inbox_p99_ms`: a thousand times a second somebody asks for the inbox of the busiest officer or of his agency,
    /// while so many dossiers lie in the table and more come in. `inbox_per_s`: how many they get over 16 connections
    /// without a rest. `inbox_filters_p99_ms`: 4 connections without a rest ask by procedure, step, due date and
    /// person, each alone and together, of the busiest agency; some find little and walk to their bound. With ten
    /// million the names say so.
    func inbox() async throws -> [Figure] {
        let asked = ProcessInfo.processInfo.environment["INBOX_ROWS"]
        guard let rows = Int(asked ?? "1000000") else { throw BenchFault("INBOX_ROWS is no number: \(asked ?? "")") }
        try submitOnce(token: token("citizen"))
        try ManyDossiers(count: rows, officer: subject(of: token("officer"))).fill()
        let (name, most) = rows >= Self.sevenYears ? ("inbox_10m", 20.0) : ("inbox", 10.0)
        // Each with a token of its own: to fill ten millions takes longer than one lives.
        let rested = try await measure(16) { inboxScript($0, Self.lists, rest: Self.inboxRest) }
        let full = try await measure(16) { inboxScript($0, Self.lists) }
        let filtered = try await measure(4) { inboxScript($0, Self.filters) }
        func latency(_ name: String, _ load: Load) -> Figure {
            Figure(name: name, value: load.p99, floor: most, aim: most, better: .lower, note: load.note)
        }
        return [
            latency("\(name)_p99_ms", rested),
            Figure(
                name: "\(name)_per_s", value: full.perSecond, floor: 1_000, aim: 2_000, better: .higher,
                note: String(format: "p99 %.1f ms; ", full.p99) + full.note),
            latency("\(name)_filters_p99_ms", filtered),
        ]
    }

    private struct Load {
        var p99: Double
        var perSecond: Double
        var note: String
    }

    /// The medians of three runs.
    /// - Parameter asking: the script, from the officer's token.
    private func measure(_ connections: Int, asking: (String) -> String) async throws -> Load {
        try Machine.rest()
        let (writer, script) = (try writerScript(), asking(try token("officer")))
        async let written = Wrk.run(
            url, threads: 1, connections: 1, seconds: 2 + Self.pairs * Self.runSeconds, script: writer, named: "writer")
        _ = try Wrk.run(url, connections: connections, seconds: 2, script: script)
        var worst: [Double] = []
        var rates: [Double] = []
        for _ in 1...Self.pairs {
            let result = try Wrk.run(url, connections: connections, seconds: Self.runSeconds, script: script)
            guard result.failures == 0 else { throw BenchFault("inbox: \(result.failures) requests failed") }
            worst.append(result.p99)
            rates.append(result.perSecond)
        }
        let writes = try await written
        guard writes.failures == 0 else { throw BenchFault("inbox: \(writes.failures) submissions failed") }
        return Load(
            p99: worst.median, perSecond: rates.median,
            note: "\(Int(rates.median)) requests per second over \(connections) connections, "
                + "\(Int(writes.perSecond)) submissions beside them")
    }

    private static let lists = [
        "/inbox?mine=true", "/inbox?agency=H19.12", "/inbox?mine=true&status=returned",
        "/inbox?agency=H19.12&status=processing&limit=20",
    ]

    private static let filters = [
        "/inbox?agency=H19.12&procedure=2.000488", "/inbox?agency=H19.12&procedure=2.000488&step=approve",
        "/inbox?agency=H19.12&overdue=true", "/inbox?agency=H19.12&unassigned=true&within=3",
        "/inbox?mine=true&step=conclude&within=30", "/inbox?mine=true&procedure=1.004873",
        "/inbox?agency=H19.12&step=none", "/inbox?agency=H19.12&status=returned&procedure=1.004873",
        "/inbox?agency=H19.12&applicant=c4ca4238-a0b9-2382-0dcc-509a6f75849b", "/inbox/counts?agency=H19.12",
    ]

    private func inboxScript(_ officer: String, _ paths: [String], rest: ClosedRange<Int>? = nil) -> String {
        let delay = rest.map { "function delay() return math.random(\($0.lowerBound), \($0.upperBound)) end" }
        return """
            \(delay ?? "")
            local officer = {["Authorization"] = "Bearer \(officer)"}
            local paths = {\(paths.map { "\"\($0)\"" }.joined(separator: ", "))}
            local count = 0
            function request()
                count = count + 1
                return wrk.format("GET", paths[count % #paths + 1], officer)
            end

            """
    }

    private func writerScript() throws -> String {
        try """
        local count = 0
        function delay() return \(Self.inboxWrites) end
        function request()
            count = count + 1
            local headers = {["Authorization"] = "Bearer \(token("citizen"))", ["Content-Type"] = "application/json",
                ["Idempotency-Key"] = "inbox-\(UInt32.random(in: 0 ... .max))-" .. count}
            return wrk.format("POST", "/dossiers", headers, [[\(Self.submission)]])
        end

        """
    }

    /// The person of an access token.
    func subject(of token: String) throws -> String {
        var payload = token.split(separator: ".").dropFirst().first.map(String.init) ?? ""
        payload = payload.replacing("-", with: "+").replacing("_", with: "/")
        payload += String(repeating: "=", count: (4 - payload.count % 4) % 4)
        let claims = try JSONSerialization.jsonObject(with: Data(base64Encoded: payload) ?? Data()) as? [String: Any]
        guard let person = claims?["person"] as? String else { throw BenchFault("the token names no person") }
        return person
    }
}
