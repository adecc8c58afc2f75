import Foundation

/// An account was opened; it can sign in once its holder has set a password.
public struct AccountOpened: Event {
    public static let type = "identity.account.opened.v1"
    public static let doc =
        "An account was opened; it can sign in once its holder has set a password."
    public var account = AccountID()
    public var person: PersonID?
    public var kind: AccountKind = .official

    public var aggregateID: String { account.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("account", \.account, .id, "The account"),
        .init("person", \.person, .id, "The official; absent for citizens and programs"),
        .init("kind", \.kind, .choice, "Whose account it is"),
    ]
}
