import Foundation

/// The applicant is exempt from the fees; nothing has to be paid and work goes on. Which case it is and why says what
/// kind of person he or she is: that stays in the dossier.
public struct DossierFeesExempted: Event {
    public static let type = "onestop.dossier.fees-exempted.v1"
    public static let doc =
        "The applicant is exempt from the fees; nothing has to be paid and work goes on."
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var actor: PersonID?
    public var status: DossierStatus = .submitted
    public var demand: DemandID?
    public var dueAt: Date?

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "The agency that would have collected"),
        .init("actor", \.actor, .id, "The official who acted"),
        .init("status", \.status, .choice, "The national status after this event"),
        .init("demand", \.demand, .id, "The demand that it takes back; absent where none had been made"),
        .init("dueAt", \.dueAt, .instant, "Appointment now, where a demand is taken back"),
    ]
}
