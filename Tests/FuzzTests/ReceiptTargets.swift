import Bundles
import Contracts
import Foundation
import Receipts

/// What a verifier is handed, without the service and without a network: receipts, statements, keys, anchors, bundles.
enum ReceiptTargets {
    static let all: [Target] = [statement, record, receipt, anchor, keyFile, manifest, archive, bundle]

    private static let key = SealingKey(hex: String(repeating: "5b", count: 32)) ?? SealingKey()
    private static let keys = [key.open.of("onestop")]
    private static let dossier = "0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f"

    /// A row as PostgreSQL writes it, of this version of the dossier.
    private static func row(_ version: Int64) -> [UInt8] {
        func big<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
            withUnsafeBytes(of: number.bigEndian) { Array($0) }
        }
        func column(_ type: Int32, _ content: [UInt8]) -> [UInt8] { big(type) + big(Int32(content.count)) + content }
        func text(_ text: String) -> [UInt8] { column(25, Array(text.utf8)) }
        // The agency is there, the traceparent is NULL.
        let parts: [[UInt8]] = [
            big(Int32(13)), column(20, big(version)), column(5069, big(UInt64(700))), column(23, big(Int32(1))),
            column(2950, [UInt8](repeating: 7, count: 16)), text("dossier"), text(dossier), column(20, big(version)),
            text("onestop.dossier.accepted.v1"), text("H19.12"), text("clerk"), big(Int32(25)), big(Int32(-1)),
            column(1184, big(Int64(667_000_000_000_000))), column(114, Array(#"{"tên":"hồ sơ"}"#.utf8)),
        ]
        return parts.flatMap { $0 }
    }

    private static let rows = (Int64(1)...3).map { row($0) }

    /// A statement of one tick each.
    private static func made(_ count: Int) throws -> (signed: [SignedSeal], receipts: [Receipt]) {
        var last: Seal?
        var (signed, receipts): ([SignedSeal], [Receipt]) = ([], [])
        for number in 1...Int64(count) {
            let leaves = rows.flatMap { Merkle.leaf($0).bytes }
            guard let ticks = SealedTicks(epoch: 1, firstTick: number, counts: [3], leaves: leaves) else {
                throw Finding("no ticks")
            }
            let seal = Seal(
                service: "onestop", number: number, epoch: 1, ticks: number...number, events: 3, root: ticks.root,
                previous: last?.hash ?? .none, sealedAt: Date(timeIntervalSince1970: 1_700_000_000), key: key.open.id)
            last = seal
            let statement = try key.sign(seal)
            signed.append(statement)
            let place = Int(number)
            receipts.append(ticks.receipt(event: rows[place - 1], tick: number, place: place, statement))
        }
        return (signed, receipts)
    }

    private static let statement = Target(
        "statement of a service", try made(2).signed.map { Array($0.statement.utf8) },
        words: ["service: ", "\nkey: ", "lienthong seal 1\n", "1-1", "9223372036854775807-9223372036854775807"]
    ) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        guard let seal = Seal(text) else { throw ValueTargets.Refusal() }
        try require(ValueTargets.same(seal.text, text), "it has two forms: \(seal.text)")
        try require(seal.tickCount >= 1 && seal.number >= 1 && seal.events >= 1, "\(seal)")
    }

    private static let record = Target("row of the event log", rows, words: ["\0\0\0\u{19}", "\0\0\0\r", "\0\0\0\0"]) {
        bytes in
        guard let record = EventRecord(bytes) else { throw ValueTargets.Refusal() }
        try require(record.bytes == bytes, "it has two forms")
        // What a verifier is shown.
        try require(!record.name.isEmpty && !Instant.write(record.occurredAt).isEmpty, "it cannot be shown")
    }

    private static let receipt = Target(
        "receipt", try made(3).receipts.map(\.jsonBytes), change: { $1.changeJSON($0) }
    ) { bytes in
        let receipt = try Receipt(decoding: try JSON(parsing: bytes), unknown: .refuse)
        let written = receipt.jsonBytes
        guard let again = try? Receipt(decoding: try JSON(parsing: written), unknown: .refuse) else {
            throw Finding("what was written is refused")
        }
        try require(again.jsonBytes == written, "it becomes another receipt when read again")
        let (event, seal) = try receipt.verify(keys)
        try require(rows.contains(event.bytes), "an event is proven that was never sealed: \(event.name)")
        try require(seal.service == "onestop", "a history of \(seal.service) is proven")
    }

    private static func anchored() throws -> [UInt8] {
        let signed = try made(3).signed
        let text = signed.map { Anchor.line($0) }.joined() + Anchor.line(restoredTo: 2) + Anchor.line(signed[2])
        return Array(text.utf8)
    }

    private static let anchor = Target(
        "anchor", [try anchored()], words: ["{\"restoredTo\":0}\n", "{\"restoredTo\":-1}\n", "\n\n", "{}\n"]
    ) { bytes in
        let anchor: Anchor
        do throws(AnchorFault) {
            anchor = try Anchor(String(decoding: bytes, as: UTF8.self), of: "onestop", keys: keys)
        } catch {
            guard case .line(let line, _) = error, line >= 1 else { throw Finding("\(error) names no line") }
            throw error
        }
        try require(anchor.statements.count == Int(anchor.last?.number ?? 0), "a chain with gaps")
        let text = anchor.statements.map { Anchor.line($0) }.joined()
        guard let again = try? Anchor(text, of: "onestop", keys: keys) else { throw Finding("what holds is refused") }
        try require(again.last == anchor.last, "what holds becomes another chain")
    }

    private static let keyFile = Target(
        "public keys",
        texts: [
            key.open.of("hr").labelled + "key, since today\r\n" + key.open.of("budget").labelled, key.open.pem,
        ],
        words: [
            "service: ", "service: budget\n", "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----", "\r\n",
        ]
    ) { text in
        let keys = SealKey.all(pem: text)
        try require(!keys.isEmpty || !text.contains(key.open.labelled), "a key is passed over")
        for key in keys {
            try require(SealKey.all(pem: key.labelled) == [key], "key \(key.id) of \(key.service ?? "nobody") is lost")
        }
        // One file after another: whatever stands before, the last one is found.
        let last = SealKey.all(pem: text + "\n" + key.open.labelled).last
        try require(last?.raw == key.open.raw, "the last key is lost")
    }

    private static func content() throws -> [Archive.Entry] {
        let history =
            #"{"lines":[{"version":1,"at":"2021-02-19T04:46:40+07:00"}]}"#
        return [
            .init("index.html", Array("<p>Hồ sơ</p>".utf8)), .init(DossierBundle.history, Array(history.utf8)),
            .init(DossierBundle.receipt(1), try made(1).receipts[0].jsonBytes),
        ]
    }

    private static func listed(_ entries: [Archive.Entry]) throws -> Manifest {
        Manifest(
            service: "onestop", dossier: try DossierID(dossier), version: 1,
            madeAt: Date(timeIntervalSince1970: 1_700_000_001), key: key.open.id, entries)
    }

    private static let manifest = Target(
        "manifest of a bundle", [Array(try listed(try content()).text.utf8)],
        words: ["\nfile: ", "service: ", "../", "  ", "lienthong bundle 1\n"]
    ) { bytes in
        let text = String(decoding: bytes, as: UTF8.self)
        guard let manifest = Manifest(text) else { throw ValueTargets.Refusal() }
        try require(ValueTargets.same(manifest.text, text), "it has two forms: \(manifest.text)")
    }

    private static func zipped() throws -> [UInt8] {
        let entries = [Archive.Entry("a.txt", Array("một".utf8)), .init("b/c.txt", []), .init("d", [1, 2, 3])]
        return try Archive(entries, made: Date(timeIntervalSince1970: 1_700_000_001)).bytes
    }

    private static let archive = Target(
        "ZIP archive", [try zipped()], words: ["PK\u{1}\u{2}", "PK\u{3}\u{4}", "PK\u{5}\u{6}", "../", "a.txt"],
        change: { $1.below(2) == 0 ? $1.change($0) : redirected($0, &$1) }
    ) { bytes in
        let archive = try Archive(bytes)
        try require(try archive.bytes == bytes, "it has two forms")
        let size = archive.entries.reduce(0) { $0 + $1.bytes.count + $1.path.utf8.count }
        try require(size <= bytes.count, "\(size) octets come out of \(bytes.count)")
    }

    /// Another size or place in one line of the directory.
    private static func redirected(_ bytes: [UInt8], _ mutator: inout Mutator) -> [UInt8] {
        let lines = bytes.indices.filter { bytes[$0...].starts(with: [0x50, 0x4B, 1, 2] as [UInt8]) }
        guard !lines.isEmpty else { return mutator.change(bytes) }
        let at = lines[mutator.below(lines.count)] + [20, 24, 28, 42][mutator.below(4)]
        guard at < bytes.count else { return mutator.change(bytes) }
        var other = bytes
        other[at] = UInt8(mutator.below(256))
        return other
    }

    private static func bundled() throws -> [UInt8] {
        let entries = try content()
        return try DossierBundle.make(try listed(entries), entries, key)
    }

    private static let bundle = Target("bundle", [try bundled()], words: ["PK\u{1}\u{2}", "file: ", "receipts/"]) {
        bytes in
        let proof = try DossierBundle.verify(bytes, keys)
        try require(proof.events.map(\.bytes) == [rows[0]], "other events are proven")
        try require(proof.manifest.dossier.text == dossier, "another dossier is proven")
    }
}
