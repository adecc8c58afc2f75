import Contracts
import Crypto
import Foundation
import Synchronization

/// What the sender says of a file. What is said is held against the bytes.
public struct FileClaim: Sendable {
    public var hash: ContentHash?
    /// In bytes.
    public var size: Int?
    public var type: MediaType.Declared

    public init(hash: ContentHash? = nil, size: Int? = nil, type: MediaType.Declared = .nothing) {
        self.hash = hash
        self.size = size
        self.type = type
    }
}

/// A file that is durably stored.
public struct StoredFile: Sendable, Hashable {
    public let hash: ContentHash
    /// In bytes.
    public let size: Int
    public let type: MediaType

    public init(hash: ContentHash, size: Int, type: MediaType) {
        self.hash = hash
        self.size = size
        self.type = type
    }
}

/// Files under their SHA-256, in one folder: the same content is stored once, and what is read is what was stored.
///
/// A file is written beside the others, checked, synced, renamed to its hash, and the folder synced: after `put`
/// returns it survives a power cut, and a crash in between leaves nothing but a leftover in `incoming`. Paths are made
/// from hashes alone. Every call into the file system runs on threads of its own, never on the cooperative pool.
public final class FileStore: Sendable {
    let directory: String
    private let limit: Int
    private let queues: [DispatchQueue]
    private let turn = Atomic<Int>(0)

    /// - Parameters:
    ///   - directory: made when it is not there; its parent must be. Everything lies below it, on one file system.
    ///   - limit: most bytes of a file.
    public init(_ directory: String, limit: Int = Limits.fileBytes) throws(FileFault) {
        self.directory = directory
        self.limit = limit
        queues = (0..<Limits.Files.atOnce).map { DispatchQueue(label: "files.\($0)", qos: .userInitiated) }
        for folder in [directory, "\(directory)/objects", incoming, staging] { try Disk.makeFolder(folder) }
        try Disk.syncFolder(directory)
        removeLeftovers()
    }

    /// Stores bytes that are all here.
    @discardableResult
    public func put(_ bytes: [UInt8], _ claim: FileClaim = FileClaim()) async throws(FileFault) -> StoredFile {
        try await onDisk { store throws(FileFault) in
            let upload = try Upload(store, claim)
            do throws(FileFault) {
                try upload.append(bytes[...])
                return try upload.finish()
            } catch {
                upload.abandon()
                throw error
            }
        }
    }

    /// Stores bytes as they come.
    @discardableResult
    public func put<Chunks: AsyncSequence>(
        _ chunks: Chunks, _ claim: FileClaim = FileClaim()
    ) async throws(FileFault) -> StoredFile where Chunks.Element == [UInt8] {
        let upload = try await onDisk { store throws(FileFault) in try Upload(store, claim) }
        do {
            for try await chunk in chunks {
                try await onDisk { _ throws(FileFault) in try upload.append(chunk[...]) }
            }
            return try await onDisk { _ throws(FileFault) in try upload.finish() }
        } catch {
            await onDisk { upload.abandon() }
            throw error as? FileFault ?? .interrupted("\(error)")
        }
    }

    /// The whole file, its hash verified.
    /// - Throws: `.missing`, `.damaged`.
    public func read(_ hash: ContentHash) async throws(FileFault) -> [UInt8] {
        try await onDisk { store throws(FileFault) in
            guard let (file, size) = try Disk.openStored(store.path(hash)) else { throw .missing(hash) }
            defer { _ = close(file) }
            let bytes = try Disk.read(file, at: 0, size)
            guard ContentHash(of: bytes) == hash else { throw .damaged(hash) }
            return bytes
        }
    }

    public func contains(_ hash: ContentHash) async throws(FileFault) -> Bool {
        try await onDisk { store throws(FileFault) in
            guard let (file, _) = try Disk.openStored(store.path(hash)) else { return false }
            _ = close(file)
            return true
        }
    }

    /// Runs on one of the store's own threads.
    func onDisk<T: Sendable>(
        _ body: @escaping @Sendable (FileStore) throws(FileFault) -> T
    ) async throws(FileFault) -> T {
        let queue = nextQueue()
        let result: Result<T, FileFault> = await withUnsafeContinuation { continuation in
            queue.async {
                continuation.resume(returning: Result { () throws(FileFault) in try body(self) })
            }
        }
        return try result.get()
    }

    func onDisk(_ body: @escaping @Sendable () -> Void) async {
        let queue = nextQueue()
        await withUnsafeContinuation { (done: UnsafeContinuation<Void, Never>) in
            queue.async {
                body()
                done.resume()
            }
        }
    }

    private func nextQueue() -> DispatchQueue {
        let next = turn.wrappingAdd(1, ordering: .relaxed).newValue
        return queues[Int(UInt(bitPattern: next) % UInt(queues.count))]
    }

    var incoming: String { "\(directory)/incoming" }

    var staging: String { "\(directory)/staging" }

    private func folder(_ hash: ContentHash) -> String { "\(directory)/objects/\(hash.text.prefix(2))" }

    func path(_ hash: ContentHash) -> String { "\(folder(hash))/\(hash.text.dropFirst(2))" }

    var sizeLimit: Int { limit }

    /// Gives a complete, synced file its place. Where the same content is there already it takes that one's place,
    /// which heals a damaged one.
    func place(_ temporary: String, as hash: ContentHash) throws(FileFault) {
        let folder = folder(hash)
        try Disk.makeFolder(folder)
        try Disk.rename(temporary, path(hash))
        try Disk.syncFolder(folder)
        try Disk.syncFolder("\(directory)/objects")
    }

    /// What a crash left behind. Another process may be writing the young ones right now.
    private func removeLeftovers() {
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: incoming)) ?? [] {
            let path = "\(incoming)/\(name)"
            let made = (try? files.attributesOfItem(atPath: path))?[.modificationDate] as? Date
            guard let made, -made.timeIntervalSinceNow > Limits.Files.leftoverAge.secondsValue else { continue }
            _ = unlink(path)
        }
    }
}
