import TestKit
import Testing

@testable import EventLog
@testable import Simulator

#if DEBUG
    @Suite(.serialized, .timeLimit(.minutes(5))) struct SimulatorTests {
        /// The fixed share of every build; `make simulate-backbone` runs as many as one likes.
        @Test func `no fault loses, doubles or reorders`() async throws {
            let sweep = try await onOwnThread { Sweep.over(0..<3_000, nil, until: nil) { _, _ in } }
            #expect(sweep.failure == nil, "seed \(sweep.failure?.seed ?? 0): \(sweep.failure?.violation ?? "")")
            #expect(sweep.seeds == 3_000 && sweep.events > 30_000)
        }

        @Test(arguments: Mutant.allCases) func `every mutant is caught`(_ mutant: Mutant) async throws {
            let sweep = try await onOwnThread { Sweep.over(0..<1_000, mutant, until: nil) { _, _ in } }
            let failure = try #require(sweep.failure, "\(mutant.rawValue) survives")
            // By the mutant, not by something else.
            #expect(Run.judge(Plan(seed: failure.seed)).violation == nil)
        }

        @Test func `a seed is the same run every time`() {
            for seed in UInt64(0)..<20 {
                let (one, two) = (
                    Run.judge(Plan(seed: seed), isTracing: true), Run.judge(Plan(seed: seed), isTracing: true)
                )
                #expect(one.trace == two.trace && one.happened == two.happened)
            }
        }

        /// What is left still breaks the same promise, and less of it would not.
        @Test func `a failure is made small`() async throws {
            let mutant = Mutant.noTailCheck
            let sweep = try await onOwnThread { Sweep.over(0..<1_000, mutant, until: nil) { _, _ in } }
            let failure = try #require(sweep.failure)
            let plan = Plan(seed: failure.seed)
            Mutant.$chosen.withValue(mutant) {
                let smaller = Shrinking.shrink(plan, failure.violation).plan
                #expect(smaller.items.count < plan.items.count / 2)
                #expect(Run.judge(smaller).violation != nil)
                for place in smaller.items.indices {
                    var less = smaller
                    less.items.remove(at: place)
                    let violation = Run.judge(less).violation
                    #expect(violation.map(Shrinking.kind) != Shrinking.kind(failure.violation))
                }
            }
        }

        /// What the simulator found once: each must stay clean.
        @Test(arguments: [57, 5_165, 16_290, 36_753, 60_582, 65_793, 88_742] as [UInt64])
        func `what was found stays fixed`(_ seed: UInt64) {
            let violation = Run.judge(Plan(seed: seed)).violation
            #expect(violation == nil, "\(violation ?? "")")
        }
    }
#endif
