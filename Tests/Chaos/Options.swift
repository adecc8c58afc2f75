#if DEBUG
    import Contracts
    import Foundation

    /// What the harness does to the system.
    enum FaultKind: String, CaseIterable, Sendable {
        // To services, each at its own time.
        case kill, point, pause, drain, leaders
        // To everything around them, one at a time.
        case brokerKill = "broker-kill"
        case brokerLost = "broker-lost"
        case queueDeleted = "queue-deleted"
        case permissionRevoked = "permission-revoked"
        case rejectPublish = "reject-publish"
        case memoryAlarm = "memory-alarm"
        case diskAlarm = "disk-alarm"
        case postgresKill = "postgres-kill"
        case postgresImmediate = "postgres-immediate"
        case postgresStorm = "postgres-storm"
        case poolExhausted = "pool-exhausted"
        case foreignWriter = "foreign-writer"
        case slowSync = "slow-fsync"
        case walFull = "wal-full"
        case reset, blackHole = "black-hole"
        case latency, cut, poison, clock, upgrade
        case webhookAway = "webhook-away"

        static let ofServices: [FaultKind] = [.kill, .point, .pause, .drain, .leaders]

        var isOfService: Bool { Self.ofServices.contains(self) }

        /// In how many of a hundred strikes at a service it is chosen; kill points first have a turn each.
        var weight: Int {
            switch self {
            case .kill: 62
            case .point: 26
            case .pause: 6
            case .drain: 3
            case .leaders: 3
            default: 1
            }
        }
    }

    /// How a run is wished for, by its environment.
    struct Options: Sendable, Equatable {
        var kills = Limits.Chaos.kills
        var seconds = Limits.Chaos.seconds
        var seed: UInt64 = 1
        var faults = Set(FaultKind.allCases)
        /// Longer pauses and waits, as in the long run.
        var isLong = false

        init() {}

        /// How long the first writer in another database stays open: for minutes, where the run is long enough.
        var foreignWriter: Duration {
            let (first, long) = (Limits.Chaos.firstForeignWriter, Limits.Chaos.longForeignWriter)
            if isLong, seconds >= long.from { return long.held }
            return seconds >= first.from ? first.held : Limits.Chaos.foreignWriter
        }

        /// Reports every value that cannot be read at once.
        init(_ environment: [String: String]) throws(OptionFaults) {
            var faults: [String] = []
            func number(_ name: String, _ standard: Int) -> Int {
                guard let text = environment[name], !text.isEmpty else { return standard }
                if let value = Int(text), value >= 0 { return value }
                faults.append("\(name) must be a number, not '\(text)'")
                return standard
            }
            kills = number("CHAOS_KILLS", kills)
            seconds = number("CHAOS_SECONDS", kills > Limits.Chaos.kills ? Limits.Chaos.longest : seconds)
            seed = UInt64(number("CHAOS_SEED", Int(seed)))
            isLong = number("CHAOS_LONG", 0) > 0
            if let list = environment["CHAOS_FAULTS"], !list.isEmpty {
                self.faults = []
                for word in list.split(separator: ",").map(String.init) {
                    if let kind = FaultKind(rawValue: word) {
                        self.faults.insert(kind)
                    } else {
                        faults.append("CHAOS_FAULTS: no fault is '\(word)'")
                    }
                }
            }
            if seconds > Limits.Chaos.longest {
                faults.append("CHAOS_SECONDS: a run lasts \(Limits.Chaos.longest) s at most; run again, it goes on")
            }
            guard faults.isEmpty else { throw OptionFaults(faults: faults) }
        }
    }

    struct OptionFaults: Error, Equatable, CustomStringConvertible {
        let faults: [String]
        var description: String { faults.joined(separator: "; ") }
    }

    /// SplitMix64: the same numbers for the same seed, everywhere.
    struct SeededRandom: RandomNumberGenerator, Sendable {
        private var state: UInt64

        init(seed: UInt64) { state = seed }

        /// A generator of its own for each purpose, so that one does not depend on how often another was asked.
        init(seed: UInt64, part: Int, purpose: String) {
            var hash: UInt64 = 0xCBF2_9CE4_8422_2325
            for byte in "\(seed)/\(part)/\(purpose)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
            state = hash
        }

        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }

        mutating func one<T>(of list: [T]) -> T { list[Int(next() % UInt64(list.count))] }

        mutating func chance(_ percent: Int) -> Bool { next() % 100 < UInt64(percent) }

        mutating func milliseconds(_ range: ClosedRange<Int>) -> Duration {
            .milliseconds(range.lowerBound + Int(next() % UInt64(range.count)))
        }
    }
#endif
