import Contracts
import Crypto
import Foundation
import Postgres
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

@Suite(.timeLimit(.minutes(5))) struct BookTests {
    private func close(_ year: Int, _ office: Office, as person: PersonID? = nil) async throws -> TestService.Answer {
        try await office.send("POST", "/agencies/H19.06/books/\(year)/close", as: person ?? office.leader, [:])
    }

    private func csv(_ form: String, _ year: Int, _ office: Office, _ query: String = "") async throws -> String {
        let answer = try await office.get("/agencies/H19.06/books/\(year)/\(form)/csv\(query)", as: office.clerk)
        guard answer.status == 200 else { throw Office.Unexpected(answer) }
        return String(decoding: answer.body, as: UTF8.self)
    }

    /// A dossier accepted, one refused, one with a supplement and an apology.
    private func year(_ office: Office) async throws -> String {
        let id = try await office.inWork()
        let refused = try await office.submit()
        try await office.done("refuse", on: refused, as: office.clerk, ["reasonCode": "x", "reason": "=1+1, \"sai\""])
        try await office.done("request-supplement", on: id, as: office.officer, ["missing": "Tờ khai"])
        try await office.done("supply", on: id, as: office.citizen, [:])
        try await office.done(
            "reappoint", on: id, as: office.leader,
            ["dueOn": "2021-03-18", "reasonCode": "x", "reason": "Chờ xác minh"])
        return id
    }

    @Test func `the six books have their lines as tables and on A4`() async throws {
        try await Office.open { office in
            let id = try await year(office)
            let listed =
                try await office.get("/agencies/H19.06/books/2021", as: office.clerk).json["books"]?.array ?? []
            #expect(listed.map { $0["lines"]?.integer } == [1, 1, 1, 1, 1, 1] && listed[0]["closedAt"] == nil)
            let refusals = try await csv("03", 2021, office)
            #expect(refusals.hasPrefix("\u{FEFF}TT,Mã hồ sơ,") && refusals.hasSuffix("\"'=1+1, \"\"sai\"\"\"\r\n"))
            #expect(try await csv("04", 2021, office).contains("17:00 15/03/2021,17:00 18/03/2021,Chờ xác minh"))
            let code = try #require(try await office.get("/dossiers/\(id)", as: office.clerk).json["code"]?.text)
            #expect(
                try await csv("06", 2021, office).contains(
                    "01,\(code),Cấp Phiếu lý lịch tư pháp số 1,01,Nguyễn Thị Bích"))
            #expect(try await csv("06", 2021, office, "?from=2").split(separator: "\r\n").count == 1)
            for form in Form.allCases {
                let answer = try await office.get("/agencies/H19.06/books/2021/\(form.number)/pdf", as: office.clerk)
                let seen = try SeenPDF(answer.body, "so-\(form.number)")
                #expect(seen.size.hasPrefix("841.89 x 595.276 pts") && seen.hasOwnFonts, "\(seen.size)")
                #expect(seen.text.contains("Nguyễn Thị Bích") && seen.text.contains("Sổ chưa khóa."), "\(seen.text)")
            }
            for (path, person, status) in [
                ("/agencies/H19.06/books/2021", office.districtOfficer, 403),
                ("/agencies/H19.06/books/2021/01/csv", office.districtOfficer, 403),
                ("/agencies/H19.06/books/2021/07/csv", office.clerk, 404),
                ("/agencies/H19.06/books/2021/01/pdf?from=0", office.clerk, 422),
            ] { #expect(try await office.get(path, as: person).status == status) }
        }
    }

    @Test func `os-154: a year is closed once, when it is over; what happens later has the next year's numbers`()
        async throws
    {
        try await Office.open { office in
            _ = try await year(office)
            let early = try await close(2021, office)
            #expect((early.status, early.code) == (409, "onestop.year-not-over"))
            try await office.set("2022-01-01 00:59")
            #expect(try await close(2021, office).code == "onestop.year-not-over")
            try await office.set("2022-01-01 01:00")
            #expect(try await close(2021, office, as: office.clerk).status == 403)
            #expect(try await close(2020, office).code == "onestop.no-books")
            let closed = try await close(2021, office)
            #expect(closed.status == 200 && closed.json["books"]?.array?.allSatisfy { $0["closedAt"] != nil } == true)
            #expect(try await close(2021, office).code == "onestop.books-closed")
            // Also for a clock that was set back, and for a sequence that had no number yet.
            try await office.set("2021-12-30 09:00")
            let late = try await office.submit()
            try await office.done("accept", on: late, as: office.clerk)
            let rows = try await office.harness.database.database.run(
                "SELECT year, number FROM book_lines WHERE series = 'accepted' ORDER BY year, number")
            #expect(
                try rows.map { [try $0("year", as: Int.self), try $0("number", as: Int.self)] } == [
                    [2021, 1], [2022, 1],
                ])
        }
    }

    @Test func `os-155: what a closed book says never changes`() async throws {
        try await Office.open { office in
            let id = try await year(office)
            try await office.set("2022-01-03 08:00")
            #expect(try await close(2021, office).status == 200)
            var before: [String] = []
            for form in Form.allCases { before.append(try await csv(form.number, 2021, office)) }
            // The dossier goes on, the applicant is called otherwise: the open book would show it.
            try await office.done("stop", on: id, as: office.officer, ["reasonCode": "x", "reason": "y"])
            try await office.harness.database.database.run("UPDATE dossiers SET applicant_name = 'Khác'")
            var after: [String] = []
            for form in Form.allCases { after.append(try await csv(form.number, 2021, office)) }
            #expect(after == before && before[5].contains("Nguyễn Thị Bích"))
            let listed =
                try await office.get("/agencies/H19.06/books/2021", as: office.clerk).json["books"]?.array ?? []
            for (index, book) in listed.enumerated() {
                #expect(book["sha256"]?.text == sha256(before[index]))
            }
            let event = try #require(try await office.harness.events(BooksClosed.self).first)
            #expect(event.hashes == before.map(sha256) && event.actor == office.leader && event.year == 2021)
            let pdf = try await office.get("/agencies/H19.06/books/2021/06/pdf", as: office.clerk).body
            #expect(try await office.get("/agencies/H19.06/books/2021/06/pdf", as: office.clerk).body == pdf)
            #expect(try SeenPDF(pdf, "so-06-khoa").text.contains("Đã khóa sổ lúc 08:00 03/01/2022."))
            // Nor may the service itself change it.
            for table in ["closed_books", "closed_book_lines", "book_lines", "printed_forms"] {
                await #expect(throws: PostgresError.self) {
                    try await office.harness.database.database.run("DELETE FROM \(raw: table)")
                }
            }
        }
    }

    @Test func `the timer of a year closes it, and does nothing where a leader has done it`() async throws {
        try await withRoom { room in
            try await Office.open(in: room) { office in
                _ = try await year(office)
                let waiting = "SELECT count(*) AS n FROM timers WHERE kind = 'onestop.books-close'" as SQL
                #expect(try await office.harness.count(waiting) == 1)
                try await office.set("2022-01-01 01:00")
                try await eventually("the books are closed") {
                    try await office.harness.count("SELECT count(*) AS n FROM closed_books") == 6
                }
                #expect(try await office.harness.count(waiting) == 0)
                #expect(
                    try await office.harness.count(
                        "SELECT count(*) AS n FROM closed_books WHERE closed_by = 'onestop.timer' AND lines = 1") == 6)
            }
        }
        try await Office.open { office in
            _ = try await year(office)
            try await office.set("2022-01-01 01:00")
            #expect(try await close(2021, office).status == 200)
            try await office.harness.running.runtime.database.transaction { transaction in
                let work = Work(
                    session: transaction, now: office.harness.running.runtime.clock.now, actor: "timer",
                    traceparent: nil, log: quiet, runtime: office.harness.running.runtime)
                try await CloseBooksOfYear.fire(key: "H19.06 2021", payload: [:], work)
            }
        }
    }

    @Test func `whoever takes numbers while the books close is in them or in the next year's`() async throws {
        try await Office.open { office in
            var ids: [String] = []
            for _ in 0..<16 { ids.append(try await office.submit()) }
            try await office.done("accept", on: ids[0], as: office.clerk)
            let ending = try Day("2022-01-01").instant(minute: 60)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, id) in ids.dropFirst().enumerated() {
                    if index == 7 {
                        group.addTask {
                            try await office.set(ending)
                            #expect(try await close(2021, office).status == 200)
                            try await office.set("2021-12-31 16:00")
                        }
                    }
                    group.addTask {
                        var answer = try await office.act("accept", on: id, as: office.clerk)
                        while answer.status == 412 { answer = try await office.act("accept", on: id, as: office.clerk) }
                        guard answer.status == 200 else { throw Office.Unexpected(answer) }
                    }
                }
                try await group.waitForAll()
            }
            let frozen = try await office.harness.count(
                "SELECT count(*) AS n FROM closed_book_lines WHERE form = 1 AND year = 2021")
            let old = try await office.harness.count("SELECT count(*) AS n FROM book_lines WHERE year = 2021")
            let all = try await office.harness.count("SELECT count(*) AS n FROM book_lines")
            #expect(frozen == old && all == 16)
            let gaps = try await office.harness.count(
                """
                SELECT count(*) AS n FROM (SELECT max(number) - count(*) AS gap FROM book_lines GROUP BY year) years
                WHERE gap <> 0
                """)
            #expect(gaps == 0)
        }
    }
}

private func sha256(_ text: String) -> String {
    SHA256.hash(data: Array(text.utf8)).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
}
