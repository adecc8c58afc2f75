import Foundation

/// A rung of the ladder of the answer that an online submission waits for was reached: before its end, or at it.
public struct AnswerAwaited: Event {
    public static let type = "onestop.answer.awaited.v1"
    public static let doc =
        "An online submission still waits for its answer: a rung before the end of its eight working hours, or at it."
    public var id = DeadlineReachedID()
    public var dossier = DossierID()
    public var rung = ""
    public var hours = 0
    public var dueAt: Date = Date(timeIntervalSince1970: 0)
    public var agency = AgencyCode.none
    public var reader: RungReader = .officer
    public var toAgency = AgencyCode.none

    public var aggregateID: String { id.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("id", \.id, .id, "This reminder; it has no other event"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("rung", \.rung, .text(1...60), "Stable key of the rung"),
        .init(
            "hours", \.hours, .integer(-Limits.OneStop.rungHours...Limits.OneStop.rungHours),
            "Where the rung lies, in working hours after the date; negative before it"),
        .init("dueAt", \.dueAt, .instant, "When the answer is due (Decree 45/2020/NĐ-CP: within 08 working hours)"),
        .init("agency", \.agency, .agency, "The agency that has to answer"),
        .init("reader", \.reader, .choice, "Whom the rung is for; “officer” is the counter"),
        .init("toAgency", \.toAgency, .agency, "Where that is"),
    ]
}
