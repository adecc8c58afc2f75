import AMQP
import Contracts
import Courier
import Foundation
import Logging
import Postgres
import ServiceKit

/// What deliveries leave by: made once at start, shared by requests and deliverers.
struct Outlets: Sendable {
    let publisher: Publisher
    /// For what comes from the past: on the same connection it would fill the window, and what is new would wait.
    let pastPublisher: Publisher
    let courier: Courier
    let policy: AddressPolicy
    let secrets: SubscriptionSecrets
    /// Where subscribers reach the broker.
    let doors: [AMQPAddress]
    let bells: Bells
    let turns = Turns()
    let counts = ExchangeCounts()
    let pace: DeliveryPace

    /// What subscriptions' passwords and signing secrets are derived from.
    static let secret = "LIENTHONG_SUBSCRIPTION_SECRET"

    init(_ configuration: Configuration, _ bells: Bells, _ log: Logger) throws(ConfigurationFaults) {
        policy = try Self.policy(configuration)
        courier = Courier(policy, authorities: configuration.optional("LIENTHONG_WEBHOOK_AUTHORITIES"))
        secrets = SubscriptionSecrets(root: try configuration.secret(Self.secret).value)
        publisher = Publisher(configuration.amqp, exchange: BrokerControl.exchange, logger: log)
        pastPublisher = Publisher(configuration.amqp, exchange: BrokerControl.exchange, logger: log)
        doors = try Self.doors(configuration)
        self.bells = bells
        pace = configuration.rehearsal ? DeliveryPace.rehearsal(configuration) : DeliveryPace()
    }

    /// `LIENTHONG_SUBSCRIBER_BROKERS`: subscribers may have another way to the broker than the services.
    static func doors(_ configuration: Configuration) throws(ConfigurationFaults) -> [AMQPAddress] {
        guard let list = configuration.optional("LIENTHONG_SUBSCRIBER_BROKERS") else {
            return configuration.amqp.addresses
        }
        guard let found = Configuration.addresses(list, port: configuration.amqp.port) else {
            throw ConfigurationFaults(faults: [
                "LIENTHONG_SUBSCRIBER_BROKERS must be an address or a list such as mq1.example.vn:5671,mq2.example.vn"
            ])
        }
        return found.map { AMQPAddress(host: $0.host, port: $0.port) }
    }

    /// Where webhooks may lead.
    static func policy(_ configuration: Configuration) throws(ConfigurationFaults) -> AddressPolicy {
        var networks: [Network] = []
        for text in (configuration.optional("LIENTHONG_WEBHOOK_NETWORKS") ?? "").split(separator: ",") {
            guard let network = Network(text) else {
                throw ConfigurationFaults(faults: [
                    "LIENTHONG_WEBHOOK_NETWORKS: '\(text)' is no network like 10.0.0.0/8"
                ])
            }
            networks.append(network)
        }
        return AddressPolicy(networks: networks, allowsPlainLoopback: configuration.rehearsal)
    }

    func parts(_ database: Database, _ tail: Tail, epoch: Int32, log: Logger) -> DelivererParts {
        DelivererParts(
            database: database, publisher: publisher, pastPublisher: pastPublisher, courier: courier, secrets: secrets,
            tail: tail, bells: bells, turns: turns, counts: counts, pace: pace, epoch: epoch, log: log)
    }
}

extension DeliveryPace {
    /// In a rehearsal nobody waits for days: both may be shortened, in seconds; and an operator may have made a
    /// shorter queue.
    static func rehearsal(_ configuration: Configuration) -> DeliveryPace {
        var pace = DeliveryPace()
        if let text = configuration.optional("LIENTHONG_WEBHOOK_RETRY"), let seconds = Double(text), seconds > 0 {
            pace.retryFirst = .seconds(seconds)
        }
        if let text = configuration.optional("LIENTHONG_WEBHOOK_PATIENCE"), let seconds = Double(text), seconds > 0 {
            pace.patience = .seconds(seconds)
        }
        if let text = configuration.optional("LIENTHONG_QUEUE_LENGTH"), let length = Int(text), length > 0 {
            pace.queueLength = length
        }
        return pace
    }
}
