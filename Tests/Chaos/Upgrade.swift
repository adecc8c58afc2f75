#if DEBUG
    import Contracts
    import Foundation

    @testable import Journeys

    /// A service was restarted as a program of this release or of the next.
    struct Upgrade: Sendable, Equatable {
        /// Of the intent log.
        static let method = "UPGRADE"

        let service: ServiceName
        let release: Release
        /// It was told to end, and what came after it answered; nil: nobody saw it answer.
        let since: Date
        let ready: Date?

        static func all(_ intents: Intents) -> [Upgrade] {
            intents.intents.compactMap { intent in
                guard intent.method == method, let release = Release(rawValue: intent.path),
                    let since = Instant.read(intent.at)
                else { return nil }
                let ready = intents.answers[intent.number]?.body["ready"]?.text.flatMap(Instant.read)
                return Upgrade(service: intent.service, release: release, since: since, ready: ready)
            }
        }
    }

    extension ServiceFaults {
        /// Rolling, as a release is brought in: one service after the other ends in order and goes on as the next
        /// release; then some go back. OneStop, whose events most others read, is the first both times, so that old
        /// readers meet its new events and new readers its old ones.
        func upgrade(_ dice: inout SeededRandom) async throws {
            let others = ServiceName.running.filter { $0 != .onestop }.shuffled(using: &dice)
            let back = others.filter { _ in dice.chance(50) }
            try await watch.knock()
            for service in [.onestop] + others { try await restart(service, as: .next) }
            for service in [.onestop] + back { try await restart(service, as: .old) }
        }

        private func restart(_ service: ServiceName, as release: Release) async throws {
            guard fleet.isUpgraded(service) != (release == .next) else { return }
            fleet.install(service, next: release == .next)
            guard let child = fleet.child(service) else { return }
            let intent = try desk.log.intend(
                desk.journey, "operator", service, Upgrade.method, release.rawValue, key: nil, [:])
            try await stop(service, child)
            try await ready(service)
            try desk.log.answer(
                Answered(
                    number: intent.number, status: 200, tries: 1, body: ["ready": .string(Instant.write(Date()))]))
            try await watch.knock()
        }
    }
#endif
