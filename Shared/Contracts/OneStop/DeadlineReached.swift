import Foundation

/// A rung of a deadline's ladder was reached: a warning before it, the date itself, an escalation after it.
public struct DeadlineReached: Event {
    public static let type = "onestop.deadline.reached.v1"
    public static let doc =
        "A rung of a deadline's ladder was reached: a warning before it, the date itself, an escalation after it."
    public var id = DeadlineReachedID()
    public var dossier = DossierID()
    public var kind: DeadlineKind = .dossier
    public var rung = ""
    public var hours = 0
    public var dueAt: Date = Date(timeIntervalSince1970: 0)
    public var stepKey: String?
    public var agency = AgencyCode.none
    public var reader: RungReader = .officer
    public var toAgency = AgencyCode.none
    public var toOfficer: PersonID?

    public var aggregateID: String { id.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "This reminder; it has no other event"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("kind", \.kind, .choice, "Whose deadline: the dossier's, its step's, an opinion's, a branch's"),
        .init("rung", \.rung, .text(1...60), "Stable key of the rung"),
        .init(
            "hours", \.hours, .integer(-Limits.OneStop.rungHours...Limits.OneStop.rungHours),
            "Where the rung lies, in working hours after the date; negative before it"),
        .init("dueAt", \.dueAt, .instant, "The date"),
        .init("stepKey", \.stepKey, .text(1...60), "Step of the procedure, for steps and branches"),
        .init("agency", \.agency, .agency, "The agency that has to act"),
        .init("reader", \.reader, .choice, "Whom the rung is for"),
        .init("toAgency", \.toAgency, .agency, "Where that is"),
        .init("toOfficer", \.toOfficer, .id, "Who is told; absent: the leaders there"),
    ]
}
