import Contracts
import ServiceKit

/// What went wrong at an agency (Decree 61/2018/NĐ-CP, Art. 21): a wrong result, papers lost or spoilt, another
/// mistake.
enum ErrorKind: String, CaseIterable, Sendable {
    case wrongResult = "wrong-result"
    case papersLost = "papers-lost"
    case other
}

/// An error by an agency, with its apology, what it costs that agency, and the dossier that corrects it.
struct AgencyError: Record {
    var error = AgencyErrorID()
    var dossier = DossierID()
    var kind = ErrorKind.wrongResult
    var agency = AgencyCode.none
    var what: String?
    var apology = ""
    var cost = Money.zero
    var recordedAt = Date(timeIntervalSince1970: 0)
    var correction: DossierID?
    var correctionStatus: DossierStatus?

    static let fields: [Field<Self>] = [
        .init("error", \.error, .id, "The error"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("kind", \.kind, .choice, "What kind of error"),
        .init("agency", \.agency, .agency, "The agency at fault; it pays"),
        .init("what", \.what, .text(1...Limits.noteLength), "What went wrong; for officials"),
        .init("apology", \.apology, .text(1...Limits.noteLength), "What the applicant is told"),
        .init("cost", \.cost, .money, "What it costs the agency, in đồng"),
        .init("recordedAt", \.recordedAt, .instant, "When it was recorded"),
        .init("correction", \.correction, .id, "The dossier that corrects it; absent where there is none"),
        .init("correctionStatus", \.correctionStatus, .choice, "How far that is"),
    ]

    init() {}

    init(_ row: Row) throws {
        error = try row("id")
        dossier = try row("dossier")
        kind = ErrorKind(rawValue: try row("kind")) ?? .other
        agency = try row("agency")
        what = try row("what")
        apology = try row("apology")
        cost = try row("cost")
        recordedAt = try row("recorded_at")
        correction = try row("correction")
        correctionStatus = try Dossier.status(row, "correction_status")
    }

    static let rows: SQL = """
        SELECT e.*, c.dossier AS correction, d.status AS correction_status FROM agency_errors e
        LEFT JOIN corrections c ON c.error = e.id LEFT JOIN dossiers d ON d.id = c.dossier
        """
}

extension Refused {
    static let notThatAgency = Refused(
        "onestop.not-that-agency", 422, vi: "Cơ quan này không tham gia giải quyết hồ sơ.",
        en: "This agency had nothing to do with the dossier.", field: "agency")
    static let costNegative = Refused(
        "onestop.cost-negative", 422, vi: "Chi phí không được âm.", en: "A cost is not negative.", field: "cost")
    static let tooManyErrors = Refused(
        "onestop.too-many-errors", vi: "Hồ sơ đã ghi nhận quá nhiều sai sót.",
        en: "Too many errors are recorded of this dossier.")
    static let alreadyCorrected = Refused(
        "onestop.already-corrected", vi: "Sai sót này đã có hồ sơ khắc phục.",
        en: "A dossier corrects this error already.")
}
