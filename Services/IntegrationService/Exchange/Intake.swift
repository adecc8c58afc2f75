import Contracts
import Foundation
import ServiceKit

/// What the supervisor knows of a subscription that changed elsewhere.
struct Notice: Sendable, Equatable {
    var numbered: Int64 = 0
    /// Those that are not over.
    var replays: Set<UUID> = []
    /// The last act of an operator on a delivery.
    var act: Int64 = 0
}

/// So many events a second; what could not go is made up for, but not more than `Limits.Integration.paceMemory` of it.
struct Pace {
    let rate: Double
    private var allowance = 0.0
    private var counted = ContinuousClock.now

    init(rate: Int) { self.rate = Double(rate) }

    /// How many may go now, `limit` at most. Few and often would cost a commit each: a twentieth of a second's worth at
    /// least, or none.
    mutating func allows(_ limit: Int) -> Int {
        let now = ContinuousClock.now
        let kept = max(1, rate * Limits.Integration.paceMemory.secondsValue)
        allowance = min(kept, allowance + rate * (now - counted).secondsValue)
        counted = now
        let most = min(limit, Int(allowance))
        return Double(most) >= max(1, min(rate / 20, Double(limit))) ? most : 0
    }

    mutating func went(_ count: Int) { allowance -= Double(count) }
}

/// Where the next deliveries of one subscription come from: what is new in the archive and its replays in turns, each
/// replay at its rate. Past and live are the same thing here: a place in the archive and the numbers given so far. Who
/// is far behind gets the past at a bounded rate, so that those who are not do not wait for it.
struct Intake {
    let ledger: Ledger
    let reader: ArchiveReader
    let tail: Tail
    let filter: Filter
    private(set) var standing: Standing
    /// Looked at up to here; written down with the next number, or now and then.
    private var looked: Int64
    private var lastWritten = ContinuousClock.now
    private var replays: [Running] = []
    /// Replays that need not be read again: they run here, or are over.
    private let known: Set<UUID>
    private var past = Pace(rate: Limits.Integration.pastRate)
    private var waitsForPast = false
    private var isReplaysTurn = false
    /// The last deliveries were read from the archive: this subscriber is behind, or they belong to a replay.
    private(set) var isPast = false

    private struct Running {
        var replay: Replay
        var looked: Int64
        var pace: Pace
    }

    /// - Parameter noticed: the replays that were said to run before this looks.
    init(
        _ ledger: Ledger, _ reader: ArchiveReader, _ tail: Tail, _ filter: Filter, noticed: Set<UUID>
    ) async throws {
        self.ledger = ledger
        self.reader = reader
        self.tail = tail
        self.filter = filter
        standing = try await ledger.standing()
        looked = standing.place
        let rows = try await ledger.database.run(
            "\(Replay.selection) WHERE r.subscription = \(ledger.subscription) AND r.state = 'running' ORDER BY r.id")
        replays = try rows.map { row in
            let replay = try Replay(row)
            return Running(replay: replay, looked: replay.place, pace: Pace(rate: replay.rate))
        }
        known = noticed.union(replays.map(\.replay.replay.uuid))
    }

    /// Whether what somebody else did has to be read before anything else happens.
    func isOutdated(by notice: Notice) -> Bool {
        notice.numbered > standing.numbered || !notice.replays.isSubset(of: known)
    }

    /// How long there will be nothing, unless somebody rings.
    var pause: Duration {
        if waitsForPast { return Limits.Integration.pastPause }
        return replays.isEmpty ? .seconds(1) : .milliseconds(20)
    }

    /// The next deliveries, with numbers that are committed; none when there is nothing to deliver now. After what is
    /// new it is the replays' turn, at their rate: who always has something new would never get them.
    mutating func next(limit: Int) async throws -> [Delivery] {
        let replaysFirst = isReplaysTurn
        isReplaysTurn = !replaysFirst
        if replaysFirst {
            let again = try await replayed(limit: limit)
            if !again.isEmpty { return again }
        }
        let live = try await self.live(limit: limit)
        if replaysFirst || !live.isEmpty { return live }
        return try await replayed(limit: limit)
    }

    private mutating func replayed(limit: Int) async throws -> [Delivery] {
        for index in replays.indices {
            let again = try await replay(index, limit: limit)
            if !again.isEmpty { return again }
        }
        replays.removeAll { $0.replay.state != .running }
        return []
    }

    mutating func settled(_ standing: Standing) { self.standing = standing }

    private mutating func live(limit: Int) async throws -> [Delivery] {
        waitsForPast = false
        while looked < tail.head {
            let page: ArchivePage
            if let new = tail.page(after: looked, filter, limit: limit) {
                (page, isPast) = (new, false)
            } else {
                let most = past.allows(min(limit, Limits.Integration.pastBatch))
                waitsForPast = most == 0
                if waitsForPast { return [] }
                page = try await reader.page(after: looked, head: tail.head, filter, limit: most)
                isPast = true
                past.went(page.events.count)
            }
            looked = page.reached
            let isOverdue = .now - lastWritten > Limits.Integration.passed
            guard !page.events.isEmpty || isOverdue else { continue }
            lastWritten = .now
            let deliveries: [Delivery]
            (standing, deliveries) = try await ledger.number(page, from: standing)
            if !deliveries.isEmpty { return deliveries }
        }
        return []
    }

    private mutating func replay(_ index: Int, limit: Int) async throws -> [Delivery] {
        var running = replays[index]
        defer { replays[index] = running }
        let most = running.pace.allows(limit)
        guard most > 0 else { return [] }
        let (filter, last) = (running.replay.filter(of: filter), running.replay.lastPosition)
        while running.looked < last {
            let page = try await reader.page(after: running.looked, head: last, filter, limit: most)
            isPast = true
            running.looked = page.reached
            guard !page.events.isEmpty || page.reached >= last else { continue }
            running.pace.went(page.events.count)
            let deliveries: [Delivery]
            (standing, deliveries) = try await ledger.number(page, from: standing, replay: running.replay)
            running.replay.place = page.reached
            if page.reached >= last { running.replay.state = .done }
            return deliveries
        }
        running.replay.state = .done
        return []
    }
}
