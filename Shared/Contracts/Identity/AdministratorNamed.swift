import Foundation

/// The account administers the whole system.
public struct AdministratorNamed: Event {
    public static let type = "identity.account.administrator-named.v1"
    public static let doc =
        "The account administers the whole system."
    public var account = AccountID()
    public var person = PersonID()

    public var aggregateID: String { account.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("account", \.account, .id, "The account"),
        .init("person", \.person, .id, "The person"),
    ]
}
