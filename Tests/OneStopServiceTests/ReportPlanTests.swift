import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// What the planner makes of the reports of one agency among the dossiers of three years of its own, and as much again
/// that others received, ended, passed on and answered in the very month.
@Suite(.timeLimit(.minutes(5))) struct ReportPlanTests {
    private static let own = 36_000
    private static let elsewhere = 40_000
    /// What grows with the province, and what no report may read from one end to the other.
    fileprivate static let large: Set = [
        "dossiers", "dossier_history", "due_dates", "step_dates", "complaints", "dossier_forwards", "dossier_ends",
        "attachments", "dossier_papers", "ratings",
    ]

    /// Of one shape of report: its statement, the indexes that it needs, and through which it may look at how much.
    private struct Shape {
        var name: String
        var sql: SQL
        var indexes: Set<String>
        var most: [String: Int]
    }

    /// In hand in November: the month's 960, the 288 before it that were still open, 72 that nothing comes of, of which
    /// 18 are away. In a quarter 2,944 are accepted, and as many end; from October on 4,161. Of others an official
    /// there held thirty; five were paid later, five passed on.
    private static func shapes(_ month: Reported, _ quarter: Reported) -> [Shape] {
        let received: Set = ["dossiers_received", "dossier_ends_pkey", "dossiers_away", "dossier_forwards_from"]
        // Once for what was received and once for the rest.
        let held = ["dossier_ends_pkey": 6_000]
        // What is open there has two indexes that begin with where it is.
        let most = [
            "dossiers_received": 3_100, "dossier_ends_pkey": 4_191, "dossiers_away": 18, "dossiers_of_agency": 72,
            "dossiers_of_procedure": 72, "dossier_forwards_from": 5,
        ]
        let cells = ReportCell.allCases.filter { $0 != .counter && $0 != .postal }
        var page = ReportRequest()
        page.limit = 200
        return [
            Shape(name: "a table", sql: month.table(by: .agency), indexes: received, most: most),
            Shape(name: "by field", sql: month.table(by: .field), indexes: received, most: most),
            Shape(
                name: "a list", sql: month.list(.late, by: .agency, key: "H19.06", page), indexes: received,
                most: most),
            Shape(
                name: "indexes", sql: month.counts(of: cells), indexes: received.union(["dossier_history_paid_later"]),
                most: most.merging(["dossier_history_paid_later": 10]) { $1 }),
            Shape(name: "agencies", sql: quarter.scores(.agency, officer: nil), indexes: received, most: most),
            Shape(name: "online", sql: quarter.online, indexes: received, most: most),
            Shape(
                name: "officials", sql: quarter.scores(.officer, officer: nil), indexes: Set(held.keys), most: held),
            Shape(
                name: "complaints", sql: quarter.complaints, indexes: ["complaints_open", "complaints_done"],
                most: ["complaints_open": 40, "complaints_done": 40]),
        ]
    }

    @Test func `os-212: a report looks at what was in hand at its agencies, and not at all that ever was`()
        async throws
    {
        try await Office.open { office in
            try await office.fillForReports(own: Self.own, elsewhere: Self.elsewhere)
            let now = try at("2022-01-31 09:00")
            func reported(_ period: String) throws -> Reported {
                try Reported(Agencies.justice, try #require(ReportPeriod(period)), asOf: nil, now: now)
            }
            let database = office.harness.database.database
            for shape in Self.shapes(try reported("2021-11"), try reported("2021-Q4")) {
                let rows = try await database.run("EXPLAIN (ANALYZE, FORMAT JSON) \(shape.sql)")
                let plan = try Plan(rows)
                #expect(shape.indexes.isSubset(of: plan.indexes), "\(shape.name): \(plan.indexes)")
                #expect(plan.tables.isDisjoint(with: Self.large), "\(shape.name): \(plan.tables)")
                for (index, most) in shape.most {
                    #expect(plan.through[index, default: 0] <= most, "\(shape.name): \(plan.through)")
                }
                #expect(plan.touched < 110_000, "\(shape.name): \(plan.touched)")
                try await Self.isIndexedWithoutValues(shape, database)
            }
        }
    }

    /// A prepared statement may be planned once for all values.
    private static func isIndexedWithoutValues(_ shape: Shape, _ database: Database) async throws {
        let text = shape.sql.text
        let nulls = Array(repeating: "NULL", count: text.matches(of: /\$[0-9]+/).count).joined(separator: ", ")
        try await database.transaction { transaction in
            try await transaction.run("SET LOCAL plan_cache_mode = force_generic_plan")
            try await transaction.run(SQL(stringLiteral: "PREPARE shape AS \(text)"))
            let rows = try await transaction.run(
                SQL(stringLiteral: "EXPLAIN (FORMAT JSON) EXECUTE shape(\(nulls))"))
            let plan = try Plan(rows)
            #expect(plan.tables.isDisjoint(with: large), "\(shape.name) without values: \(plan.tables)")
            try await transaction.run("DEALLOCATE shape")
        }
    }
}

extension Office {
    /// One dossier every 45 minutes from 2019 on at the Department of Justice, each finished after nine days, and of
    /// every five hundredth nothing comes; and at a district so many in November 2021, each finished within the month.
    fileprivate func fillForReports(own: Int, elsewhere: Int) async throws {
        let superuser = harness.database.open(harness.database.administrator)
        try await superuser.run(
            """
            INSERT INTO dossiers (id, version, status, procedure, procedure_number, channel, receiving_agency,
                working_agency, applicant_name, subject, submitted_at, accepted_at, act_by)
            SELECT gen_random_uuid(), 3, CASE WHEN n % 500 = 0 THEN 4 ELSE 10 END, '2.000488', 1, 'online',
                'H19.06', CASE WHEN n % 2000 = 0 THEN 'H19.25' ELSE 'H19.06' END, 'x', 'x', at, at, at
            FROM generate_series(1, \(own)) AS g (n),
                LATERAL (SELECT '2019-01-01'::timestamptz + make_interval(mins => n::int * 45) AS at) t
            UNION ALL
            SELECT gen_random_uuid(), 3, CASE WHEN n % 10 = 0 THEN 4 ELSE 10 END, '2.000488', 1, 'online', 'H19.31',
                'H19.31', 'x', 'x', at, at, at
            FROM generate_series(1, \(elsewhere)) AS g (n),
                LATERAL (SELECT '2021-10-22'::timestamptz + make_interval(mins => n::int / 2) AS at) t
            """)
        try await superuser.run(
            """
            INSERT INTO dossier_history
                (dossier, version, at, actor, what, from_status, to_status, agency, officer, step)
            SELECT id, l.version, accepted_at + l.after, 'x', l.what, l.f, l.t, receiving_agency, \(officer), l.step
            FROM dossiers, (VALUES
                (2, interval '0', 'accepted', 1, 2, NULL), (3, '1 day', 'handed-over', 2, 4, 'check'),
                (4, '9 days', 'finished', 4, 9, 'check'), (5, '10 days', 'returned', 9, 10, 'check')
            ) AS l (version, after, what, f, t, step)
            WHERE l.version < 4 OR status = 10
            """)
        for table in ["due_dates", "step_dates"] {
            try await superuser.run(
                """
                INSERT INTO \(raw: table) (dossier, version, cause, due_at, explanation)
                SELECT id, \(Int64(table == "due_dates" ? 2 : 3)), 'x', accepted_at + interval '10 days', '{}'
                FROM dossiers
                """)
        }
        try await fillBeside(superuser)
        for table in ReportPlanTests.large.sorted() { try await superuser.run("VACUUM ANALYZE \(raw: table)") }
    }

    /// Of each a little at the department and much elsewhere: what was passed on, held for others, paid after the end
    /// and complained of.
    private func fillBeside(_ superuser: Database) async throws {
        try await superuser.run(
            """
            INSERT INTO dossier_forwards (dossier, version, from_agency, to_agency, reason, by, at)
            SELECT id, 9, CASE WHEN n <= 5 THEN 'H19.06' ELSE 'H19.' || 100 + n % 100 END, receiving_agency, 'x', 'x',
                '2022-01-05'
            FROM (SELECT *, row_number() OVER () AS n FROM dossiers WHERE receiving_agency = 'H19.31') d
            WHERE n <= 8000
            """)
        try await superuser.run(SQL(stringLiteral: Migrations.endsBefore))
        try await superuser.run(
            """
            INSERT INTO dossier_ends (agency, ended_at, dossier, accepted_at, received)
            SELECT CASE WHEN n <= 30 THEN 'H19.06' ELSE 'H19.25' END, accepted_at + interval '9 days', id, accepted_at,
                   false
            FROM (SELECT *, row_number() OVER (ORDER BY accepted_at) AS n FROM dossiers
                  WHERE receiving_agency = 'H19.31' AND status = 10) d
            WHERE n <= 8000
            """)
        try await superuser.run(
            """
            INSERT INTO dossier_history (dossier, version, at, actor, what, from_status, to_status, agency)
            SELECT id, 6, '2021-11-20', 'x', 'payment-settled', 10, 10, receiving_agency
            FROM (SELECT *, row_number() OVER (PARTITION BY receiving_agency ORDER BY accepted_at) AS n FROM dossiers
                  WHERE status = 10) d
            WHERE n <= CASE receiving_agency WHEN 'H19.06' THEN 5 ELSE 8000 END
            """)
        try await superuser.run(
            """
            INSERT INTO attachments (id, dossier, part, name, sha256, bytes, media_type, added_by, added_at)
            SELECT gen_random_uuid(), id, 'x', 'x', 'x', 1, 'x', 'x', accepted_at FROM dossiers
            """)
        try await superuser.run(
            """
            INSERT INTO dossier_papers (id, dossier, part, form, count, taken_by, taken_at)
            SELECT gen_random_uuid(), id, 'x', 'original', 1, 'x', accepted_at FROM dossiers
            """)
        try await superuser.run(
            """
            INSERT INTO ratings (dossier, occasion, revision, id, channel, agency, stars, at, actor)
            SELECT id, 'result', 1, gen_random_uuid(), 'online', receiving_agency, 5, accepted_at, 'x' FROM dossiers
            """)
        try await superuser.run(
            """
            INSERT INTO complaints (id, version, code_agency, code_day, code_serial, kind, agency, about_agency,
                person, subject, body, lodged_at, due_at, explanation, answered_at, justified, late)
            SELECT gen_random_uuid(), 1, 'H19', '2021-11-01', n, 'report', a.agency, a.agency, \(citizen), 'x', 'y',
                '2021-11-01', '2021-11-15', '{}', CASE WHEN n % 2 = 0 THEN '2021-11-10'::timestamptz END,
                CASE WHEN n % 2 = 0 THEN false END, CASE WHEN n % 2 = 0 THEN false END
            FROM generate_series(1, 8000) AS g (n),
                LATERAL (SELECT CASE WHEN n <= 60 THEN 'H19.06' ELSE 'H19.31' END AS agency) a
            """)
    }
}
