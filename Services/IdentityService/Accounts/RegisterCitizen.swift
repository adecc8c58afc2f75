import Contracts
import ServiceKit

/// `POST /citizens`: a citizen who came to the counter gets an account; the link is handed over with the receipt.
/// Nothing but the user name is kept here: dossiers keep the applicant's data.
enum RegisterCitizen: Endpoint {
    static let route = Route.post("/citizens", success: 201)
    static let summary = "Open an account for a citizen; answers with the one-time link"
    static let access = Access.signedIn
    static let refusals = [Refused.loginTaken]

    struct Input: Record {
        var login = ""
        static let fields: [Field<Self>] = [
            .init("login", \.login, .text(3...64, pattern: "^[a-z0-9][a-z0-9.-]+$"), "User name")
        ]
    }

    struct Output: Record {
        var account = AccountID()
        var person = PersonID()
        var link: String?
        static let fields: [Field<Self>] = [
            .init("account", \.account, .id, "The account"),
            .init("person", \.person, .id, "The citizen, as dossiers name him or her"),
            .init(
                "link", \.link, .text(1...300),
                "The one-time link; only in the first answer: it is kept nowhere, an administrator can fetch another"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let clerk = try await !call.agencies(.dossiersReceive).isEmpty
        let administrator = try await !call.agencies(.accountsManage).isEmpty
        guard clerk || administrator else { throw call.refused() }
        do {
            var code = ""
            var reply = try await call.transaction { work in
                let person = PersonID.new()
                let (account, opened) = try await Account.open(
                    kind: .citizen, person: person, login: input.login, in: work)
                try await work.announce(opened, version: 1, to: nil)
                code = try await OneTimeLink.make(for: account, by: call.caller.id, in: work)
                var output = Output()
                (output.account, output.person) = (account, person)
                return Reply(output, version: 1, location: "/accounts/\(account)")
            }
            reply.output.link = "\(call.runtime.configuration.identityURL)/activate#\(code)"
            return reply
        } catch let error as PostgresError where error.constraint == "accounts_login_key" {
            throw Refused.loginTaken
        }
    }
}

extension Refused {
    static let loginTaken = Refused(
        "identity.login-taken", vi: "Tên đăng nhập đã có người dùng.", en: "This user name is taken.", field: "login")
}
