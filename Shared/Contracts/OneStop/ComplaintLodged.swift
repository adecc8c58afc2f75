import Foundation

public enum ComplaintTag {}
public typealias ComplaintID = ID<ComplaintTag>

/// Somebody complained, pointed something out or suggested something; its agency has to answer by a date.
public struct ComplaintLodged: Event {
    public static let type = "onestop.complaint.lodged.v1"
    public static let doc =
        "Somebody complained, pointed something out or suggested something; its agency has to answer by a date."
    public var complaint = ComplaintID()
    public var code = ""
    public var kind: ComplaintKind = .report
    public var agency = AgencyCode.none
    public var dossier: DossierID?
    public var anonymous = false
    public var lodgedAt: Date = Date(timeIntervalSince1970: 0)
    public var dueAt: Date = Date(timeIntervalSince1970: 0)

    public var aggregateID: String { complaint.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("complaint", \.complaint, .id, "The complaint"),
        .init("code", \.code, .text(1...80), "Its code"),
        .init("kind", \.kind, .choice, "Report, suggestion or complaint"),
        .init("agency", \.agency, .agency, "Who has to answer"),
        .init("dossier", \.dossier, .id, "The dossier that it is about"),
        .init("anonymous", \.anonymous, .bool, "Whether nobody is known to have lodged it"),
        .init("lodgedAt", \.lodgedAt, .instant, "When"),
        .init("dueAt", \.dueAt, .instant, "When the answer is due"),
    ]
}

/// What a citizen turns to an agency with: report (phản ánh), suggestion (kiến nghị), complaint (khiếu nại).
public enum ComplaintKind: String, CaseIterable, Sendable {
    case report, suggestion, complaint

    public var vietnamese: String {
        switch self {
        case .report: "Phản ánh"
        case .suggestion: "Kiến nghị"
        case .complaint: "Khiếu nại"
        }
    }
}
