import Foundation

/// A running dossier goes on by a later version of its procedure, by a mapping that was proven before.
public struct DossierVersionChanged: Event {
    public static let type = "onestop.dossier.version-changed.v1"
    public static let doc =
        "A running dossier goes on by a later version of its procedure, by a mapping that was proven before."
    public var dossier = DossierID()
    public var procedure = ""
    public var fromVersion = 0
    public var toVersion = 0
    public var stepKey: String?
    public var formerDueAt: Date?
    public var dueAt: Date?
    public var status: DossierStatus = .submitted

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("procedure", \.procedure, .text(1...40), "National procedure code"),
        .init("fromVersion", \.fromVersion, .integer(1...9999), "The version that it kept until now"),
        .init("toVersion", \.toVersion, .integer(1...9999), "The version that it keeps from now on"),
        .init("stepKey", \.stepKey, .text(1...60), "Its step in the later version; absent before the first one"),
        .init("formerDueAt", \.formerDueAt, .instant, "The appointment before"),
        .init("dueAt", \.dueAt, .instant, "The appointment now"),
        .init("status", \.status, .choice, "The national status, which stays"),
    ]
}
