import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// What the planner makes of a month's report among the dossiers of three years.
@Suite struct ReportPlanTests {
    private static let dossiers = 36_000
    /// What another agency accepted in the month.
    private static let elsewhere = 40_000

    @Test func `os-212: a month's report looks at what was in hand in it, and not at all that ever was`() async throws {
        try await Office.open { office in
            let superuser = office.harness.database.open(office.harness.database.administrator)
            // One every 45 minutes from 2019 on, each finished after nine days; of every five hundredth nothing comes.
            try await superuser.run(
                """
                INSERT INTO dossiers (id, version, status, procedure, procedure_number, channel, receiving_agency,
                    working_agency, applicant_name, subject, submitted_at, accepted_at, act_by)
                SELECT gen_random_uuid(), 3, CASE WHEN n % 500 = 0 THEN 4 ELSE 10 END, '2.000488', 1, 'online',
                    'H19.06', 'H19.06', 'x', 'x', at, at, at
                FROM generate_series(1, \(Self.dossiers)) AS g (n),
                    LATERAL (SELECT '2019-01-01'::timestamptz + make_interval(mins => n::int * 45) AS at) t
                """)
            try await superuser.run(
                """
                INSERT INTO dossier_history (dossier, version, at, actor, what, from_status, to_status, agency)
                SELECT id, l.version, accepted_at + l.after, 'x', l.what, l.f, l.t, 'H19.06' FROM dossiers, (VALUES
                    (2, interval '0', 'accepted', 1, 2), (3, '1 day', 'handed-over', 2, 4),
                    (4, '9 days', 'finished', 4, 9), (5, '10 days', 'returned', 9, 10)
                ) AS l (version, after, what, f, t)
                WHERE l.version < 4 OR status = 10
                """)
            try await superuser.run(
                """
                INSERT INTO due_dates (dossier, version, cause, due_at, explanation)
                SELECT id, 2, 'accepted', accepted_at + interval '10 days', '{}' FROM dossiers
                """)
            try await superuser.run(
                """
                INSERT INTO dossiers (id, version, status, procedure, procedure_number, channel, receiving_agency,
                    working_agency, applicant_name, subject, submitted_at, accepted_at, act_by)
                SELECT gen_random_uuid(), 3, 10, '2.000488', 1, 'online', 'H19.31', 'H19.31', 'x', 'x', at, at, at
                FROM generate_series(1, \(Self.elsewhere)) AS g (n),
                    LATERAL (SELECT '2021-11-02'::timestamptz + make_interval(mins => n::int / 2) AS at) t
                """)
            for table in ["dossiers", "dossier_history", "due_dates"] {
                try await superuser.run("VACUUM ANALYZE \(raw: table)")
            }
            let period = try #require(ReportPeriod("2021-11"))
            let reported = try Reported(Agencies.justice, period, asOf: nil, now: at("2022-01-31 09:00"))
            let rows = try await office.harness.database.database.run(
                "EXPLAIN (ANALYZE, FORMAT JSON) \(reported.table(by: .agency))")
            let plan = Plan(try #require(try rows.first?("QUERY PLAN", as: JSON.self).array?.first?["Plan"]))
            let wanted: Set = ["dossiers_received", "dossier_history_ended", "dossier_history_pkey", "due_dates_pkey"]
            #expect(wanted.isSubset(of: plan.indexes), "\(plan.indexes)")
            #expect(!plan.tables.contains("dossiers") && !plan.tables.contains("dossier_history"), "\(plan.tables)")
            // In hand: the month's 960, the 288 before it that were still open, 72 that nothing comes of.
            #expect(plan.touched < 40_000, "\(plan.touched)")
        }
    }
}
