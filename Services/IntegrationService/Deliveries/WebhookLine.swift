import Contracts
import Foundation

/// Which deliveries of a webhook may go now: one of each aggregate at a time, in the order of their numbers; a failed
/// one keeps the later ones of its aggregate waiting and no others. After several failures in a row the whole webhook
/// gets one at a time, until one succeeds. Pure.
struct WebhookLine: Sendable {
    private struct Entry: Sendable {
        var delivery: Delivery
        var isSent = false
        var due: ContinuousClock.Instant?
    }

    private var entries: [Int64: Entry] = [:]
    private var lanes: [Delivery.Lane: [Int64]] = [:]
    private var sent = 0
    private(set) var failuresInRow = 0
    /// Until then nothing goes, once there were too many failures in a row.
    private var rest: ContinuousClock.Instant?
    /// The last number given: what is up to here and not in `entries` is over.
    private var numbered: Int64

    /// Before anything is asked of it, everything up to `numbered` that is not over has to be added.
    init(numbered: Int64) { self.numbered = numbered }

    var count: Int { entries.count }
    var isEmpty: Bool { entries.isEmpty }
    var inFlight: Int { sent }

    /// Everything up to this number is over.
    var settled: Int64 { (entries.keys.min() ?? numbered + 1) - 1 }

    /// In the order of their numbers.
    mutating func add(_ deliveries: [Delivery]) {
        for delivery in deliveries where entries[delivery.number] == nil {
            entries[delivery.number] = Entry(delivery: delivery, due: delivery.due)
            lanes[delivery.lane, default: []].append(delivery.number)
            numbered = max(numbered, delivery.number)
        }
    }

    /// What goes now; it counts as sent.
    mutating func next(at now: ContinuousClock.Instant, window: Int) -> [Delivery] {
        let isProbing = failuresInRow >= Limits.Integration.failuresInRow
        if isProbing, let rest, now < rest { return [] }
        let places = (isProbing ? 1 : window) - sent
        guard places > 0 else { return [] }
        let ready = lanes.values.compactMap(\.first).filter { number in
            guard let entry = entries[number] else { return false }
            return !entry.isSent && (entry.due.map { $0 <= now } ?? true)
        }
        let chosen = ready.sorted().prefix(places)
        for number in chosen { entries[number]?.isSent = true }
        sent += chosen.count
        return chosen.compactMap { entries[$0]?.delivery }
    }

    /// When something may go that may not now; nil: nothing waits for a time.
    func due(after now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        if failuresInRow >= Limits.Integration.failuresInRow, let rest, rest > now { return rest }
        return lanes.values.compactMap(\.first).compactMap { entries[$0] }.filter { !$0.isSent }.compactMap(\.due).min()
    }

    mutating func succeeded(_ number: Int64) {
        failuresInRow = 0
        rest = nil
        remove(number)
    }

    mutating func remove(_ number: Int64) {
        guard let entry = entries.removeValue(forKey: number) else { return }
        if entry.isSent { sent -= 1 }
        let lane = entry.delivery.lane
        lanes[lane]?.removeAll { $0 == number }
        if lanes[lane]?.isEmpty == true { lanes[lane] = nil }
    }

    /// - Parameters:
    ///   - due: when this one may go again.
    ///   - rest: when the webhook may be tried again at all, if there were too many failures in a row.
    mutating func failed(
        _ number: Int64, due: ContinuousClock.Instant, since: ContinuousClock.Instant, rest: ContinuousClock.Instant
    ) {
        guard var entry = entries[number] else { return }
        if entry.isSent { sent -= 1 }
        entry.isSent = false
        entry.due = due
        entry.delivery.attempts += 1
        entry.delivery.failedSince = since
        entries[number] = entry
        failuresInRow += 1
        self.rest = rest
    }
}
