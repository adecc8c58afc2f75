import Contracts
import EventLog
import Foundation
import ServiceKit
import Synchronization
import TestKit
import Testing

@testable import IntegrationService

private final class Flag: Sendable {
    private let value = Mutex(false)
    var isSet: Bool { value.withLock { $0 } }
    func set() { value.withLock { $0 = true } }
    func clear() { value.withLock { $0 = false } }
}

/// Nothing is delivered on behalf of a history that is not there any more, and a delivery keeps the name that it got.
@Suite struct HistoryTests {
    private func raise(_ hall: Hall) async throws {
        let owner = hall.service.database.open(hall.service.database.administrator)
        try await owner.run("UPDATE relay_epoch SET epoch = epoch + 1")
    }

    /// A webhook that was tried once and answers its first number with 500.
    private func withFailingWebhook(_ body: (Hall, Receiver, String) async throws -> Void) async throws {
        try await Hall.open { hall in
            let receiver = try await Receiver.start()
            defer { receiver.stop() }
            try receiver.answer("1 500")
            let id = try await hall.subscribe(["kind": "webhook", "url": .string("http://127.0.0.1:\(receiver.port)/")])
            try await hall.submit(1)
            try await eventually("it was tried") { receiver.requests.contains { $0.number == 1 } }
            try await body(hall, receiver, id)
        }
    }

    private func ledger(_ hall: Hall, _ id: String, epoch: Int32 = 1) async throws -> Ledger {
        let version = try await hall.subscription(id)["version"]?.integer ?? 0
        return Ledger(
            database: hall.service.database.database, subscription: try SubscriptionID(id), version: version,
            epoch: epoch)
    }

    @Test(.timeLimit(.minutes(5)))
    func `a delivery has its epoch from its number on, and the exchange goes on in the next one`() async throws {
        try await withFailingWebhook { hall, receiver, id in
            try await raise(hall)
            try await hall.submit(1)
            try await eventually("the next has the next epoch") { receiver.taken.contains { $0.number == 2 } }
            try receiver.answer("")
            try await eventually("both are over") { try await hall.allSettled(id, numbered: 2) }
            let keys = Set(receiver.requests.map { "\($0.number) \($0.epoch) \($0.key)" })
            #expect(keys == ["1 1 \(id):1:1", "2 2 \(id):2:2"])
            let lines = try await hall.get("/subscriptions/\(id)/missed?afterNumber=0").json["deliveries"]?.array ?? []
            #expect(lines.map { $0["epoch"]?.integer } == [1, 2])
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `who is of an older history gives no number, ends none and fails none`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            try await hall.submit(1)
            try await eventually("one is over") { try await hall.allSettled(id, numbered: 1) }
            let ledger = try await ledger(hall, id)
            let standing = try await ledger.standing()
            let delivery = try #require(
                try await Ledger.read("d.subscription = \(ledger.subscription)", in: ledger.database).first)
            try await raise(hall)
            let empty = ArchivePage(events: [], reached: standing.place + 1)
            await #expect(throws: ExchangeFault.overtaken) { _ = try await ledger.number(empty, from: standing) }
            await #expect(throws: ExchangeFault.overtaken) {
                _ = try await ledger.settle(standing, from: 2, through: 2)
            }
            await #expect(throws: ExchangeFault.overtaken) { try await ledger.settle(delivery, settled: 2) }
            await #expect(throws: ExchangeFault.overtaken) { _ = try await ledger.catchUp(standing, settled: 2) }
            let failure = DeliveryFailure(status: 410, error: "HTTP 410")
            await #expect(throws: ExchangeFault.overtaken) {
                try await ledger.fail(delivery, failure, after: .zero, giveUp: "gone")
            }
            let now = try await hall.subscription(id)
            #expect(now["settled"]?.integer == 1 && now["state"]?.text == "active")
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `a late failure disables no changed subscription, and no delivery that is over`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            try await hall.submit(1)
            try await eventually("one is over") { try await hall.allSettled(id, numbered: 1) }
            let ledger = try await ledger(hall, id)
            let delivery = try #require(
                try await Ledger.read("d.subscription = \(ledger.subscription)", in: ledger.database).first)
            func fails(_ ledger: Ledger) async {
                await #expect(throws: ExchangeFault.overtaken) {
                    try await ledger.fail(delivery, DeliveryFailure(error: "late"), after: .zero, giveUp: "late")
                }
            }
            await fails(ledger)
            let before = Ledger(
                database: ledger.database, subscription: ledger.subscription, version: ledger.version - 1, epoch: 1)
            let open = Delivery(
                subscription: delivery.subscription, epoch: 1, number: 99, event: delivery.event, id: delivery.id,
                replay: nil, numberedAt: delivery.numberedAt)
            await #expect(throws: ExchangeFault.overtaken) {
                try await before.fail(open, DeliveryFailure(error: "late"), after: .zero, giveUp: "late")
            }
            #expect(try await hall.subscription(id)["state"]?.text == "active")
            #expect(try await hall.service.count("SELECT count(*) AS n FROM delivery_failures") == 0)
        }
    }

    /// Whoever delivers next may have another clock, or a wrong one, and a delivery is given up after days.
    @Test(.timeLimit(.minutes(5)))
    func `since when a delivery fails, and when it is due, is by the database's clock`() async throws {
        try await withFailingWebhook { hall, _, id in
            #expect(try await hall.post("/subscriptions/\(id)/pause").status == 200)
            let open = try #require(try await ledger(hall, id).open(after: 0, limit: 1).first)
            let failed = DeliveryFailure(status: 500, error: "HTTP 500")
            try await ledger(hall, id).fail(open, failed, after: .seconds(3_600), giveUp: nil)
            try await hall.service.database.database.run(
                "UPDATE delivery_failures SET first_at = clock_timestamp() - interval '2 hours'")
            let now = ContinuousClock.now
            let again = try #require(try await ledger(hall, id).open(after: 0, limit: 1).first)
            let (since, due) = (try #require(again.failedSince), try #require(again.due))
            #expect(abs((now - since).secondsValue - 7_200) < 60 && abs((due - now).secondsValue - 3_600) < 60)
        }
    }

    /// Whoever numbers may die, or lose the answer, before he tells of it.
    @Test(.timeLimit(.minutes(5)))
    func `what somebody else numbered is delivered without waiting for something new`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            let other = Numbers(database: hall.service.database.open(hall.service.database.runtime))
            let (stop, wins) = (Flag(), Flag())
            let numbering = Task {
                while !stop.isSet { if try await other.give().count > 0 { wins.set() } }
            }
            for round in 1...200 {
                wins.clear()
                try await hall.submit(1)
                try await eventually("it is over") { try await hall.allSettled(id, numbered: round) }
                if wins.isSet, round >= 20 { break }
            }
            stop.set()
            try await numbering.value
            #expect(wins.isSet, "the other one was never first")
        }
    }

    @Test func `all secrets of a day sign, the newest first, and not too many`() {
        var subscription = Subscription()
        let now = Date(timeIntervalSince1970: 1_000)
        subscription.generation = 7
        #expect(subscription.generations(at: now) == [7])
        (subscription.formerUntil, subscription.formerGeneration) = (now.addingTimeInterval(1), 5)
        #expect(subscription.generations(at: now) == [7, 6, 5])
        #expect(subscription.generations(at: now.addingTimeInterval(2)) == [7])
        subscription.formerGeneration = 1
        #expect(subscription.generations(at: now) == [7, 6, 5, 4])
    }
}
