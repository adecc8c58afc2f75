import Bundles
import Contracts
import Foundation
import Receipts
import Testing

@testable import lienthong

@Suite(.timeLimit(.minutes(5))) struct BundleCommandTests {
    /// The receipt of a row of the running service, signed anew for OneStop, which alone has dossiers.
    private func receipt(_ seq: Int64, _ bench: CLIBench) async throws -> [UInt8] {
        let answer = try await bench.receipt(seq: seq)
        let real = try Receipt(decoding: answer.json, unknown: .refuse)
        let record = try #require(EventRecord(real.event))
        let ticks = try #require(SealedTicks(epoch: 1, firstTick: seq, counts: [1], leaves: record.leaf.bytes))
        let seal = Seal(
            service: "onestop", number: seq, epoch: 1, ticks: seq...seq, events: 1, root: ticks.root, previous: .none,
            sealedAt: Date(), key: bench.key.open.id)
        return ticks.receipt(event: real.event, tick: seq, place: 1, try bench.key.sign(seal)).jsonBytes
    }

    @Test func `a dossier that was taken along is proven offline, and every change is named`() async throws {
        try await withCLI { bench in
            let dossier = DossierID.new()
            try await bench.database.run(
                """
                INSERT INTO event_log
                    (epoch, id, aggregate_type, aggregate_id, aggregate_version, type, actor, occurred_at, payload)
                SELECT e.epoch, gen_random_uuid(), 'dossier', \(dossier.text), g, 'hr.dossier.moved.v1', 'tester',
                       '2021-03-01 09:00+07', '{}'
                FROM generate_series(1, 3) g CROSS JOIN relay_epoch e
                """)
            try await bench.sealed(3)
            var entries = [Archive.Entry("index.html", Array("<p>Hồ sơ</p>".utf8))]
            var lines: [JSON] = []
            for seq: Int64 in 1...3 {
                entries.append(.init(DossierBundle.receipt(seq), try await receipt(seq, bench)))
                lines.append(["version": .integer(seq), "at": "2021-03-01T09:00:00+07:00"])
            }
            let history: JSON = ["lines": .array(lines)]
            entries.append(.init(DossierBundle.history, history.bytes))
            entries.append(.init("results/01-Quyết định.pdf", Array("%PDF-1.7".utf8)))
            let manifest = Manifest(
                service: "onestop", dossier: dossier, version: 3, madeAt: Date(), key: bench.key.open.id, entries)
            let bytes = try DossierBundle.make(manifest, entries, bench.key)
            let file = bench.path("ho-so.zip")
            let pem = bench.path("onestop.pem")
            try bench.key.open.of("onestop").labelled.write(toFile: pem, atomically: true, encoding: .utf8)
            func verdict(_ bytes: [UInt8]) async throws -> (isGood: Bool, said: String) {
                try Data(bytes).write(to: URL(fileURLWithPath: file))
                return try await bench.run("verify", file, "--key", pem)
            }
            let good = try await verdict(bytes)
            #expect(good.isGood && good.said.hasPrefix("PROVEN: this is dossier \(dossier)"), "\(good.said)")
            #expect(good.said.contains("3 events") && good.said.contains("6 files"))
            #expect(try Python.run("verify_bundle.py", file, pem) == "proven")
            // The same key, as the personnel office's: it cannot sign dossiers.
            let foreign = try await bench.run("verify", file, "--key", bench.pem)
            #expect(!foreign.isGood && foreign.said.contains("of the service “hr”, which has no dossiers"))
            #expect(try Python.run("verify_bundle.py", file, bench.pem) == "refused")

            var archive = try Archive(bytes)
            archive.entries[2].bytes += [32]
            archive.entries.append(.init("thêm.txt", [65]))
            let changed = try await verdict(try archive.bytes)
            #expect(!changed.isGood && changed.said.contains("FOUND changed: index.html"), "\(changed.said)")
            #expect(changed.said.contains("FOUND added: thêm.txt"))
            #expect(try Python.run("verify_bundle.py", file, pem) == "refused")
            archive = try Archive(bytes)
            archive.entries.remove(at: 3)
            #expect(try await verdict(try archive.bytes).said.contains("FOUND missing: receipts/0001.json"))
            let cut = try await verdict(Array(bytes.dropLast(9)))
            #expect(!cut.isGood && cut.said.hasPrefix("NOT PROVEN"))
            try Data(bytes).write(to: URL(fileURLWithPath: file))
            let strange = bench.path("other.pem")
            try SealingKey().open.pem.write(toFile: strange, atomically: true, encoding: .utf8)
            let other = try await bench.run("verify", file, "--key", strange)
            #expect(!other.isGood && other.said.contains("which was not given"))
        }
    }
}
