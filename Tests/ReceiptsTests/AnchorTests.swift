import Contracts
import Foundation
import Receipts
import Testing

@Suite struct AnchorTests {
    let key = SealingKey()
    private var keys: [SealKey] { [key.open.of("hr")] }

    private func text(_ signed: [SignedSeal]) -> String { signed.map(Anchor.line).joined() }

    @Test func `a file holds a chain from its first statement on`() throws {
        let signed = try history(5, key: key)
        let anchor = try Anchor(text(signed), of: "hr", keys: keys)
        #expect(anchor.last?.number == 5 && anchor.seal(2)?.number == 2 && anchor.seal(6) == nil)
        #expect(try Anchor("", of: "hr", keys: keys).last == nil)
    }

    @Test func `a gap, a foreign statement, an edited line and another order are refused`() throws {
        let signed = try history(5, key: key)
        let other = try history(5, key: key, label: "other")
        var edited = signed
        edited[2].statement = edited[2].statement.replacing("events: 1", with: "events: 9")
        for (what, list) in [
            ("gap", [signed[0], signed[2]]), ("begins late", [signed[1]]), ("edited", edited),
            ("order", [signed[0], signed[2], signed[1]]), ("twice", [signed[0], signed[0]]),
            ("fork", [signed[0], other[1]]),
        ] {
            #expect(throws: AnchorFault.self, "\(what)") { try Anchor(text(list), of: "hr", keys: keys) }
        }
        #expect(throws: AnchorFault.self) { try Anchor(text(signed), of: "hr", keys: [SealingKey().open.of("hr")]) }
        #expect(throws: AnchorFault.self) { try Anchor("nonsense\n", of: "hr", keys: keys) }
    }

    @Test func `an anchor is of the service that was named, from its first statement on`() throws {
        let signed = try history(2, key: key)
        let all = keys + [SealingKey().open.of("budget")]
        #expect(throws: AnchorFault.line(1, "statement 1 is of another service, hr")) {
            try Anchor(text(signed), of: "budget", keys: all)
        }
        var anchor = try Anchor("", of: "budget", keys: all)
        #expect(throws: AnchorFault.chain(.otherService(1, "hr"))) { try anchor.append(signed[0]) }
    }

    @Test func `a restore is noted, and what was lost is kept`() throws {
        let signed = try history(5, key: key)
        let again = try history(4, key: key, epochs: [1, 1, 2, 2])
        let note = Anchor.line(restoredTo: 2)
        let anchor = try Anchor(text(signed) + note + text(Array(again[2...])), of: "hr", keys: keys)
        #expect(anchor.last?.number == 4 && anchor.last?.epoch == 2)
        #expect(anchor.lost.map(\.number) == [3, 4, 5])
        #expect(throws: AnchorFault.self) { try Anchor(text(signed) + text(Array(again[2...])), of: "hr", keys: keys) }
        #expect(throws: AnchorFault.self) {
            try Anchor(text(signed) + Anchor.line(restoredTo: 9), of: "hr", keys: keys)
        }
    }

    @Test func `a chain names every break`() throws {
        func seal(
            _ number: Int64, epoch: Int32 = 1, service: String = "hr", tick: Int64? = nil, after: Seal? = nil
        ) -> Seal {
            let tick = tick ?? number
            return Seal(
                service: service, number: number, epoch: epoch, ticks: tick...tick, events: 1, root: Hash(of: [1]),
                previous: after?.hash ?? .none, sealedAt: Date(timeIntervalSince1970: 0), key: "k")
        }
        let first = seal(1, epoch: 2)
        var chain = Chain(of: "hr")
        #expect(throws: ChainFault.otherService(1, "mail")) { try chain.follow(seal(1, service: "mail")) }
        #expect(try chain.follow(first) == nil)
        #expect(throws: ChainFault.gap(expected: 2, found: 3)) { try chain.follow(seal(3, after: first)) }
        #expect(throws: ChainFault.otherBefore(2)) { try chain.follow(seal(2, epoch: 2)) }
        #expect(throws: ChainFault.otherService(2, "mail")) {
            try chain.follow(seal(2, epoch: 2, service: "mail", after: first))
        }
        #expect(throws: ChainFault.epochBack(2)) { try chain.follow(seal(2, after: first)) }
        #expect(throws: ChainFault.ticksMissing(2, after: 1)) {
            try chain.follow(seal(2, epoch: 2, tick: 3, after: first))
        }
        #expect(try chain.follow(seal(2, epoch: 3, after: first))?.contains("epoch 3") == true)
    }
}
