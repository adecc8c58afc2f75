import Contracts
import ServiceKit

/// The statements of reports. All begin with `facts`: the accepted dossiers that were in hand in a period, each with
/// what `Course` says of it. `Course` is what is meant; a test holds the two together (os-200).
extension Reported {
    /// `WITH … facts`: what the agency and those below it received.
    var facts: SQL { facts(received, within("coalesce(f.from_agency, d.receiving_agency)")) }

    /// The same of what officials held there and what was closed in the period, whoever received it (os-274).
    var worked: SQL { facts(held, "true") }

    /// The same for these figures: payments may also come after the end.
    private func facts(for cells: [ReportCell]) -> SQL {
        guard cells.contains(where: \.isOfPayments) else { return facts }
        return facts("\(received) UNION ALL \(paidLater)", within("coalesce(f.from_agency, d.receiving_agency)"))
    }

    private func facts(_ hand: SQL, _ condition: SQL) -> SQL {
        """
        WITH \(agencies), hand AS (\(hand)), courses AS (
            SELECT d.id, d.procedure, d.channel, d.accepted_at, d.document, d.document_sha256, d.code_agency,
                   d.code_day, d.code_serial, coalesce(f.from_agency, d.receiving_agency) AS agency, u.due_at,
                   h.finished_at, h.returned_at, h.stopped_at, h.withdrawn, h.supplements, h.reappointed,
                   h.withdrawing_since,
                   CASE WHEN h.asked_by_version > h.resumed_by_version THEN h.asked_at END AS stood_since
            FROM hand d
            -- Where it was before it was forwarded at this moment or later.
            LEFT JOIN LATERAL (
                SELECT from_agency FROM dossier_forwards WHERE dossier = d.id AND at >= \(asOf)
                ORDER BY version LIMIT 1
            ) f ON true
            CROSS JOIN LATERAL (\(history)) h
            LEFT JOIN LATERAL (
                SELECT t.due_at FROM due_dates t
                JOIN dossier_history m ON m.dossier = t.dossier AND m.version = t.version
                WHERE t.dossier = d.id AND m.at < \(asOf) ORDER BY t.version DESC LIMIT 1
            ) u ON true
            WHERE \(condition)
        ), facts AS (
            SELECT c.*, coalesce(finished_at, stopped_at) AS closed_at,
                   coalesce(supplements <= 1 AND end_at <= due_at, false) AS met,
                   -- A withdrawal that waits is an end for the indexes alone (os-296).
                   coalesce(supplements <= 1 AND due_at >= coalesce(
                       finished_at, returned_at, stopped_at, withdrawing_since, stood_since, \(asOf)
                   ), false) AS met_in_index,
                   coalesce((end_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
                            < (due_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, false) AS early
            FROM (SELECT *, coalesce(finished_at, returned_at, stopped_at, stood_since, \(asOf)) AS end_at
                  FROM courses) c
        )
        """
    }

    /// A request for papers comes from another status than 5, and a declined withdrawal (7 to 5) is none.
    private var history: SQL {
        """
        SELECT min(at) FILTER (WHERE to_status = 9 AND from_status <> 9) AS finished_at,
               min(at) FILTER (WHERE to_status = 10 AND from_status <> 10) AS returned_at,
               min(at) FILTER (WHERE to_status = 8 AND from_status <> 8) AS stopped_at,
               coalesce(bool_or(what = 'withdrawal-confirmed'), false) AS withdrawn,
               CASE WHEN max(version) FILTER (WHERE to_status = 7) = max(version)
                   THEN max(at) FILTER (WHERE to_status = 7 AND from_status <> 7) END AS withdrawing_since,
               coalesce(bool_or(what = 'reappointed'), false) AS reappointed,
               count(*) FILTER (WHERE to_status = 5 AND from_status NOT IN (5, 7)) AS supplements,
               max(at) FILTER (WHERE to_status IN (5, 6) AND from_status NOT IN (5, 6, 7)) AS asked_at,
               coalesce(max(version) FILTER (WHERE to_status IN (5, 6) AND from_status NOT IN (5, 6, 7)), 0)
                   AS asked_by_version,
               coalesce(max(version) FILTER (WHERE to_status NOT IN (5, 6, 7)), 0) AS resumed_by_version
        FROM dossier_history WHERE dossier = d.id AND at < \(asOf)
        """
    }

    /// The procedures as they were law last before that moment, by their code: names and fields come from here, also of
    /// those that have ended.
    var laws: SQL {
        """
        laws AS MATERIALIZED (
            SELECT DISTINCT ON (code) code, number, valid_to, definition ->> 'name' AS name,
                   definition ->> 'nameEn' AS name_en, definition ->> 'field' AS field,
                   definition -> 'receivers' AS receivers, definition ->> 'documentType' AS document,
                   coalesce(definition ->> 'onlineLevel' IN ('partial', 'whole'), false) AS online
            FROM procedures
            WHERE state = 'published' AND published_at < \(asOf) AND valid_from < \(Day(asOf).next)
            ORDER BY code, number DESC
        )
        """
    }

    /// Of `laws`: what has not ended.
    var inForce: SQL { "(valid_to IS NULL OR valid_to >= \(Day(asOf)))" }

    /// What a row of `facts` (with `laws` where it is asked for) belongs to.
    func key(_ group: ReportGroup) -> SQL {
        switch group {
        case .agency: "agency"
        case .procedure: "procedure"
        case .field: "coalesce((SELECT field FROM laws WHERE code = facts.procedure), '')"
        }
    }

    func table(by group: ReportGroup) -> SQL {
        let counts = ReportCell.balance.map { cell -> SQL in
            "count(*) FILTER (WHERE \(cell.condition(self))) AS \(raw: "\"\(cell.rawValue)\"")"
        }
        let names: SQL =
            switch group {
            case .agency:
                """
                (SELECT name FROM directory_agencies WHERE code = key) AS name,
                (SELECT name_en FROM directory_agencies WHERE code = key) AS name_en
                """
            case .procedure:
                """
                (SELECT name FROM laws WHERE code = key) AS name, (SELECT name_en FROM laws WHERE code = key) AS name_en
                """
            case .field: "NULL::text AS name, NULL::text AS name_en"
            }
        return """
            \(facts), \(laws), lines AS (
                SELECT \(key(group)) AS key, \(SQL(joining: counts, separator: ", ")) FROM facts GROUP BY 1
            )
            SELECT *, \(names) FROM lines ORDER BY key LIMIT \(Limits.Reports.lines + 1)
            """
    }

    /// The dossiers of one figure, by their ids.
    func list(_ cell: ReportCell, by group: ReportGroup, key: String?, _ page: ReportRequest) -> SQL {
        let ofLine: SQL = key.map { "AND \(self.key(group)) = \($0)" } ?? ""
        return """
            \(facts(for: [cell])), \(laws)
            SELECT * FROM facts WHERE \(cell.condition(self)) \(ofLine) \(page.further)
            ORDER BY id LIMIT \(page.limit + 1)
            """
    }

    /// How many dossiers each of these figures has.
    func counts(of cells: [ReportCell]) -> SQL {
        let counts = cells.map { cell -> SQL in
            let inHand: SQL = cell.isOfPayments ? "true" : "coalesce(closed_at >= \(start), true)"
            return """
                count(*) FILTER (WHERE \(inHand) AND \(cell.condition(self))) AS \(raw: "\"\(cell.rawValue)\"")
                """
        }
        return "\(facts(for: cells)), \(laws) SELECT \(SQL(joining: counts, separator: ", ")) FROM facts"
    }
}

extension Course {
    /// A row of `facts`.
    init(_ row: Row, asOf: Date) throws {
        self.init(acceptedAt: try row("accepted_at"), asOf: asOf)
        (dueAt, finishedAt, returnedAt) = (try row("due_at"), try row("finished_at"), try row("returned_at"))
        (stoppedAt, isWithdrawn) = (try row("stopped_at"), try row("withdrawn"))
        supplements = try row("supplements")
        (stoodSince, withdrawingSince) = (try row("stood_since"), try row("withdrawing_since"))
    }
}
