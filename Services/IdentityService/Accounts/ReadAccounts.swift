import Contracts
import ServiceKit

/// `GET /accounts`: the accounts that the caller administers, in the order of user names.
enum ListAccounts: Endpoint {
    static let route = Route.get("/accounts")
    static let summary = "List accounts in the order of user names, or find one by user name or person"
    static let access = Access.official(.accountsManage)

    struct Input: Record {
        var login: String?
        var person: PersonID?
        var cursor: String?
        var limit = Limits.pageDefault

        static let fields: [Field<Self>] = [
            .init("login", \.login, .text(1...200), "Only this user name", in: .query),
            .init("person", \.person, .id, "Only this person", in: .query),
            .init("cursor", \.cursor, .text(1...Limits.cursorLength), "Where the page before ended", in: .query),
            .init(
                "limit", \.limit, .integer(1...Limits.pageMaximum), default: Limits.pageDefault, "Most rows",
                in: .query),
        ]
    }

    struct Output: Record {
        var accounts: [Account] = []
        static let fields: [Field<Self>] = [
            .init("accounts", \.accounts, .list(.record, 0...Limits.pageMaximum), "The accounts")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let after = try Cursor(input.cursor).text
        let reach = try await call.agencies(.accountsManage)
        let everywhere = reach.contains(.none)
        call.logRead(of: "accounts", "page", purpose: "administration")
        let rows = try await call.run(
            """
            SELECT *, coalesce(locked_until > now(), false) AS is_locked FROM accounts
            WHERE login > \(after) AND (\(input.login)::text IS NULL OR login = \(input.login))
              AND (\(input.person)::uuid IS NULL OR person = \(input.person))
              AND (\(everywhere) OR kind = 'official' AND EXISTS (
                  SELECT 1 FROM unnest(\(reach.map(\.text))) AS r (top), (
                      SELECT agency FROM directory_posts p WHERE p.person = accounts.person
                      ORDER BY valid_from DESC LIMIT 1) AS held
                  WHERE held.agency = r.top OR starts_with(held.agency, r.top || '.')))
            ORDER BY login LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.accounts = try rows.prefix(input.limit).map(Account.init)
        let next = rows.count > input.limit ? output.accounts.last.map { Cursor(text: $0.login) } : nil
        return Reply(output, next: next.map { "/accounts?limit=\(input.limit)&cursor=\($0)" })
    }
}

/// `GET /accounts/{account}`.
enum ReadAccount: Endpoint {
    static let route = Route.get("/accounts/{account}")
    static let summary = "Read one account"
    static let access = Access.official(.accountsManage)

    struct Input: Record {
        var account = AccountID()
        static let fields: [Field<Self>] = [
            .init("account", \.account, .id, "The account", in: .path)
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Account> {
        guard let account = try await Account.find(input.account, in: call.runtime.database) else {
            throw Refused.notFound
        }
        try await call.require(.accountsManage, at: account.agency(in: call.runtime.database))
        call.logRead(of: "account", input.account.text, purpose: "administration")
        return Reply(account, version: Int64(account.version))
    }
}
