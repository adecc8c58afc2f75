import Contracts
import Crypto
import Foundation
import Postgres

/// What a journey left behind at every service: statuses, history, dates, receipts, journal, documents, notices and
/// events, without ids, numbers and real times. Two plays of one journey leave the same digest.
struct Digest: Equatable {
    let lines: [String]

    var text: String {
        SHA256.hash(data: Array(lines.joined(separator: "\n").utf8)).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
    }

    /// The first lines that only one of both has.
    func difference(to other: Digest) -> String {
        let (mine, others) = (Set(lines), Set(other.lines))
        let only = lines.filter { !others.contains($0) }.prefix(5).map { "- \($0)" }
        let new = other.lines.filter { !mine.contains($0) }.prefix(5).map { "+ \($0)" }
        let counts = lines.count == other.lines.count ? [] : ["\(lines.count) lines against \(other.lines.count)"]
        return (counts + only + new).joined(separator: "\n")
    }

    static func take(_ dossier: String, _ eye: Eye) async throws -> Digest {
        let id = try DossierID(dossier)
        let demand: SQL = "SELECT id FROM budget.fee_demands WHERE dossier = \(id)"
        let document: SQL = "SELECT id FROM documents.documents WHERE dossier = \(id)"
        let tables: [(String, SQL)] = [
            ("dossier", "SELECT * FROM onestop.dossiers WHERE id = \(id)"),
            ("history", "SELECT * FROM onestop.dossier_history WHERE dossier = \(id) ORDER BY version"),
            ("due", "SELECT * FROM onestop.due_dates WHERE dossier = \(id) ORDER BY version"),
            ("opinion", "SELECT * FROM onestop.opinions WHERE dossier = \(id) ORDER BY asked_at, id"),
            ("notice", "SELECT * FROM onestop.notifications WHERE dossier = \(id) ORDER BY at, what"),
            ("demand", "SELECT * FROM budget.fee_demands WHERE dossier = \(id) ORDER BY demanded_at"),
            ("receipt", "SELECT * FROM budget.receipts WHERE demand IN (\(demand)) ORDER BY issued_at"),
            ("payment", "SELECT * FROM budget.payments WHERE demand IN (\(demand)) ORDER BY paid_at"),
            (
                "journal",
                """
                SELECT e.kind, e.agency, e.day, e.chart, l.line, l.account, l.side, l.amount
                FROM budget.journal_entries e JOIN budget.journal_lines l ON l.entry = e.id
                JOIN budget.payments p ON p.id = e.payment WHERE p.demand IN (\(demand)) ORDER BY e.kind, l.line
                """
            ),
            ("document", "SELECT * FROM documents.documents WHERE dossier = \(id)"),
            (
                "paper", "SELECT * FROM documents.document_history WHERE document IN (\(document)) ORDER BY id"
            ),
            (
                "message",
                """
                -- A warning comes after its moment; how soon, a kill decides.
                SELECT m.template, m.facts, m.recipients, count(c.id) AS copies,
                       CASE WHEN m.template NOT LIKE 'deadline-%' THEN m.sent_at END AS sent_at
                FROM mail.messages m LEFT JOIN mail.copies c ON c.message = m.id
                WHERE m.facts::text LIKE \("%\(dossier)%") GROUP BY m.id ORDER BY sent_at, m.template
                """
            ),
            ("event", events("onestop", "aggregate_id = \(dossier)")),
            ("event", events("budget", "aggregate_id IN (SELECT id::text FROM (\(demand)) d)")),
            ("event", events("documents", "aggregate_id IN (SELECT id::text FROM (\(document)) d)")),
        ]
        var lines: [String] = []
        for (name, query) in tables {
            // Numbers go on from journey to journey; that they have no gap is checked apart.
            let rows = try await eye.database.run(
                """
                SELECT (to_jsonb(t) - ARRAY['code_serial', 'receipt_number', 'document_number', 'number', 'reference',
                        'id', 'dossier_code'])::text AS line FROM (\(query)) t
                """)
            lines += try rows.map { "\(name) \(scrub(try $0("line")))" }
        }
        return Digest(lines: lines)
    }

    private static func events(_ schema: String, _ which: SQL) -> SQL {
        """
        SELECT type, aggregate_version, agency, occurred_at FROM \(raw: schema).event_log WHERE \(which)
        ORDER BY aggregate_id, aggregate_version
        """
    }

    /// Ids, codes and numbers inside of texts.
    private static func scrub(_ line: String) -> String {
        line.replacing(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, with: "ID")
            .replacing(/[A-Y][0-9]{2}(\.[0-9]{1,3})*-[0-9]{6}-[0-9]{4,7}/, with: "CODE")
            .replacing(/[0-9]{7}\/BL[A-ZĐ]+-[0-9]{4}/, with: "RECEIPT")
            .replacing(/[0-9]{2,7}\/[A-ZĐ]+(-[A-ZĐ]+)+/, with: "NUMBER")
    }
}

extension Eye {
    /// What must hold over the whole province after everything that was killed: numbers without gap or double, and a
    /// journal that balances. Each finding is a sentence.
    func irregularities() async throws -> [String] {
        var findings: [String] = []
        let books: [(String, SQL)] = [
            (
                "receipts",
                """
                SELECT agency || ' ' || series || ' ' || year AS book FROM budget.receipts
                GROUP BY agency, series, year HAVING count(*) <> max(number) OR min(number) <> 1
                """
            ),
            (
                "documents",
                """
                SELECT agency || ' ' || series || ' ' || year AS book FROM documents.documents WHERE number IS NOT NULL
                GROUP BY agency, series, year HAVING count(*) <> max(number) OR min(number) <> 1
                """
            ),
            (
                "dossier codes",
                """
                SELECT code_agency || ' ' || code_day AS book FROM onestop.dossiers WHERE code_agency IS NOT NULL
                GROUP BY code_agency, code_day HAVING count(*) <> max(code_serial) OR min(code_serial) <> 1
                """
            ),
            (
                "journal",
                """
                SELECT l.entry::text AS book FROM budget.journal_lines l
                JOIN budget.chart_accounts a ON a.chart = l.chart AND a.code = l.account AND NOT a.off_balance
                GROUP BY l.entry HAVING sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) <> 0
                """
            ),
        ]
        for (what, query) in books {
            for row in try await database.run(query) {
                findings.append("\(what): \(try row("book", as: String.self)) has a gap, a double or no balance")
            }
        }
        return findings
    }
}
