import Contracts
import ServiceKit

/// What a form says: what was true when it was issued, from the history and never from how things are today (os-150).
struct FormFacts: Sendable {
    var form: Form
    var dossier: Dossier
    var procedure: Procedure
    var issue: Issue
    /// Who issues it, and the agency above.
    var agency = ""
    var parent: String?
    /// Who did what the form says.
    var signer: String?
    /// Of form 01.
    var papers: [Paper] = []
    /// The appointment that was made then, and the one before.
    var due: Date?
    var former: Date?
    /// Of form 05.
    var moves: [ControlLine] = []
    var partyNames = PartyNames()
    /// What the QR code says: where everybody sees how far the dossier is.
    var look: String?

    /// The line of the history that the form stands upon, and its number in the book.
    struct Issue: Sendable {
        var version: Int64 = 0
        var at = Date(timeIntervalSince1970: 0)
        var note: String?
        var agency = AgencyCode.none
        /// In whose book the number stands.
        var book = AgencyCode.none
        var signer: PersonID?
        var year = 0
        var number = 0
    }

    struct Paper: Sendable, Equatable {
        var name: String
        var kind: String
        var count: Int
    }

    var numberInBook: String { "\(BookSeries.written(issue.number))/\(form.symbol)" }
    var desk: String { "Bộ phận Tiếp nhận và Trả kết quả, \(agency)" }
}

extension Call {
    /// The line of the history for which a form is made; nil where there is none.
    func issue(of form: Form, _ dossier: Dossier) async throws -> FormFacts.Issue? {
        let rows = try await run(
            """
            SELECT h.version, h.at, h.note, h.agency, b.agency AS book, b.year, b.number, e.payload->>'actor' AS actor
            FROM dossier_history h
            JOIN book_lines b ON b.dossier = h.dossier AND b.version = h.version
            LEFT JOIN event_log e ON e.aggregate_type = \(DossierAccepted.aggregate)
                AND e.aggregate_id = \(dossier.id.text) AND e.aggregate_version = h.version
            WHERE h.dossier = \(dossier.id) AND h.what = ANY(\(form.acts)) ORDER BY h.version LIMIT 1
            """)
        guard let row = rows.first else { return nil }
        var issue = FormFacts.Issue()
        (issue.version, issue.at, issue.note) = (try row("version"), try row("at"), try row("note"))
        (issue.agency, issue.book) = (try row("agency"), try row("book"))
        (issue.year, issue.number) = (try row("year"), try row("number"))
        let actor: String? = try row("actor")
        issue.signer = actor.flatMap { try? PersonID($0) }
        return issue
    }

    func facts(of form: Form, _ dossier: Dossier, _ issue: FormFacts.Issue) async throws -> FormFacts {
        // The control sheet grows with the dossier.
        var procedure = try await procedure(of: dossier, at: form == .control ? dossier.version : issue.version)
        let promised = try await run(
            """
            SELECT due_at, former_due_at, explanation FROM due_dates
            WHERE dossier = \(dossier.id) AND version = \(issue.version)
            """
        ).first
        // The limit by which the appointment was made, whichever version it was of.
        if let explanation = try promised.map({ try Explanation(decoding: try $0("explanation"), unknown: .ignore) }),
            let limit = explanation.limit
        {
            procedure.definition.limit = limit
        }
        var facts = FormFacts(form: form, dossier: dossier, procedure: procedure, issue: issue)
        // An apology is its leader's; everything else goes through the counter that gave it its number, which is not
        // the one that has the dossier today where it was forwarded.
        let agency = form == .apology ? issue.agency : issue.book
        (facts.agency, facts.parent) = try await names(of: agency)
        if let signer = issue.signer { facts.signer = try await name(of: signer, on: Day(issue.at)) }
        (facts.due, facts.former) = (try promised?("due_at"), try promised?("former_due_at"))
        if form == .receipt {
            let files = try await runtime.database.attachments(of: dossier.id).filter { $0.addedAt <= issue.at }
            let listed = try await runtime.database.papers(of: dossier.id, procedure.definition)
            facts.papers =
                FormFacts.papers(taken: listed.filter { $0.at <= issue.at })
                ?? FormFacts.papers(files, procedure.definition, channel: dossier.channel)
        }
        if form == .control {
            let moves = try await runtime.database.moves(of: dossier)
            facts.moves = ControlSheet.lines(moves, dossier, procedure.definition)
            facts.partyNames = try await runtime.database.names(in: facts.moves)
            // It may not have been handed over since it came there.
            let lead = dossier.answeringAgency ?? dossier.workingAgency
            if facts.partyNames.agencies[lead] == nil {
                facts.partyNames.agencies[lead] = try await names(of: lead).name
            }
        }
        facts.look = dossier.code.map { lookUp($0) }
        return facts
    }

    /// The version of its procedure that a dossier kept when it came to one of its own: that from which it moved first
    /// afterwards, or the one of today.
    private func procedure(of dossier: Dossier, at version: Int64) async throws -> Procedure {
        let moved = try await run(
            """
            SELECT (e.payload->>'fromVersion')::int AS number FROM dossier_history h
            JOIN event_log e ON e.aggregate_type = \(DossierVersionChanged.aggregate)
                AND e.aggregate_id = \(dossier.id.text) AND e.aggregate_version = h.version
            WHERE h.dossier = \(dossier.id) AND h.what = 'version-changed' AND h.version > \(version)
            ORDER BY h.version LIMIT 1
            """
        ).first
        guard let number: Int32 = try moved?("number") else { return try await procedure(of: dossier) }
        return try await resource(ProcedureBook.self).version(dossier.procedure, Int(number))
    }

    /// The public look-up of a dossier; its code alone where the service was not told its public address.
    private func lookUp(_ code: DossierCode) -> String {
        resource(PublicAddress.self).address.map { "\($0)/public/dossiers/\(code.text)" } ?? code.text
    }

    /// The name of an agency and of the one above it; its code where the directory does not know it.
    func names(of agency: AgencyCode) async throws -> (name: String, parent: String?) {
        let row = try await run(
            """
            SELECT a.name, p.name AS parent FROM directory_agencies a
            LEFT JOIN directory_agencies p ON p.code = a.parent WHERE a.code = \(agency)
            """
        ).first
        return (try row?("name") ?? agency.text, try row?("parent") ?? nil)
    }

    /// What an official was called on a day, or before.
    func name(of person: PersonID, on day: Day) async throws -> String? {
        let row = try await run(
            """
            SELECT full_name FROM directory_posts WHERE person = \(person) AND valid_from <= \(day)
            ORDER BY valid_from DESC LIMIT 1
            """
        ).first
        return try row?("full_name")
    }
}

extension FormFacts {
    /// The papers as a clerk ticked them, with the files beside; nil where nobody ticked any (os-044).
    static func papers(taken: [ListedPaper]) -> [Paper]? {
        guard taken.contains(where: { $0.form != .file }) else { return nil }
        return taken.map { Paper(name: $0.name, kind: $0.form.vietnamese, count: $0.count) }
    }

    /// The papers that were received: those that came as files, in the order of the procedure; and of a dossier that
    /// came on paper the required ones of which there is no file, because it was accepted as complete (os-151).
    static func papers(_ files: [Attachment], _ definition: Definition, channel: Channel) -> [Paper] {
        var papers: [Paper] = []
        for part in definition.parts {
            let own = files.filter { $0.part == part.key }
            let kind =
                switch part.kind {
                case .original: "Bản chính"
                case .copy: "Bản sao"
                case .form: "Biểu mẫu"
                case nil: own.isEmpty ? "Bản giấy" : "Tệp điện tử"
                }
            if !own.isEmpty {
                papers.append(Paper(name: part.name, kind: kind, count: own.count))
            } else if channel != .online, part.required {
                papers.append(Paper(name: part.name, kind: kind, count: part.copies))
            }
        }
        let named = Set(definition.parts.map(\.key))
        for file in files where !named.contains(file.part) {
            papers.append(Paper(name: file.name, kind: "Tệp điện tử", count: 1))
        }
        return papers
    }
}
