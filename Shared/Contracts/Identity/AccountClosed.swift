import Foundation

/// The account was closed; its tokens end within five minutes.
public struct AccountClosed: Event {
    public static let type = "identity.account.closed.v1"
    public static let doc =
        "The account was closed; its tokens end within five minutes."
    public var account = AccountID()

    public var aggregateID: String { account.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("account", \.account, .id, "The account")
    ]
}
