import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// What the planner makes of the inbox and of the search, on generated dossiers.
@Suite struct PlanTests {
    private static let dossiers = 30_000
    private static let held = 12_000
    private static let now = "2021-03-01 09:00"

    /// One shape of filter, and the index whose range it is.
    private static func shapes(
        _ officer: PersonID, _ applicant: PersonID
    ) -> [(name: String, index: String, inbox: () throws -> Inbox)] {
        func shape(
            _ name: String, _ index: String, _ holder: Inbox.Holder, _ filter: @escaping (inout InboxFilter) -> Void
        ) -> (name: String, index: String, inbox: () throws -> Inbox) {
            (
                name, index,
                {
                    var wanted = InboxFilter()
                    filter(&wanted)
                    return try Inbox(wanted, of: holder, from: nil, until: nil, now: try at(now))
                }
            )
        }
        let (agency, person) = (Inbox.Holder.agency(Agencies.justice), Inbox.Holder.officer(officer))
        return [
            shape("an officer's", "dossiers_of_officer", person) { _ in },
            shape("an agency's", "dossiers_of_agency", agency) { _ in },
            shape("due", "dossiers_of_agency", agency) { $0.within = 3 },
            shape("overdue", "dossiers_of_agency", agency) { $0.overdue = true },
            shape("a rare status", "dossiers_of_status", agency) { $0.status = [.awaitingPayment] },
            shape("two statuses", "dossiers_of_agency", agency) { $0.status = [.accepted, .awaitingPayment] },
            shape("a step in a status", "dossiers_of_status", agency) {
                ($0.status, $0.step) = ([.processing], "none")
            },
            shape("a step", "dossiers_of_agency", agency) { $0.step = "none" },
            shape("a procedure", "dossiers_of_procedure", agency) { $0.procedure = "1.001776" },
            shape("a procedure's step", "dossiers_of_procedure", agency) {
                ($0.procedure, $0.step, $0.status) = ("2.000488", "none", [.processing])
            },
            shape("an officer's, all at once", "dossiers_of_officer", person) {
                ($0.procedure, $0.step, $0.status, $0.within) = ("1.001776", "none", [.processing], 300)
            },
            shape("nobody's", "dossiers_unassigned", agency) { $0.unassigned = true },
            shape("nobody's, of a procedure", "dossiers_unassigned", agency) {
                ($0.unassigned, $0.procedure) = (true, "1.001776")
            },
            shape("closed", "dossiers_done_of_agency", agency) { $0.status = [.returned] },
            shape("closed, of a procedure", "dossiers_done_of_agency", agency) {
                ($0.status, $0.procedure) = ([.returned], "1.001776")
            },
            shape("closed of an officer", "dossiers_done_of_officer", person) { $0.status = [.returned] },
            shape("of a person", "dossiers_applicant", agency) { $0.applicant = applicant },
        ]
    }

    @Test func `os-110: every filter is one index range or a bounded walk`() async throws {
        try await Office.open { office in
            let applicant = PersonID.new()
            try await office.fill(Self.dossiers, heldBy: Self.held, applicant: applicant)
            let database = office.harness.database.database
            for shape in Self.shapes(office.officer, applicant) {
                for after in [nil, TimeCursor(time: try at("2021-03-02 09:00"), id: UUID.v7())] {
                    let sql = try shape.inbox().page(after: after, limit: 51)
                    let rows = try await database.run("EXPLAIN (ANALYZE, FORMAT JSON) \(sql)")
                    let plan = try Plan(rows)
                    #expect(plan.indexes.contains(shape.index), "\(shape.name): \(plan.indexes)")
                    #expect(
                        plan.indexes.isSubset(of: [shape.index, "dossiers_pkey"]), "\(shape.name): \(plan.indexes)")
                    #expect(!plan.kinds.contains("Seq Scan"), "\(shape.name)")
                    #expect(plan.touched <= Limits.Finding.walk + 102, "\(shape.name) touches \(plan.touched)")
                    let sorts = shape.index == "dossiers_applicant" ? Limits.Finding.ofPerson : 51
                    #expect(plan.sorted <= sorts, "\(shape.name) sorts \(plan.sorted)")
                    try await Self.isIndexedWithoutValues(sql, shape.name, [shape.index, "dossiers_pkey"], database)
                    try await Self.keepsItsPlan(sql, shape.name, database)
                }
            }
            let counts = try await database.run(
                "EXPLAIN (ANALYZE, FORMAT JSON) \(CountInbox.groups(of: .agency(Agencies.justice), now: at(Self.now)))")
            let plan = try Plan(counts)
            #expect(plan.indexes == ["dossiers_of_agency"] && plan.touched <= Limits.OneStop.countedOpen)
            for holder in [Inbox.Holder.agency(Agencies.justice), .officer(office.officer)] {
                try await Self.keepsItsPlan(Inbox.counts(of: holder, now: at(Self.now)), "counts", database)
                try await Self.keepsItsPlan(CountInbox.groups(of: holder, now: at(Self.now)), "groups", database)
            }
        }
    }

    @Test func `os-292: asking each entry where it is stays a bounded walk, and is short where all may be read`()
        async throws
    {
        try await Office.open { office in
            try await office.fill(Self.dossiers, heldBy: Self.held, applicant: .new())
            let (database, now) = (office.harness.database.database, try at(Self.now))
            let indexes: Set = ["dossiers_of_officer", "dossiers_done_of_officer", "dossiers_pkey"]
            // A walk touches each entry of the index once, and looks its row up.
            for (agency, most) in [(Agencies.police, 2 * Limits.Finding.walk + 102), (Agencies.justice, 400)] {
                let holder = Inbox.Holder.officerWithin(office.officer, [agency])
                for status in [nil, DossierStatus.returned] {
                    var filter = InboxFilter()
                    filter.status = [status].compactMap { $0 }
                    let sql = try Inbox(filter, of: holder, from: nil, until: nil, now: now).page(after: nil, limit: 51)
                    let plan = try Plan(try await database.run("EXPLAIN (ANALYZE, FORMAT JSON) \(sql)"))
                    let name = "\(agency) \(status?.rawValue ?? "open")"
                    #expect(plan.indexes.isSubset(of: indexes) && !plan.kinds.contains("Seq Scan"), "\(name)")
                    #expect(plan.touched <= most && plan.sorted <= 51, "\(name) touches \(plan.touched)")
                    try await Self.isIndexedWithoutValues(sql, name, indexes, database)
                }
                for sql in [Inbox.counts(of: holder, now: now), CountInbox.groups(of: holder, now: now)] {
                    let plan = try Plan(try await database.run("EXPLAIN (ANALYZE, FORMAT JSON) \(sql)"))
                    #expect(plan.indexes.isSubset(of: indexes) && !plan.kinds.contains("Seq Scan"), "\(agency)")
                    #expect(plan.touched <= 4 * Limits.Finding.walk, "\(agency) touches \(plan.touched)")
                }
            }
            let counts = try StatusCount.read(
                await database.run(Inbox.counts(of: .officerWithin(office.officer, [Agencies.police]), now: now)))
            // The walk through the open ones was cut off; through the closed ones it was not.
            #expect(counts.allSatisfy { $0.count == 0 && $0.atLeast == Inbox.open.contains($0.status) })
            #expect(counts.contains { $0.status == .returned } && counts.contains(where: \.atLeast))
        }
    }

    @Test func `os-110: of one citizen the newest thousand are looked at`() async throws {
        try await Office.open { office in
            let (applicant, most) = (PersonID.new(), Limits.Finding.ofPerson)
            try await office.fill(most + 100, heldBy: most + 100, applicant: applicant)
            let database = office.harness.database.database
            try await database.run("UPDATE dossiers SET applicant = \(applicant)")
            var filter = InboxFilter()
            filter.applicant = applicant
            let inbox = try Inbox(
                filter, of: .agency(Agencies.justice), from: nil, until: nil, now: at(Self.now))
            let page = try await database.run(inbox.page(after: nil, limit: most + 100))
            let newest = try await database.run("SELECT id FROM dossiers ORDER BY id DESC LIMIT \(most)")
            let looked = try page.map { try $0("id", as: UUID.self) }
            #expect(looked.count == most)
            #expect(try Set(looked) == Set(newest.map { try $0("id", as: UUID.self) }))
        }
    }

    /// A prepared statement may be planned once for all values.
    private static func isIndexedWithoutValues(
        _ sql: SQL, _ name: String, _ indexes: Set<String>, _ database: Database
    ) async throws {
        let text = sql.text
        let count = text.matches(of: /\$[0-9]+/).count
        try await database.transaction { transaction in
            try await transaction.run("SET LOCAL plan_cache_mode = force_generic_plan")
            try await transaction.run(SQL(stringLiteral: "PREPARE shape AS \(text)"))
            let nulls = Array(repeating: "NULL", count: count).joined(separator: ", ")
            let rows = try await transaction.run(
                SQL(stringLiteral: "EXPLAIN (FORMAT JSON) EXECUTE shape(\(nulls))"))
            let plan = try Plan(rows)
            #expect(!plan.kinds.contains("Seq Scan"), "\(name), planned without values")
            #expect(plan.indexes.isSubset(of: indexes), "\(name), planned without values: \(plan.indexes)")
            try await transaction.run("DEALLOCATE shape")
        }
    }

    /// Left alone, PostgreSQL plans a statement five times, and then again each time where it takes the plan without
    /// values for dearer.
    private static func keepsItsPlan(_ sql: SQL, _ name: String, _ database: Database) async throws {
        let planned = try await database.transaction { transaction in
            for _ in 1...7 { try await transaction.run(sql) }
            return try await transaction.run(
                """
                SELECT custom_plans::int AS times FROM pg_prepared_statements
                WHERE statement = \(sql.text) ORDER BY times DESC LIMIT 1
                """)
        }
        let times: Int? = try planned.first?("times")
        #expect(times == (sql.isPlannedOnce ? 0 : 5), "\(name) was planned \(times ?? 0) times")
    }

    @Test func `what is rare is found by the index of words, whatever the planner would rather do`() async throws {
        try await Office.open { office in
            try await office.fill(Self.dossiers, heldBy: Self.held, applicant: .new())
            let database = office.harness.database.database
            for (words, isMuch) in [("hoang", false), ("nguyen van", true)] {
                let query = Readable([Agencies.justice]).query(words)
                let found = try await SearchSQL.hits(query, before: SearchSQL.newest, limit: 51, in: database)
                #expect((found == nil) == isMuch, "\(words)")
                let plan = try await database.transaction(readOnly: true) { transaction in
                    try await transaction.post("SELECT set_config('enable_seqscan', 'off', true)")
                    let rows = try await transaction.run(
                        """
                        EXPLAIN (ANALYZE, FORMAT JSON) \(SearchSQL.indexed(query, before: SearchSQL.newest, limit: 51))
                        """)
                    return try Plan(rows)
                }
                #expect(plan.indexes.contains("dossier_search_words") && !plan.kinds.contains("Seq Scan"))
                #expect(plan.sorted <= Limits.Finding.hits + 1, "\(words)")
            }
            let rare = Readable([.none]).query("", every: ["p:2.000488"], either: ["n:999190000017"])
            let duplicates = try await database.run(
                "EXPLAIN (ANALYZE, FORMAT JSON) \(DuplicateSQL.find(rare, since: at(Self.now)))")
            let found = try Plan(duplicates)
            #expect(found.indexes.contains("dossier_search_words") && !found.kinds.contains("Seq Scan"))
            let walk = SearchSQL.walk(
                Readable([.none]).query("khong co"), before: SearchSQL.newest, most: Limits.Finding.walk, limit: 51)
            let rows = try await database.run("EXPLAIN (ANALYZE, FORMAT JSON) \(walk)")
            let plan = try Plan(rows)
            #expect(plan.touched <= Limits.Finding.walk + 102 && plan.sorted <= 51)
        }
    }
}

/// What `EXPLAIN (ANALYZE, FORMAT JSON)` says of a plan and all below it.
struct Plan {
    var kinds: Set<String> = []
    var indexes: Set<String> = []
    /// Tables that are read from one end to the other.
    var tables: Set<String> = []
    /// Index entries and rows that scans of tables looked at, in all and through each index.
    var touched = 0
    var through: [String: Int] = [:]
    /// The most rows that one sort was given.
    var sorted = 0

    /// Deeper than the JSON that the service itself takes.
    init(_ rows: Rows) throws {
        let text = try #require(try rows.first?("QUERY PLAN", as: String.self))
        let plans = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
        add(try #require(plans?.first?["Plan"] as? [String: Any]))
    }

    private mutating func add(_ node: [String: Any]) {
        let kind = node["Node Type"] as? String ?? ""
        kinds.insert(kind)
        let index = node["Index Name"] as? String
        if let index { indexes.insert(index) }
        if kind == "Seq Scan", let table = node["Relation Name"] as? String { tables.insert(table) }
        func number(_ name: String, of node: [String: Any]) -> Int { (node[name] as? NSNumber)?.intValue ?? 0 }
        let below = node["Plans"] as? [[String: Any]] ?? []
        let loops = number("Actual Loops", of: node)
        if kind.hasSuffix("Scan"), kind != "Subquery Scan", kind != "CTE Scan" {
            let looked = loops * (number("Actual Rows", of: node) + number("Rows Removed by Filter", of: node))
            if kind != "Bitmap Index Scan" { touched += looked }
            if let index { through[index, default: 0] += looked }
        }
        if kind.contains("Sort") { sorted = max(sorted, below.map { number("Actual Rows", of: $0) }.max() ?? 0) }
        below.forEach { add($0) }
    }
}

extension Office {
    /// Dossiers of two years at the Department of Justice: a third of them open, most of them of one procedure, with
    /// their rows for the search.
    func fill(_ count: Int, heldBy held: Int, applicant: PersonID) async throws {
        let superuser = harness.database.open(harness.database.administrator)
        try await superuser.run(
            """
            INSERT INTO dossiers (id, version, status, procedure, procedure_number, channel, receiving_agency,
                working_agency, officer, step, applicant, applicant_name, subject, submitted_at, act_by)
            SELECT gen_random_uuid(), 1,
                CASE WHEN n <= \(held) THEN 4 WHEN n % 3 = 0 THEN (ARRAY[1, 2, 4, 5])[n % 4 + 1] ELSE 10 END,
                CASE WHEN n % 500 = 0 THEN '1.001776' ELSE '2.000488' END, 1, 'online', 'H19.06', 'H19.06',
                CASE WHEN n <= \(held) OR n % 9 = 1 THEN \(officer) END,
                CASE WHEN n % 3 = 0 THEN 'check' ELSE 'verify' END,
                CASE WHEN n % 100 = 0 THEN \(applicant) END,
                CASE WHEN n % 1000 = 0 THEN 'Hoàng Thị Đào' ELSE 'Nguyễn Văn ' || n END, 'Xin cấp phiếu',
                '2021-01-01'::timestamptz + make_interval(mins => n::int), '2021-01-01'::timestamptz
                    + make_interval(mins => (n * 7919 % 500000)::int)
            FROM generate_series(1, \(count)) AS g (n)
            """)
        try await superuser.run(
            """
            INSERT INTO dossier_search SELECT id, array_to_tsvector(
                search_words(applicant_name || ' ' || subject) || search_agencies(ARRAY[receiving_agency]))
            FROM dossiers ON CONFLICT DO NOTHING
            """)
        for table in ["dossiers", "dossier_search"] { try await superuser.run("VACUUM ANALYZE \(raw: table)") }
    }
}
