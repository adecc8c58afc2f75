import TestKit
import Testing

@testable import AMQP

@Suite struct ConfirmLedgerTests {
    /// Sends `count` messages named m1 … and answers a function that applies an answer and lists what it settled.
    private func settled(
        _ ledger: inout ConfirmLedger<Int>, _ tag: UInt64, multiple: Bool = false, positive: Bool = true
    ) -> [Int: PublishOutcome] {
        var outcomes: [Int: PublishOutcome] = [:]
        ledger.settle(tag: tag, multiple: multiple, positive: positive) { ticket, outcome, _ in
            #expect(outcomes[ticket] == nil, "settled twice")
            outcomes[ticket] = outcome
        }
        return outcomes
    }

    private func ledger(_ count: Int) -> ConfirmLedger<Int> {
        var ledger = ConfirmLedger<Int>()
        for number in 1...count {
            #expect(ledger.sent(number, messageID: "m\(number)", at: .now) == UInt64(number))
        }
        return ledger
    }

    @Test func `answers out of order settle exactly their own message`() {
        var ledger = ledger(4)
        #expect(settled(&ledger, 3) == [3: .confirmed])
        #expect(settled(&ledger, 1) == [1: .confirmed])
        #expect(ledger.unsettled == 2)
        #expect(settled(&ledger, 4, positive: false) == [4: .nacked])
        #expect(settled(&ledger, 2) == [2: .confirmed])
        #expect(ledger.unsettled == 0)
    }

    @Test func `multiple settles every older open message and none twice`() {
        var ledger = ledger(6)
        #expect(settled(&ledger, 2) == [2: .confirmed])
        #expect(settled(&ledger, 4, multiple: true) == [1: .confirmed, 3: .confirmed, 4: .confirmed])
        #expect(settled(&ledger, 4, multiple: true) == [:])
        #expect(settled(&ledger, 6, multiple: true, positive: false) == [5: .nacked, 6: .nacked])
    }

    @Test func `a returned message stays returned although its ack follows`() {
        var ledger = ledger(3)
        #expect(ledger.returned(messageID: "m2", code: 312, text: "NO_ROUTE") == true)
        let back = PublishOutcome.returned(code: 312, text: "NO_ROUTE")
        #expect(settled(&ledger, 3, multiple: true) == [1: .confirmed, 2: back, 3: .confirmed])
        #expect(ledger.returned(messageID: "m2", code: 312, text: "NO_ROUTE") == false)
    }

    @Test func `the same id twice in flight: returns mark them in publishing order`() {
        var ledger = ConfirmLedger<Int>()
        for ticket in 1...2 { ledger.sent(ticket, messageID: "same", at: .now) }
        let back = PublishOutcome.returned(code: 312, text: "NO_ROUTE")
        #expect(ledger.returned(messageID: "same", code: 312, text: "NO_ROUTE") == true)
        #expect(settled(&ledger, 2) == [2: .confirmed])
        #expect(settled(&ledger, 1) == [1: back])
    }

    @Test func `unknown tags change nothing`() {
        var ledger = ledger(2)
        #expect(settled(&ledger, 0) == [:])
        #expect(settled(&ledger, 3) == [:])
        #expect(settled(&ledger, .max) == [:])
        #expect(settled(&ledger, .max, multiple: true) == [1: .confirmed, 2: .confirmed])
        #expect(settled(&ledger, 1) == [:])
        var empty = ConfirmLedger<Int>()
        #expect(settled(&empty, 1, multiple: true) == [:])
    }

    @Test func `random answers settle every message once, over many sweeps`() {
        var random = SystemRandomNumberGenerator()
        var ledger = ConfirmLedger<Int>()
        var open: Set<Int> = []
        var sent = 0
        for _ in 0..<20_000 {
            if open.count < 256, Bool.random(using: &random) || open.isEmpty {
                sent += 1
                #expect(ledger.sent(sent, messageID: "m\(sent)", at: .now) == UInt64(sent))
                open.insert(sent)
            } else if let tag = open.randomElement(using: &random) {
                let multiple = Int.random(in: 0..<8, using: &random) == 0
                let expected: Set<Int> = multiple ? open.filter { $0 <= tag } : [tag]
                let answered = settled(&ledger, UInt64(tag), multiple: multiple)
                #expect(Set<Int>(answered.keys) == expected)
                open.subtract(expected)
            }
            #expect(ledger.unsettled == open.count)
        }
        let unknown = ledger.abandon()
        #expect(Set(unknown) == open)
        #expect(ledger.unsettled == 0)
    }
}

@Suite struct AckLedgerTests {
    @Test func `a gap is never acknowledged, what stands above it goes singly`() {
        var ledger = AckLedger()
        for tag in UInt64(1)...5 { #expect(ledger.delivered(tag) == true) }
        for tag in [UInt64(1), 2, 4] { #expect(ledger.done(tag) == true) }
        #expect(
            ledger.flush() == [Acknowledgement(tag: 2, multiple: true), Acknowledgement(tag: 4, multiple: false)])
        #expect(ledger.flush() == [])
        ledger.done(3)
        #expect(ledger.flush() == [Acknowledgement(tag: 3, multiple: true)])
        ledger.done(5)
        #expect(ledger.flush() == [Acknowledgement(tag: 5, multiple: true)])
        #expect(ledger.outstanding == 0)
    }

    @Test func `done twice or never delivered counts for nothing`() {
        var ledger = AckLedger()
        #expect(ledger.delivered(1) == true)
        #expect(ledger.delivered(3) == false)
        for never in [UInt64(2), 0, .max] { #expect(ledger.done(never) == false) }
        #expect(ledger.done(1) == true)
        #expect(ledger.done(1) == false)
        #expect(ledger.flush() == [Acknowledgement(tag: 1, multiple: true)])
        #expect(ledger.done(1) == false)
    }

    @Test func `random order: the broker ends with exactly what is done`() {
        var random = SystemRandomNumberGenerator()
        var ledger = AckLedger()
        var working: Set<UInt64> = []
        var atBroker: Set<UInt64> = []
        var delivered: UInt64 = 0
        for _ in 0..<20_000 {
            if working.count < 100 {
                delivered += 1
                #expect(ledger.delivered(delivered) == true)
                working.insert(delivered)
                atBroker.insert(delivered)
            }
            for tag in working where Int.random(in: 0..<60, using: &random) == 0 {
                #expect(ledger.done(tag) == true)
                working.remove(tag)
            }
            for frame in ledger.flush() {
                #expect(atBroker.contains(frame.tag), "RabbitMQ closes the channel on unknown tags")
                let gone = frame.multiple ? atBroker.filter { $0 <= frame.tag } : [frame.tag]
                atBroker.subtract(gone)
            }
            #expect(atBroker == working && ledger.outstanding == working.count)
        }
    }
}

@Suite struct BackoffTests {
    @Test func `waits grow to the cap and are never less than half`() {
        var backoff = Backoff()
        var random = SystemRandomNumberGenerator()
        let first = backoff.delay(using: &random)
        #expect(first >= .milliseconds(25) && first <= .milliseconds(50))
        for _ in 0..<20 { _ = backoff.delay(using: &random) }
        let late = (0..<100).map { _ in backoff.delay(using: &random) }
        #expect(late.allSatisfy { $0 >= .milliseconds(500) && $0 <= .seconds(1) })
        #expect(Set(late).count > 90)
        backoff.reset()
        #expect(backoff.delay(using: &random) <= .milliseconds(50))
    }
}
