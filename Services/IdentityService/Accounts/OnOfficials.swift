import Contracts
import ServiceKit

/// An official was appointed: an account is opened, unless the person has one.
enum OpenAccountOnAppointment: Reaction {
    static func handle(_ event: OfficialAppointed, _ envelope: Envelope, _ work: Work) async throws {
        let known = try await work.run(
            "SELECT id, state FROM accounts WHERE person = \(event.person) FOR UPDATE")
        guard let row = known.first else {
            let (_, opened) = try await Account.open(
                kind: .official, person: event.person, login: event.mailbox, in: work)
            return try await work.announce(opened, version: 1, to: nil)
        }
        // Back in service: the account opens again, without its old password.
        guard try row("state", as: String.self) == "closed" else { return }
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
}

/// Service ended: the account is closed, its sessions and refresh tokens end.
enum CloseAccountOnServiceEnd: Reaction {
    static func handle(_ event: ServiceEnded, _ envelope: Envelope, _ work: Work) async throws {
        let changed = try await work.run(
            """
            UPDATE accounts SET state = 'closed', version = version + 1
            WHERE person = \(event.person) AND state <> 'closed' RETURNING id, version
            """)
        guard let row = changed.first else { return }
        let account: AccountID = try row("id")
        try await work.run(
            "UPDATE refresh_tokens SET revoked_at = now() WHERE account = \(account) AND revoked_at IS NULL")
        try await work.run(
            "UPDATE browser_sessions SET ended_at = now() WHERE account = \(account) AND ended_at IS NULL")
        var closed = AccountClosed()
        closed.account = account
        try await work.announce(closed, version: try row("version"), to: nil)
    }
}
