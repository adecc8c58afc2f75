#if DEBUG
    import Dispatch
    @testable import EventLog
    import Foundation
    import Synchronization

    /// What can be asked of the simulator.
    enum Commands {
        static let usage = """
            Simulator --seeds 0..<1000 [--mutant NAME]   judges these seeds; stops at the first that breaks a promise
            Simulator --seconds 60                       as many seeds as the time allows, from a random one on
            Simulator --seed 7 [--keep 1,4,9] [--until MS] [--mutant NAME] [--trace]   one seed, or a part of its plan
            Simulator --mutants [--seeds 0..<20000]      each mutant must be caught
            """

        static func run(_ arguments: [String]) -> Int32 {
            var options: [String: String] = [:]
            var name = ""
            for argument in arguments {
                if argument.hasPrefix("--") {
                    name = argument
                    options[name] = ""
                } else {
                    options[name] = argument
                }
            }
            let mutant = options["--mutant"].flatMap { Mutant(rawValue: $0) }
            if options["--mutant"] != nil, mutant == nil { return complain("no such mutant") }
            let range = options["--seeds"].flatMap(range)
            if options["--mutants"] != nil { return mutants(range ?? 0..<20_000) }
            if let range { return seeds(range, mutant, until: nil) }
            if let seconds = options["--seconds"].flatMap({ Double($0) }) {
                let first = UInt64.random(in: 0..<1 << 40)
                return seeds(first..<first + 1 << 40, mutant, until: Date(timeIntervalSinceNow: seconds))
            }
            guard let seed = options["--seed"].flatMap({ UInt64($0) }) else { return complain("what?") }
            return one(seed, options, mutant)
        }

        private static func complain(_ what: String) -> Int32 {
            FileHandle.standardError.write(Data("\(what)\n\(usage)\n".utf8))
            return 64
        }

        private static func range(_ text: String) -> Range<UInt64>? {
            let parts = text.replacing("..<", with: " ").split(separator: " ").compactMap { UInt64($0) }
            return parts.count == 2 && parts[0] < parts[1] ? parts[0]..<parts[1] : nil
        }

        private static func one(_ seed: UInt64, _ options: [String: String], _ mutant: Mutant?) -> Int32 {
            var plan = Plan(seed: seed)
            if let keep = options["--keep"] {
                let kept = Set(keep.split(separator: ",").compactMap { Int($0) })
                plan.items.removeAll { !kept.contains($0.number) }
            }
            if let until = options["--until"].flatMap({ Int($0) }) { plan.quiet = .milliseconds(until) }
            let verdict = Sweep.judge(plan, mutant, isTracing: options["--trace"] != nil)
            for line in verdict.trace { print(line) }
            print("seed \(seed): \(verdict.violation ?? "clean"); \(verdict.events) events, \(verdict.happened) steps")
            return verdict.violation == nil ? 0 : 1
        }

        private static func seeds(_ range: Range<UInt64>, _ mutant: Mutant?, until: Date?) -> Int32 {
            let sweep = Sweep.over(range, mutant, until: until) { done, seconds in
                FileHandle.standardError.write(Data("\(done) seeds, \(Int(Double(done) / seconds))/s\n".utf8))
            }
            let rate = Int(Double(sweep.seeds) / sweep.seconds)
            guard let failure = sweep.failure else {
                print(
                    "\(sweep.seeds) seeds clean in \(Int(sweep.seconds)) s (\(rate)/s): \(sweep.events) events, "
                        + "\(sweep.happened) steps; 0 lost, 0 twice, 0 out of order")
                return 0
            }
            explain(failure, mutant)
            return 1
        }

        private static func explain(_ failure: Sweep.Failure, _ mutant: Mutant?) {
            print("seed \(failure.seed): \(failure.violation)")
            let plan = Plan(seed: failure.seed)
            let (smaller, runs) = Mutant.$chosen.withValue(mutant) { Shrinking.shrink(plan, failure.violation) }
            print("shrunk in \(runs) runs from \(plan.items.count) to \(smaller.items.count):")
            for item in smaller.items { print("  \(item.number) at \(item.at / 1_000) ms: \(item.what)") }
            let trace = Sweep.judge(smaller, mutant, isTracing: true).trace
            for line in trace.prefix(120) { print(line.prefix(200)) }
            if trace.count > 120 { print("   … \(trace.count - 120) lines") }
            let kept = smaller.items.map { String($0.number) }.joined(separator: ",")
            print(
                "again: Simulator --seed \(failure.seed) --keep \(kept) --until \(smaller.quiet / 1_000)"
                    + (mutant.map { " --mutant \($0.rawValue)" } ?? "") + " --trace")
        }

        private static func mutants(_ range: Range<UInt64>) -> Int32 {
            func row(_ columns: [String]) {
                let widths = [26, 34, 10, 10]
                print(zip(columns, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }.joined())
            }
            row(["mutant", "caught by the simulator as", "seed", "seconds"])
            var survivors = 0
            for mutant in Mutant.allCases {
                let sweep = Sweep.over(range, mutant, until: nil) { _, _ in }
                let time = String(format: "%.1f", sweep.seconds)
                if let failure = sweep.failure, Sweep.judge(Plan(seed: failure.seed), nil).violation == nil {
                    row([mutant.rawValue, String(Shrinking.kind(failure.violation)), String(failure.seed), time])
                } else {
                    survivors += 1
                    row([mutant.rawValue, "SURVIVES", "", time])
                }
            }
            print(survivors == 0 ? "every mutant is caught" : "\(survivors) mutants survive")
            return survivors == 0 ? 0 : 1
        }
    }

    /// Many seeds, on every core.
    struct Sweep: Sendable {
        struct Failure: Sendable {
            let seed: UInt64
            let violation: String
        }

        var seeds = 0
        var events = 0
        var happened = 0
        var seconds = 0.0
        /// That of the lowest seed.
        var failure: Failure?

        static func judge(_ plan: Plan, _ mutant: Mutant?, isTracing: Bool = false) -> Run.Verdict {
            Mutant.$chosen.withValue(mutant) { Run.judge(plan, isTracing: isTracing) }
        }

        /// Stops at the first failure. The same failure whatever the number of cores.
        static func over(
            _ range: Range<UInt64>, _ mutant: Mutant?, until: Date?,
            _ progress: @escaping @Sendable (Int, Double) -> Void
        ) -> Sweep {
            let began = Date()
            let state = Mutex((sweep: Sweep(), next: range.lowerBound, told: Date()))
            DispatchQueue.concurrentPerform(iterations: ProcessInfo.processInfo.activeProcessorCount) { _ in
                while true {
                    let part: Range<UInt64>? = state.withLock { state in
                        guard state.next < range.upperBound, state.sweep.failure == nil,
                            until.map({ $0 > Date() }) ?? true
                        else { return nil }
                        defer { state.next = min(state.next + 16, range.upperBound) }
                        return state.next..<min(state.next + 16, range.upperBound)
                    }
                    guard let part else { return }
                    for seed in part {
                        let verdict = judge(Plan(seed: seed), mutant)
                        state.withLock { $0.sweep.add(verdict, seed) }
                        if verdict.violation != nil { break }
                    }
                    state.withLock { state in
                        guard Date().timeIntervalSince(state.told) > 10 else { return }
                        state.told = Date()
                        progress(state.sweep.seeds, Date().timeIntervalSince(began))
                    }
                }
            }
            var sweep = state.withLock { $0.sweep }
            sweep.seconds = max(0.001, Date().timeIntervalSince(began))
            return sweep
        }

        private mutating func add(_ verdict: Run.Verdict, _ seed: UInt64) {
            seeds += 1
            events += verdict.events
            happened += verdict.happened
            guard let violation = verdict.violation, seed < failure?.seed ?? .max else { return }
            failure = Failure(seed: seed, violation: violation)
        }
    }
#endif
