import Contracts
import ServiceKit

/// A time in which the legal clock stood: status 5 (papers missing) or 6 (fee not paid).
struct Pause: Record, Hashable {
    var from = Date(timeIntervalSince1970: 0)
    var until: Date?
    var cause = DossierStatus.awaitingSupplement

    static let fields: [Field<Self>] = [
        .init("from", \.from, .instant, "Since when the clock stands"),
        .init("until", \.until, .instant, "When it went on"),
        .init("cause", \.cause, .choice, "Why it stands"),
    ]

    init() {}

    init(from: Date, until: Date? = nil, cause: DossierStatus) {
        self.from = from
        self.until = until
        self.cause = cause
    }
}

/// A dossier (hồ sơ) as the office keeps it: a row of `dossiers`. Decisions change a copy; `DossierStore` writes it.
struct Dossier: Sendable, Equatable {
    var id = DossierID()
    var version: Int64 = 0
    var status = DossierStatus.submitted
    var procedure = ""
    var procedureNumber = 0
    /// The version whose limit counts, where the dossier moved to a later one and kept its date.
    var limitNumber: Int?
    var channel = Channel.online
    /// Where it was received and is returned; fixed, also the agency its events are routed to.
    var receivingAgency = AgencyCode.none
    /// Where it is now.
    var workingAgency = AgencyCode.none
    /// Who approved the answer.
    var answeringAgency: AgencyCode?
    /// The agencies that sent it on to another level, the last one at the end; it goes back to that one.
    var sentFrom: [AgencyCode] = []
    var officer: PersonID?
    var step: String?
    var applicant = Applicant()
    var subject = ""
    var form: JSON?
    var code: DossierCode?
    var submittedAt = Date(timeIntervalSince1970: 0)
    /// From here on the limit is counted.
    var acceptedAt: Date?
    var actBy = Date(timeIntervalSince1970: 0)
    var dueAt: Date?
    var formerDueAt: Date?
    var handOverBy: Date?
    var stepDueAt: Date?
    /// Since when it is at its step; nil where it came there before this was kept.
    var stepBegunAt: Date?
    var pauses: [Pause] = []
    /// The status to which 5 goes back.
    var resumeStatus: DossierStatus?
    /// The status to which 7 goes back.
    var withdrawnFrom: DossierStatus?
    var supplementRequestedAt: Date?
    var supplementNote: String?
    var reappointedAt: Date?
    var payment = Payment()
    var approvedAt: Date?
    var approvedBy: PersonID?
    var document: DocumentID?
    var documentNumber: String?
    /// SHA-256 of the issued file, hex, as the event of its issue said it.
    var documentHash: String?
    var finishedAt: Date?
    var late: Bool?
    var returnedAt: Date?
    var reasonCode: String?
    var reason: String?
    /// A branch, an opinion or a link stood beside it once, or it is a link of another. The database sets it with the
    /// first of them, so of any other dossier none is looked for.
    var isAccompanied = false

    /// Who asks. Personal data.
    struct Applicant: Sendable, Equatable {
        /// The citizen's account, when the dossier belongs to one.
        var person: PersonID?
        var name = ""
        var phone: String?
        var nationalID: String?
        var address: String?
        /// Where notices go outside of the system.
        var mail: Sealed?
    }

    /// What was asked for and paid, or why it need not be.
    struct Payment: Sendable, Equatable {
        var fees: [DossierFee] = []
    }
}

extension Dossier {
    init(_ row: Row) throws {
        id = try row("id")
        version = try row("version")
        status = try Self.status(row, "status") ?? .submitted
        procedure = try row("procedure")
        procedureNumber = try row("procedure_number")
        limitNumber = try row("limit_number")
        channel = Channel(rawValue: try row("channel")) ?? .online
        receivingAgency = try row("receiving_agency")
        workingAgency = try row("working_agency")
        answeringAgency = try row("answering_agency")
        let sent: [String] = try row("sent_from")
        sentFrom = try sent.map { try AgencyCode($0) }
        officer = try row("officer")
        step = try row("step")
        applicant.person = try row("applicant")
        applicant.name = try row("applicant_name")
        applicant.phone = try row("applicant_phone")
        applicant.nationalID = try row("applicant_national_id")
        applicant.address = try row("applicant_address")
        let mail: JSON? = try row("applicant_mail")
        applicant.mail = try mail.map { try Sealed(decoding: $0, unknown: .ignore) }
        subject = try row("subject")
        form = try row("form")
        code = try Self.code(row)
        try readTimes(row)
        resumeStatus = try Self.status(row, "resume_status")
        withdrawnFrom = try Self.status(row, "withdrawn_from")
        supplementNote = try row("supplement_note")
        try readOutcome(row)
    }

    private mutating func readTimes(_ row: Row) throws {
        submittedAt = try row("submitted_at")
        acceptedAt = try row("accepted_at")
        actBy = try row("act_by")
        dueAt = try row("due_at")
        formerDueAt = try row("former_due_at")
        handOverBy = try row("hand_over_by")
        stepDueAt = try row("step_due_at")
        stepBegunAt = try row("step_begun_at")
        let pauses: JSON = try row("pauses")
        self.pauses = try (pauses.array ?? []).map { try Pause(decoding: $0, unknown: .ignore) }
        supplementRequestedAt = try row("supplement_requested_at")
        reappointedAt = try row("reappointed_at")
    }

    private mutating func readOutcome(_ row: Row) throws {
        let fees: JSON = try row("fees")
        payment.fees = try (fees.array ?? []).map { try DossierFee(decoding: $0, unknown: .ignore) }
        approvedAt = try row("approved_at")
        approvedBy = try row("approved_by")
        document = try row("document")
        documentNumber = try row("document_number")
        documentHash = try row("document_sha256")
        finishedAt = try row("finished_at")
        late = try row("late")
        returnedAt = try row("returned_at")
        reasonCode = try row("reason_code")
        reason = try row("reason")
        isAccompanied = try row("accompanied")
    }

    static func status(_ row: Row, _ column: String) throws -> DossierStatus? {
        let number: Int16? = try row(column)
        return number.flatMap { DossierStatus(number: Int($0)) }
    }

    /// The code in its parts (they are what is unique and searched).
    static func code(_ row: Row) throws -> DossierCode? {
        let agency: AgencyCode? = try row("code_agency")
        guard let agency else { return nil }
        let (day, serial): (Day, Int32) = (try row("code_day"), try row("code_serial"))
        return try DossierCode(agency: agency, received: day, serial: Int(serial))
    }
}

extension Dossier {
    /// Moves on, or refuses what the table of moves does not have (os-190).
    mutating func move(to next: DossierStatus) throws(Refused) {
        try DossierMoves.check(status, next)
        status = next
    }

    /// Refuses unless the dossier is in one of these statuses.
    func require(_ statuses: DossierStatus...) throws(Refused) {
        guard statuses.contains(status) else {
            throw Refused(
                Refused.notInStatus.code,
                vi: "Hồ sơ đang ở trạng thái “\(status.vietnamese)”, không thể thực hiện việc này.",
                en: "This cannot be done in status \(status.number) (\(status.rawValue)).")
        }
    }

    /// The agencies whose officials may see it.
    var agencies: Set<AgencyCode> {
        Set([receivingAgency, workingAgency] + sentFrom + (answeringAgency.map { [$0] } ?? []))
    }
}

extension Refused {
    static let notInStatus = Refused(
        "onestop.not-in-status", vi: "Trạng thái hiện tại của hồ sơ không cho phép việc này.",
        en: "The status of the dossier does not allow this.")
}
