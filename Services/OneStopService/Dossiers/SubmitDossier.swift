import Contracts
import LegalClock
import ServiceKit

/// What an applicant hands in, at the counter or online.
struct Submission: Record {
    var procedure = ""
    var agency = AgencyCode.none
    var subject = ""
    var name = ""
    var phone: String?
    var nationalID: String?
    var address: String?
    var email: String?
    var form: JSON?

    static let fields: [Field<Self>] = [
        .init("procedure", \.procedure, .text(1...40, pattern: Pattern.procedure), "National code of the procedure"),
        .init("agency", \.agency, .agency, "The receiving agency"),
        .init("subject", \.subject, .text(1...Limits.nameLength), "What is asked for"),
        .init("name", \.name, .text(1...Limits.nameLength), "Who asks"),
        .init("phone", \.phone, .text(8...16, pattern: Pattern.phone), "Telephone"),
        .init(
            "nationalId", \.nationalID, .text(9...12, pattern: Pattern.nationalID), "Number of the identity card"),
        .init("address", \.address, .text(1...Limits.nameLength), "Address"),
        .init(
            "email", \.email, .text(3...Limits.Mail.addressLength, pattern: Pattern.mail),
            "Where notices are sent beside the citizen's own list; kept under the applicant's key only"),
        .init("form", \.form, .any, "The electronic form as filled in"),
    ]

    /// The dossier that this makes.
    /// - Parameters:
    ///   - procedure: the version in force today.
    ///   - kind: the nature of the agency.
    ///   - papers: what comes with it; nil where none is asked for, because they lie in the application of which it is
    ///     a linked dossier (os-060).
    func decide(
        procedure: Procedure?, kind: AgencyKind?, channel: Channel, person: PersonID?, now: Date,
        calendar: WorkCalendar, papers: [HandedIn]? = []
    ) throws(Refused) -> Dossier {
        guard let procedure else { throw .procedureUnknown }
        guard let kind, procedure.definition.receivers.contains(kind) else { throw .agencyDoesNotReceive }
        // os-015, os-013
        let isOnline = procedure.definition.onlineLevel?.takesDossiers ?? true
        guard channel != .online || isOnline else { throw .notOnline }
        try procedure.definition.check(form: form, channel: channel)
        // os-034
        let missing = channel == .online ? papers.map(procedure.definition.missing) ?? [] : []
        guard missing.isEmpty else { throw .papersMissing.naming(missing.map(DraftCheck.missing)) }
        var dossier = Dossier()
        dossier.id = .new()
        dossier.version = 1
        // os-002: only a proven mapping writes these two again (`MoveDossier`).
        (dossier.procedure, dossier.procedureNumber) = (procedure.code, procedure.number)
        (dossier.channel, dossier.subject, dossier.form) = (channel, subject, form)
        (dossier.receivingAgency, dossier.workingAgency) = (agency, agency)
        dossier.applicant = .init(
            person: person, name: name, phone: phone, nationalID: nationalID, address: address)
        dossier.submittedAt = now
        dossier.actBy = try Deadlines.answerBy(now, calendar: calendar)
        return dossier
    }
}

extension Pattern {
    static let phone = #"^\+?[0-9]{8,15}$"#
    static let nationalID = "^([0-9]{9}|[0-9]{12})$"
}

/// A dossier that is handed in, and what is said of it.
struct HandedInDossier: Sendable {
    var change: Change
    var event: DossierSubmitted
    var output: SubmitDossier.Output
    var procedureName: String
    /// The timer of its answer's ladder.
    var timers: [(String, SQL)]

    var dossier: Dossier { change.dossier }

    /// What is written with it.
    func lines(at now: Date, actor: String) -> [(String, SQL)] {
        DossierSQL.opening(change, procedureName: procedureName, at: now, actor: actor) + timers
    }

    var reply: Reply<SubmitDossier.Output> { Reply(output, version: 1, location: "/dossiers/\(output.id)") }
}

extension Call {
    /// The dossier of a submission with its event and its answer; nothing is written, but a key for its address.
    func made(
        _ submission: Submission, channel: Channel, person: PersonID?, note: String? = nil, papers: [HandedIn] = []
    ) async throws -> HandedInDossier {
        let book = resource(ProcedureBook.self)
        try await requireStanding(submission.agency, field: "agency")
        let procedure = try await book.inForce(submission.procedure, on: today)
        var dossier = try submission.decide(
            procedure: procedure,
            kind: try await book.kind(of: submission.agency, on: today), channel: channel, person: person, now: now,
            calendar: try await calendar(of: submission.agency), papers: papers)
        if let email = submission.email {
            dossier.applicant.mail = try await sealed(email, under: dossier.applicantSubject)
        }
        let event = dossier.submitted
        var output = SubmitDossier.Output()
        (output.id, output.status, output.answerBy) = (dossier.id, dossier.status, dossier.actBy)
        let what = channel == .online ? "submitted" : "received"
        return HandedInDossier(
            change: Change(dossier, what, note: note, event: event), event: event, output: output,
            procedureName: procedure?.definition.name ?? "",
            timers: try await runtime.timers(dossier, from: nil, now: now))
    }

    /// Writes a new dossier: state, history and event in one statement, and nothing is read for it.
    func register(
        _ submission: Submission, channel: Channel, person: PersonID?, note: String? = nil, taken: [PaperLine] = []
    ) async throws -> Reply<SubmitDossier.Output> {
        let made = try await made(submission, channel: channel, person: person, note: note)
        let lines = made.lines(at: now, actor: caller.id) + PaperLine.lines(taken, by: caller.id, at: now)
        return try await flight(
            DossierSQL.insert(made.dossier), then: lines,
            announcing: [(made.event, made.dossier.receivingAgency)], reply: made.reply)
    }
}

/// `POST /dossiers`: a citizen submits online.
enum SubmitDossier: Endpoint {
    static let route = Route.post("/dossiers", success: 201)
    static let summary = "Submit a dossier online"
    static let access = Access.citizen
    static let refusals = [
        Refused.procedureUnknown, .agencyDoesNotReceive, .agencyDissolved, .notOnline, .formDiffers, .papersMissing,
    ]

    struct Output: Record {
        var id = DossierID()
        var status = DossierStatus.submitted
        var answerBy = Date(timeIntervalSince1970: 0)

        static let fields: [Field<Self>] = [
            .init("id", \.id, .id, "The dossier"),
            .init("status", \.status, .choice, "National status"),
            .init("answerBy", \.answerBy, .instant, "When the office must have answered"),
        ]
    }

    static func handle(_ input: Submission, _ call: Call) async throws -> Reply<Output> {
        try await call.register(input, channel: .online, person: call.person)
    }
}

/// `POST /counter/dossiers`: a clerk registers what an applicant brings or sends by post.
enum ReceiveDossier: Endpoint {
    static let route = Route.post("/counter/dossiers", success: 201)
    static let summary = "Register a dossier at the counter"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [
        Refused.procedureUnknown, .agencyDoesNotReceive, .agencyDissolved, .formDiffers, .duplicate, .paperUnknown,
    ]

    struct Input: Record {
        var submission = Submission()
        var channel = Desk.counter
        var person: PersonID?
        var duplicateReason: String?
        var papers: [PaperLine] = []

        static let fields: [Field<Self>] = [
            .init("submission", \.submission, .record, "What the applicant hands in"),
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

    enum Desk: String, CaseIterable, Sendable { case counter, postal }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<SubmitDossier.Output> {
        // An unknown procedure has no field; it is refused as such just below.
        let procedure = try await call.resource(ProcedureBook.self).inForce(input.submission.procedure, on: call.today)
        try await call.require(
            .dossiersReceive, at: input.submission.agency, field: procedure?.definition.field)
        if let procedure { try PaperLine.check(input.papers, procedure.definition) }
        let channel = input.channel == .postal ? Channel.postal : .counter
        let note = try await call.goingOn(despite: input.duplicateReason, input.submission, person: input.person)
        return try await call.register(
            input.submission, channel: channel, person: input.person, note: note, taken: input.papers)
    }
}

extension Refused {
    static let agencyDoesNotReceive = Refused(
        "onestop.agency-does-not-receive", 422, vi: "Cơ quan này không tiếp nhận thủ tục này.",
        en: "This agency does not receive this procedure.", field: "agency")
    static let papersMissing = Refused(
        "onestop.papers-missing", 422,
        vi: "Thiếu giấy tờ bắt buộc: hãy lập bản nháp, gửi kèm các tệp rồi nộp bản nháp.",
        en: "Required papers are missing: make a draft, send the files with it, and submit the draft.")
    static let notOnline = Refused(
        "onestop.not-online", 422, vi: "Thủ tục này chưa nhận hồ sơ trực tuyến; hãy nộp tại quầy hoặc qua bưu chính.",
        en: "This procedure takes no dossiers online; hand it in at the counter or by post.", field: "procedure")
}
