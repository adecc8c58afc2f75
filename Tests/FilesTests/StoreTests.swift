import Contracts
import Foundation
import Glibc
import Testing

@testable import Files

@Suite struct StoreTests {
    @Test func whatIsStoredComesBack() async throws {
        try await withStore { store in
            let claim = FileClaim(hash: ContentHash(of: pdf), size: pdf.count, type: .known(.pdf))
            let stored = try await store.put(pdf, claim)
            #expect(stored == StoredFile(hash: ContentHash(of: pdf), size: pdf.count, type: .pdf))
            #expect(try await store.read(stored.hash) == pdf)
            #expect(try await store.contains(stored.hash))
            #expect(store.leftovers.isEmpty)
        }
    }

    @Test func theHashIsTheOneOfTheStandard() {
        // FIPS 180-4, examples: "abc".
        #expect(
            ContentHash(of: Array("abc".utf8)).text
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func aStreamIsStoredAsItComes() async throws {
        try await withStore { store in
            let chunks = [Array(pdf[..<5]), [], Array(pdf[5...])]
            let stored = try await store.put(stream(chunks), FileClaim(hash: ContentHash(of: pdf), size: pdf.count))
            #expect(try await store.read(stored.hash) == pdf)
        }
    }

    @Test func theSameContentIsStoredOnce() async throws {
        try await withStore { store in
            try await withThrowingTaskGroup(of: StoredFile.self) { group in
                for _ in 0..<50 { group.addTask { try await store.put(pdf) } }
                for try await stored in group { #expect(stored.hash == ContentHash(of: pdf)) }
            }
            #expect(store.objects.count == 1)
            #expect(store.leftovers.isEmpty)
        }
    }

    @Test func whatIsSaidIsHeldAgainstTheBytes() async throws {
        let other = ContentHash(of: [1])
        let cases: [(FileClaim, FileFault)] = [
            (FileClaim(hash: other), .wrongHash(declared: other, actual: ContentHash(of: pdf))),
            (FileClaim(size: pdf.count - 1), .wrongSize(declared: pdf.count - 1, actual: pdf.count)),
            (FileClaim(size: pdf.count + 1), .wrongSize(declared: pdf.count + 1, actual: pdf.count)),
            (FileClaim(size: 2_000_000), .tooLarge(limit: 1_000_000)),
            (FileClaim(type: .known(.png)), .notAsDeclared(declared: .png, found: .pdf)),
            (FileClaim(type: .foreign("application/x-msdownload")), .unknownType),
        ]
        try await withStore { store in
            for (claim, fault) in cases {
                await #expect(throws: fault) { try await store.put(pdf, claim) }
                await #expect(throws: fault) { try await store.put(stream([pdf]), claim) }
            }
            await #expect(throws: FileFault.empty) { try await store.put([]) }
            #expect(store.objects.isEmpty)
            #expect(store.leftovers.isEmpty)
        }
    }

    @Test func nothingGrowsBeyondTheLimit() async throws {
        try await withStore(limit: pdf.count) { store in
            try await store.put(pdf)
            await #expect(throws: FileFault.tooLarge(limit: pdf.count)) { try await store.put(pdf + [0x0A]) }
            let endless = AsyncThrowingStream<[UInt8], any Error> { Array(repeating: 0x41, count: 10) }
            await #expect(throws: FileFault.tooLarge(limit: pdf.count)) { try await store.put(endless) }
            #expect(store.leftovers.isEmpty)
        }
    }

    @Test func aBrokenUploadLeavesNothing() async throws {
        struct Gone: Error {}
        try await withStore { store in
            await #expect(throws: FileFault.interrupted("Gone()")) {
                try await store.put(stream([pdf], failing: Gone()))
            }
            #expect(store.objects.isEmpty)
            #expect(store.leftovers.isEmpty)
        }
    }

    @Test func changedBytesAreNeverHandedOut() async throws {
        try await withStore { store in
            let stored = try await store.put(pdf)
            for bytes in [pdf + [0x20], Array(pdf.dropLast()), Array(pdf.reversed()), []] {
                try store.damage(stored.hash, bytes)
                await #expect(throws: FileFault.damaged(stored.hash)) { try await store.read(stored.hash) }
            }
            // The same file stored again heals it.
            try await store.put(pdf)
            #expect(try await store.read(stored.hash) == pdf)
        }
    }

    @Test func whatIsNotThereIsMissing() async throws {
        try await withStore { store in
            let hash = ContentHash(of: [7])
            await #expect(throws: FileFault.missing(hash)) { try await store.read(hash) }
            let isThere = try await store.contains(hash)
            #expect(!isThere)
        }
    }

    @Test(arguments: [
        "", "../../../../etc/passwd", "..", String(repeating: "g", count: 64), String(repeating: "a", count: 63),
    ])
    func aHashIsNeverAPath(_ text: String) {
        #expect(ContentHash(text) == nil)
    }

    @Test func hashesAreReadInEitherCase() throws {
        let hash = ContentHash(of: pdf)
        #expect(ContentHash(hash.text.uppercased()) == hash)
    }

    @Test func aLinkInTheStoreIsNotFollowed() async throws {
        try await withStore { store in
            let stored = try await store.put(pdf)
            let outside = "\(store.directory)/outside"
            try Data(pdf).write(to: URL(fileURLWithPath: outside))
            try FileManager.default.removeItem(atPath: store.path(stored.hash))
            try FileManager.default.createSymbolicLink(
                atPath: store.path(stored.hash), withDestinationPath: outside)
            await #expect(throws: FileFault.storage("opening a file", errno: ELOOP)) {
                try await store.read(stored.hash)
            }
        }
    }

    @Test func oldLeftoversGoAtStart() async throws {
        try await withStore { store in
            let (old, young) = ("\(store.incoming)/old", "\(store.incoming)/young")
            for path in [old, young] { try Data(pdf).write(to: URL(fileURLWithPath: path)) }
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -100_000)], ofItemAtPath: old)
            let again = try FileStore(store.directory)
            #expect(again.leftovers == ["young"])
        }
    }

    @Test func aFolderThatCannotBeMadeIsAFault() {
        #expect(throws: FileFault.storage("making files", errno: ENOENT)) {
            try FileStore("/nowhere-\(UUID().uuidString)/files")
        }
    }

    /// A named pipe blocks whoever opens it. If that happened on the cooperative pool, the pool would stand still.
    @Test(.timeLimit(.minutes(5))) func aSlowDiskDoesNotStopThePool() async throws {
        try await withStore { store in
            let stored = try await store.put(pdf)
            let path = store.path(stored.hash)
            try FileManager.default.removeItem(atPath: path)
            try #require(mkfifo(path, 0o600) == 0)
            let readers = 64
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<readers {
                    group.addTask {
                        await #expect(throws: FileFault.self) { try await store.read(stored.hash) }
                    }
                }
                // Twice as many tasks as any pool has threads, each of which must get its turn while the disk blocks.
                await withTaskGroup(of: Void.self) { other in
                    for _ in 0..<256 { other.addTask { await Task.yield() } }
                }
                // Reads and writes, so that it never blocks and every reader finds a writer.
                let pipe = open(path, O_RDWR)
                try #require(pipe >= 0)
                defer { _ = close(pipe) }
                try await group.waitForAll()
            }
        }
    }
}
