import Contracts
import ServiceKit

/// A dossier as its officials and its applicant see it.
struct DossierView: Record {
    var id = DossierID()
    var version = 0
    var code: String?
    var status = DossierStatus.submitted
    var statusNumber = 1
    var statusName = ""
    var innerStatus = InnerStatus.new
    var innerStatusName = ""
    var procedure = ""
    var procedureVersion = 1
    var procedureName = ""
    var channel = Channel.online
    var receivingAgency = AgencyCode.none
    var workingAgency = AgencyCode.none
    var answeringAgency: AgencyCode?
    var officer: PersonID?
    var step: String?
    var applicantName = ""
    var applicantPhone: String?
    var applicantNationalID: String?
    var applicantAddress: String?
    var subject = ""
    var form: JSON?
    var submittedAt = Date(timeIntervalSince1970: 0)
    var answerBy: Date?
    var acceptedAt: Date?
    var dueAt: Date?
    var formerDueAt: Date?
    var handOverBy: Date?
    var stepDueAt: Date?
    var clockStands = false
    var supplementNote: String?
    var reappointedAt: Date?
    var demand: DemandID?
    var demandAmount: Money?
    var paidAt: Date?
    var receiptNumber: String?
    var fees: [DossierFee] = []
    var feeExemption: String?
    var feeExemptionReason: String?
    var approvedAt: Date?
    var document: DocumentID?
    var documentNumber: String?
    var finishedAt: Date?
    var late: Bool?
    var returnedAt: Date?
    var reasonCode: String?
    var reason: String?

    static let fields: [Field<Self>] = identity + people + times + outcome

    private static let identity: [Field<Self>] = [
        .init("id", \.id, .id, "Identity"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
        .init("code", \.code, .text(1...60), "Dossier code (mã số hồ sơ), once accepted"),
        .init("status", \.status, .choice, "National status"),
        .init("statusNumber", \.statusNumber, .integer(1...10), "Its number"),
        .init("statusName", \.statusName, .text(1...60), "Its Vietnamese name"),
        .init("innerStatus", \.innerStatus, .choice, "Inner status, finer than the national one"),
        .init("innerStatusName", \.innerStatusName, .text(1...60), "Its Vietnamese name"),
        .init("procedure", \.procedure, .text(1...40), "National code of the procedure"),
        .init("procedureVersion", \.procedureVersion, .integer(1...9999), "The version it keeps"),
        .init("procedureName", \.procedureName, .text(1...Limits.nameLength), "Vietnamese name of the procedure"),
        .init("channel", \.channel, .choice, "How it came"),
    ]

    private static let people: [Field<Self>] = [
        .init("receivingAgency", \.receivingAgency, .agency, "Where it was received and is returned"),
        .init("workingAgency", \.workingAgency, .agency, "Where it is now"),
        .init("answeringAgency", \.answeringAgency, .agency, "Who approved the answer"),
        .init("officer", \.officer, .id, "Who holds it"),
        .init("step", \.step, .text(1...60), "Step of the procedure"),
        .init("applicantName", \.applicantName, .text(1...Limits.nameLength), "Who asks"),
        .init("applicantPhone", \.applicantPhone, .text(1...20), "Telephone"),
        .init("applicantNationalId", \.applicantNationalID, .text(1...12), "Number of the identity card"),
        .init("applicantAddress", \.applicantAddress, .text(1...Limits.nameLength), "Address"),
        .init("subject", \.subject, .text(1...Limits.nameLength), "What is asked for"),
        .init("form", \.form, .any, "The electronic form as filled in"),
    ]

    private static let times: [Field<Self>] = [
        .init("submittedAt", \.submittedAt, .instant, "When it came"),
        .init("answerBy", \.answerBy, .instant, "When the submission must be answered"),
        .init("acceptedAt", \.acceptedAt, .instant, "When it was accepted"),
        .init("dueAt", \.dueAt, .instant, "Appointment"),
        .init("formerDueAt", \.formerDueAt, .instant, "Appointment before the last change (NgayHenTraTruoc)"),
        .init("handOverBy", \.handOverBy, .instant, "When it must be in the processing unit"),
        .init("stepDueAt", \.stepDueAt, .instant, "When this step is due"),
        .init("clockStands", \.clockStands, .bool, "Whether the legal clock stands"),
        .init("supplementNote", \.supplementNote, .text(1...Limits.noteLength), "What is missing (form 02)"),
        .init("reappointedAt", \.reappointedAt, .instant, "When the apology was made"),
    ]

    private static let outcome: [Field<Self>] = [
        .init("demand", \.demand, .id, "The fee demand that was made last"),
        .init("demandAmount", \.demandAmount, .money, "What is or was due by it"),
        .init("paidAt", \.paidAt, .instant, "When it was paid"),
        .init("receiptNumber", \.receiptNumber, .text(1...40), "Number of the receipt"),
        .init("fees", \.fees, .list(.record, 0...Limits.OneStop.dossierFees), "Every fee, each a demand of its own"),
        .init("feeExemption", \.feeExemption, .text(1...Limits.OneStop.feeKind), "The case that exempts from the fees"),
        .init("feeExemptionReason", \.feeExemptionReason, .text(1...Limits.noteLength), "Why it applies"),
        .init("approvedAt", \.approvedAt, .instant, "When the answer was approved"),
        .init("document", \.document, .id, "The issued document"),
        .init("documentNumber", \.documentNumber, .text(1...80), "Its number and symbol"),
        .init("finishedAt", \.finishedAt, .instant, "End of processing"),
        .init("late", \.late, .bool, "Finished after the appointment"),
        .init("returnedAt", \.returnedAt, .instant, "When the result was handed over"),
        .init("reasonCode", \.reasonCode, .text(1...60), "Why it was refused or stopped"),
        .init("reason", \.reason, .text(1...Limits.noteLength), "The same in words"),
    ]

    init() {}

    init(_ dossier: Dossier, _ definition: Definition, awaiting awaited: InnerStatus.Awaited = .init()) {
        (id, version, code) = (dossier.id, Int(dossier.version), dossier.code?.text)
        (status, statusNumber) = (dossier.status, dossier.status.number)
        statusName = dossier.status.vietnamese
        innerStatus = InnerStatus.of(dossier, definition, awaited)
        innerStatusName = InnerStatus.table[innerStatus]?.vietnamese ?? statusName
        (procedure, procedureVersion) = (dossier.procedure, dossier.procedureNumber)
        (procedureName, channel) = (definition.name, dossier.channel)
        (receivingAgency, workingAgency) = (dossier.receivingAgency, dossier.workingAgency)
        (answeringAgency, officer, step) = (dossier.answeringAgency, dossier.officer, dossier.step)
        let applicant = dossier.applicant
        (applicantName, applicantPhone) = (applicant.name, applicant.phone)
        (applicantNationalID, applicantAddress) = (applicant.nationalID, applicant.address)
        (subject, form, submittedAt) = (dossier.subject, dossier.form, dossier.submittedAt)
        answerBy = dossier.status == .submitted ? dossier.actBy : nil
        (acceptedAt, dueAt, formerDueAt) = (dossier.acceptedAt, dossier.dueAt, dossier.formerDueAt)
        (handOverBy, stepDueAt) = (dossier.handOverBy, dossier.stepDueAt)
        clockStands = dossier.pauses.last.map { $0.until == nil } ?? false
        (supplementNote, reappointedAt) = (dossier.supplementNote, dossier.reappointedAt)
        (demand, demandAmount) = (dossier.payment.demand, dossier.payment.amount)
        (paidAt, receiptNumber) = (dossier.payment.paidAt, dossier.payment.receipt)
        fees = dossier.payment.fees
        (feeExemption, feeExemptionReason) = (dossier.payment.exemption, dossier.payment.exemptionReason)
        (approvedAt, document, documentNumber) = (dossier.approvedAt, dossier.document, dossier.documentNumber)
        (finishedAt, late, returnedAt) = (dossier.finishedAt, dossier.late, dossier.returnedAt)
        (reasonCode, reason) = (dossier.reasonCode, dossier.reason)
    }
}

extension Call {
    /// - Parameter session: the transaction that changes it, where there is one.
    func view(of dossier: Dossier, in session: (any Session)? = nil) async throws -> DossierView {
        DossierView(
            dossier, try await procedure(of: dossier).definition,
            awaiting: try await (session ?? runtime.database).awaited(by: dossier))
    }
}

/// The path of every action on a dossier that needs nothing else.
struct DossierPath: Record {
    var dossier = DossierID()
    static let fields: [Field<Self>] = [.init("dossier", \.dossier, .id, "The dossier", in: .path)]
}
