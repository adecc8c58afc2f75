import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import Testing

@testable import BudgetService

@Suite struct `A statement` {
    private let query = "agency=H19.12&channel=gateway&from=2021-02-01&until=2021-02-28"

    private func take(
        _ office: Office, _ table: String, query: String? = nil, as person: PersonID? = nil
    ) async throws -> TestService.Answer {
        try await office.service.send(
            "POST", "/statements?\(query ?? self.query)", as: person ?? office.accountant, body: Array(table.utf8),
            headers: [("content-type", "text/csv")])
    }

    @Test func `os-238: is taken in whole or not at all, and the same again changes nothing`() async throws {
        try await Office.open { office in
            let bad = """
                reference,amount,date,note
                PG-1,200000,2021-02-09,"a ""quoted"", note"
                PG-2,0,2021-02-09,
                ,5,2021-02-09,
                PG-3,1e5,2021-02-09,
                PG-4,5,2021-03-01,
                PG-5,5
                "PG-
                6",5,09/02/2021,
                """
            let refused = try await take(office, bad)
            #expect((refused.status, refused.code) == (422, "budget.bad-statement"))
            #expect(
                refused.faults == [
                    "line 3: amount", "line 4: reference", "line 5: amount", "line 6: date", "line 7", "line 8: date",
                ])
            for (table, line) in [
                ("", "line 1"), ("amount,date\r\n", "line 1"), ("reference,amount,date,date", "line 1"),
                ("reference,amount,date\nA,\"5,2021-02-09", "line 2"), ("reference,amount,date\nA\"B,5,x", "line 2"),
            ] {
                let answer = try await take(office, table)
                #expect((answer.status, answer.faults) == (422, [line]), "\(table)")
            }
            let latin = try await office.service.send(
                "POST", "/statements?\(query)", as: office.accountant,
                body: Array("reference,amount,date\nA".utf8) + [0xFF] + Array(",5,2021-02-09".utf8))
            #expect((latin.status, latin.faults) == (422, ["line 2"]))
            #expect(try await office.rows("statements") == 0)
            #expect(try await office.rows("statement_lines") == 0)

            let good = "\u{FEFF}Date,Amount,Reference\r\n2021-02-09,200.000,PG-1\r\n"
            let answers = try await withThrowingTaskGroup(of: TestService.Answer.self) { group in
                for _ in 0..<8 { group.addTask { try await take(office, good) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 200 })
            #expect(Set(answers.map(\.body)).count == 1)
            #expect(try await office.rows("statements") == 1)
            #expect(try await office.rows("statement_lines") == 1)
            #expect(try await take(office, good, as: office.leader).status == 403)
            #expect(try await take(office, good, as: office.stranger).status == 403)
            for (change, field) in [
                (("channel=gateway", "channel=counter"), "channel"),
                (("until=2021-02-28", "until=2021-01-31"), "until"),
                (("until=2021-02-28", "until=2021-12-31"), "until"), (("agency=H19.12", "x=1&agency=H19.12"), "x"),
            ] {
                let answer = try await take(office, good, query: query.replacing(change.0, with: change.1))
                #expect((answer.status, answer.faults) == (422, [field]))
            }
        }
    }

    @Test func `os-239: what it does not name is looked for among the payments of its days alone`() async throws {
        try await Office.open { office in
            let demand = try await office.demand()
            let taken = try await take(office, "reference,amount,date\nA,5,2021-02-09")
            let id = try StatementID(taken.json["statement"]?.text ?? "")
            let superuser = office.service.database.open(office.service.database.administrator)
            // One an hour for three years: 28 times 24 of them in February, as its days are in Vietnam.
            try await superuser.run(
                """
                INSERT INTO payments (id, channel, reference, demand, agency, amount, settled, to_refund, paid_at,
                    received_at)
                SELECT gen_random_uuid(), 'gateway', 'PG-' || n, \(demand), 'H19.12', 5, 0, 5, at, at
                FROM generate_series(1, 26000) AS g (n),
                    LATERAL (SELECT '2019-01-01 00:30+07'::timestamptz + make_interval(hours => n::int) AS at) t
                """)
            try await superuser.run("VACUUM ANALYZE payments")
            let lines = try await office.service.database.database.run(
                "SELECT count(*) AS n FROM (\(Comparison.of(id))) c WHERE outcome = 'missing-there'")
            #expect(try lines.first?("n", as: Int.self) == 28 * 24)
            let rows = try await office.service.database.database.run("EXPLAIN \(Comparison.of(id))")
            let plan = try rows.map { try $0("QUERY PLAN", as: String.self) }.joined(separator: "\n")
            #expect(plan.contains("payments_days") && !plan.contains("Seq Scan on payments"), "\(plan)")
        }
    }

    @Test func `os-239: is compared by reference and amount, both ways`() async throws {
        try await Office.open { office in
            for number in 1...3 {
                let demand = try await office.demand(Int64(number) * 10_000)
                let report = office.report("PG-\(number)", demand, Int64(number) * 10_000)
                #expect(try await office.callBack(report).status == 200)
            }
            let table = """
                reference,amount,date
                PG-1,10000,2021-02-09
                PG-2,20001,2021-02-09
                =1+2,5,2021-02-10
                PG-1,10000,2021-02-10
                """
            let taken = try await take(office, table)
            #expect(taken.status == 200)
            let counts = ["matched", "amountDiffers", "missingHere", "missingThere", "duplicates"]
            #expect(counts.map { taken.json[$0]?.integer } == [1, 1, 1, 1, 1])
            let id = taken.json["statement"]?.text ?? ""
            var (lines, next): ([JSON], String?) = ([], "/statements/\(id)/lines?limit=2")
            while let page = next {
                let answer = try await office.get(page, as: office.leader)
                lines += answer.json["lines"]?.array ?? []
                next = answer.next
            }
            #expect(
                lines.map { $0["outcome"]?.text } == [
                    "matched", "amount-differs", "missing-here", "duplicate", "missing-there",
                ])
            #expect(lines.map { $0["line"]?.integer } == [2, 3, 4, 5, nil])
            #expect(lines[1]["booked"]?.integer == 20_000 && lines[4]["reference"]?.text == "PG-3")
            let there = try await office.get("/statements/\(id)/lines?outcome=missing-there")
            #expect(there.json["lines"]?.array?.count == 1)
            let export = try await office.get("/statements/\(id)/csv")
            let text = String(decoding: export.body, as: UTF8.self)
            #expect(text.hasPrefix("\u{FEFF}Dòng,Mã tham chiếu,"))
            #expect(text.contains("\r\n4,'=1+2,2021-02-10,5,,\"Sao kê có, hệ thống không có\"\r\n"), "no formula")
            let rows = try CSV.read(export.body)
            #expect(rows.count == 6 && rows.allSatisfy { $0.cells.count == 6 }, "what is written can be read")
            for path in ["", "/lines", "/csv"] {
                #expect(try await office.get("/statements/\(id)\(path)", as: office.stranger).status == 403)
            }
            // What is booked later is found by the same comparison.
            let demand = try await office.demand(5)
            #expect(try await office.callBack(office.report("PG-9", demand, 5)).status == 200)
            let again = try await office.get("/statements/\(id)").json
            #expect(again["missingThere"]?.integer == 2)
        }
    }
}
