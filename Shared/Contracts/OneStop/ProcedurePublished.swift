import Foundation

/// A version of a procedure was published; it never changes afterwards.
public struct ProcedurePublished: Event {
    public static let type = "onestop.procedure.published.v1"
    public static let doc =
        "A version of a procedure was published; it never changes afterwards."
    public var procedure = ""
    public var procedureVersion = 0
    public var name = ""
    public var validFrom = Day.none
    public var validTo: Day?

    public var aggregateID: String { "\(procedure)" }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("procedure", \.procedure, .text(1...40), "National code"),
        .init("procedureVersion", \.procedureVersion, .integer(1...9999), "Version"),
        .init("name", \.name, .text(1...500), "Vietnamese name"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day; absent while there is none"),
    ]
}
