import Contracts
import ServiceKit

/// A dossier as one line of a list.
struct DossierLine: Record {
    var id = DossierID()
    var version = 0
    var code: String?
    var status = DossierStatus.submitted
    var statusNumber = 1
    var procedure = ""
    var procedureName: String?
    var subject = ""
    var applicantName = ""
    var receivingAgency = AgencyCode.none
    var workingAgency = AgencyCode.none
    var officer: PersonID?
    var step: String?
    var submittedAt = Date(timeIntervalSince1970: 0)
    var actBy = Date(timeIntervalSince1970: 0)
    var dueAt: Date?
    var stepDueAt: Date?
    var overdue = false

    static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "Identity"),
        .init("version", \.version, .integer(1...Int.max), "Version"),
        .init("code", \.code, .text(1...60), "Dossier code, once accepted"),
        .init("status", \.status, .choice, "National status"),
        .init("statusNumber", \.statusNumber, .integer(1...10), "Its number"),
        .init("procedure", \.procedure, .text(1...40), "National code of the procedure"),
        .init("procedureName", \.procedureName, .text(1...Limits.nameLength), "Its Vietnamese name"),
        .init("subject", \.subject, .text(1...Limits.nameLength), "What is asked for"),
        .init("applicantName", \.applicantName, .text(1...Limits.nameLength), "Who asks"),
        .init("receivingAgency", \.receivingAgency, .agency, "Where it was received"),
        .init("workingAgency", \.workingAgency, .agency, "Where it is"),
        .init("officer", \.officer, .id, "Who holds it; absent while nobody does"),
        .init("step", \.step, .text(1...60), "Step of the procedure"),
        .init("submittedAt", \.submittedAt, .instant, "When it came"),
        .init("actBy", \.actBy, .instant, "The answer to the submission, later the appointment"),
        .init("dueAt", \.dueAt, .instant, "Appointment"),
        .init("stepDueAt", \.stepDueAt, .instant, "When this step is due"),
        .init("overdue", \.overdue, .bool, "Past that time, and the clock runs"),
    ]

    /// In the order in which they are read.
    static let columns: SQL = """
        id, version, code_agency, code_day, code_serial, status, procedure, subject, applicant_name, \
        receiving_agency, working_agency, officer, step, submitted_at, act_by, due_at, step_due_at, procedure_number
        """

    init() {}

    init(_ row: Row, now: Date) throws {
        id = try row("id")
        version = try row("version")
        code = try Dossier.code(row)?.text
        status = try Dossier.status(row, "status") ?? .submitted
        statusNumber = status.number
        procedure = try row("procedure")
        subject = try row("subject")
        applicantName = try row("applicant_name")
        receivingAgency = try row("receiving_agency")
        workingAgency = try row("working_agency")
        officer = try row("officer")
        step = try row("step")
        submittedAt = try row("submitted_at")
        actBy = try row("act_by")
        dueAt = try row("due_at")
        stepDueAt = try row("step_due_at")
        overdue = [.submitted, .accepted, .processing, .withdrawalRequested].contains(status) && actBy < now
    }
}

extension Call {
    /// The lines of a page with the names of their procedures.
    func lines(_ rows: some Sequence<Row>) async throws -> [DossierLine] {
        let book = resource(ProcedureBook.self)
        var lines: [DossierLine] = []
        for row in rows {
            var line = try DossierLine(row, now: now)
            line.procedureName = try await book.name(line.procedure, try row("procedure_number"))
            lines.append(line)
        }
        return lines
    }
}
