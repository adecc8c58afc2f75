#if DEBUG
    import Contracts
    import Foundation
    import Postgres
    import Synchronization

    @testable import Journeys

    /// What recovery took, the worst of each kind.
    struct Recovery: Sendable {
        enum Kind: String, CaseIterable, Sendable {
            case firstCommit = "first_commit_ms"
            case firstConfirm = "first_confirm_ms"
            case cleanLeader = "leader_clean_ms"
            case pausedLeader = "leader_paused_ms"

            var bar: Duration {
                switch self {
                case .firstCommit: Limits.Chaos.firstCommit
                case .firstConfirm: Limits.Chaos.firstConfirm
                case .cleanLeader: Limits.Chaos.cleanLeader
                case .pausedLeader: Limits.Chaos.pausedLeader
                }
            }
        }

        private(set) var measured: [Kind: [Duration]] = [:]

        mutating func note(_ kind: Kind, _ duration: Duration) { measured[kind, default: []].append(duration) }

        func worst(_ kind: Kind) -> Duration? { measured[kind]?.max() }

        var missed: [Kind] { Kind.allCases.filter { kind in worst(kind).map { $0 > kind.bar } ?? false } }

        var json: JSON {
            .object(
                Kind.allCases.compactMap { kind in
                    measured[kind].map { all in
                        let worst = all.max() ?? .zero
                        return .init(
                            kind.rawValue,
                            [
                                "worst": .integer(Int64(worst / .milliseconds(1))), "times": .integer(Int64(all.count)),
                                "bar": .integer(Int64(kind.bar / .milliseconds(1))),
                            ])
                    }
                })
        }
    }

    /// Takes the times. While it measures nothing else is done to the system: see `Turns`.
    struct Stopwatch: Sendable {
        let machines: Machines
        let desk: Desk
        let eye: Database

        /// Somebody keeps asking; from the moment on at which PostgreSQL answers, until a first commit is answered.
        func firstCommit(after heal: @escaping @Sendable () async throws -> Void) async throws -> Duration {
            try await between(heal, answers: { machines.postgresAnswers }) {
                // Asked for before and answered after: whatever is answered now was committed now.
                try await knock()
            }
        }

        /// From the moment on at which RabbitMQ answers, until an event is confirmed.
        func firstConfirm(after heal: @escaping @Sendable () async throws -> Void) async throws -> Duration {
            try await knock()
            let before = try await cursor()
            return try await between(heal, answers: { machines.brokerAnswers }) {
                while try await cursor() == before { try await Task.sleep(for: .milliseconds(10)) }
            }
        }

        private func between(
            _ heal: @escaping @Sendable () async throws -> Void, answers: @escaping @Sendable () -> Bool,
            _ happens: @escaping @Sendable () async throws -> Void
        ) async throws -> Duration {
            async let healed: Void = heal()
            async let happened: ContinuousClock.Instant = {
                try await happens()
                return .now
            }()
            let deadline = ContinuousClock.now + Limits.Chaos.patience
            while !answers() {
                guard ContinuousClock.now < deadline else { throw Failed("a server does not come back") }
                try await Task.sleep(for: .milliseconds(10))
            }
            let since = ContinuousClock.now
            let until = try await happened
            try await healed
            return max(.zero, until - since)
        }

        func cursor() async throws -> Int64 {
            try await eye.run("SELECT confirmed_seq AS n FROM onestop.relay_cursor").first?("n") ?? 0
        }

        func term(_ service: ServiceName) async throws -> Int64 {
            try await eye.run("SELECT term AS n FROM \(raw: service.rawValue).relay_lease").first?("n") ?? 0
        }

        /// Until somebody else leads.
        func nextLeader(_ service: ServiceName, after term: Int64, since: ContinuousClock.Instant) async throws
            -> Duration
        {
            let deadline = ContinuousClock.now + Limits.Chaos.ready
            while try await self.term(service) <= term {
                guard ContinuousClock.now < deadline else { throw Stumbled("nobody leads the relay of \(service)") }
                try await Task.sleep(for: .milliseconds(10))
            }
            return .now - since
        }
    }

    /// Who may do something to the system now: faults side by side, or one alone that is to be measured.
    actor Turns {
        private var inside = 0
        private var isAlone = false
        private var waitingAlone = 0

        func enter(alone: Bool) async throws {
            if alone { waitingAlone += 1 }
            defer { if alone { waitingAlone -= 1 } }
            while isAlone || alone && inside > 0 || !alone && waitingAlone > 0 {
                try await Task.sleep(for: .milliseconds(10))
            }
            if alone { isAlone = true } else { inside += 1 }
        }

        /// Somebody waits to be alone.
        var isWanted: Bool { waitingAlone > 0 }

        func leave(alone: Bool) { if alone { isAlone = false } else { inside -= 1 } }
    }
#endif
