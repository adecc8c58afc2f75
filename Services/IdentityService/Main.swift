import Contracts
import Logging
import Postgres
import ServiceKit

/// Accounts, sign-in and tokens: OpenID Connect for officials, citizens and programs.
@main enum Main: Microservice {
    static let name = ServiceName.identity
    static let title = "Định danh: tài khoản, đăng nhập, mã truy cập"
    static let migrations = Migrations.all
    static let secrets = ["LIENTHONG_CLIENT_SECRETS", "LIENTHONG_KEY_SECRET"]
    static let settings: [Configuration.Setting] = [{ _ = try Clients($0) }, { _ = try KeyRing.sealing($0) }]
    static let appendOnly = ["sign_in_log"]
    static let endpoints: [any Mountable.Type] = [
        DiscoverProvider.self,
        PublishKeys.self,
        RotateKeys.self,
        ShowSignIn.self,
        SignIn.self,
        IssueTokens.self,
        RevokeToken.self,
        ShowSignOut.self,
        SignOut.self,
        ReadUserInfo.self,
        ReadUserInfoByPost.self,
        ShowActivation.self,
        ActivateAccount.self,
        ListAccounts.self,
        ReadAccount.self,
        FetchOneTimeLink.self,
        RegisterCitizen.self,
        UnlockAccount.self,
    ]
    static let reactions: [any Reaction.Type] = [
        OpenAccountOnAppointment.self,
        CloseAccountOnServiceEnd.self,
    ]

    static func resources(
        _ configuration: Configuration, _ database: Database, _ log: Logger
    ) async throws -> [any Sendable] {
        let clients = try Clients(configuration)
        let keys = try KeyRing(configuration, database: database)
        try await keys.load()
        return [clients, keys]
    }

    static func background(_ runtime: Runtime) -> [any Service] {
        Upkeep.all(runtime, runtime.resource(KeyRing.self))
    }

    static func seed(_ database: Database) async throws {
        guard let code = try await FirstAdministrator.create(in: database) else { return }
        print("identity: first administrator '\(FirstAdministrator.login)': set the password at /activate#\(code)")
    }
}
