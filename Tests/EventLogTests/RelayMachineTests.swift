import AMQP
import Contracts
import Foundation
import Testing

@testable import EventLog

@Suite struct RelayMachineTests {
    static let back = PublishOutcome.returned(code: 312, text: "NO_ROUTE")

    @Test func `what the broker's answers mean`() {
        func verdict(_ outcomes: [PublishOutcome?], _ failure: String? = nil) -> Verdict {
            Verdict(outcomes, of: ["used", "unused", "used"], failure, isConsumed: { $0 == "used" })
        }
        #expect(verdict([.confirmed, .confirmed, .confirmed]) == Verdict(passed: 3))
        #expect(verdict([.confirmed, Self.back, .confirmed]) == Verdict(passed: 3, unconsumed: 1))
        let held = verdict([.confirmed, .confirmed, Self.back])
        #expect(held.passed == 2 && held.obstacle?.contains("no queue") == true)
        // What comes after an obstacle does not count, confirmed or not: only a prefix does.
        #expect(verdict([.nacked, .confirmed, .confirmed]).passed == 0)
        #expect(verdict([.confirmed, nil, .confirmed], "lost") == Verdict(passed: 1, obstacle: "lost"))
        #expect(verdict([], "unreachable") == Verdict(passed: 0, obstacle: "unreachable"))
    }

    @Test func `what the next tick is made of`() throws {
        let (one, two) = (try #require(Snapshot("5:9:6,7")), try #require(Snapshot("8:12:")))
        #expect(one.xmax == "9" && one.inProgress == ["6", "7"] && two.inProgress == [])
        #expect(["", "1:2", "a:b:", "1:2:x", "1:2:3:4"].allSatisfy { Snapshot($0) == nil })
        var frontier = Frontier(epoch: 1)
        #expect(frontier.next == .fresh(prev: .nothing, base: 0))
        var tick = Tick(
            epoch: 1, number: 1, prev: .nothing, cur: one, raised: false, afterSeq: 0, throughSeq: 10, untilSeq: 30,
            count: 10)
        frontier.recorded(tick)
        #expect(frontier.next == .range(prev: .nothing, cur: one, raised: false, after: 10, until: 30))
        (tick.number, tick.afterSeq, tick.throughSeq) = (2, 10, 30)
        frontier.recorded(tick)
        #expect(frontier.next == .fresh(prev: one, base: 0) && frontier.lastNumber == 2)
        // A raised epoch begins with everything, by seq.
        let raised = Frontier(epoch: 2, base: 30, since: two, lastNumber: 2)
        #expect(raised.next == .range(prev: .nothing, cur: two, raised: true, after: 0, until: 30))
        #expect(Frontier(epoch: 2, base: 0, since: two).next == .fresh(prev: two, base: 0))
    }

    /// A log of numbered events and a broker with moods, in memory; what the shell does is done here in any order.
    private struct World {
        var random: Seeded
        let events: Int
        /// Nacks and returns too, not only lost connections and crashes.
        let refuses: Bool
        var opened = 0
        var number: Int64 = 0
        var delivered: [Int64] = []
        var cursor = RelayCursor.start
        var ticks: [Tick] = []

        mutating func batch(_ tick: Tick, after confirmed: Int) -> Batch {
            let seqs = Array((tick.afterSeq + 1 + Int64(confirmed))...tick.throughSeq)
            let messages = seqs.map {
                OutgoingMessage(
                    routingKey: "k", messageID: "\($0)", type: "used", appID: "a", timestamp: Date(), body: [])
            }
            return Batch(tick: tick, firstOrdinal: confirmed + 1, seqs: seqs, messages: messages, oldest: nil)
        }

        mutating func open() -> Batch? {
            guard opened < events else { return nil }
            let count = min(Int.random(in: 1...5, using: &random), events - opened)
            number += 1
            let tick = Tick(
                epoch: 1, number: number, prev: .nothing, cur: .nothing, raised: false, afterSeq: Int64(opened),
                throughSeq: Int64(opened + count), untilSeq: Int64(opened + count), count: count)
            opened += count
            ticks.append(tick)
            return batch(tick, after: 0)
        }

        mutating func publish(_ seqs: ArraySlice<Int64>) -> ([PublishOutcome?], String?) {
            var outcomes: [PublishOutcome?] = []
            for seq in seqs {
                switch Int.random(in: 0..<12, using: &random) {
                case 0 where refuses: outcomes.append(.nacked)
                case 1 where refuses: outcomes.append(RelayMachineTests.back)
                case 2:
                    // The connection is lost; this one may have arrived.
                    if Bool.random(using: &random) { delivered.append(seq) }
                    outcomes.append(nil)
                    return (outcomes, "lost")
                default:
                    delivered.append(seq)
                    outcomes.append(.confirmed)
                }
            }
            return (outcomes, nil)
        }

        mutating func perform(_ action: RelayMachine.Action) {
            switch action {
            case .open: _ = open()
            case .move(let cursor): self.cursor = max(self.cursor, cursor)
            default: break
            }
        }

        var standing: RelayStanding {
            var frontier = Frontier(epoch: 1, lastNumber: number, last: ticks.last)
            frontier.since = .nothing
            let unfinished = ticks.filter {
                $0.number > cursor.tick || $0.number == cursor.tick && cursor.confirmed < $0.count
            }
            return RelayStanding(frontier: frontier, cursor: cursor, unfinished: unfinished)
        }
    }

    /// Seeded histories with lost connections, crashes at any point, and in half of them nacks and returns: every event
    /// arrives, the cursor never passes what was not confirmed, and unless the broker refused some of a batch and took
    /// what is behind it, the first arrivals are in order.
    @Test(arguments: 0..<300)
    func `no history loses or reorders`(_ seed: UInt64) {
        var world = World(random: Seeded(seed), events: 40, refuses: seed.isMultiple(of: 2))
        var machine = RelayMachine(world.standing, isConsumed: { _ in true })
        var waiting: [RelayMachine.Action] = []
        // What was handed over, in its order: one connection.
        var line: [RelayMachine.Handover] = []
        var steps = 0
        var seen = Set<Int64>()
        while world.cursor.seq < 40 {
            steps += 1
            guard steps < 20_000 else {
                Issue.record("no progress in seed \(seed)")
                return
            }
            if Int.random(in: 0..<60, using: &world.random) == 0 {
                // Dies. What was under way may have happened, but nobody heard of it.
                for action in waiting where Bool.random(using: &world.random) { world.perform(action) }
                for handover in line {
                    let isWhole = world.publish(handover.batch.seqs[handover.range]).1 == nil
                    guard isWhole, Bool.random(using: &world.random) else { break }
                }
                machine = RelayMachine(world.standing, isConsumed: { _ in true })
                (waiting, line) = ([], [])
            }
            line += machine.handovers()
            waiting += machine.actions(jitter: 0.5)
            guard !waiting.isEmpty || !line.isEmpty else {
                Issue.record("nothing to do in seed \(seed)")
                return
            }
            let choice = Int.random(in: 0..<(waiting.count + (line.isEmpty ? 0 : 1)), using: &world.random)
            guard choice < waiting.count else {
                let handover = line.removeFirst()
                let (outcomes, failure) = world.publish(handover.batch.seqs[handover.range])
                var answers = [RelayMachine.Event.published(handover.batch.tick.number, outcomes, failure: failure)]
                if failure != nil {
                    // Those behind it fail with it; who is heard of first is chance.
                    answers += line.map { .published($0.batch.tick.number, [], failure: "behind") }
                    line = []
                    answers.shuffle(using: &world.random)
                }
                for answer in answers {
                    machine.apply(answer)
                    #expect(answers.count == 1 || machine.handovers().isEmpty, "seed \(seed): handed over too early")
                }
                seen.formUnion(world.delivered)
                #expect((1...Int64(40)).prefix { $0 <= machine.cursor.seq }.allSatisfy(seen.contains), "seed \(seed)")
                continue
            }
            let action = waiting.remove(at: choice)
            switch action {
            case .listen: machine.apply(.heard)
            case .pause: machine.apply(.rested)
            case .open: machine.apply(.opened(world.open()))
            case .read(let tick, let cursor):
                machine.apply(.read(world.batch(tick, after: cursor.tick == tick.number ? cursor.confirmed : 0)))
            case .move(let cursor):
                world.cursor = max(world.cursor, cursor)
                machine.apply(.moved(cursor))
            #if DEBUG
                case .look, .record: Issue.record("a mutant's action")
            #endif
            }
        }
        #expect(Set(world.delivered) == Set(1...40), "seed \(seed)")
        var first = Set<Int64>()
        let arrivals = world.delivered.filter { first.insert($0).inserted }
        #expect(world.refuses || arrivals == Array(1...40), "seed \(seed): \(arrivals)")
    }

    @Test func `a held tick is tried with one message, and told once`() throws {
        var world = World(random: Seeded(7), events: 3, refuses: true)
        let tick = Tick(
            epoch: 1, number: 1, prev: .nothing, cur: .nothing, raised: false, afterSeq: 0, throughSeq: 3, untilSeq: 3,
            count: 3)
        var machine = RelayMachine(world.standing, isConsumed: { _ in true })
        #expect(machine.actions(jitter: 0).count == 1)
        machine.apply(.opened(world.batch(tick, after: 0)))
        #expect(machine.handovers().map(\.range) == [0..<3])
        machine.apply(.published(1, [.confirmed, .nacked, .confirmed], failure: nil))
        #expect(machine.held != nil && machine.cursor == RelayCursor(tick: 1, seq: 1, confirmed: 1))
        // Rests before anything is published again.
        #expect(machine.handovers().isEmpty)
        let resting = machine.actions(jitter: 0)
        let rests = resting.contains { action in if case .pause = action { true } else { false } }
        #expect(rests)
        machine.apply(.rested)
        #expect(machine.handovers().map(\.range) == [1..<2])
        machine.apply(.published(1, [.confirmed], failure: nil))
        #expect(machine.held == nil && machine.cursor.seq == 2)
        #expect(machine.handovers().map(\.range) == [2..<3])
        machine.apply(.published(1, [.confirmed], failure: nil))
        #expect(machine.cursor == RelayCursor(tick: 1, seq: 3, confirmed: 3) && machine.waiting == nil)
    }

    @Test func `ticks follow each other without waiting for the confirms, and count in their order`() {
        var world = World(random: Seeded(1), events: 40, refuses: false)
        var machine = RelayMachine(world.standing, isConsumed: { _ in true })
        for number in Int64(1)...Int64(Limits.Relay.inHand) {
            if number > 1 {
                #expect(machine.actions(jitter: 0).contains { if case .listen = $0 { true } else { false } })
                machine.apply(.heard)
            }
            #expect(machine.actions(jitter: 0).contains { if case .open = $0 { true } else { false } })
            #expect(machine.handovers().isEmpty)
            machine.apply(.opened(world.open()))
            #expect(machine.handovers().map(\.batch.tick.number) == [number])
        }
        #expect(machine.actions(jitter: 0).isEmpty, "as many as may be are in hand")
        let counts = world.ticks.map(\.count)
        func confirmed(_ tick: Int) -> RelayMachine.Event {
            .published(Int64(tick), Array(repeating: .confirmed, count: counts[tick - 1]), failure: nil)
        }
        machine.apply(confirmed(2))
        #expect(machine.cursor == .start)
        machine.apply(confirmed(1))
        #expect(machine.cursor.tick == 2 && machine.cursor.confirmed == counts[1] && machine.waiting?.tick.number == 3)
        // The third is lost, and the fourth with it: both are handed over again, the fourth only after the third.
        machine.apply(.published(4, [], failure: "behind"))
        machine.apply(.published(3, [], failure: "lost"))
        #expect(machine.held == "lost" && machine.handovers().isEmpty)
        machine.apply(.rested)
        #expect(machine.handovers().map(\.range) == [0..<1])
        machine.apply(.published(3, [.confirmed], failure: nil))
        #expect(machine.handovers().map(\.batch.tick.number) == (counts[2] > 1 ? [3, 4] : [4]))
    }
}

/// SplitMix64: the same numbers for the same seed.
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
