import Contracts
import ServiceKit

/// Which dossiers a report looks at. Each selection goes through the agencies of the report, one after the other, by
/// indexes that begin with the agency: what others received, ended or passed on is not read (os-212). Inner selections
/// with OFFSET keep the planner from turning that round and reading all that ever were.
extension Reported {
    /// `agencies`: the agency of the report and those below it.
    var agencies: SQL {
        "agencies AS MATERIALIZED (SELECT code FROM directory_agencies WHERE \(within("code")))"
    }

    /// At the agency of the report or below it.
    func within(_ column: SQL) -> SQL { "(\(column) = \(agency) OR starts_with(\(column), \(agency) || '.'))" }

    /// What was received there and in hand in the period: accepted in it; or accepted before and open still, where it
    /// was received or away; or ended since. What has ended is not forwarded any more.
    var received: SQL {
        """
        SELECT \(Self.columns) FROM agencies p CROSS JOIN LATERAL (
            SELECT * FROM dossiers
            WHERE receiving_agency = p.code AND accepted_at >= \(start) AND accepted_at < \(asOf) OFFSET 0
        ) d
        UNION ALL
        SELECT \(Self.columns) FROM agencies p CROSS JOIN LATERAL (
            SELECT * FROM dossiers WHERE working_agency = p.code AND \(Self.isOpen) OFFSET 0
        ) d
        WHERE d.accepted_at < \(start) AND d.receiving_agency = d.working_agency
        UNION ALL
        SELECT \(Self.columns) FROM agencies p CROSS JOIN LATERAL (
            SELECT * FROM dossiers
            WHERE receiving_agency = p.code AND working_agency <> receiving_agency AND \(Self.isOpen) OFFSET 0
        ) d
        WHERE d.accepted_at < \(start)
        UNION ALL
        SELECT \(Self.columns) FROM agencies p CROSS JOIN LATERAL (
            SELECT dossier FROM dossier_ends
            WHERE agency = p.code AND ended_at >= \(start) AND accepted_at < \(start) AND received OFFSET 0
        ) e CROSS JOIN LATERAL (SELECT * FROM dossiers WHERE id = e.dossier OFFSET 0) d
        UNION ALL
        \(passedOn)
        """
    }

    /// What was there at that moment and has been forwarded to others since: few, by their ids.
    private var passedOn: SQL {
        """
        SELECT \(Self.columns) FROM (
            SELECT DISTINCT f.dossier FROM agencies p CROSS JOIN LATERAL (
                SELECT dossier FROM dossier_forwards WHERE from_agency = p.code AND at >= \(asOf) OFFSET 0
            ) f
        ) f CROSS JOIN LATERAL (
            SELECT * FROM dossiers WHERE id = f.dossier AND accepted_at < \(asOf) OFFSET 0
        ) d
        WHERE NOT \(within("d.receiving_agency"))
            AND (d.accepted_at >= \(start) OR d.\(Self.isOpen) OR EXISTS (
                SELECT FROM dossier_history e WHERE e.dossier = d.id AND e.at >= \(start) AND \(Self.ends) OFFSET 0))
        """
    }

    /// What had ended before the period, and was paid for in it: at the return, or because the money was on the way.
    var paidLater: SQL {
        """
        SELECT \(Self.columns) FROM (
            SELECT DISTINCT e.dossier FROM agencies p CROSS JOIN LATERAL (
                SELECT dossier FROM dossier_history
                WHERE agency = p.code AND at >= \(start) AND at < \(asOf) AND what = 'payment-settled'
                    AND to_status IN (8, 9, 10) OFFSET 0
            ) e
        ) e CROSS JOIN LATERAL (
            SELECT * FROM dossiers WHERE id = e.dossier AND accepted_at < \(start) OFFSET 0
        ) d
        WHERE NOT EXISTS (
            SELECT FROM dossier_history x WHERE x.dossier = e.dossier AND x.at >= \(start) AND \(Self.ends) OFFSET 0)
        """
    }

    /// What was closed in the period and held by officials there: of what was received there those with such a line of
    /// history, of the rest what the end says. A report of several agencies has each once.
    var held: SQL {
        """
        SELECT \(Self.columns) FROM agencies p CROSS JOIN LATERAL (
            SELECT dossier FROM dossier_ends
            WHERE agency = p.code AND ended_at >= \(start) AND ended_at < \(asOf) AND received OFFSET 0
        ) e CROSS JOIN LATERAL (
            SELECT FROM dossier_history h WHERE h.dossier = e.dossier AND \(holds("h")) LIMIT 1
        ) h CROSS JOIN LATERAL (SELECT * FROM dossiers WHERE id = e.dossier OFFSET 0) d
        UNION ALL
        SELECT \(Self.columns) FROM (
            SELECT DISTINCT e.dossier FROM agencies p CROSS JOIN LATERAL (
                SELECT dossier FROM dossier_ends
                WHERE agency = p.code AND ended_at >= \(start) AND ended_at < \(asOf) AND NOT received OFFSET 0
            ) e
        ) e CROSS JOIN LATERAL (SELECT * FROM dossiers WHERE id = e.dossier OFFSET 0) d
        WHERE NOT \(within("d.receiving_agency"))
        """
    }

    /// Whether a line of history shows it in an official's hands there. What has ended has gone home, and the name that
    /// it still bears is of whoever had it elsewhere (os-274).
    func holds(_ line: SQL) -> SQL {
        """
        \(line).officer IS NOT NULL AND \(line).to_status NOT IN (8, 9, 10) AND \(line).at < \(asOf)
            AND \(within("\(line).agency"))
        """
    }

    private static let ends: SQL = "to_status IN (8, 9) AND from_status <> to_status"
    private static let isOpen: SQL = "status IN (1, 2, 4, 5, 6, 7)"

    private static let columns: SQL = """
        d.id, d.procedure, d.channel, d.accepted_at, d.document, d.document_sha256, d.code_agency, d.code_day, \
        d.code_serial, d.receiving_agency
        """
}
