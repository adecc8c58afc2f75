import Contracts
import Foundation
import Postgres
import ServiceKit
import TestKit
import Testing

@testable import BudgetService

@Suite struct `The ledger` {
    /// Writes an entry by hand, as the service's own role.
    private func post(
        _ office: Office, _ lines: [(String, String, Int64)], count: Int? = nil, in database: Database
    ) async throws {
        let payment: PaymentID = try await database.run("SELECT id FROM payments").first.map { try $0("id") } ?? .new()
        try await database.transaction { transaction in
            let entry = UUID.v7()
            try await transaction.run(
                """
                INSERT INTO journal_entries (id, agency, day, chart, kind, document, payment, line_count, posted_at,
                                             posted_by)
                VALUES (\(entry), 'H19.12', '2021-02-09', 'TT107/2017', \(entry.text), 'by hand', \(payment),
                        \(count ?? lines.count), now(), 'tests')
                """)
            for (number, line) in lines.enumerated() {
                try await transaction.run(
                    """
                    INSERT INTO journal_lines (entry, line, agency, day, chart, account, side, amount)
                    VALUES (\(entry), \(number + 1), 'H19.12', '2021-02-09', 'TT107/2017', \(line.0), \(line.1),
                            \(line.2))
                    """)
            }
        }
    }

    private func refusal(_ body: () async throws -> Void) async -> PostgresError? {
        do { try await body() } catch { return error as? PostgresError }
        return nil
    }

    @Test func `is refused by the database when an entry does not balance`() async throws {
        try await Office.open { office in
            _ = try await office.callBack(office.report("PG-1", office.demand()))
            let database = office.service.database.database
            try await post(office, [("112", "debit", 7), ("3373", "credit", 7)], in: database)
            try await post(office, [("014", "debit", 7)], in: database)
            let before = try await office.footprint()
            for lines: [(String, String, Int64)] in [
                [("112", "debit", 7), ("3373", "credit", 6)], [("112", "debit", 7)], [],
                [("112", "debit", 7), ("3373", "debit", 7)], [("112", "debit", 7), ("014", "credit", 7)],
            ] {
                let error = await refusal { try await self.post(office, lines, in: database) }
                #expect(error?.constraint == "journal_entry_balances", "\(lines)")
            }
            let group = await refusal {
                try await self.post(office, [("111", "debit", 7), ("3373", "credit", 7)], in: database)
            }
            #expect(group?.constraint == "journal_entry_detail_accounts")
            let short = await refusal {
                try await self.post(office, [("112", "debit", 7), ("3373", "credit", 7)], count: 3, in: database)
            }
            #expect(short?.constraint == "journal_entry_balances")
            #expect(try await office.footprint() == before)
        }
    }

    @Test func `is never changed by the service`() async throws {
        try await Office.open { office in
            _ = try await office.callBack(office.report("PG-1", office.demand()))
            let database = office.service.database.database
            for table in ["journal_entries", "journal_lines", "receipts", "payments", "refunds", "refused_callbacks"] {
                let deleted = await refusal { try await database.run("DELETE FROM \(raw: table)") }
                #expect(deleted?.sqlState == "42501", "\(table)")
            }
            let updated = await refusal { try await database.run("UPDATE journal_lines SET amount = amount + 1") }
            #expect(updated?.sqlState == "42501")
            // A further pair of lines that balance by themselves.
            let added = await refusal {
                try await database.run(
                    """
                    INSERT INTO journal_lines (entry, line, agency, day, chart, account, side, amount)
                    SELECT id, n, agency, day, chart, '112', CASE n WHEN 3 THEN 'debit' ELSE 'credit' END, 9
                    FROM journal_entries, generate_series(3, 4) AS n
                    """)
            }
            #expect(added?.constraint == "journal_entry_balances")
        }
    }

    @Test func `shows balances on a day and the journal by pages`() async throws {
        try await Office.open { office in
            for number in 1...5 {
                _ = try await office.callBack(
                    office.report("PG-\(number)", office.demand(Int64(number) * 1_000), 20_000))
            }
            try await post(office, [("112", "debit", 7), ("3373", "credit", 7)], in: office.service.database.database)
            #expect(try await office.balances() == ["112": 100_007, "3373": -15_007, "338": -85_000])
            #expect(try await office.balances(on: "2021-02-09") == ["112": 7, "3373": -7])
            #expect(try await office.balances(on: "2021-02-08") == [:])
            var (seen, next): ([JSON], String?) = ([], "/journal?agency=H19.12&limit=4")
            while let page = next {
                let answer = try await office.service.send("GET", page, as: office.accountant)
                #expect(answer.status == 200)
                seen += answer.json["entries"]?.array ?? []
                next = answer.next
            }
            #expect(seen.count == 11)
            #expect(Set(seen.compactMap { $0["entry"]?.text }).count == 11)
            #expect(seen.last?["day"]?.text == "2021-02-09", "newest first")
            let old = try await office.service.send(
                "GET", "/journal?agency=H19.12&to=2021-02-09", as: office.accountant)
            #expect(old.json["entries"]?.array?.count == 1)
        }
    }

    @Test func `has no gap in its receipts under fifty payments at once`() async throws {
        try await Office.open { office in
            var demands: [DemandID] = []
            for _ in 0..<50 { demands.append(try await office.demand()) }
            // Every fifth shares a reference with the one before: one of the two is refused after it took a number.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, demand) in demands.enumerated() {
                    let reference = index % 5 == 4 ? "PG-\(index - 1)" : "PG-\(index)"
                    group.addTask { _ = try await office.callBack(office.report(reference, demand)) }
                }
                try await group.waitForAll()
            }
            var (numbers, after): ([Int64], Int64) = ([], 0)
            while true {
                let page = try await office.service.send(
                    "GET", "/receipts?agency=H19.12&limit=15&after=\(after)", as: office.leader)
                let serials = (page.json["receipts"]?.array ?? []).compactMap { $0["serial"]?.integer }
                numbers += serials
                guard page.next != nil, let last = serials.last else { break }
                after = last
            }
            #expect(numbers == Array(1...40))
            #expect(try await office.service.announced(FeePaid.self) == 40)
            #expect(try await office.balances() == ["112": 8_000_000, "3373": -8_000_000])
        }
    }
}
