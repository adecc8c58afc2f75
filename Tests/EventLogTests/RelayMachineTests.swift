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
            case .publish(let batch, let range): _ = publish(batch.seqs[range])
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
                machine = RelayMachine(world.standing, isConsumed: { _ in true })
                waiting = []
            }
            waiting += machine.actions(jitter: 0.5)
            guard !waiting.isEmpty else {
                Issue.record("nothing to do in seed \(seed)")
                return
            }
            let action = waiting.remove(at: Int.random(in: 0..<waiting.count, using: &world.random))
            switch action {
            case .listen: machine.apply(.heard)
            case .pause: machine.apply(.rested)
            case .open: machine.apply(.opened(world.open()))
            case .read(let tick, let cursor):
                machine.apply(.read(world.batch(tick, after: cursor.tick == tick.number ? cursor.confirmed : 0)))
            case .publish(let batch, let range):
                let (outcomes, failure) = world.publish(batch.seqs[range])
                machine.apply(.published(outcomes, failure: failure))
                seen.formUnion(world.delivered)
                #expect((1...Int64(40)).prefix { $0 <= machine.cursor.seq }.allSatisfy(seen.contains), "seed \(seed)")
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
        #expect(published(machine.actions(jitter: 0)) == 0..<3)
        machine.apply(.published([.confirmed, .nacked, .confirmed], failure: nil))
        #expect(machine.held != nil && machine.cursor == RelayCursor(tick: 1, seq: 1, confirmed: 1))
        // Rests before anything is published again.
        let resting = machine.actions(jitter: 0)
        #expect(published(resting) == nil)
        let rests = resting.contains { action in if case .pause = action { true } else { false } }
        #expect(rests)
        machine.apply(.rested)
        #expect(published(machine.actions(jitter: 0)) == 1..<2)
        machine.apply(.published([.confirmed], failure: nil))
        #expect(machine.held == nil && machine.cursor.seq == 2)
        #expect(published(machine.actions(jitter: 0)) == 2..<3)
        machine.apply(.published([.confirmed], failure: nil))
        #expect(machine.cursor == RelayCursor(tick: 1, seq: 3, confirmed: 3) && machine.waiting == nil)
    }

    private func published(_ actions: [RelayMachine.Action]) -> Range<Int>? {
        for action in actions {
            if case .publish(_, let range) = action { return range }
        }
        return nil
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
