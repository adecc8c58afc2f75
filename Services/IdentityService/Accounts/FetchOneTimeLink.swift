import Contracts
import ServiceKit

/// `POST /accounts/{account}/one-time-link`: an administrator fetches the link with which the holder sets a password.
/// The link before it ends.
enum FetchOneTimeLink: Endpoint {
    static let route = Route.post("/accounts/{account}/one-time-link")
    static let summary = "A one-time link with which the account's holder sets a password"
    static let access = Access.official(.accountsManage)
    static let refusals = [Refused.accountClosed]

    struct Input: Record {
        var account = AccountID()
        static let fields: [Field<Self>] = [
            .init("account", \.account, .id, "The account", in: .path)
        ]
    }

    struct Output: Record {
        var link = ""
        static let fields: [Field<Self>] = [
            .init("link", \.link, .text(1...300), "Give it to the holder only; the code stands after the #")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        guard let account = try await Account.find(input.account, in: call.runtime.database) else {
            throw Refused.notFound
        }
        try await call.require(.accountsManage, at: account.agency(in: call.runtime.database))
        guard account.state != .closed else { throw Refused.accountClosed }
        call.log.notice(
            "one-time link made", metadata: ["account": "\(input.account)", "by": "\(call.caller.id)"])
        // Not `call.transaction`: it would keep the answer, and with it the code, for a repeated Idempotency-Key.
        let code = try await call.runtime.database.transaction { transaction in
            try await OneTimeLink.make(for: input.account, by: call.caller.id, in: transaction)
        }
        var output = Output()
        output.link = "\(call.runtime.configuration.identityURL)/activate#\(code)"
        return Reply(output)
    }
}

/// `POST /accounts/{account}/unlock`: ends the lock after failed sign-ins.
enum UnlockAccount: Endpoint {
    static let route = Route.post("/accounts/{account}/unlock")
    static let summary = "End the lock after failed sign-ins"
    static let access = Access.official(.accountsManage)

    typealias Input = FetchOneTimeLink.Input

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Account> {
        guard var account = try await Account.find(input.account, in: call.runtime.database) else {
            throw Refused.notFound
        }
        try await call.require(.accountsManage, at: account.agency(in: call.runtime.database))
        account.isLocked = false
        return try await call.transaction { [account] work in
            try await work.run(
                """
                WITH unlocked AS (UPDATE accounts SET failures = 0, locked_until = NULL
                                  WHERE id = \(input.account) RETURNING id)
                INSERT INTO sign_in_log (account, what, actor) SELECT id, 'unlocked', \(work.actor) FROM unlocked
                """)
            return Reply(account, version: Int64(account.version))
        }
    }
}

extension Refused {
    static let accountClosed = Refused(
        "identity.account-closed", vi: "Tài khoản đã đóng.", en: "The account is closed.")
}
