import Contracts
import Foundation
import Logging
import Postgres

/// `Auditor [--journeys N] [--elapsed SECONDS] [--wait SECONDS]`: waits until nothing is on its way, then prints one
/// JSON line; findings go to standard error. Exit status 1 when anything was lost, done twice, out of
/// order, dead or still on its way, 2 when it could not look.
public enum AuditorProgram {
    public static func main() async {
        do { exit(try await audit() ? 0 : 1) } catch {
            FileHandle.standardError.write(Data("auditor: \(error)\n".utf8))
            exit(2)
        }
    }

    private static func audit() async throws -> Bool {
        let arguments = Array(CommandLine.arguments.dropFirst())
        func number(_ name: String, _ standard: Double) -> Double {
            arguments.firstIndex(of: name).flatMap { index in
                arguments.indices.contains(index + 1) ? Double(arguments[index + 1]) : nil
            } ?? standard
        }
        let environment = ProcessInfo.processInfo.environment
        let database = Database(
            PostgresConfiguration(
                host: environment["LIENTHONG_PG_HOST"] ?? "127.0.0.1",
                port: Int(environment["LIENTHONG_PG_PORT"] ?? "") ?? 8120,
                database: environment["LIENTHONG_PG_DATABASE"] ?? "lienthong",
                user: environment["LIENTHONG_PG_USER"] ?? "auditor",
                password: environment["LIENTHONG_PG_PASSWORD"] ?? "", schema: "public", connections: 2,
                // A whole log is counted, now and then by a server that has not yet analysed its tables.
                statementTimeout: Limits.Rehearsal.patience),
            logger: Logger(label: "auditor"))
        let report = try await atRest(
            Audit(database: database, services: ServiceName.running), within: .seconds(number("--wait", 60)))
        for finding in report.findings { FileHandle.standardError.write(Data((finding + "\n").utf8)) }
        print(report.line(journeys: Int(number("--journeys", 0)), elapsed: .seconds(number("--elapsed", 0))))
        await database.close()
        return report.lost == 0 && report.twice == 0 && report.outOfOrder == 0 && report.dead == 0 && report.isAtRest
    }

    /// Audits again until nothing is pending, or the time is over; the last report counts.
    static func atRest(_ audit: Audit, within limit: Duration) async throws -> AuditReport {
        let deadline = ContinuousClock.now + limit
        var report = try await audit.run()
        while !report.isAtRest, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(250))
            report = try await audit.run()
        }
        return report
    }
}
