import Foundation

/// The holder set a password through the one-time link.
public struct AccountActivated: Event {
    public static let type = "identity.account.activated.v1"
    public static let doc =
        "The holder set a password through the one-time link."
    public var account = AccountID()

    public var aggregateID: String { account.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("account", \.account, .id, "The account")
    ]
}
