import Contracts
import EventLog
import Foundation
import Testing

@testable import IntegrationService

@Suite struct WebhookLineTests {
    private let start = ContinuousClock.now
    private let day = Date(timeIntervalSince1970: 1_000_000)

    private func delivery(_ number: Int64, _ aggregate: String, replay: UUID? = nil) -> Delivery {
        let event = ArchivedEvent(
            position: number, id: UUID(), source: "onestop", type: "onestop.dossier.submitted.v1",
            aggregateType: "dossier", aggregateID: aggregate, version: 1, epoch: 1, sourcePosition: nil, agency: nil,
            actor: nil, traceparent: nil, occurredAt: day, payload: [])
        return Delivery(
            subscription: SubscriptionID(), epoch: 1, number: number, event: event, id: event.id, replay: replay,
            numberedAt: day)
    }

    @Test func `of one aggregate one at a time, in order; others beside it`() {
        var line = WebhookLine(numbered: 4)
        line.add([delivery(1, "a"), delivery(2, "a"), delivery(3, "b"), delivery(4, "c")])
        #expect(line.next(at: start, window: 8).map(\.number) == [1, 3, 4])
        #expect(line.next(at: start, window: 8).isEmpty)
        line.succeeded(1)
        #expect(line.next(at: start, window: 8).map(\.number) == [2])
        line.succeeded(4)
        #expect(line.settled == 1)
        line.succeeded(2)
        line.succeeded(3)
        #expect(line.settled == 4 && line.isEmpty && line.inFlight == 0)
    }

    @Test func `a failed one holds its aggregate until it is due`() {
        var line = WebhookLine(numbered: 3)
        line.add([delivery(1, "a"), delivery(2, "a"), delivery(3, "b")])
        _ = line.next(at: start, window: 8)
        line.failed(1, due: start + .seconds(5), since: start, rest: start)
        line.succeeded(3)
        #expect(line.next(at: start + .seconds(4), window: 8).isEmpty)
        #expect(line.due(after: start) == start + .seconds(5))
        let again = line.next(at: start + .seconds(5), window: 8)
        #expect(again.map(\.number) == [1] && again.first?.attempts == 1 && again.first?.failedSince == start)
        #expect(line.settled == 0)
    }

    @Test func `after failures in a row one is sent at a time until one succeeds`() {
        var line = WebhookLine(numbered: 20)
        line.add((1...20).map { delivery($0, "a\($0)") })
        let rest = start + .seconds(10)
        for delivery in line.next(at: start, window: 5) {
            line.failed(delivery.number, due: start + .seconds(1), since: start, rest: rest)
        }
        #expect(line.failuresInRow == Limits.Integration.failuresInRow)
        #expect(line.next(at: start + .seconds(9), window: 5).isEmpty)
        #expect(line.next(at: rest, window: 5).count == 1)
        #expect(line.next(at: rest, window: 5).isEmpty)
        line.succeeded(1)
        #expect(line.next(at: rest, window: 5).count == 5)
    }

    @Test func `a replay keeps its own order and does not wait for what is live`() {
        var line = WebhookLine(numbered: 2)
        line.add([delivery(1, "a"), delivery(2, "a", replay: UUID())])
        #expect(line.next(at: start, window: 8).map(\.number) == [1, 2])
    }

    /// Random orders of sending, failing and succeeding.
    @Test(arguments: 1...200)
    func `no aggregate is ever overtaken and everything ends`(_ seed: Int) {
        var random = Seeded(UInt64(seed))
        var line = WebhookLine(numbered: 0)
        var (last, now, sent, added): ([String: Int64], ContinuousClock.Instant, [Delivery], Int64) = (
            [:], start, [], 0
        )
        for _ in 0..<5_000 {
            if added < 60, random.next() % 3 == 0 {
                added += 1
                line.add([delivery(added, "a\(random.next() % 7)")])
            }
            sent += line.next(at: now, window: 4)
            #expect(sent.count <= 4 && line.inFlight == sent.count)
            if !sent.isEmpty {
                let one = sent.remove(at: Int(random.next() % UInt64(sent.count)))
                if random.next() % 3 == 0 {
                    line.failed(
                        one.number, due: now + .seconds(random.next() % 4), since: now,
                        rest: now + .seconds(1))
                } else {
                    #expect(last[one.event?.aggregateID ?? "", default: 0] < one.number)
                    last[one.event?.aggregateID ?? ""] = one.number
                    line.succeeded(one.number)
                }
            }
            now = now + .seconds(1)
            if added == 60, line.isEmpty { break }
        }
        #expect(line.isEmpty && line.settled == 60)
    }
}

/// Numbers that are the same in every run.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
