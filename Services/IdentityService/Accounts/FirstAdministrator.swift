import Contracts
import EventLog
import Foundation
import Postgres
import ServiceKit

/// `migrate` makes the first administrator and prints the one-time link, once.
enum FirstAdministrator {
    static let login = "admin"

    static func create(in database: Database) async throws {
        let code = try await database.transaction { transaction -> String? in
            let known = try await transaction.run("SELECT 1 AS one FROM accounts WHERE kind = 'administrator' LIMIT 1")
            guard known.isEmpty else { return nil }
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
            return try await OneTimeLink.make(for: account, in: transaction)
        }
        if let code { print("identity: first administrator '\(login)': set the password at /activate#\(code)") }
    }
}
