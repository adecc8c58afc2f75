import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

@Suite struct ConcurrencyTests {
    @Test func `of two officers at once one wins and the other reads again`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let dossier = try DossierID(id)
            let second = office.harness.database.open(office.harness.database.runtime)
            let blocked = Kept(false)
            // Somebody else changes the dossier after the request has read it and before it writes.
            async let answer: TestService.Answer = {
                try await eventually("the row is held") { blocked.value }
                return try await office.done412(id)
            }()
            try await second.transaction { transaction in
                try await transaction.run("SELECT 1 AS held FROM dossiers WHERE id = \(dossier) FOR UPDATE")
                blocked.set(true)
                try await eventually("the request waits for the row") {
                    try await office.waiting() > 0
                }
                try await transaction.run("UPDATE dossiers SET version = version + 1 WHERE id = \(dossier)")
            }
            let refused = try await answer
            #expect((refused.status, refused.code) == (412, "stale-version"))
            #expect(try await office.harness.announced(DossierPaymentRequired.self) == 0)
            #expect(
                try await office.harness.count(
                    "SELECT count(*) AS n FROM dossier_history WHERE dossier = \(dossier)") == 3)
        }
    }

    @Test func `many at once: one effect, dense versions`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let answers = try await withThrowingTaskGroup(of: TestService.Answer.self) { group in
                for _ in 1...12 {
                    group.addTask { try await office.act("require-payment", on: id, as: office.officer) }
                }
                return try await group.reduce(into: [TestService.Answer]()) { $0.append($1) }
            }
            #expect(answers.filter { $0.status == 200 }.count == 1)
            #expect(answers.allSatisfy { [200, 409, 412].contains($0.status) })
            #expect(try await office.harness.announced(DossierPaymentRequired.self) == 1)
            let dense = try await office.harness.count(
                """
                SELECT (max(aggregate_version) - count(*))::int AS n FROM event_log WHERE aggregate_id = \(id)
                """)
            #expect(dense == 0)
        }
    }

    @Test func `codes have no gap and no double, also when some accepts fail`() async throws {
        try await Office.open { office in
            // Accepts that fail after the number was taken.
            let superuser = office.harness.database.open(office.harness.database.administrator)
            try await superuser.run(
                """
                CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN IF NEW.subject = ''break'' THEN RAISE EXCEPTION ''broken''; END IF; RETURN NEW; END'
                """)
            try await superuser.run(
                "CREATE TRIGGER breaks BEFORE UPDATE ON dossiers FOR EACH ROW EXECUTE FUNCTION breaks()")
            var dossiers: [(id: String, breaks: Bool)] = []
            for index in 1...30 {
                let breaks = index % 3 == 0
                dossiers.append((try await office.submit(subject: breaks ? "break" : "Hồ sơ \(index)"), breaks))
            }
            let codes = try await withThrowingTaskGroup(of: String?.self) { group in
                for (id, breaks) in dossiers {
                    group.addTask {
                        let answer = try await office.act("accept", on: id, as: office.clerk)
                        #expect(answer.status == (breaks ? 500 : 200))
                        return answer.json["code"]?.text.flatMap { breaks ? nil : $0 }
                    }
                }
                return try await group.reduce(into: [String]()) { if let code = $1 { $0.append(code) } }
            }
            let numbers = (1...20).map { "H19.06-210301-00\($0 < 10 ? "0" : "")\($0)" }
            #expect(codes.sorted() == numbers)
            // Another day and another agency begin at 1 again.
            try await office.set("2021-03-02 08:00")
            let next = try await office.done("accept", on: office.submit(), as: office.clerk)
            #expect(next["code"]?.text == "H19.06-210302-0001")
        }
    }

    @Test(arguments: ["assign", "hand-over"])
    func `nobody takes a dossier whose post ends at that moment`(action: String) async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let leaving = PersonID.new()
            try await office.appoint(leaving, .officer, at: Agencies.justice)
            let second = office.harness.database.open(office.harness.database.runtime)
            let ended = Kept(false)
            async let answer: TestService.Answer = {
                try await eventually("the post is ended, not yet committed") { ended.value }
                let body = JSON.object([]).with(action == "assign" ? "officer" : "toOfficer", .string(leaving.text))
                return try await office.act(action, on: id, as: office.leader, body)
            }()
            try await second.transaction { transaction in
                try await transaction.run(
                    "UPDATE directory_posts SET valid_to = \(try Day("2021-02-28")) WHERE person = \(leaving)")
                ended.set(true)
                try await eventually("the request waits for the post") { try await office.waiting() > 0 }
            }
            let refused = try await answer
            #expect((refused.status, refused.code) == (412, "stale-version"))
            #expect(
                try await office.harness.count(
                    "SELECT count(*) AS n FROM dossiers WHERE officer = \(leaving)") == 0)
            #expect(try await office.harness.announced(DossierAssigned.self) == 0)
            // Who reads again is told why.
            let again = try await office.act(
                "assign", on: id, as: office.leader, ["officer": .string(leaving.text)])
            #expect((again.status, again.code) == (422, "onestop.officer-not-there"))
        }
    }

    @Test func `a calendar is read from one snapshot`() async throws {
        try await Office.open { office in
            let second = office.harness.database.open(office.harness.database.runtime)
            let whole = try await CalendarBook.load(from: office.harness.database.database)
            let locked = Kept(false)
            async let read = {
                try await eventually("the days are locked") { locked.value }
                return try await CalendarBook.load(from: office.harness.database.database)
            }()
            try await second.transaction { transaction in
                try await transaction.run("LOCK TABLE calendar_days IN ACCESS EXCLUSIVE MODE")
                locked.set(true)
                try await eventually("the reader has the head and waits for the days") {
                    try await office.waiting() > 0
                }
                try await transaction.run("UPDATE calendars SET version = version + 1")
                try await transaction.run("DELETE FROM calendar_days")
            }
            let (calendar, version) = try await read
            #expect(calendar == whole.0 && version == whole.version)
            let after = try await CalendarBook.load(from: office.harness.database.database)
            #expect(after.0.specialDays.isEmpty && after.version == version + 1)
        }
    }

    @Test func `what was written stays as it was`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let runtime = office.harness.database.database
            for table in ["dossier_history", "due_dates", "event_log"] {
                let state = await sqlState { try await runtime.run("DELETE FROM \(raw: table)") }
                #expect(state == "42501", "\(table)")
            }
            let update = await sqlState { try await runtime.run("UPDATE dossier_history SET what = 'x'") }
            #expect(update == "42501")
            // Not even by the schema's owner: what is published is law.
            let owner = office.harness.database.open(office.harness.database.owner)
            for change: SQL in [
                "UPDATE procedures SET definition = '{}' WHERE state = 'published'", "DELETE FROM procedures",
            ] {
                #expect(await sqlState { try await owner.run(change) } == "23001")
            }
            #expect(try await office.status(id) == 4)
        }
    }

    private func sqlState(_ body: () async throws -> Void) async -> String? {
        do {
            try await body()
            return nil
        } catch { return (error as? PostgresError)?.sqlState }
    }
}

extension Office {
    /// Connections that wait for a row's lock.
    func waiting() async throws -> Int {
        try await harness.count(
            """
            SELECT count(*) AS n FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND usename = current_user
            """)
    }

    func done412(_ id: String) async throws -> TestService.Answer {
        try await act("require-payment", on: id, as: officer)
    }
}
