import Contracts
import Foundation
import Synchronization

/// A year of a province: every agency works through a quarter of an hour, then all tell each other what they have to
/// tell. What an agency does depends on itself and on what it was told in a fixed order, so the answer is the same
/// however many threads take part (os-192).
enum Simulation {
    private static let quarter: Int32 = 15

    private final class Desk: Sendable {
        let station: Mutex<Station>
        init(_ world: SimulatedWorld, _ number: Int) { station = Mutex(Station(world, number)) }
    }

    /// Which agency is next, among those that have something to do.
    private final class Turn: Sendable { let next = Atomic<Int>(0) }

    private struct Done: Sendable {
        var number: Int
        var next: Int32
        var outbox: [Message]
    }

    static func run(
        _ world: SimulatedWorld, threads: Int, tell: @escaping @Sendable (String) -> Void = { _ in }
    ) async -> Answer {
        let desks = world.places.indices.map { Desk(world, $0) }
        var due = [Int32](repeating: 0, count: desks.count)
        var inboxes = [[Message]](repeating: [], count: desks.count)
        let end = world.year.end
        var month = 1
        while let earliest = due.min(), earliest < end {
            let start = earliest / quarter * quarter
            let stop = min(start + quarter, end)
            if world.year.day(start).month > month {
                month = world.year.day(start).month
                tell("\(world.year.day(start))")
            }
            let busy = desks.indices.filter { due[$0] < stop }
            let told = busy.map { inboxes[$0] }
            for number in busy { inboxes[number] = [] }
            let done = await work(desks, busy, told, from: start, until: stop, threads: threads)
            for turn in done {
                due[turn.number] = turn.next
                for message in turn.outbox { inboxes[message.to].append(message) }
            }
            for number in inboxes.indices where !inboxes[number].isEmpty { due[number] = min(due[number], stop) }
        }
        return Answer(world, desks.map { desk in desk.station.withLock { station in station.closed() } })
    }

    /// In the order of `busy`, whoever worked on them.
    private static func work(
        _ desks: [Desk], _ busy: [Int], _ told: [[Message]], from start: Int32, until stop: Int32, threads: Int
    ) async -> [Done] {
        @Sendable func one(_ place: Int) -> Done {
            desks[busy[place]].station.withLock { station in
                station.inbox = told[place]
                station.work(until: stop, from: start)
                let outbox = station.outbox
                station.outbox = []
                return Done(number: busy[place], next: station.happenings.first?.at ?? .max, outbox: outbox)
            }
        }
        guard threads > 1, busy.count > threads else { return busy.indices.map(one) }
        let turn = Turn()
        return await withTaskGroup(of: [(Int, Done)].self) { group in
            for _ in 0..<threads {
                group.addTask {
                    var own: [(Int, Done)] = []
                    while true {
                        let place = turn.next.add(1, ordering: .relaxed).oldValue
                        guard place < busy.count else { return own }
                        own.append((place, one(place)))
                    }
                }
            }
            var all: [(Int, Done)] = []
            for await some in group { all += some }
            return all.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}

extension Station {
    /// After the year.
    mutating func closed() -> Station {
        finishYear()
        var copy = self
        (copy.cases, copy.happenings, copy.workers) = ([], Heap(), [])
        return copy
    }
}
