#if DEBUG
    import Contracts
    import EventLog

    /// A strike at one service.
    struct Strike: Sendable, Equatable {
        let wait: Duration
        let kind: FaultKind
        /// Where it dies, and at which pass.
        var point: KillPoint?
        var pass = 1
    }

    /// What one service suffers, in its order: pure, from the seed alone. At first every kill point once, then whatever
    /// the dice say.
    struct ServiceSchedule: Sendable {
        private var random: SeededRandom
        private var untried: [KillPoint]
        /// Where nothing passed while it was armed: they have their turn before others that were passed.
        private var missed: [KillPoint] = []
        private let all: [KillPoint]
        private let kinds: [FaultKind]

        init(_ service: ServiceName, _ options: Options, part: Int) {
            random = SeededRandom(seed: options.seed, part: part, purpose: "service \(service)")
            all = Self.points(of: service)
            kinds = FaultKind.ofServices.filter(options.faults.contains)
            untried = kinds.contains(.point) ? all.shuffled(using: &random) : []
        }

        /// The services whose `Main` has timers: no module of theirs can be asked here, `PlanTests` reads them.
        static let withTimers: Set<ServiceName> = [.hr, .onestop, .documents]

        /// Only Integration archives and delivers; it announces nothing.
        static func points(of service: ServiceName) -> [KillPoint] {
            KillPoint.allCases.filter { point in
                switch point {
                case .beforeCommit, .afterCommit, .beforePoke, .afterPoke, .afterTickRow, .beforePublish,
                    .beforeConfirm, .afterPublish, .beforeCursor, .afterCursor:
                    service != .integration
                case .beforeTimerCommit, .afterTimerCommit: withTimers.contains(service)
                case .beforeArchiveNumbers, .afterArchiveNumbers, .beforeNumbering, .afterNumbering,
                    .beforeSettlement, .afterSettlement:
                    service == .integration
                default: true
                }
            }
        }

        /// Nil when nothing is to happen to services at all.
        mutating func next() -> Strike? {
            guard !kinds.isEmpty else { return nil }
            let wait = random.milliseconds(Limits.Chaos.servicePause)
            if let point = untried.popLast() { return Strike(wait: wait, kind: .point, point: point) }
            let kind = weighted()
            guard kind == .point else { return Strike(wait: wait, kind: kind) }
            if !missed.isEmpty { return Strike(wait: wait, kind: .point, point: missed.removeFirst()) }
            return Strike(wait: wait, kind: .point, point: random.one(of: all), pass: random.one(of: [1, 1, 2, 3, 5]))
        }

        /// Nothing passed there.
        mutating func again(_ point: KillPoint) {
            if !missed.contains(point) { missed.append(point) }
        }

        private mutating func weighted() -> FaultKind {
            var at = Int(random.next() % UInt64(kinds.map(\.weight).reduce(0, +)))
            for kind in kinds {
                at -= kind.weight
                if at < 0 { return kind }
            }
            return kinds[0]
        }
    }

    extension Options {
        /// Kill points at which nobody died though there was time, and a kill, for each: by service and point, as the
        /// tally has them. A shorter run cannot tell: nothing may have passed there while it was armed.
        func unreached(_ reached: Set<String>, within time: Duration) -> [String] {
            let all = ServiceName.running.flatMap { service in
                ServiceSchedule.points(of: service).map { "\(service)/\($0.rawValue)" }
            }
            let isFull = faults.contains(.point) && time >= Limits.Chaos.everyPoint && (kills == 0 || kills > all.count)
            return isFull ? all.filter { !reached.contains($0) } : []
        }
    }

    /// What the surroundings suffer: every kind once before any comes again.
    struct ServerSchedule: Sendable {
        private var random: SeededRandom
        private var deck: [FaultKind] = []
        private let kinds: [FaultKind]
        /// What is held for minutes begins the run, so that it ends before the run does.
        private var opening: FaultKind?

        init(_ options: Options, part: Int) {
            random = SeededRandom(seed: options.seed, part: part, purpose: "servers")
            if options.foreignWriter > Limits.Chaos.foreignWriter { opening = .foreignWriter }
            kinds = FaultKind.allCases.filter { !$0.isOfService && options.faults.contains($0) }
        }

        mutating func next() -> (kind: FaultKind, wait: Duration)? {
            guard !kinds.isEmpty else { return nil }
            if deck.isEmpty { deck = kinds.shuffled(using: &random) }
            if let index = deck.firstIndex(where: { $0 == opening }) {
                let first = deck.remove(at: index)
                deck.append(first)
            }
            opening = nil
            return (deck.removeLast(), random.milliseconds(Limits.Chaos.serverPause))
        }
    }
#endif
