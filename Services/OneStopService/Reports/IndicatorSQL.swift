import Contracts
import ServiceKit

/// Whom the indicators are about.
enum IndicatorSubject: String, CaseIterable, Sendable {
    case agency, officer
}

extension Reported {
    /// `WITH … points`: a row for each subject, dossier and indicator, with the points and why. Dossiers that were
    /// finished or refused in the period; what the applicant withdrew is not judged. Time is judged to that moment,
    /// whenever the papers are fetched afterwards (os-275). Subjects are agencies of the report and officials for what
    /// they held there, nobody else (os-274).
    func points(_ subject: IndicatorSubject) -> SQL {
        let isAgency = subject == .agency
        let visitor: SQL = isAgency ? "v.agency" : "v.officer::text"
        let visited: SQL = within(isAgency ? "v.agency" : "v.officer_agency")
        let about: SQL = isAgency ? "true" : "(k.official IS NULL OR k.official::text = s.subject)"
        let published: SQL = isAgency ? "r.indicator_6 IS NOT NULL" : "false"
        return """
            \(isAgency ? facts : worked), judged AS (
                SELECT *, CASE WHEN (closed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
                                   < (due_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date THEN 2
                              WHEN closed_at <= due_at THEN 1 ELSE 0 END AS in_time
                FROM facts WHERE closed_at IS NOT NULL AND NOT withdrawn
            ), \(said), \(visits), subjects AS (\(subjects(subject))), points AS (
                SELECT s.subject, j.id, 1 AS indicator, j.in_time AS points, 'time' AS reason
                FROM judged j JOIN subjects s USING (id)
                UNION ALL
                -- The slowest visit of the subject counts.
                SELECT \(visitor), v.id, 2, min(v.points), 'time'
                FROM visits v WHERE v.points IS NOT NULL AND \(visitor) IS NOT NULL AND \(visited)
                GROUP BY 1, 2
                UNION ALL
                SELECT s.subject, j.id, 3,
                       coalesce(r.indicator_3, CASE supplements WHEN 0 THEN 2 WHEN 1 THEN 1 ELSE 0 END),
                       CASE WHEN r.indicator_3 IS NULL THEN 'requests' ELSE 'applicant' END
                FROM judged j JOIN subjects s USING (id) JOIN said r USING (id)
                UNION ALL
                SELECT s.subject, r.id, 4, r.indicator_4, 'applicant' FROM subjects s JOIN said r USING (id)
                WHERE r.indicator_4 IS NOT NULL
                UNION ALL
                SELECT s.subject, r.id, 6, r.indicator_6, 'applicant' FROM subjects s JOIN said r USING (id)
                WHERE \(published)
                UNION ALL
                SELECT s.subject, j.id, 7,
                       CASE WHEN c.justified THEN 0 ELSE coalesce(r.indicator_7, j.in_time) END,
                       CASE WHEN c.justified THEN 'complaint' WHEN r.indicator_7 IS NOT NULL THEN 'applicant'
                           ELSE 'time' END
                FROM judged j JOIN subjects s USING (id) JOIN said r USING (id)
                CROSS JOIN LATERAL (
                    SELECT coalesce(bool_or(k.justified), false) AS justified FROM complaints k
                    WHERE k.dossier = j.id AND k.answered_at < \(asOf) AND \(about)
                ) c
            )
            """
    }

    private func subjects(_ subject: IndicatorSubject) -> SQL {
        switch subject {
        case .agency: "SELECT id, agency AS subject FROM judged"
        case .officer:
            """
            SELECT DISTINCT j.id, h.officer::text AS subject FROM judged j
            CROSS JOIN LATERAL (
                SELECT h.officer FROM dossier_history h WHERE h.dossier = j.id AND \(holds("h")) OFFSET 0
            ) h
            """
        }
    }

    /// What the applicant said of each dossier before that moment: of each indicator the points that were given last.
    private var said: SQL {
        """
        said AS (
            SELECT j.id, r.* FROM judged j CROSS JOIN LATERAL (
                SELECT (array_agg(indicator_3 ORDER BY at DESC, occasion) FILTER (WHERE indicator_3 IS NOT NULL))[1]
                           AS indicator_3,
                       (array_agg(indicator_4 ORDER BY at DESC, occasion) FILTER (WHERE indicator_4 IS NOT NULL))[1]
                           AS indicator_4,
                       (array_agg(indicator_6 ORDER BY at DESC, occasion) FILTER (WHERE indicator_6 IS NOT NULL))[1]
                           AS indicator_6,
                       (array_agg(indicator_7 ORDER BY at DESC, occasion) FILTER (WHERE indicator_7 IS NOT NULL))[1]
                           AS indicator_7
                FROM (SELECT DISTINCT ON (occasion) * FROM ratings WHERE dossier = j.id AND at < \(asOf)
                      ORDER BY occasion, revision DESC) latest
            ) r
        )
        """
    }

    /// Each time a dossier was at a step: where, who had it in the end, and how its time stood to the step's date. A
    /// later visit is counted anew (os-070); a step without a date is left out.
    private var visits: SQL {
        """
        begun AS (
            SELECT j.id AS dossier, b.* FROM judged j CROSS JOIN LATERAL (
                SELECT version, step, agency, ends, lead(version) OVER (ORDER BY version) AS left_by,
                       lead(at) OVER (ORDER BY version) AS left_at
                FROM (
                    SELECT version, at, step, agency, to_status IN (8, 9) AND from_status <> to_status AS ends,
                           lag(step) OVER (ORDER BY version) AS step_before
                    FROM dossier_history WHERE dossier = j.id AND at < \(asOf)
                ) l
                WHERE ends OR step IS DISTINCT FROM step_before
            ) b
        ), visits AS (
            SELECT b.dossier AS id, b.agency, o.officer, o.agency AS officer_agency,
                   CASE WHEN t.due_at IS NULL THEN NULL
                       WHEN (b.left_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
                           < (t.due_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date THEN 2
                       WHEN b.left_at <= t.due_at THEN 1 ELSE 0 END AS points
            FROM begun b
            LEFT JOIN LATERAL (
                SELECT due_at FROM step_dates WHERE dossier = b.dossier AND version >= b.version
                    AND version < b.left_by ORDER BY version DESC LIMIT 1
            ) t ON true
            LEFT JOIN LATERAL (
                SELECT officer, agency FROM dossier_history WHERE dossier = b.dossier AND version < b.left_by
                ORDER BY version DESC LIMIT 1
            ) o ON true
            WHERE NOT b.ends AND b.step IS NOT NULL AND b.left_by IS NOT NULL
        )
        """
    }

    func scores(_ subject: IndicatorSubject, officer: PersonID?) -> SQL {
        let only: SQL = officer.map { "WHERE subject = \($0.text)" } ?? ""
        let name: SQL =
            switch subject {
            case .agency: "(SELECT name FROM directory_agencies WHERE code = subject)"
            case .officer:
                """
                (SELECT full_name FROM directory_posts WHERE person = subject::uuid ORDER BY valid_from DESC LIMIT 1)
                """
            }
        return """
            \(points(subject)), sums AS (
                SELECT subject, indicator, count(*) AS dossiers, sum(points)::bigint AS points FROM points \(only)
                GROUP BY subject, indicator
            )
            SELECT *, \(name) AS name FROM sums ORDER BY subject, indicator LIMIT \(Limits.Reports.lines * 9)
            """
    }

    func points(
        _ subject: IndicatorSubject, _ key: String, _ indicator: Indicator, _ page: ReportRequest
    ) -> SQL {
        """
        \(points(subject))
        SELECT id, points, reason, code_agency, code_day, code_serial, due_at, closed_at
        FROM points JOIN facts USING (id)
        WHERE subject = \(key) AND indicator = \(Int32(indicator.rawValue)) \(page.further)
        ORDER BY id LIMIT \(page.limit + 1)
        """
    }

    /// For each agency that received something: its procedures by the nature of agencies that receive them, and what
    /// came online.
    var online: SQL {
        """
        \(facts), \(laws), offered AS (
            SELECT r.kind, count(*) AS procedures, count(*) FILTER (WHERE online) AS online
            FROM laws CROSS JOIN LATERAL jsonb_array_elements_text(laws.receivers) AS r (kind)
            WHERE \(inForce) GROUP BY r.kind
        ), came AS (
            SELECT agency, count(*) FILTER (WHERE accepted_at >= \(start)) AS received,
                   count(*) FILTER (WHERE accepted_at >= \(start) AND channel = 'online') AS online,
                   count(*) FILTER (WHERE \(ReportCell.onlineLate.condition(self))) AS late
            FROM facts GROUP BY agency
        )
        SELECT c.agency AS subject, c.received, c.online AS came, c.late, coalesce(o.procedures, 0) AS procedures,
               coalesce(o.online, 0) AS online
        FROM came c LEFT JOIN directory_agencies a ON a.code = c.agency LEFT JOIN offered o ON o.kind = a.kind
        ORDER BY c.agency
        """
    }
}
