import Contracts
import ServiceKit

/// `GET /dossiers/{dossier}/links`: an application for linked procedures with all that belongs to it, for its applicant
/// and for every agency that has to do with it; of a linked dossier, the application.
enum ReadLinks: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/links")
    static let summary = "The linked procedures of an application, how far each is and what came of it"
    static let access = Access.signedIn

    struct Line: Record {
        var key = ""
        var procedure = ""
        var name: String?
        var task = ""
        var agency = AgencyCode.none
        var state = LinkState.waiting
        var dueAt: Date?
        var late: Bool?
        var reason: String?
        var dossier: DossierID?
        var code: String?
        var status: DossierStatus?
        var appointment: Date?
        var document: DocumentID?
        var documentNumber: String?

        static let fields: [Field<Self>] = [
            .init("key", \.key, .text(1...60), "Key of the link"),
            .init("procedure", \.procedure, .text(1...40), "National code of the procedure"),
            .init("name", \.name, .text(1...Limits.nameLength), "Its Vietnamese name"),
            .init("task", \.task, .text(1...Limits.nameLength), "What is to be done"),
            .init("agency", \.agency, .agency, "Who does it"),
            .init("state", \.state, .choice, "How far it is"),
            .init("dueAt", \.dueAt, .instant, "Until when the task is to be done"),
            .init("late", \.late, .bool, "Ended after that"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why it was opened once more or left out"),
            .init("dossier", \.dossier, .id, "Its dossier, the last one"),
            .init("code", \.code, .text(1...60), "Its code, once accepted"),
            .init("status", \.status, .choice, "Its national status"),
            .init("appointment", \.appointment, .instant, "Its own appointment"),
            .init("document", \.document, .id, "The document that is its result"),
            .init("documentNumber", \.documentNumber, .text(1...80), "Its number and symbol"),
        ]
    }

    struct Output: Record {
        var application = DossierID()
        var set = ""
        var name = ""
        var order = LinkOrder.parallel
        var done = false
        var links: [Line] = []

        static let fields: [Field<Self>] = [
            .init("application", \.application, .id, "The dossier of the application"),
            .init("set", \.set, .text(1...60), "Code of the set"),
            .init("name", \.name, .text(1...Limits.nameLength), "Its Vietnamese name"),
            .init("order", \.order, .choice, "One after the other, or all at once"),
            .init("done", \.done, .bool, "Whether nothing is left to wait for"),
            .init("links", \.links, .list(.record, 0...Limits.OneStop.links), "In the order of the set"),
        ]
    }

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<Output> {
        let asked = try await call.readable(input.dossier, purpose: .links)
        let database = call.runtime.database
        let id = try await database.parent(of: asked.id) ?? asked.id
        guard let application = try await database.dossier(id) else { throw Refused.notFound }
        return Reply(try await output(application, database, call.resource(ProcedureBook.self)))
    }

    /// - Throws: 404 for a dossier that no set opened.
    static func output(
        _ application: Dossier, _ session: any Session, _ book: ProcedureBook
    ) async throws -> Output {
        guard let linked = try await session.linkedCase(of: application.id) else { throw Refused.notFound }
        var output = Output()
        (output.application, output.set, output.name) = (application.id, linked.set.code, linked.set.name)
        (output.order, output.done) = (linked.set.order, linked.isDone)
        for link in linked.set.links {
            var line = Line()
            (line.key, line.procedure, line.task) = (link.key, link.procedure, link.task)
            line.state = linked.state(link.key)
            line.agency = (try? link.agency(from: application.receivingAgency)) ?? application.receivingAgency
            line.reason = linked.reason(link.key)
            if let slip = linked.slip(link.key) {
                (line.agency, line.dueAt, line.late) = (slip.agency, slip.dueAt, slip.late)
                line.dossier = slip.child
            }
            if let child = line.dossier, let dossier = try await session.dossier(child) {
                (line.code, line.status) = (dossier.code?.text, dossier.status)
                (line.appointment, line.document) = (dossier.dueAt, dossier.document)
                line.documentNumber = dossier.documentNumber
                line.name = try await book.name(dossier.procedure, dossier.procedureNumber)
            }
            output.links.append(line)
        }
        return output
    }
}

/// `GET /slips`: what agencies were given to do by slip and have not ended, with the deadlines, the most urgent first
/// (phiếu chuyển xử lý); of an agency and those below it, as the upper one-stop monitors them (Art. 19.7).
enum ListSlips: Endpoint {
    static let route = Route.get("/slips")
    static let summary = "The slips given to an agency, or by it, and those below it; the most urgent first"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.whichAgency]

    enum Side: String, CaseIterable, Sendable { case to, from }

    struct Input: Record {
        var page = AgencyPage()
        var side = Side.to
        static let fields: [Field<Self>] = [
            .init("agency", \.page.agency, .agency, "The agency; absent: the caller's own", in: .query),
            .init("side", \.side, .choice, default: .to, "Given to it, or by it", in: .query),
            .init("cursor", \.page.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.page.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var slips: [Slip] = []
        static let fields: [Field<Self>] = [
            .init("slips", \.slips, .list(.record, 0...Limits.pageMaximum), "Those still to do")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let agency = if let asked = input.page.agency { asked } else { try await call.ownAgency }
        try await call.require(.dossiersRead, at: agency)
        call.logRead(of: "slips", agency.text, purpose: "what is to do")
        let after = try TimeCursor(input.page.cursor)
        let column: SQL = input.side == .to ? "agency" : "from_agency"
        let rows = try await call.run(
            """
            SELECT * FROM slips WHERE (\(column) = \(agency) OR \(column) LIKE \(agency.text + ".%"))
              AND outcome IS NULL AND (due_at, id) > (\(after?.time ?? .distantPast), \(after?.id ?? UUID.zero))
            ORDER BY due_at, id LIMIT \(input.page.limit + 1)
            """)
        var output = Output()
        output.slips = try rows.prefix(input.page.limit).map(Slip.init)
        guard rows.count > input.page.limit, let last = output.slips.last else { return Reply(output) }
        let next = TimeCursor(time: last.dueAt, id: last.id.uuid)
        let page = "/slips?agency=\(agency)&side=\(input.side.rawValue)&limit=\(input.page.limit)&cursor=\(next)"
        return Reply(output, next: page)
    }
}
