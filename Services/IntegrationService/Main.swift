import Contracts
import Logging
import Postgres
import ServiceKit
import ServiceLifecycle

/// The province's exchange (LGSP) for integrators: every event kept in one order, subscriptions with private queues or
/// webhooks, replays, what was missed, and a ledger of every delivery.
@main enum Main: Microservice {
    static let name = ServiceName.integration
    static let title = "Trục tích hợp (LGSP): đăng ký nhận sự kiện, hàng đợi riêng, webhook, phát lại"
    static let migrations = Migrations.all
    static let secrets = [Outlets.secret]
    static let settings: [Configuration.Setting] = [
        { _ = try Outlets.policy($0) }, { _ = try Outlets.doors($0) }, { _ = try Management.addresses($0) },
    ]
    static let appendOnly = Migrations.appendOnly
    static let endpoints: [any Mountable.Type] = [
        CreateSubscription.self,
        ListSubscriptions.self,
        ReadSubscription.self,
        ReadSubscriptionHistory.self,
        ChangeSubscription.self,
        DeleteSubscription.self,
        PauseSubscription.self,
        ResumeSubscription.self,
        IssueCredentials.self,
        TestDelivery.self,
        AcknowledgeNumber.self,
        ReadMissed.self,
        RequestReplay.self,
        ListReplays.self,
        CancelReplay.self,
        ListDeliveries.self,
        ListDeadDeliveries.self,
        InspectDelivery.self,
        EditDelivery.self,
        RetryDelivery.self,
        SkipDelivery.self,
        ReadAsyncAPI.self,
        ListSchemas.self,
        ReadSchema.self,
    ]
    static let reactions: [any Reaction.Type] = []
    static let observers: [any Observer.Type] = [ArchiveEvent.self]

    static func resources(
        _ configuration: Configuration, _ database: Database, _ log: Logger
    ) async throws -> [any Sendable] {
        let bells = Bells()
        let outlets = try Outlets(configuration, bells, log)
        let broker = try BrokerControl(configuration, outlets, log)
        return [bells, outlets, broker]
    }

    static func background(_ runtime: Runtime) -> [any ServiceLifecycle.Service] { [Exchange(runtime)] }
}
