import Contracts
import Crypto
import Foundation
import Glibc
import Synchronization

/// One file on its way into the store. Every method blocks and is called on the store's own threads, one at a time.
final class Upload: Sendable {
    private struct State {
        var file: Int32
        var size = 0
        var hasher = SHA256()
    }

    private let store: FileStore
    private let claim: FileClaim
    private let path: String
    private let state: Mutex<State>

    init(_ store: FileStore, _ claim: FileClaim) throws(FileFault) {
        if let size = claim.size, size > store.sizeLimit { throw .tooLarge(limit: store.sizeLimit) }
        self.store = store
        self.claim = claim
        path = "\(store.incoming)/\(UUID.v7().text)"
        state = Mutex(State(file: try Disk.create(path)))
    }

    func append(_ bytes: ArraySlice<UInt8>) throws(FileFault) {
        try state.withLock { state throws(FileFault) in
            guard state.size + bytes.count <= store.sizeLimit else { throw .tooLarge(limit: store.sizeLimit) }
            try Disk.write(bytes, to: state.file)
            state.hasher.update(data: Array(bytes))
            state.size += bytes.count
        }
    }

    /// Checks what was said against what came, and makes the file durable.
    func finish() throws(FileFault) -> StoredFile {
        try state.withLock { state throws(FileFault) in
            guard state.size > 0 else { throw .empty }
            if let declared = claim.size, declared != state.size {
                throw .wrongSize(declared: declared, actual: state.size)
            }
            let hash = ContentHash(state.hasher.finalize())
            if let declared = claim.hash, declared != hash { throw .wrongHash(declared: declared, actual: hash) }
            let type = try sniff()
            try Sniffer.check(type, against: claim.type)
            try Disk.sync(state.file)
            _ = close(state.file)
            state.file = -1
            try store.place(path, as: hash)
            return StoredFile(hash: hash, size: state.size, type: type)
        }
    }

    private func sniff() throws(FileFault) -> MediaType {
        guard let (file, size) = try Disk.openStored(path) else { throw .storage("reading back a file", errno: ENOENT) }
        defer { _ = close(file) }
        let sniffer = Sniffer(size: size) { offset, count throws(FileFault) in try Disk.read(file, at: offset, count) }
        return try sniffer.type()
    }

    /// Leaves nothing behind. Also right after `finish` failed at any point.
    func abandon() {
        state.withLock { state in
            if state.file >= 0 { _ = close(state.file) }
            state.file = -1
            _ = unlink(path)
        }
    }
}
