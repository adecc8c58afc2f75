import Contracts
import Foundation

/// What is killed without warning (SIGKILL) in a scene, and started again while it plays.
enum Fault: Sendable {
    /// Dies between the commit of the scene's request and its answer: whoever asked repeats with the same key.
    case onestop
    /// Dies between the commit of its effect and the acknowledgement: the broker delivers the event again.
    case budget
    /// Is away when the scene begins: events wait in their log.
    case broker
    /// Is away when the scene begins: nobody can do anything until it is back.
    case postgres

    /// Before the scene plays. Services are killed, and started so that they die once more at the named point.
    func prepare() async throws {
        switch self {
        case .onestop: try await Self.arm("onestop", at: "after-commit:1")
        case .budget: try await Self.arm("budget", at: "before-acknowledge:1")
        case .broker: try await Shell.local("servers.sh", "kill", "rabbitmq")
        case .postgres: try await Shell.local("servers.sh", "kill", "postgres")
        }
    }

    /// While the scene plays.
    func recover(_ office: Office) async throws {
        switch self {
        case .onestop:
            try await Self.awaitDeath(of: .onestop, office)
            try await Shell.local("services.sh", "start", "onestop")
        case .budget:
            try await Self.awaitDeath(of: .budget, office)
            try await Shell.local("services.sh", "start", "budget")
        case .broker: try await Shell.local("servers.sh", "start", "rabbitmq")
        case .postgres: try await Shell.local("servers.sh", "start", "postgres")
        }
    }

    /// The scene failed: nothing may stay away or armed for the next one.
    func mend() async throws {
        switch self {
        case .onestop: try await Shell.local("services.sh", "restart", "onestop")
        case .budget: try await Shell.local("services.sh", "restart", "budget")
        case .broker, .postgres: try await Shell.local("servers.sh", "start")
        }
    }

    private static func arm(_ service: String, at point: String) async throws {
        try await Shell.local("services.sh", "kill", service)
        try await Shell.local("services.sh", "start", service, environment: ["LIENTHONG_KILL_AT": point])
    }

    private static func awaitDeath(of service: ServiceName, _ office: Office) async throws {
        let address = try office.address(service)
        _ = try await office.eventually("\(service) to die at its kill point") { () -> Bool? in
            do {
                _ = try await HTTP.send(HTTPAsk(method: "GET", target: "/health/live"), to: address)
                return nil
            } catch is CutOff { return true }
        }
    }
}
