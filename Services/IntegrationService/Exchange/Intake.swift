import Contracts
import Foundation
import ServiceKit

/// What the supervisor knows of a subscription that changed elsewhere.
struct Notice: Sendable, Equatable {
    var numbered: Int64 = 0
    /// The newest replay of all.
    var replay: ReplayID?
    /// The last act of an operator on a delivery.
    var act: Int64 = 0
}

/// Where the next deliveries of one subscription come from: what is new in the archive, then its replays, each at its
/// rate. Past and live are the same thing here: a place in the archive and the numbers given so far.
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
    private let newest: ReplayID?

    private struct Running {
        var replay: Replay
        var looked: Int64
        /// Events that may go now, and since when they were counted.
        var allowance = 0.0
        var counted = ContinuousClock.now
    }

    init(_ ledger: Ledger, _ reader: ArchiveReader, _ tail: Tail, _ filter: Filter) async throws {
        self.ledger = ledger
        self.reader = reader
        self.tail = tail
        self.filter = filter
        standing = try await ledger.standing()
        looked = standing.place
        let known = try await ledger.database.run(
            "SELECT id FROM replays WHERE subscription = \(ledger.subscription) ORDER BY id DESC LIMIT 1")
        newest = try known.first?("id")
        let rows = try await ledger.database.run(
            "\(Replay.selection) WHERE r.subscription = \(ledger.subscription) AND r.state = 'running' ORDER BY r.id")
        replays = try rows.map { row in
            let replay = try Replay(row)
            return Running(replay: replay, looked: replay.place)
        }
    }

    /// Whether what somebody else did has to be read before anything else happens.
    func isOutdated(by notice: Notice) -> Bool {
        if let replay = notice.replay, newest.map({ $0 < replay }) ?? true { return true }
        return notice.numbered > standing.numbered
    }

    /// How long there will be nothing, unless somebody rings.
    var pause: Duration { replays.isEmpty ? .seconds(1) : .milliseconds(20) }

    /// The next deliveries, with numbers that are committed; none when there is nothing to deliver now.
    mutating func next(limit: Int) async throws -> [Delivery] {
        let live = try await self.live(limit: limit)
        if !live.isEmpty { return live }
        for index in replays.indices {
            let again = try await replay(index, limit: limit)
            if !again.isEmpty { return again }
        }
        replays.removeAll { $0.replay.state != .running }
        return []
    }

    mutating func settled(_ standing: Standing) { self.standing = standing }

    private mutating func live(limit: Int) async throws -> [Delivery] {
        while looked < tail.head {
            let page = try await page(after: looked, head: tail.head, filter, limit: limit)
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
        let (now, rate) = (ContinuousClock.now, Double(running.replay.rate))
        running.allowance = min(rate, running.allowance + rate * (now - running.counted).secondsValue)
        running.counted = now
        let most = min(limit, Int(running.allowance))
        // Few and often would cost a commit each: a twentieth of a second's worth at least.
        guard Double(most) >= max(1, min(rate / 20, Double(limit))) else { return [] }
        let (filter, last) = (running.replay.filter(of: filter), running.replay.lastPosition)
        while running.looked < last {
            let page = try await page(after: running.looked, head: last, filter, limit: most)
            running.looked = page.reached
            guard !page.events.isEmpty || page.reached >= last else { continue }
            running.allowance -= Double(page.events.count)
            let deliveries: [Delivery]
            (standing, deliveries) = try await ledger.number(page, from: standing, replay: running.replay)
            running.replay.place = page.reached
            if page.reached >= last { running.replay.state = .done }
            return deliveries
        }
        running.replay.state = .done
        return []
    }

    private func page(after place: Int64, head: Int64, _ filter: Filter, limit: Int) async throws -> ArchivePage {
        if head == tail.head, let page = tail.page(after: place, filter, limit: limit) { return page }
        return try await reader.page(after: place, head: head, filter, limit: limit)
    }
}
