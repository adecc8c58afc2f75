import Contracts
import Foundation

@testable import Journeys
@testable import OneStopService
@testable import ServiceKit

/// What operators write: the environment, data files, times.
enum OperatorTargets {
    static let all: [Target] = [environment] + tables + [moment, address, procedures]

    private static let secrets = ["pg-s3cret", "amqp-s3cret", "client-s3cret", "owner-s3cret"]

    private static let good: JSON = [
        "LIENTHONG_PG_USER": "hr", "LIENTHONG_PG_PASSWORD": .string(secrets[0]), "LIENTHONG_PG_OWNER": "hr_owner",
        "LIENTHONG_PG_OWNER_PASSWORD": .string(secrets[3]), "LIENTHONG_PG_PORT": "5433",
        "LIENTHONG_PG_CONNECTIONS": "3", "LIENTHONG_AMQP_USER": "hr", "LIENTHONG_AMQP_PASSWORD": .string(secrets[1]),
        "LIENTHONG_HTTP_PORT": "8101", "LIENTHONG_IDENTITY_URL": "http://127.0.0.1:8100/",
        "LIENTHONG_CLIENT_SECRET": .string(secrets[2]), "LIENTHONG_REHEARSAL": "1", "LIENTHONG_LOG_LEVEL": "debug",
        "LIENTHONG_FEEDS": "identity=http://127.0.0.1:8100,mail=http://10.0.0.4:8104",
    ]

    private static let environment = Target(
        "environment", [good.bytes], words: ["LIENTHONG_", "http://", "@", "identity=", "yes", "0"],
        change: { $1.changeJSON($0) }
    ) { bytes in
        guard case .object(let members) = try JSON(parsing: bytes) else { throw ValueTargets.Refusal() }
        let pairs = members.compactMap { member in member.value.text.map { (member.name, $0) } }
        let environment = Dictionary(pairs, uniquingKeysWith: { $1 })
        func shown(_ text: String) throws {
            for secret in secrets where isHidden(secret, in: environment) {
                try require(!text.contains(secret), "a secret is shown: \(text)")
            }
        }
        for purpose in [Configuration.Purpose.serve, .migrate] {
            let configuration: Configuration
            do throws(ConfigurationFaults) {
                configuration = try Configuration(service: .hr, environment: environment, for: purpose)
            } catch {
                try require(!error.faults.isEmpty, "refused without a fault")
                try require(error.faults.allSatisfy { $0.contains("LIENTHONG_") }, "\(error) names no variable")
                try shown("\(error)")
                throw error
            }
            try shown("\(configuration) \(String(reflecting: configuration))")
            try require(!configuration.postgres.user.isEmpty, "no user of the database")
            try require(!configuration.identityURL.hasSuffix("/"), "\(configuration.identityURL) ends with a slash")
        }
    }

    /// Stands in a variable that hides it, and in no other: a changed environment may show it by its own mistake.
    private static func isHidden(_ secret: String, in environment: [String: String]) -> Bool {
        let places = environment.filter { $0.value.contains(secret) || $0.key.contains(secret) }.keys
        return !places.isEmpty && places.allSatisfy { $0.hasSuffix("PASSWORD") || $0.hasSuffix("SECRET") }
    }

    private static let names = [
        "agencies", "units", "officials", "citizens", "procedures", "procedure_parts", "procedure_steps",
        "procedure_fees", "calendar", "working-hours",
    ]

    private static let province = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Deploy/province")

    /// The beginnings of the province's files: their comments, header and some rows.
    private static func beginning(_ name: String) throws -> [UInt8] {
        let text = try String(contentsOf: province.appendingPathComponent("\(name).csv"), encoding: .utf8)
        return Array(
            text.split(separator: "\n", omittingEmptySubsequences: false).prefix(30).joined(separator: "\n").utf8)
    }

    private static let tables = names.map(table)

    private static func table(_ name: String) -> Target {
        Target(
            "CSV \(name)", [try beginning(name), Array("a,b\n\"x\"\"y\n\",2\n,\n".utf8)],
            words: ["\"", "\"\"", ",", "\n", "\r\n", "#", ",,", "\",\""]
        ) { bytes in
            let rows: [Entry]
            do throws(BadProvince) { rows = try CSV.read(String(decoding: bytes, as: UTF8.self), file: "f.csv") } catch
            {
                let isPlaced = error.faults.allSatisfy { Patterns.matches($0, "^f[.]csv:[0-9]+: .") }
                try require(isPlaced && !error.faults.isEmpty, "\(error) names no line")
                throw error
            }
            guard let first = rows.first else { return }
            let columns = first.values.keys.sorted()
            try require(rows.allSatisfy { $0.values.count == columns.count }, "rows of different lengths")
            // A lone empty column is an empty line, and those are passed over.
            guard columns.count > 1 else { return }
            // By octets: a quote with a mark that combines is one character.
            func quoted(_ text: String) -> String {
                "\"" + String(decoding: text.utf8.flatMap { $0 == 0x22 ? [$0, $0] : [$0] }, as: UTF8.self) + "\""
            }
            let written = ([columns] + rows.map { row in columns.map { row[$0] } })
                .map { $0.map(quoted).joined(separator: ",") }.joined(separator: "\n")
            let again: [Entry]
            do { again = try CSV.read(written, file: "f.csv") } catch {
                throw Finding("written again it is refused: \(error)")
            }
            try require(again.map(\.values) == rows.map(\.values), "written again it is another table")
        }
    }

    private static let row = """
        {"code":"9.000001","validFrom":"2021-03-02","definition":{"name":"A","nameEn":"A","field":"BM",\
        "receivers":["department"],"parts":[],"limit":{"amount":9,"unit":"workingDays"},"fees":[],\
        "form":{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false},"steps":[\
        {"key":"a","name":"A","nameEn":"A","limit":{"amount":1,"unit":"days"},"ways":[{"to":["b","c"]}]},\
        {"key":"b","name":"B","nameEn":"B","limit":{"amount":1,"unit":"hours"},"ways":[{"to":["d"]}]},\
        {"key":"c","name":"C","nameEn":"C","cooperates":true,"ways":[{"to":["d"]}]},\
        {"key":"d","name":"D","nameEn":"D","joins":true}]}}

        """

    /// Procedures as somebody writes them: what is read is the same when it is written again, and can be checked.
    private static let procedures = Target(
        "procedure file", [Array(row.utf8), Array((row + row).utf8)],
        words: ["\n", "\"joins\":true,", "\"cooperates\":true,", "\"ways\":[],", "{\"to\":[\"a\"]},", "\"d\","]
    ) { bytes in
        let read = try ProcedureFile.read(bytes)
        try require(read.faults.allSatisfy { $0.field.hasPrefix("line ") }, "a fault names no line")
        for row in read.rows {
            let again = try ProcedureFile.read(row.draft.jsonBytes).rows.first?.draft
            try require(again?.jsonBytes == row.draft.jsonBytes, "written again it is another row")
            let outcome = ProcedureCheck.look(at: row.draft.definition, staffing: Staffing())
            let states = 1...2 * Limits.OneStop.graphStates
            try require(states.contains(outcome.states), "\(outcome.states) states")
            for finding in outcome.findings {
                let json = try JSON(parsing: finding.jsonBytes)
                let isWritten = (try? OneStopService.Finding(decoding: json, unknown: .refuse)) == finding
                try require(isWritten, "\(json.description) is no finding")
            }
        }
    }

    private static let moment = Target("moment", texts: ["2021-03-01 08:05", "2021-03-01T08:05:00+07:00"]) { text in
        let moment = try Moment(text)
        try require(try Moment(moment.wire) == moment, "\(text.debugDescription) becomes \(moment.wire)")
        let minute = "\(moment.day) \(moment.clock)"
        if text.count == 16 { try require(minute == text, "\(text.debugDescription) is \(minute)") }
    }

    private static let address = Target("address", texts: ["http://127.0.0.1:8100", "http://[::1]:80/x", "http://a"]) {
        text in
        guard let address = Address(text) else { throw ValueTargets.Refusal() }
        try require(
            !address.host.isEmpty && (1...65_535).contains(address.port), "\(text.debugDescription) is \(address)")
    }
}
