import Contracts
import ServiceKit

/// An account as administrators see it.
struct Account: Record {
    enum State: String, CaseIterable, Sendable { case invited, active, closed }

    var account = AccountID()
    var kind = AccountKind.official
    var person = PersonID()
    var login = ""
    var state = State.invited
    var isLocked = false
    var version = 0

    static let fields: [Field<Self>] = [
        .init("account", \.account, .id, "The account"),
        .init("kind", \.kind, .choice, "Whose account it is"),
        .init("person", \.person, .id, "The person behind it"),
        .init("login", \.login, .text(1...200), "User name"),
        .init("state", \.state, .choice, "Invited until a password is set"),
        .init("isLocked", \.isLocked, .bool, "Locked for a while after failures"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
    ]

    init() {}

    init(_ row: Row) throws {
        account = try row("id")
        kind = AccountKind(rawValue: try row("kind")) ?? .official
        person = try row("person")
        login = try row("login")
        state = State(rawValue: try row("state")) ?? .closed
        isLocked = try row("is_locked")
        version = try row("version")
    }

    /// The agency at which rights over this account count: where its official holds, or last held, a post. Over
    /// everybody else's accounts only administrators of the whole system have rights: theirs count at `none`.
    func agency(in session: any Session) async throws -> AgencyCode {
        guard kind == .official else { return .none }
        let posts = try await session.run(
            "SELECT agency FROM directory_posts WHERE person = \(person) ORDER BY valid_from DESC LIMIT 1")
        return try posts.first?("agency") ?? .none
    }

    static func find(_ account: AccountID, in session: any Session) async throws -> Account? {
        try await session.run(
            "SELECT *, coalesce(locked_until > now(), false) AS is_locked FROM accounts WHERE id = \(account)"
        ).first.map(Account.init)
    }

    /// Opens an account; the event is for the caller to announce.
    static func open(
        kind: AccountKind, person: PersonID, login: String, in session: any Session
    ) async throws -> (account: AccountID, event: AccountOpened) {
        let account = AccountID.new()
        try await session.run(
            """
            INSERT INTO accounts (id, kind, person, login, state, version)
            VALUES (\(account), \(kind.rawValue), \(person), \(login), 'invited', 1)
            """)
        var event = AccountOpened()
        (event.account, event.kind) = (account, kind)
        event.person = kind == .citizen ? nil : person
        return (account, event)
    }
}

/// The code of a one-time link: only its hash is kept, and the answer that carries it is kept nowhere.
enum OneTimeLink {
    /// Ends the link before it. Inside a transaction: the account's row keeps two of them apart.
    static func make(for account: AccountID, by actor: String, in session: any Session) async throws -> String {
        let code = OpaqueSecret.new()
        try await session.run("SELECT 1 AS one FROM accounts WHERE id = \(account) FOR UPDATE")
        try await session.run(
            """
            WITH former AS (UPDATE one_time_links SET used_at = now() WHERE account = \(account) AND used_at IS NULL),
                 noted AS (INSERT INTO sign_in_log (account, what, actor)
                           VALUES (\(account), 'link made', \(actor)))
            INSERT INTO one_time_links (code_hash, account, expires_at)
            VALUES (\(OpaqueSecret.hash(code)), \(account),
                    now() + make_interval(secs => \(Limits.oneTimeLink.secondsValue)))
            """)
        return code
    }
}
