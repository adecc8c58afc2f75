import Contracts
import Foundation
import Postgres
import Synchronization
import TestKit
import Testing

@testable import Auditing
@testable import Journeys

/// The demonstration from loading to the auditor's count, on a copy of its own, faults included; then the auditor
/// itself, by spoiling what it counts.
@Suite(.serialized) struct JourneyTests {
    @Test(.timeLimit(.minutes(10)))
    func `the province loads twice, the journeys play, and the auditor sees what is spoilt`() async throws {
        try await Copy.during { copy in
            try await loadsTwice(copy)
            try await plays(copy)
            try await guides()
            try await restores(copy)
            try await auditorSees(copy)
            try await operationsAnswer(copy)
        }
    }

    private func loadsTwice(_ copy: Copy) async throws {
        let province = try await Province.read(Settings.province)
        let said = Said()
        try await Loader(office: Office(copy.settings), province: province, say: said.add).load()
        #expect(said.lines.contains("positions: \(province.positions.count) new, 0 there"))
        #expect(said.lines.contains("officials: \(province.officials.count) new, 0 there"))
        let again = Said()
        try await Loader(office: Office(copy.settings), province: province, say: again.add).load()
        #expect(again.lines.contains("positions: 0 new, \(province.positions.count) there"))
        #expect(again.lines.contains("officials: 0 new, \(province.officials.count) there"))
        #expect(again.lines.contains("working calendar: there"))
        #expect(!again.lines.contains { $0.contains("not changed") })
    }

    private func plays(_ copy: Copy) async throws {
        let said = Said()
        let eye = Eye(database: copy.settings.database())
        let province = try await Province.read(Settings.province)
        try await Demo(office: Office(copy.settings), province: province, eye: eye, say: said.add).play()
        await eye.database.close()
        let line = try JSON(parsing: Array(try #require(said.lines.last).utf8))
        for (name, wanted) in [("journeys", 4), ("dossiers", 4), ("lost", 0), ("twice", 0), ("out_of_order", 0)] {
            #expect(line[name]?.integer == Int64(wanted), "\(name) in \(line.description)")
        }
        for name in ["events_published", "effects", "duplicates_absorbed"] {
            #expect(line[name]?.integer ?? 0 > 0, "\(name) in \(line.description)")
        }
        #expect(line["elapsed_s"] != nil)
    }

    /// The tour of the one-stop shop, as its page says it.
    private func guides() async throws {
        let page = Settings.checkout.appendingPathComponent("Deploy/runbooks/onestop-tour.md")
        let tour = try Tour(page: String(contentsOf: page, encoding: .utf8))
        #expect(tour.blocks.count > 5)
        for difference in try await tour.run() { Issue.record("onestop-tour.md: \(difference)") }
    }

    /// The drill: what is restored elsewhere is what was backed up (rows, event logs, receipts), and goes on: the epoch
    /// rises, everything is published again, and nothing is lost or done twice by it.
    private func restores(_ copy: Copy) async throws {
        let backup = try await Shell.run(
            Settings.checkout.appendingPathComponent("Deploy/local/backup.sh"), [], environment: Shell.environment)
        let folder = try #require(backup.output.split(separator: "\n").last.map(String.init))
        try await copy.elsewhere { restored in
            // Ends with 3 when it is not the same.
            try await Shell.local("restore.sh", folder)
            try await Shell.local("provision.sh")
            try await Shell.local("services.sh", "start")
            let database = Database(restored, logger: quiet)
            let audit = Audit(database: database, services: ServiceName.running)
            try await eventually("published again and taken", within: .seconds(60)) {
                let epochs = try await database.run("SELECT max(epoch) AS epoch FROM onestop.relay_tick")
                let report = try await audit.run()
                return try epochs[0]("epoch", as: Int32?.self) == 2 && report.isAtRest
            }
            let report = try await audit.run()
            #expect(report.lost == 0 && report.twice == 0 && report.outOfOrder == 0, "\(report.findings)")
            await database.close()
        }
    }

    private func auditorSees(_ copy: Copy) async throws {
        let database = Database(copy.superuser, logger: quiet)
        let audit = Audit(database: database, services: ServiceName.running)
        let before = try await audit.run()
        #expect(before.lost == 0 && before.twice == 0 && before.outOfOrder == 0 && before.isAtRest)

        // One effect deleted by hand: the event is lost.
        try await database.run("CREATE TABLE public.kept AS SELECT * FROM mail.effect_log")
        try await database.run("DELETE FROM mail.effect_log WHERE id = (SELECT max(id) FROM mail.effect_log)")
        let lost = try await audit.run()
        #expect(lost.lost == 1 && lost.twice == 0 && lost.outOfOrder == 0)
        #expect(lost.findings.count == 1 && lost.findings[0].hasPrefix("lost: mail, "))
        try await restore(database)

        // One effect written again: twice.
        try await database.run(
            """
            INSERT INTO mail.effect_log (reaction, source, aggregate_type, aggregate_id, version, type, event)
            SELECT reaction, source, aggregate_type, aggregate_id, version, type, event FROM mail.effect_log
            WHERE id = (SELECT max(id) FROM mail.effect_log)
            """)
        let twice = try await audit.run()
        #expect(twice.lost == 0 && twice.twice == 1)
        try await restore(database)

        // Two effects of one aggregate in the other order.
        try await database.run(
            """
            WITH pair AS (
                SELECT a.id AS first, b.id AS second, a.version AS early, b.version AS late
                FROM mail.effect_log a JOIN mail.effect_log b
                ON (b.source, b.aggregate_type, b.aggregate_id) = (a.source, a.aggregate_type, a.aggregate_id)
                    AND b.id > a.id AND NOT EXISTS (
                        SELECT FROM mail.effect_log m WHERE m.id > a.id AND m.id < b.id
                        AND (m.source, m.aggregate_type, m.aggregate_id) = (a.source, a.aggregate_type, a.aggregate_id))
                ORDER BY a.id DESC LIMIT 1)
            UPDATE mail.effect_log e SET version = CASE e.id WHEN pair.first THEN pair.late ELSE pair.early END,
                type = (SELECT o.type FROM mail.effect_log o
                        WHERE o.id = CASE e.id WHEN pair.first THEN pair.second ELSE pair.first END)
            FROM pair WHERE e.id IN (pair.first, pair.second)
            """)
        let swapped = try await audit.run()
        #expect(swapped.outOfOrder == 1 && swapped.lost == 0 && swapped.twice == 0)
        try await restore(database)
        #expect(try await audit.run() == before)
        await database.close()
    }

    /// Every operation of every service, asked with generated requests by everybody who may, and seen to succeed at
    /// least once (Tests/ApiTests); `make check` sends more.
    private func operationsAnswer(_ copy: Copy) async throws {
        let python = ProcessInfo.processInfo.environment["LIENTHONG_TEST_PYTHON"] ?? "/usr/bin/python3"
        let script = Settings.checkout.appendingPathComponent("Tests/ApiTests/check_api.py").path
        let answer = try await Shell.run(
            URL(fileURLWithPath: python), [script, "--examples", "4"], mayFail: true)
        #expect(answer.status == 0, "\(answer.output)")
    }

    private func restore(_ database: Database) async throws {
        try await database.run("TRUNCATE mail.effect_log")
        try await database.run("INSERT INTO mail.effect_log OVERRIDING SYSTEM VALUE SELECT * FROM public.kept")
    }
}

/// What the rehearsal said.
final class Said: Sendable {
    private let said = Mutex<[String]>([])

    @Sendable func add(_ line: String) { said.withLock { $0.append(line) } }

    var lines: [String] { said.withLock { $0 } }
}
