import Foundation

/// The dossier of a linked procedure was opened for an application, with a task and a deadline.
public struct DossierLinkOpened: Event {
    public static let type = "onestop.dossier.link-opened.v1"
    public static let doc =
        "The dossier of a linked procedure was opened for an application, with a task and a deadline."
    public var dossier = DossierID()
    public var linkKey = ""
    public var child = DossierID()
    public var procedure = ""
    public var fromAgency = AgencyCode.none
    public var toAgency = AgencyCode.none
    public var dueAt: Date = Date(timeIntervalSince1970: 0)
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier of the application"),
        .init("linkKey", \.linkKey, .text(1...60), "Key of the link in its set"),
        .init("child", \.child, .id, "The linked dossier"),
        .init("procedure", \.procedure, .text(1...40), "National code of its procedure"),
        .init("fromAgency", \.fromAgency, .agency, "The agency that leads"),
        .init("toAgency", \.toAgency, .agency, "The agency that receives the linked dossier"),
        .init("dueAt", \.dueAt, .instant, "Until when its task is to be done"),
        .init("status", \.status, .choice, "The national status of the application after this event"),
    ]
}
