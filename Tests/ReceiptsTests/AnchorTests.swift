import Contracts
import Foundation
import Receipts
import Testing

@Suite struct AnchorTests {
    let key = SealingKey()

    private func text(_ signed: [SignedSeal]) -> String { signed.map(Anchor.line).joined() }

    @Test func `a file holds a chain from its first statement on`() throws {
        let signed = try history(5, key: key)
        let anchor = try Anchor(text(signed), keys: [key.open])
        #expect(anchor.last?.number == 5 && anchor.seal(2)?.number == 2 && anchor.seal(6) == nil)
        #expect(try Anchor("", keys: [key.open]).last == nil)
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
            #expect(throws: AnchorFault.self, "\(what)") { try Anchor(text(list), keys: [key.open]) }
        }
        #expect(throws: AnchorFault.self) { try Anchor(text(signed), keys: [SealingKey().open]) }
        #expect(throws: AnchorFault.self) { try Anchor("nonsense\n", keys: [key.open]) }
    }

    @Test func `a restore is noted, and what was lost is kept`() throws {
        let signed = try history(5, key: key)
        let again = try history(4, key: key, epochs: [1, 1, 2, 2])
        let note = Anchor.line(restoredTo: 2)
        let anchor = try Anchor(text(signed) + note + text(Array(again[2...])), keys: [key.open])
        #expect(anchor.last?.number == 4 && anchor.last?.epoch == 2)
        #expect(anchor.lost.map(\.number) == [3, 4, 5])
        #expect(throws: AnchorFault.self) { try Anchor(text(signed) + text(Array(again[2...])), keys: [key.open]) }
        #expect(throws: AnchorFault.self) { try Anchor(text(signed) + Anchor.line(restoredTo: 9), keys: [key.open]) }
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
        var chain = Chain()
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
