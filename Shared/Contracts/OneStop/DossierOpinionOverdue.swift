import Foundation

/// An opinion was not given in time; the one-stop that received the dossier is told.
public struct DossierOpinionOverdue: Event {
    public static let type = "onestop.dossier.opinion-overdue.v1"
    public static let doc =
        "An opinion was not given in time; the one-stop that received the dossier is told."
    public var dossier = DossierID()
    public var opinion = OpinionID()
    public var fromAgency = AgencyCode.none
    public var toAgency = AgencyCode.none
    public var reportedTo = AgencyCode.none
    public var dueAt: Date = Date(timeIntervalSince1970: 0)
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("opinion", \.opinion, .id, "The opinion"),
        .init("fromAgency", \.fromAgency, .agency, "Who asked"),
        .init("toAgency", \.toAgency, .agency, "Who was asked and has not answered"),
        .init("reportedTo", \.reportedTo, .agency, "The one-stop whose head is told"),
        .init("dueAt", \.dueAt, .instant, "When the answer was due"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
