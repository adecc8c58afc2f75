import Foundation
import Testing

@testable import Files

/// A store in a folder of its own, which goes away with the test.
func withStore(limit: Int = 1_000_000, _ body: (FileStore) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("files-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(try FileStore(folder, limit: limit))
}

extension FileStore {
    /// Every stored object, by its path below the folder.
    var objects: [String] {
        let all = FileManager.default.enumerator(atPath: "\(directory)/objects")?.allObjects as? [String] ?? []
        return all.filter { $0.contains("/") }.sorted()
    }

    var leftovers: [String] { (try? FileManager.default.contentsOfDirectory(atPath: incoming)) ?? [] }

    /// Overwrites what is stored, as a failing disk would.
    func damage(_ hash: ContentHash, _ bytes: [UInt8]) throws {
        try FileManager.default.removeItem(atPath: path(hash))
        try Data(bytes).write(to: URL(fileURLWithPath: path(hash)))
    }
}

let pdf = Array("%PDF-1.7\n%âãÏÓ\n1 0 obj\n<<>>\nendobj\n%%EOF\n".utf8)

/// A ZIP archive of stored entries, as APPNOTE describes it, without checksums.
func archive(_ entries: [(String, String)]) -> [UInt8] {
    func little(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(value >> (8 * $0) & 0xFF) } }
    var bytes: [UInt8] = []
    var table: [UInt8] = []
    for (name, content) in entries {
        let (name, content) = (Array(name.utf8), Array(content.utf8))
        let sizes = little(0, 4) + little(content.count, 4) + little(content.count, 4)
        let common = little(20, 2) + little(0, 2) + little(0, 2) + little(0, 4) + sizes + little(name.count, 2)
        table += [0x50, 0x4B, 0x01, 0x02] + little(20, 2) + common + little(0, 2) + little(0, 2) + little(0, 8)
        table += little(bytes.count, 4) + name
        bytes += [0x50, 0x4B, 0x03, 0x04] + common + little(0, 2) + name + content
    }
    let end =
        [0x50, 0x4B, 0x05, 0x06] + little(0, 4) + little(entries.count, 2) + little(entries.count, 2)
        + little(table.count, 4) + little(bytes.count, 4) + little(0, 2)
    return bytes + table + end
}

/// Chunks of bytes, then perhaps an error.
func stream(_ chunks: [[UInt8]], failing: (any Error)? = nil) -> AsyncThrowingStream<[UInt8], any Error> {
    AsyncThrowingStream { continuation in
        chunks.forEach { continuation.yield($0) }
        continuation.finish(throwing: failing)
    }
}
