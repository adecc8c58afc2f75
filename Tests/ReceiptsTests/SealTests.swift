import Contracts
import Foundation
import Receipts
import Testing

/// A history of the tests: `count` statements of one tick with one event each.
func history(_ count: Int, key: SealingKey, epochs: [Int32] = [], label: String = "") throws -> [SignedSeal] {
    var last: Seal?
    return try (1...count).map { number in
        let seal = Seal(
            service: "hr", number: Int64(number), epoch: epochs.isEmpty ? 1 : epochs[number - 1],
            ticks: Int64(number)...Int64(number), events: 1, root: Merkle.leaf(Array("\(label) \(number)".utf8)),
            previous: last?.hash ?? .none, sealedAt: Date(timeIntervalSince1970: 1_700_000_000), key: key.open.id)
        last = seal
        return try key.sign(seal)
    }
}

@Suite struct SealTests {
    let key = SealingKey()
    private var keys: [SealKey] { [key.open.of("hr")] }

    @Test func `a statement is these lines and no others`() throws {
        let seal = Seal(
            service: "onestop", number: 12, epoch: 1, ticks: 40...52, events: 133, root: Hash(of: [1]),
            previous: Hash(of: [2]), sealedAt: Date(timeIntervalSince1970: 1_795_569_600.7), key: "0011223344556677")
        #expect(
            seal.text == """
                lienthong seal 1
                service: onestop
                number: 12
                epoch: 1
                ticks: 40-52
                events: 133
                root: 4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a
                previous: dbc1b4c900ffe48d575b5da5c638040125f65db0fe3e24494b76ea986457d986
                sealed-at: 2026-11-25T08:20:00+07:00
                key: 0011223344556677

                """)
        #expect(Seal(seal.text) == seal)
        for (from, to) in [
            ("number: 12", "number: 012"), ("number: 12", "number: +12"), ("ticks: 40-52", "ticks: 52-40"),
            ("+07:00", "Z"), ("lienthong seal 1", "lienthong seal 2"), ("\nkey:", "\nextra: 1\nkey:"),
            ("root: 4b", "root: 4B"), ("epoch: 1", "epoch: 0"),
        ] {
            #expect(Seal(seal.text.replacing(from, with: to)) == nil, "\(to)")
        }
        #expect(Seal(seal.text + "\n") == nil && Seal(String(seal.text.dropLast())) == nil)
    }

    @Test func `keys travel as PEM, and no description shows the private half`() throws {
        #expect(SealKey.all(pem: "of two services\n" + key.open.pem + "\n" + SealingKey().open.pem).first == key.open)
        #expect(SealKey.all(pem: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----").isEmpty)
        // RFC 8032, section 7.1, test 1.
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"
        let known = try #require(SealingKey(hex: seed))
        #expect(Hex.encode(known.open.raw) == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
        #expect(!"\(known) \(String(reflecting: known))".contains(seed.prefix(8)))
        var shown = ""
        dump(known, to: &shown)
        #expect(!shown.contains(seed.prefix(8)))
        for bad in ["", "9d61", String(seed.dropLast(2)), "zz" + seed.dropFirst(2)] {
            #expect(SealingKey(hex: bad) == nil)
        }
    }

    @Test func `a line before its block says whose a key is, and counts for no other key`() {
        let (hr, budget, nobody) = (key.open.of("hr"), SealingKey().open.of("budget"), SealingKey().open)
        #expect(hr.labelled == "service: hr\n" + key.open.pem && nobody.labelled == nobody.pem)
        let file = "key 1, since today\n" + hr.labelled + nobody.pem + "of the budget\r\n" + budget.labelled
        #expect(SealKey.all(pem: file) == [hr, nobody, budget])
        // What stands within a block, or behind the last one, says nothing.
        let within = "-----BEGIN PUBLIC KEY-----\nservice: hr\n" + nobody.pem + "service: hr\n"
        #expect(SealKey.all(pem: within) == [nobody])
        #expect(SealKey.all(pem: "service: \n" + nobody.pem) == [nobody])
    }

    @Test func `a key signs for its own service and for no other`() throws {
        let signed = try history(1, key: key)[0]
        let seal = try #require(Seal(signed.statement))
        let budget = SealingKey().open.of("budget")
        #expect(try signed.open([budget, key.open, key.open.of("budget")] + keys) == seal)
        #expect(throws: SealFault.otherOwner(seal, "budget")) { try signed.open([budget, key.open.of("budget")]) }
        #expect(throws: SealFault.noOwner(seal)) { try signed.open([budget, key.open]) }
        // Everything else about it holds.
        let (receipt, _) = try made()
        let fault = #expect(throws: ReceiptFault.self) { try receipt.verify([key.open.of("budget")]) }
        #expect(fault?.description.contains("its key \(key.open.id) is of the service “budget”") == true)
    }

    @Test func `a changed statement, a foreign key and a changed signature are refused`() throws {
        let signed = try history(1, key: key)[0]
        #expect(try signed.open([SealingKey().open.of("hr")] + keys).number == 1)
        #expect(throws: SealFault.self) { try signed.open([SealingKey().open.of("hr")]) }
        var changed = signed
        changed.statement = signed.statement.replacing("events: 1", with: "events: 2")
        let seal = try #require(Seal(changed.statement))
        #expect(throws: SealFault.forged(seal)) { try changed.open(keys) }
        changed = signed
        changed.signature[0] ^= 1
        #expect(throws: SealFault.self) { try changed.open(keys) }
        changed.statement = "anything"
        #expect(throws: SealFault.noStatement) { try changed.open(keys) }
    }

    /// PostgreSQL's `infinity` and `-infinity` in a row: whoever shows it must not fall over it.
    @Test(arguments: [Int64.max, Int64.min]) func `a record of any moment can be shown`(_ moment: Int64) throws {
        var record = EventRecord.sample(seq: 1)
        record.microseconds = moment
        let again = try #require(EventRecord(record.bytes))
        #expect(again == record && Instant.write(again.occurredAt).hasPrefix(moment > 0 ? "9999-" : "0000-"))
    }

    @Test func `a receipt of which any byte is changed proves nothing`() throws {
        let (receipt, seal) = try made()
        #expect(try receipt.verify(keys).seal == seal)
        let json = try JSON(parsing: receipt.jsonBytes)
        #expect(try Receipt(decoding: json, unknown: .refuse) == receipt)
        func refused(_ what: Comment, _ change: (inout Receipt) -> Void) {
            var other = receipt
            change(&other)
            #expect(throws: ReceiptFault.self, what) { try other.verify(keys) }
        }
        for index in receipt.event.indices { refused("byte \(index)") { $0.event[index] ^= 1 } }
        for index in receipt.eventPath.indices { refused("event path") { $0.eventPath[index] = .none } }
        for index in receipt.tickPath.indices { refused("tick path") { $0.tickPath[index] = .none } }
        refused("place") { $0.place += 1 }
        refused("tick") { $0.tick += 1 }
        refused("another tick") { $0.tick = 99 }
        refused("size") { $0.tickEvents += 1 }
        refused("path too long") { $0.eventPath.append(.none) }
        refused("path too short") { $0.eventPath.removeLast() }
        refused("format") { $0.format = "lienthong receipt 2" }
        refused("statement") { $0.statement = $0.statement.replacing("epoch: 1", with: "epoch: 2") }
    }

    /// The third of five events in the second of three ticks.
    private func made() throws -> (Receipt, Seal) {
        let records = (1...5).map { number in
            EventRecord.sample(seq: Int64(number), payload: #"{"tên":"hồ sơ \#(number)"}"#)
        }
        let other = Hash(of: [1])
        let leaves = [[other, other], records.map(\.leaf), [other]]
        let sealed = try #require(
            SealedTicks(
                epoch: 1, firstTick: 7, counts: leaves.map { Int32($0.count) },
                leaves: leaves.flatMap { $0 }.flatMap(\.bytes)))
        let seal = Seal(
            service: "hr", number: 1, epoch: 1, ticks: 7...9, events: 8, root: sealed.root, previous: .none,
            sealedAt: Date(), key: key.open.id)
        return (sealed.receipt(event: records[2].bytes, tick: 8, place: 3, try key.sign(seal)), seal)
    }
}

extension EventRecord {
    /// A row of the tests.
    static func sample(seq: Int64, payload: String = "{}") -> EventRecord {
        var bytes: [UInt8] = []
        func column(_ type: Int32, _ content: [UInt8]?) {
            for number in [type, Int32(content?.count ?? -1)] {
                withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
            }
            bytes += content ?? []
        }
        func big(_ number: Int64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
        bytes += [0, 0, 0, 13]
        column(20, big(seq))
        column(5069, big(700))
        column(23, [0, 0, 0, 1])
        column(2950, [UInt8](repeating: UInt8(truncatingIfNeeded: seq), count: 16))
        column(25, Array("dossier".utf8))
        column(25, Array("H19.30 \(seq)".utf8))
        column(20, big(1))
        column(25, Array("onestop.dossier.submitted.v1".utf8))
        column(25, nil)
        column(25, Array("tester".utf8))
        column(25, nil)
        column(1184, big(666_000_000_000_000))
        column(114, Array(payload.utf8))
        guard let record = EventRecord(bytes) else { preconditionFailure("the sample is no record") }
        return record
    }
}
