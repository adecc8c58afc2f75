import Contracts
import ServiceKit

/// What a citizen hands in for linked procedures: one application, and the forms of those that have one.
struct LinkedSubmission: Record {
    struct Filled: Record, Hashable {
        var link = ""
        var form = JSON.null
        static let fields: [Field<Self>] = [
            .init("link", \.link, .text(1...60, pattern: Pattern.key), "Key of the link"),
            .init("form", \.form, .any, "Its electronic form as filled in"),
        ]
    }

    var set = ""
    var submission = Submission()
    var forms: [Filled] = []

    static let fields: [Field<Self>] = [
        .init("set", \.set, .text(1...60, pattern: Pattern.key), "Code of the set of linked procedures"),
        .init("submission", \.submission, .record, "The application; its procedure is the one that leads"),
        .init("forms", \.forms, .list(.record, 0...Limits.OneStop.links), default: [], "Forms of the linked ones"),
    ]

    func form(_ link: String) -> JSON? { forms.first { $0.link == link }?.form }

    /// What the agency of a link gets: the application, for its procedure.
    func submission(of link: Link) throws(Refused) -> Submission {
        var copy = submission
        (copy.procedure, copy.agency) = (link.procedure, try link.agency(from: submission.agency))
        copy.form = form(link.key)
        return copy
    }
}

/// What stands beside the dossier that leads: which set it was handed in for, and the forms of the others.
struct LinkedApplication: Sendable {
    var set: LinkedSet
    var forms: [LinkedSubmission.Filled]

    var line: (String, SQL) {
        let filled = JSON.object(forms.map { .init($0.link, $0.form) })
        return (
            "linked",
            """
            INSERT INTO linked_cases (parent, set_code, set_number, forms)
            SELECT id, \(set.code), \(Int32(set.number)), \(filled.description)::json FROM change
            """
        )
    }
}

extension Call {
    /// What stands beside the dossier that leads.
    func linked(_ input: LinkedSubmission) async throws -> LinkedApplication {
        guard let set = try await runtime.database.linkedSet(input.set, on: today) else { throw Refused.setUnknown }
        guard input.submission.procedure == set.lead else { throw Refused.notTheLead }
        guard Set(input.forms.map(\.link)).isSubset(of: set.links.map(\.key)) else { throw Refused.linkUnknown }
        return LinkedApplication(set: set, forms: input.forms)
    }

    /// Refuses what would keep a linked dossier from being opened (os-055). Papers are not asked for: those of the
    /// application are read with it (os-060).
    func checkLinks(
        of set: LinkedSet, _ input: LinkedSubmission, channel: Channel, person: PersonID?
    ) async throws {
        let book = resource(ProcedureBook.self)
        for link in set.links {
            do {
                var submission = try input.submission(of: link)
                submission.agency = try await heir(of: submission.agency)
                _ = try submission.decide(
                    procedure: try await book.inForce(submission.procedure, on: today),
                    kind: try await book.kind(of: submission.agency, on: today), channel: channel, person: person,
                    now: now, calendar: try await calendar(of: submission.agency), papers: nil)
            } catch let refused as Refused { throw refused.at("forms") }
        }
    }

    /// Writes the application.
    func apply(
        _ input: LinkedSubmission, channel: Channel, person: PersonID?, note: String? = nil, taken: [PaperLine] = []
    ) async throws -> Reply<ApplyOutput> {
        let application = try await linked(input)
        let made = try await made(input.submission, channel: channel, person: person, note: note)
        try await checkLinks(of: application.set, input, channel: channel, person: person)
        return try await flight(
            DossierSQL.insert(made.dossier),
            then: made.lines(at: now, actor: caller.id) + [application.line]
                + PaperLine.lines(taken, by: caller.id, at: now),
            announcing: [(made.event, made.dossier.receivingAgency)], reply: made.reply)
    }
}

typealias ApplyOutput = SubmitDossier.Output

/// `POST /linked-dossiers`: a citizen applies once for linked procedures, online.
enum ApplyForLinked: Endpoint {
    static let route = Route.post("/linked-dossiers", success: 201)
    static let summary = "Apply once for linked procedures"
    static let access = Access.citizen
    static let refusals = [
        Refused.setUnknown, .notTheLead, .linkUnknown, .procedureUnknown, .agencyDoesNotReceive, .notOnline,
        .formDiffers, .noAgencyAbove, .agencyDissolved,
    ]

    static func handle(_ input: LinkedSubmission, _ call: Call) async throws -> Reply<ApplyOutput> {
        try await call.apply(input, channel: .online, person: call.person)
    }
}

/// `POST /counter/linked-dossiers`: a clerk registers such an application at the counter or from the post.
enum ReceiveLinked: Endpoint {
    static let route = Route.post("/counter/linked-dossiers", success: 201)
    static let summary = "Register an application for linked procedures at the counter"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [
        Refused.setUnknown, .notTheLead, .linkUnknown, .procedureUnknown, .agencyDoesNotReceive, .formDiffers,
        .noAgencyAbove, .duplicate, .paperUnknown, .agencyDissolved,
    ]

    struct Input: Record {
        var application = LinkedSubmission()
        var channel = ReceiveDossier.Desk.counter
        var person: PersonID?
        var duplicateReason: String?
        var papers: [PaperLine] = []

        static let fields: [Field<Self>] = [
            .init("application", \.application, .record, "What the applicant hands in"),
            .init("channel", \.channel, .choice, default: .counter, "At the counter or by post"),
            .init("person", \.person, .id, "The applicant's own account, when there is one"),
            .init(
                "duplicateReason", \.duplicateReason, .text(1...Limits.noteLength),
                "Why it is registered beside another of the same person and procedure; kept in its history"),
            .init(
                "papers", \.papers, .list(.record, 0...Limits.OneStop.parts), default: [],
                "What was handed in on paper"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<ApplyOutput> {
        let submission = input.application.submission
        let procedure = try await call.resource(ProcedureBook.self).inForce(submission.procedure, on: call.today)
        try await call.require(.dossiersReceive, at: submission.agency, field: procedure?.definition.field)
        if let procedure { try PaperLine.check(input.papers, procedure.definition) }
        // os-115
        let note = try await call.goingOn(despite: input.duplicateReason, submission, person: input.person)
        return try await call.apply(
            input.application, channel: input.channel == .postal ? .postal : .counter, person: input.person,
            note: note, taken: input.papers)
    }
}

extension Dossier {
    /// The announcement of a new dossier.
    var submitted: DossierSubmitted {
        var event = DossierSubmitted()
        (event.dossier, event.procedure, event.procedureVersion) = (id, procedure, procedureNumber)
        (event.agency, event.channel, event.submittedAt, event.status) = (receivingAgency, channel, submittedAt, status)
        return event
    }
}

extension Refused {
    static let setUnknown = Refused(
        "onestop.set-unknown", 422, vi: "Không có nhóm thủ tục liên thông này đang có hiệu lực.",
        en: "There is no such set of linked procedures in force.", field: "set")
    static let notTheLead = Refused(
        "onestop.not-the-lead", 422, vi: "Hồ sơ liên thông được nộp theo thủ tục chủ trì.",
        en: "The application is for the procedure that leads the set.", field: "submission.procedure")
    static let linkUnknown = Refused(
        "onestop.link-unknown", 422, vi: "Nhóm liên thông không có thủ tục thành phần này.",
        en: "The set has no such link.", field: "forms")
}
