import Contracts
import LegalClock
import ServiceKit

/// A report, suggestion or complaint (phản ánh, kiến nghị, khiếu nại) as the office keeps it: a row of `complaints`.
struct Complaint: Sendable, Equatable {
    var id = ComplaintID()
    var version: Int64 = 0
    var code = ComplaintCode()
    var kind = ComplaintKind.report
    /// Who has to answer.
    var agency = AgencyCode.none
    /// Whom it is about, and the official where one is named.
    var aboutAgency = AgencyCode.none
    var official: PersonID?
    var dossier: DossierID?
    /// Nil: nobody who is known.
    var person: PersonID?
    var contact: Sealed?
    var subject = ""
    var text = ""
    var lodgedAt = Date(timeIntervalSince1970: 0)
    var dueAt = Date(timeIntervalSince1970: 0)
    var explanation = Explanation()
    var handler: PersonID?
    var assignedAt: Date?
    var answeredAt: Date?
    var answeredBy: PersonID?
    var answer: String?
    var justified: Bool?
    var late: Bool?

    init() {}

    init(_ row: Row) throws {
        (id, version) = (try row("id"), try row("version"))
        code = ComplaintCode(
            agency: try row("code_agency"), day: try row("code_day"),
            serial: Int(try row("code_serial", as: Int32.self)))
        kind = ComplaintKind(rawValue: try row("kind")) ?? .report
        (agency, aboutAgency, official) = (try row("agency"), try row("about_agency"), try row("official"))
        (dossier, person) = (try row("dossier"), try row("person"))
        let contact: JSON? = try row("contact")
        self.contact = try contact.map { try Sealed(decoding: $0, unknown: .ignore) }
        (subject, text) = (try row("subject"), try row("body"))
        (lodgedAt, dueAt) = (try row("lodged_at"), try row("due_at"))
        explanation = try Explanation(decoding: try row("explanation"), unknown: .ignore)
        (handler, assignedAt) = (try row("handler"), try row("assigned_at"))
        (answeredAt, answeredBy) = (try row("answered_at"), try row("answered_by"))
        (answer, justified, late) = (try row("answer"), try row("justified"), try row("late"))
    }

    /// Its own key: what is sealed is erased with it alone.
    var contactSubject: SubjectID { SubjectID(id.uuid) }

    static let contactPurpose = "onestop.complaint.contact"
}

/// The code of a complaint: `PAKN-H19.06-210301-0001`, without gaps for each agency and day, as a dossier's is.
struct ComplaintCode: Sendable, Equatable, CustomStringConvertible {
    var agency = AgencyCode.none
    var day = Day.none
    var serial = 0

    private static let prefix = "PAKN-"

    init() {}

    init(agency: AgencyCode, day: Day, serial: Int) { (self.agency, self.day, self.serial) = (agency, day, serial) }

    /// Any form in which a dossier's code is written, behind the prefix; nil for anything else.
    init?(_ text: String) {
        guard text.hasPrefix(Self.prefix), let code = try? DossierCode(String(text.dropFirst(Self.prefix.count))) else {
            return nil
        }
        self.init(agency: code.agency, day: code.received, serial: code.serial)
    }

    var description: String {
        (try? DossierCode(agency: agency, received: day, serial: serial)).map { Self.prefix + $0.text } ?? ""
    }
}

/// How far a complaint is. The words are stable.
enum ComplaintState: String, CaseIterable, Sendable { case lodged, assigned, answered }

/// A complaint as its complainant and those who answer it see it.
struct ComplaintView: Record {
    var id: ComplaintID?
    var version = 1
    var code = ""
    var kind = ComplaintKind.report
    var state = ComplaintState.lodged
    var agency = AgencyCode.none
    var aboutAgency = AgencyCode.none
    var official: PersonID?
    var dossier: DossierID?
    var anonymous = false
    var subject = ""
    var text = ""
    var lodgedAt = Date(timeIntervalSince1970: 0)
    var dueAt = Date(timeIntervalSince1970: 0)
    var why = Sentence()
    var handler: PersonID?
    var answeredAt: Date?
    var answer: String?
    var justified: Bool?
    var late: Bool?

    static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "Identity; not shown to anybody without an account"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
        .init("code", \.code, .text(1...80), "Its code"),
        .init("kind", \.kind, .choice, "Report, suggestion or complaint"),
        .init("state", \.state, .choice, "How far it is"),
        .init("agency", \.agency, .agency, "Who has to answer"),
        .init("aboutAgency", \.aboutAgency, .agency, "Whom it is about"),
        .init("official", \.official, .id, "The official whom it is about"),
        .init("dossier", \.dossier, .id, "The dossier that it is about"),
        .init("anonymous", \.anonymous, .bool, "Nobody is known to have lodged it"),
        .init("subject", \.subject, .text(1...Limits.nameLength), "In a line"),
        .init("text", \.text, .text(1...Limits.Citizen.complaintText), "What it says"),
        .init("lodgedAt", \.lodgedAt, .instant, "When"),
        .init("dueAt", \.dueAt, .instant, "When the answer is due"),
        .init("why", \.why, .record, "Why it is due then"),
        .init("handler", \.handler, .id, "Who is to answer; for officials"),
        .init("answeredAt", \.answeredAt, .instant, "When it was answered"),
        .init("answer", \.answer, .text(1...Limits.Citizen.complaintText), "The answer"),
        .init("justified", \.justified, .bool, "Whether it was found right"),
        .init("late", \.late, .bool, "Answered after its date"),
    ]

    init() {}

    init(_ complaint: Complaint, forOfficial: Bool) {
        (id, version, code) = (complaint.id, Int(complaint.version), complaint.code.description)
        (kind, agency, aboutAgency) = (complaint.kind, complaint.agency, complaint.aboutAgency)
        state = complaint.answeredAt != nil ? .answered : complaint.handler != nil ? .assigned : .lodged
        (official, dossier, anonymous) = (complaint.official, complaint.dossier, complaint.person == nil)
        (subject, text, lodgedAt) = (complaint.subject, complaint.text, complaint.lodgedAt)
        (dueAt, handler) = (complaint.dueAt, forOfficial ? complaint.handler : nil)
        why = Sentence(.complaint, due: complaint.dueAt, complaint.explanation)
        (answeredAt, answer) = (complaint.answeredAt, complaint.answer)
        (justified, late) = (complaint.justified, complaint.late)
    }
}

/// The path of what is done with a complaint.
struct ComplaintPath: Record {
    var complaint = ComplaintID()
    static let fields: [Field<Self>] = [.init("complaint", \.complaint, .id, "The complaint", in: .path)]
}

extension Session {
    func complaint(_ id: ComplaintID) async throws -> Complaint? {
        try await run("SELECT * FROM complaints WHERE id = \(id)").first.map(Complaint.init)
    }
}

extension Call {
    /// A complaint for those who answer it: who leads its agency, and who is to answer it. os-138: never for the
    /// official whom it is about, to whom it is as if it were not there.
    func answerable(_ id: ComplaintID, purpose: String) async throws -> Complaint {
        guard let complaint = try await runtime.database.complaint(id) else { throw Refused.notFound }
        guard complaint.official != caller.person else {
            throw refused(.notFound, about: ["complaint": "\(id)"])
        }
        try check(complaint.version)
        let isHandler = complaint.handler == (try person)
        // What was answered stays with its agency, and is its successor's to read (os-302).
        try await require(isHandler ? .dossiersRead : .dossiersApprove, at: try await heir(of: complaint.agency))
        logRead(of: "complaint", id.text, purpose: purpose)
        return complaint
    }
}
