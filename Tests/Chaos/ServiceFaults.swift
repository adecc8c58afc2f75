#if DEBUG
    import Contracts
    import EventLog
    import Foundation
    import Glibc
    import Synchronization

    @testable import Journeys

    /// What was done, and what it brought to light.
    final class Tally: Sendable {
        private struct State {
            var faults: [FaultKind: Int] = [:]
            var reached: Set<String> = []
            var missed: Set<String> = []
            var recovery = Recovery()
            var stumbled: [String] = []
            var unanswered: [String] = []
            var journeys = 0
        }
        private let state = Mutex(State())

        func did(_ kind: FaultKind) { state.withLock { $0.faults[kind, default: 0] += 1 } }
        func played() { state.withLock { $0.journeys += 1 } }
        func stumbled(_ what: String) { state.withLock { $0.stumbled.append(what) } }
        func unanswered(_ what: String) { state.withLock { $0.unanswered.append(what) } }
        func note(_ kind: Recovery.Kind, _ time: Duration) { state.withLock { $0.recovery.note(kind, time) } }

        /// A kill point of a service was armed, and passed or not.
        func armed(_ service: ServiceName, _ point: KillPoint, reached: Bool) {
            let name = "\(service)/\(point.rawValue)"
            state.withLock { state in
                if reached {
                    state.reached.insert(name)
                    state.missed.remove(name)
                } else if !state.reached.contains(name) {
                    state.missed.insert(name)
                }
            }
        }

        func hasReached(_ service: ServiceName, _ point: KillPoint) -> Bool {
            state.withLock { $0.reached.contains("\(service)/\(point.rawValue)") }
        }

        var faults: [FaultKind: Int] { state.withLock(\.faults) }
        var reached: Set<String> { state.withLock(\.reached) }
        var missed: Set<String> { state.withLock(\.missed) }
        var recovery: Recovery { state.withLock(\.recovery) }
        var stumbles: [String] { state.withLock(\.stumbled) }
        var withoutAnswer: [String] { state.withLock(\.unanswered) }
        var journeys: Int { state.withLock(\.journeys) }
    }

    /// Strikes at services.
    struct ServiceFaults: Sendable {
        let fleet: Fleet
        let machines: Machines
        let watch: Stopwatch
        let desk: Desk
        let tally: Tally
        let turns: Turns
        let isLong: Bool

        func perform(_ strike: Strike, at service: ServiceName) async throws {
            let alone = strike.kind == .leaders
            try await turns.enter(alone: alone)
            do {
                switch strike.kind {
                case .kill: try await kill(service)
                case .point: try await point(strike, service)
                case .pause: try await pause(service)
                case .drain: try await drain(service)
                case .leaders: try await leaders(service)
                default: return
                }
                tally.did(strike.kind)
            } catch {
                await turns.leave(alone: alone)
                throw error
            }
            await turns.leave(alone: alone)
        }

        private func kill(_ service: ServiceName) async throws {
            guard let child = fleet.child(service) else { return }
            child.expectEnd()
            child.send(SIGKILL)
            _ = try await child.ends(within: .seconds(10))
            try await ready(service)
        }

        /// Arms the running process; when nothing passes there, nothing dies. Until it was reached once, the service is
        /// asked for something meanwhile: some write little by themselves.
        private func point(_ strike: Strike, _ service: ServiceName) async throws {
            guard let point = strike.point else { return }
            let door = tally.hasReached(service, point) ? nil : try await watch.door(of: service)
            guard let child = fleet.child(service) else { return }
            try await withThrowingTaskGroup(of: Void.self) { group in
                child.expectEnd()
                try fleet.arm(service, "\(point.rawValue):\(strike.pass)")
                if let door { group.addTask { try await watch.knock(at: door) } }
                try await wait(at: point, service, child)
                try await group.waitForAll()
            }
        }

        private func wait(at point: KillPoint, _ service: ServiceName, _ child: Child) async throws {
            let died = try await passes(child)
            tally.armed(service, point, reached: died == true)
            guard died != true else { return try await ready(service) }
            fleet.disarm(service)
            // Whoever read the file before it was removed may still die of it.
            if try await child.ends(within: .seconds(2)) { return try await ready(service) }
            child.expectLife()
        }

        /// Whether it died there; nil when somebody wants the system for himself before that is certain.
        private func passes(_ child: Child) async throws -> Bool? {
            let deadline = ContinuousClock.now + Limits.Chaos.armed
            while ContinuousClock.now < deadline {
                if try await child.ends(within: .milliseconds(100)) { return true }
                if await turns.isWanted { return nil }
            }
            return false
        }

        /// Past its lease: it wakes up and believes it still leads.
        private func pause(_ service: ServiceName) async throws {
            guard let child = fleet.child(service) else { return }
            child.send(SIGSTOP)
            try? await Task.sleep(for: isLong ? Limits.Chaos.longPause : Limits.Chaos.pause)
            child.send(SIGCONT)
            try await ready(service)
        }

        /// SIGTERM with many requests in flight at this service: those that were begun are answered, the others are
        /// told by a closed connection, and repeated.
        private func drain(_ service: ServiceName) async throws {
            let door = try await watch.door(of: service)
            guard let child = fleet.child(service) else { return }
            let count = isLong ? Limits.Chaos.longBurst : Limits.Chaos.burst
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<count { group.addTask { try await watch.knock(at: door) } }
                try await Task.sleep(for: .milliseconds(300))
                try await stop(service, child)
                try await group.waitForAll()
            }
            try await ready(service)
        }

        /// In good order, as a supervisor does it.
        func stop(_ service: ServiceName, _ child: Child) async throws {
            child.expectEnd()
            child.send(SIGTERM)
            if try await !child.ends(within: Limits.Chaos.stop) {
                tally.stumbled("\(service) did not end within \(Limits.Chaos.stop) of SIGTERM")
                child.send(SIGKILL)
            }
        }

        /// In good order; what comes after it has this clock.
        func restart(_ service: ServiceName, clock environment: [String: String]?) async throws {
            fleet.set(clock: environment, of: service)
            guard let child = fleet.child(service) else { return }
            try await stop(service, child)
            try await ready(service)
        }

        /// A second copy of the service takes over from one that is paused, which then wakes up: two that believe
        /// they lead. Then the second one leaves in good order.
        private func leaders(_ service: ServiceName) async throws {
            let door = try await watch.door(of: service)
            guard let first = fleet.child(service) else { return }
            let port = machines.base + 40 + (ServiceName.running.firstIndex(of: service) ?? 0)
            let before = try await watch.term(service)
            let second = try fleet.spawn(service, extra: ["LIENTHONG_HTTP_PORT": "\(port)"])
            second.expectEnd()
            defer { second.send(SIGKILL) }
            guard let address = Address("http://127.0.0.1:\(port)") else { return }
            try await ready(at: address, "the second \(service)")
            let term = try await watch.term(service)
            // A fault of the database may have ended the first one's term, and the second leads: nobody to pause.
            guard term == before else { return }
            first.send(SIGSTOP)
            let stopped = ContinuousClock.now
            do {
                tally.note(.pausedLeader, try await watch.nextLeader(service, after: term, since: stopped))
                try await Task.sleep(for: .seconds(1))
            } catch {
                first.send(SIGCONT)
                throw error
            }
            first.send(SIGCONT)
            // Both work now; the first must find out.
            for _ in 0..<20 { try await watch.knock(at: door) }
            let second2 = try await watch.term(service)
            second.send(SIGTERM)
            _ = try await second.ends(within: Limits.Chaos.stop)
            let ended = ContinuousClock.now
            tally.note(.cleanLeader, try await watch.nextLeader(service, after: second2, since: ended))
        }

        func ready(_ service: ServiceName) async throws {
            try await ready(at: try desk.office.address(service), "\(service)")
        }

        /// Until it answers again. While PostgreSQL is away it does not: then that is waited for elsewhere.
        private func ready(at address: Address, _ what: String) async throws {
            let deadline = ContinuousClock.now + Limits.Chaos.ready
            while ContinuousClock.now < deadline {
                do {
                    let answer = try await HTTP.send(
                        HTTPAsk(method: "GET", target: "/health/ready"), to: address, within: .seconds(2))
                    if answer.succeeded { return }
                } catch is CutOff {}
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
#endif
