import Contracts
import EventLog
import Foundation
import Postgres
import ServiceKit

/// `migrate` makes the first administrator, once, and prints the code of a one-time link. As long as no administrator
/// has set a password each further `migrate` prints a new one: nobody else could help whoever lost it.
enum FirstAdministrator {
    static let login = "admin"

    /// - Returns: the code to print; nil when an administrator has a password.
    static func create(in database: Database) async throws -> String? {
        try await database.transaction { transaction -> String? in
            // Two at once: the second waits, then sees the first's.
            try await transaction.run("LOCK TABLE accounts IN SHARE ROW EXCLUSIVE MODE")
            let known = try await transaction.run(
                "SELECT id, state FROM accounts WHERE kind = 'administrator' ORDER BY id")
            guard let first = known.first else {
                return try await OneTimeLink.make(for: try await open(transaction), by: "migrate", in: transaction)
            }
            guard try known.allSatisfy({ try $0("state") == "invited" }) else { return nil }
            return try await OneTimeLink.make(for: try first("id"), by: "migrate", in: transaction)
        }
    }

    private static func open(_ transaction: Transaction) async throws -> AccountID {
        let person = PersonID.new()
        let (account, opened) = try await Account.open(
            kind: .administrator, person: person, login: login, in: transaction)
        var named = AdministratorNamed()
        (named.account, named.person) = (account, person)
        try await transaction.run("UPDATE accounts SET version = 2 WHERE id = \(account)")
        for (version, event) in [(Int64(1), opened as any Event), (2, named)] {
            let announcement = Announcement(
                event: event, agency: nil, actor: "migrate", traceparent: nil, occurredAt: Date())
            try await EventWriter.append(announcement, version: version, in: transaction)
        }
        return account
    }
}
