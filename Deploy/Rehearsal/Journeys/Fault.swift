import Contracts
import Foundation

/// What is killed, without warning (SIGKILL), while a scene plays; it is started again by the time the scene ends.
enum Fault: Sendable {
    case onestop, budget, broker, postgres

    func strike(_ office: Office, _ say: @Sendable (String) -> Void) async throws {
        switch self {
        case .onestop:
            try await Shell.local("services.sh", "kill", "onestop")
            try await Shell.local("services.sh", "start", "onestop")
        case .budget:
            // Killed, and started so that it dies once more at the worst moment: its effect is committed, the broker
            // has not heard of it and will deliver the event again.
            try await Shell.local("services.sh", "kill", "budget")
            try await Shell.local(
                "services.sh", "start", "budget", environment: ["LIENTHONG_KILL_AT": "before-acknowledge:1"])
            try await Self.awaitDeath(of: .budget, office)
            try await Shell.local("services.sh", "start", "budget")
        case .broker:
            try await Shell.local("servers.sh", "kill", "rabbitmq")
            try await Shell.local("servers.sh", "start", "rabbitmq")
        case .postgres:
            try await Shell.local("servers.sh", "kill", "postgres")
            try await Shell.local("servers.sh", "start", "postgres")
        }
        say("  killed and started again: \(self)")
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
