import Contracts
import EventLog
import Foundation
import Logging
import Postgres
import Receipts

/// `lienthong audit SERVICE --key PUBLIC.pem [--anchor FILE]`: reads the service's schema with LIENTHONG_PG_HOST,
/// _PORT, _DATABASE, _USER (auditor) and _PASSWORD.
enum AuditCommand {
    static func run(_ arguments: Arguments, _ say: (String) -> Void) async throws -> Bool {
        let service = try arguments.word(0)
        guard let name = ServiceName(rawValue: service) else { throw CommandFault("no service is named \(service)") }
        let keys = try Files.keys(arguments.all("--key"), of: service)
        let environment = ProcessInfo.processInfo.environment
        let database = Database(
            PostgresConfiguration(
                host: environment["LIENTHONG_PG_HOST"] ?? "127.0.0.1",
                port: Int(environment["LIENTHONG_PG_PORT"] ?? "") ?? 5_432,
                database: environment["LIENTHONG_PG_DATABASE"] ?? "lienthong",
                user: environment["LIENTHONG_PG_USER"] ?? "auditor",
                password: environment["LIENTHONG_PG_PASSWORD"] ?? "", schema: name.rawValue, connections: 1),
            logger: Logger(label: "lienthong"))
        let result: Result<Bool, any Error>
        do {
            result = .success(try await run(service, database, keys, anchor: arguments.one("--anchor"), say))
        } catch { result = .failure(error) }
        await database.close()
        return try result.get()
    }

    static func run(
        _ service: String, _ database: Database, _ keys: [SealKey], anchor file: String?, _ say: (String) -> Void
    ) async throws -> Bool {
        var anchor: Anchor?
        if let file {
            let text = String(decoding: try Files.read(file), as: UTF8.self)
            do { anchor = try Anchor(text, of: service, keys: keys) } catch {
                throw CommandFault("\(file) is no anchor of \(service) and these keys: \(error)")
            }
        }
        let report = try await ReceiptAudit(database, of: service, keys: keys, anchor: anchor).run()
        for remark in report.remarks { say("note: \(remark)") }
        for finding in report.findings { say("FOUND \(finding)") }
        if report.found > report.findings.count { say("and \(report.found - report.findings.count) more") }
        if file == nil { say("note: without --anchor FILE a cut-off end cannot be seen") }
        if report.unsealedTicks > 0 { say("note: \(report.unsealedTicks) ticks are not sealed yet") }
        say(
            "\(service): \(report.events) events under \(report.statements) statements, "
                + (report.isClean ? "all as they were sealed" : "\(report.found) things are not as they were sealed"))
        return report.isClean
    }
}
