import Foundation

/// A linked procedure of an application ended: with its result, without one, or because the leading agency goes on
/// without it.
public struct DossierLinkClosed: Event {
    public static let type = "onestop.dossier.link-closed.v1"
    public static let doc =
        "A linked procedure of an application ended: with its result, without one, or left out by the leading agency."
    public var dossier = DossierID()
    public var linkKey = ""
    public var child: DossierID?
    public var agency = AgencyCode.none
    public var outcome: LinkOutcome = .finished
    public var late = false
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier of the application"),
        .init("linkKey", \.linkKey, .text(1...60), "Key of the link in its set"),
        .init("child", \.child, .id, "The linked dossier; absent where it could not be opened"),
        .init("agency", \.agency, .agency, "Who did it, or was to"),
        .init("outcome", \.outcome, .choice, "How it ended"),
        .init("late", \.late, .bool, "Ended after the deadline of its task"),
        .init("status", \.status, .choice, "The national status of the application after this event"),
    ]
}
