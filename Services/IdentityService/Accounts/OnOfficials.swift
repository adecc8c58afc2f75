import Contracts
import ServiceKit

/// An official was appointed: an account is opened, unless the person has one.
enum OpenAccountOnAppointment: Reaction {
    static func handle(_ event: OfficialAppointed, _ envelope: Envelope, _ work: Work) async throws {
        let known = try await work.run(
            "SELECT id, kind, state FROM accounts WHERE person = \(event.person) FOR UPDATE")
        guard let row = known.first else {
            let login = try await freeLogin(like: event.mailbox, work)
            let (_, opened) = try await Account.open(kind: .official, person: event.person, login: login, in: work)
            return try await work.announce(opened, version: 1, to: nil)
        }
        // Back in service: the account opens again, without its old password.
        guard try row("state") == "closed", try row("kind") == AccountKind.official.rawValue else { return }
        let account: AccountID = try row("id")
        let changed = try await work.run(
            """
            UPDATE accounts SET state = 'invited', password_hash = NULL, version = version + 1 WHERE id = \(account)
            RETURNING version
            """)
        guard let version: Int64 = try changed.first?("version") else { return }
        var opened = AccountOpened()
        (opened.account, opened.person, opened.kind) = (account, event.person, .official)
        try await work.announce(opened, version: version, to: nil)
    }

    /// The mailbox's name; with a number where a citizen or the first administrator has it already.
    private static func freeLogin(like mailbox: String, _ work: Work) async throws -> String {
        let rows = try await work.run(
            "SELECT login FROM accounts WHERE login = \(mailbox) OR starts_with(login, \(mailbox) || '-')")
        let taken: Set<String> = try Set(rows.map { try $0("login") })
        guard taken.contains(mailbox) else { return mailbox }
        let number = (2...taken.count + 2).first { !taken.contains("\(mailbox)-\($0)") } ?? taken.count + 2
        work.log.notice("a mailbox's name was taken as a user name", metadata: ["login": "\(mailbox)-\(number)"])
        return "\(mailbox)-\(number)"
    }
}

/// Service ended: the account is closed; its links, sessions and refresh tokens end. Only officials' accounts: HR names
/// the person, and must not close a citizen's or an administrator's by naming theirs.
enum CloseAccountOnServiceEnd: Reaction {
    static func handle(_ event: ServiceEnded, _ envelope: Envelope, _ work: Work) async throws {
        let changed = try await work.run(
            """
            UPDATE accounts SET state = 'closed', version = version + 1
            WHERE person = \(event.person) AND kind = 'official' AND state <> 'closed' RETURNING id, version
            """)
        guard let row = changed.first else { return }
        let account: AccountID = try row("id")
        try await work.post(
            "UPDATE refresh_tokens SET revoked_at = now() WHERE account = \(account) AND revoked_at IS NULL")
        try await work.post(
            "UPDATE browser_sessions SET ended_at = now() WHERE account = \(account) AND ended_at IS NULL")
        try await work.post(
            "UPDATE one_time_links SET used_at = now() WHERE account = \(account) AND used_at IS NULL")
        var closed = AccountClosed()
        closed.account = account
        try await work.announce(closed, version: try row("version"), to: nil)
    }
}
