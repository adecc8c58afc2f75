import Foundation

/// A statement as a service sent it, read from PostgreSQL's log: its text with `$1 …` and its values.
struct SentStatement: Sendable {
    let text: String
    /// nil for NULL.
    let values: [String?]

    /// A pgbench script that runs it as a prepared statement with the same values; with `unique` the first value (the
    /// new row's id, here and wherever it stands again as text or ends one) and the idempotency key differ each time.
    func pgbench(unique: Bool) -> String {
        var script = ""
        var rest = Substring(text)
        while let character = rest.popFirst() {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            if character == "$", let number = Int(digits), values.indices.contains(number - 1) {
                script += place(number - 1, unique)
                rest = rest.dropFirst(digits.count)
            } else {
                script.append(character == "\n" ? " " : character)
            }
        }
        let number = unique ? "\\set n random(1, 1000000000000000000)\n" : ""
        return "\(number)\(script);\n"
    }

    private func place(_ index: Int, _ unique: Bool) -> String {
        guard let value = values[index] else { return "NULL" }
        if unique, let id = values.first ?? nil, value.hasSuffix(id) {
            let (expression, before) = ("lpad(:n::text, 32, '0')", value.dropLast(id.count))
            guard before.isEmpty else { return "('\(before)' || \(expression))" }
            return index == 0 ? "\(expression)::uuid" : expression
        }
        if unique, value.hasPrefix("once-") { return "('once-' || :n::text)" }
        // A literal of unknown type takes its column's type, as the bound value had it; a colon would be a variable.
        let escaped = value.flatMap { character -> String in
            switch character {
            case "'": "''"
            case "\\": "\\\\"
            case ":": "\\x3a"
            case "\n": "\\n"
            default: String(character)
            }
        }
        return "E'\(String(escaped))'"
    }
}

enum Statements {
    /// What the service of `schema` sent while `body` ran; the statements that its loops send by themselves excepted.
    static func sent(schema: String, _ body: () throws -> Void) throws -> [SentStatement] {
        let log = try "\(Setting.value("RUN_DIR"))/logs/postgres.log"
        try administer("ALTER SYSTEM SET log_min_duration_statement = 0")
        try administer("SELECT pg_reload_conf()")
        // The new setting reaches a session with its next statement but one.
        Thread.sleep(forTimeInterval: 0.5)
        let before = try String(contentsOfFile: log, encoding: .utf8).utf8.count
        try body()
        Thread.sleep(forTimeInterval: 0.5)
        try administer("ALTER SYSTEM RESET log_min_duration_statement")
        try administer("SELECT pg_reload_conf()")
        let text = try String(
            decoding: String(contentsOfFile: log, encoding: .utf8).utf8.dropFirst(before), as: UTF8.self)
        return parse(text, user: schema).filter { statement in
            ![
                "relay_", "timers", "inbox_", "receipt", "business_clock", "pg_current_snapshot", "plan_cache_mode",
                "citizen_", "dossier_reads", "event_log l", "enable_seqscan", "BEGIN ISOLATION", "COMMIT",
            ]
            .contains { statement.text.contains($0) }
                || statement.text.contains("WITH change AS")
        }
    }

    /// As the superuser; what it prints. Each statement commits by itself when they stand in a file.
    @discardableResult
    static func administer(_ sql: String, database: String = "lienthong", fromFile: Bool = false) throws -> String {
        let what = fromFile ? ["-f", try Command.file("bench.sql", sql)] : ["-c", sql]
        return try Command.run(
            "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
            "\(try Setting.port("PG_PORT"))", "-U", "postgres", "-d", database, what[0], what[1],
            environment: ["PGPASSWORD": try Setting.value("PG_PASSWORD")]
        ).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Entries begin with the time; further lines of one entry begin with a tab.
    private static func parse(_ log: String, user: String) -> [SentStatement] {
        var entries: [String] = []
        for line in log.split(separator: "\n") {
            if line.hasPrefix("\t"), !entries.isEmpty {
                entries[entries.count - 1] += "\n" + line.dropFirst()
            } else {
                entries.append(String(line))
            }
        }
        var statements: [SentStatement] = []
        for (index, entry) in entries.enumerated() where entry.contains(" \(user)@") {
            guard let start = entry.range(of: #"execute [^:]+: "#, options: .regularExpression) else { continue }
            let detail = entries.dropFirst(index + 1).first ?? ""
            let values = detail.range(of: "DETAIL:  parameters: ").map { parameters(String(detail[$0.upperBound...])) }
            statements.append(SentStatement(text: String(entry[start.upperBound...]), values: values ?? []))
        }
        return statements
    }

    /// `$1 = 'text', $2 = NULL`, quotes doubled.
    private static func parameters(_ text: String) -> [String?] {
        var values: [String?] = []
        var rest = Substring(text)
        while let equals = rest.range(of: " = ") {
            rest = rest[equals.upperBound...]
            guard rest.first == "'" else {
                values.append(nil)
                continue
            }
            rest = rest.dropFirst()
            var value = ""
            while let character = rest.popFirst() {
                if character == "'" {
                    guard rest.first == "'" else { break }
                    rest = rest.dropFirst()
                }
                value.append(character)
            }
            values.append(value)
        }
        return values
    }
}
