import Foundation

/// The working calendar changed, and with it dates of an open dossier: of itself, its step, opinions or branches.
public struct DossierDatesMoved: Event {
    public static let type = "onestop.dossier.dates-moved.v1"
    public static let doc =
        "The working calendar changed, and with it dates of an open dossier: of itself, its step, opinions or branches."
    public var dossier = DossierID()
    public var calendarVersion = 0
    public var formerDueAt: Date?
    public var dueAt: Date?
    public var stepDueAt: Date?
    public var opinions = 0
    public var branches = 0
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("calendarVersion", \.calendarVersion, .integer(1...999_999_999), "The version of the working calendar"),
        .init("formerDueAt", \.formerDueAt, .instant, "Appointment before; absent where it stays"),
        .init("dueAt", \.dueAt, .instant, "Appointment now; absent where it stays"),
        .init("stepDueAt", \.stepDueAt, .instant, "When its step is due now; absent where that stays"),
        .init("opinions", \.opinions, .integer(0...Limits.OneStop.opinions), "Opinions whose dates moved"),
        .init(
            "branches", \.branches, .integer(0...Limits.OneStop.branchesOfDossier), "Branches whose dates moved"),
        .init("status", \.status, .choice, "The national status after this event"),
    ]
}
