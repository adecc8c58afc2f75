import Contracts
import Foundation
import Receipts
import TestKit
import Testing

@testable import Bundles

@Suite(.timeLimit(.minutes(5))) struct BundleTests {
    private let key = SealingKey()
    private let dossier = DossierID.new()

    private func event(_ version: Int64, of dossier: DossierID? = nil) throws -> EventRecord {
        // A row as PostgreSQL writes it, made from its own bytes.
        var bytes: [UInt8] = []
        func big<Number: FixedWidthInteger>(_ number: Number) {
            withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
        }
        func column(_ type: Int32, _ content: [UInt8]?) {
            big(type)
            big(Int32(content?.count ?? -1))
            bytes += content ?? []
        }
        func number<Number: FixedWidthInteger>(_ type: Int32, _ value: Number) {
            column(type, withUnsafeBytes(of: value.bigEndian) { Array($0) })
        }
        big(Int32(13))
        number(20, version)
        number(5069, UInt64(700 + version))
        number(23, Int32(1))
        column(2950, withUnsafeBytes(of: UUID().uuid) { Array($0) })
        for text in ["dossier", (dossier ?? self.dossier).text] { column(25, Array(text.utf8)) }
        number(20, version)
        for text in ["onestop.dossier.accepted.v1", "H19", "clerk"] { column(25, Array(text.utf8)) }
        column(25, nil)
        number(1184, 667_000_000_000_000 + version * 1_000_000)
        column(114, Array("{}".utf8))
        return try #require(EventRecord(bytes))
    }

    private func receipt(_ event: EventRecord, by key: SealingKey? = nil, service: String = "onestop") throws -> [UInt8]
    {
        let key = key ?? self.key
        let ticks = try #require(
            SealedTicks(epoch: 1, firstTick: 1, counts: [1], leaves: Array(event.leaf.bytes)))
        let seal = Seal(
            service: service, number: 1, epoch: 1, ticks: 1...1, events: 1, root: ticks.root,
            previous: try #require(Hash(hex: String(repeating: "0", count: 64))), sealedAt: Date(), key: key.open.id)
        return ticks.receipt(event: event.bytes, tick: 1, place: 1, try key.sign(seal)).jsonBytes
    }

    private func entries(_ events: [EventRecord]) throws -> [Archive.Entry] {
        let lines = events.map {
            JSON.object([
                .init("version", .integer($0.version)), .init("at", .string(Instant.write($0.occurredAt))),
            ])
        }
        let history: JSON = ["lines": .array(lines)]
        return [
            .init("index.html", Array("<p>Hồ sơ</p>".utf8)), .init("papers/01-Tờ khai.pdf", [1, 2, 3]),
            .init(DossierBundle.history, history.bytes),
        ] + (try events.map { .init(DossierBundle.receipt($0.version), try receipt($0)) })
    }

    private func make(
        _ entries: [Archive.Entry], version: Int64 = 2, key: SealingKey? = nil, service: String = "onestop"
    ) throws -> [UInt8] {
        let key = key ?? self.key
        let manifest = Manifest(
            service: service, dossier: dossier, version: version,
            madeAt: Date(timeIntervalSince1970: 1_700_000_001), key: key.open.id, entries)
        return try DossierBundle.make(manifest, entries, key)
    }

    private func fault(_ bytes: [UInt8], _ keys: [SealKey]? = nil) -> BundleFault? {
        do throws(BundleFault) {
            _ = try DossierBundle.verify(bytes, keys ?? [key.open.of("onestop")])
            return nil
        } catch { return error }
    }

    /// The archive with its entries changed, written as we write archives.
    private func changed(_ bytes: [UInt8], _ change: (inout [Archive.Entry]) -> Void) throws -> [UInt8] {
        var archive = try Archive(bytes)
        change(&archive.entries)
        return try archive.bytes
    }

    @Test func `a bundle is proven with the public key alone; other programs open it`() throws {
        let events = [try event(1), try event(2)]
        let bytes = try make(try entries(events))
        let proof = try DossierBundle.verify(bytes, [SealingKey().open, key.open.of("onestop")])
        #expect(proof.events == events && proof.manifest.files.count == 5)
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("zip-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("bundle.zip").path
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        #expect(try Tool.run("unzip", "-tq", file).contains("No errors detected"))
        let program = """
            import sys, zipfile
            with zipfile.ZipFile(sys.argv[1]) as z:
                assert z.testzip() is None
                print(sorted(z.namelist()), z.read("papers/01-Tờ khai.pdf"), z.infolist()[0].date_time)
            """
        let said = try Tool.run("python3", "-c", program, file)
        #expect(
            said.contains("'papers/01-Tờ khai.pdf'") && said.contains("b'\\x01\\x02\\x03' (2023, 11, 15, 5, 13, 20)"))
    }

    @Test func `every file that was changed, left out or added is found`() throws {
        let bytes = try make(try entries([try event(1), try event(2)]))
        let paths = try Archive(bytes).entries.map(\.path)
        for (index, path) in paths.enumerated() {
            let edited = try changed(bytes) { $0[index].bytes[0] ^= 1 }
            let missing = try changed(bytes) { $0.remove(at: index) }
            if path == Manifest.path || path == Manifest.signature {
                #expect(fault(edited) != nil && fault(missing) != nil)
            } else {
                #expect(fault(edited) == .files(["changed: \(path)"]))
                #expect(fault(missing) == .files(["missing: \(path)"]))
            }
        }
        let added = try changed(bytes) { $0.append(.init("papers/02-thêm.pdf", [1])) }
        #expect(fault(added) == .files(["added: papers/02-thêm.pdf"]))
        let renamed = try changed(bytes) { $0[3].path = "papers/khác.pdf" }
        #expect(fault(renamed) == .files(["missing: papers/01-Tờ khai.pdf", "added: papers/khác.pdf"]))
    }

    @Test func `no bit of the archive can be turned, and nothing hides in it`() throws {
        let bytes = try make(try entries([try event(1), try event(2)]))
        for at in stride(from: 0, to: bytes.count, by: 7) {
            var turned = bytes
            turned[at] ^= 1 << UInt8(at % 8)
            #expect(fault(turned) != nil, "byte \(at)")
        }
        for end in stride(from: 0, to: bytes.count, by: 101) { #expect(fault(Array(bytes[..<end])) != nil) }
        #expect(fault([0] + bytes) != nil && fault(bytes + [0]) != nil)
        #expect(fault([]) == .archive(.noArchive))
    }

    @Test func `a manifest that another signed, or that was written anew, proves nothing`() throws {
        let content = try entries([try event(1), try event(2)])
        let other = SealingKey()
        #expect(fault(try make(content, key: other)) == .unknownKey(other.open.id))
        let bytes = try make(content)
        let forged = try changed(bytes) { entries in
            var manifest = Manifest(String(decoding: entries[0].bytes, as: UTF8.self))
            manifest?.version = 1
            entries[0].bytes = Array((manifest?.text ?? "").utf8)
        }
        #expect(fault(forged) == .forged(key.open.id))
        #expect(Manifest("lienthong bundle 1\n") == nil)
    }

    @Test func `os-156: only OneStop's own key signs a bundle, whatever other keys are given`() throws {
        let content = try entries([try event(1), try event(2)])
        let bytes = try make(content)
        #expect(fault(bytes, [key.open.of("hr")]) == .otherOwner(key.open.id, "hr"))
        #expect(fault(bytes, [key.open]) == .otherOwner(key.open.id, nil))
        #expect(fault(bytes, [key.open.of("hr"), key.open.of("onestop")]) == nil)
        #expect(fault(try make(content, service: "hr"), [key.open.of("hr")]) == .otherService("hr"))
        // Its receipts too: signed by the personnel office, over events that OneStop never had.
        let other = SealingKey()
        var forged = content
        forged[3].bytes = try receipt(try event(1), by: other)
        let said = fault(try make(forged), [key.open.of("onestop"), other.open.of("hr")])
        guard case .receipt("receipts/0001.json", let reason)? = said else { return #expect(Bool(false)) }
        #expect(reason.contains("is of the service “hr”"))
    }

    @Test func `a receipt must be of the very event, and the history must agree`() throws {
        let events = [try event(1), try event(2)]
        var content = try entries(events)
        content[4].bytes = content[3].bytes
        #expect(fault(try make(content)) == .receipt("receipts/0002.json", "is of another event: \(events[0].name)"))
        content[4].bytes = try receipt(try event(2, of: .new()))
        guard case .receipt("receipts/0002.json", _) = fault(try make(content)) else { return #expect(Bool(false)) }
        content[4].bytes = try receipt(events[1], by: SealingKey())
        guard case .receipt("receipts/0002.json", _) = fault(try make(content)) else { return #expect(Bool(false)) }
        content[4].bytes = try receipt(events[1], service: "hr")
        guard case .receipt("receipts/0002.json", _) = fault(try make(content)) else { return #expect(Bool(false)) }
        #expect(fault(try make(try entries(events), version: 3)) == .receipt("receipts/0003.json", "is no receipt"))
        content = try entries(events)
        content[2].bytes = Array("{\"lines\":[]}".utf8)
        #expect(fault(try make(content)) == .history)
    }

    /// A directory whose entries all name the same bytes would unpack to any multiple of the file.
    @Test func `entries that lie over one another are refused before they are copied`() throws {
        let plain = try Archive([.init("a", [UInt8](repeating: 7, count: 90)), .init("b", [8])], made: Date()).bytes
        let directory = try #require(plain.indices.first { plain[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
        // The second entry of the directory, of 46 bytes and its name, is made to name the first one's bytes.
        var twice = plain
        let second = directory + 47
        twice[second + 20] = 90
        twice[second + 24] = 90
        for at in 42..<46 { twice[second + at] = 0 }
        #expect(throws: ArchiveFault.overlap) { try Archive(twice) }
        #expect(try Archive(plain).entries.count == 2)
    }

    @Test func `an archive has only plain paths, each once`() {
        for path in ["", "/a", "../a", "a/../b", "a//b", "a\\b", "a\u{0}b", String(repeating: "x", count: 401)] {
            #expect(throws: ArchiveFault.path(path)) { try Archive([.init(path, [])], made: Date()).bytes }
        }
        #expect(throws: ArchiveFault.path("a")) { try Archive([.init("a", []), .init("a", [])], made: Date()).bytes }
    }
}
