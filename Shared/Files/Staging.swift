import Contracts
import Foundation
import Glibc

/// Files that come in parts, each under an identity of its own beside the store until it is whole: a file that nobody
/// completes, or that nothing is made of, is removed without a look at who else has the same content.
///
/// Who writes the parts keeps in a database how much is there; what lies in the file beyond that is written again.
extension FileStore {
    /// Writes a part, durably.
    public func stage(_ id: UUID, at offset: Int, _ bytes: [UInt8]) async throws(FileFault) {
        try await onDisk { store throws(FileFault) in
            guard offset >= 0, offset + bytes.count <= store.sizeLimit else {
                throw .tooLarge(limit: store.sizeLimit)
            }
            let file = try Disk.openParts(store.stagingPath(id))
            defer { _ = close(file) }
            try Disk.write(bytes[...], to: file, at: offset)
            try Disk.sync(file)
            if offset == 0 { try Disk.syncFolder(store.staging) }
        }
    }

    /// The first `size` bytes of what was staged; fewer where there are fewer.
    public func staged(_ id: UUID, size: Int) async throws(FileFault) -> [UInt8] {
        try await onDisk { store throws(FileFault) in
            guard let (file, _) = try Disk.openStored(store.stagingPath(id)) else { return [] }
            defer { _ = close(file) }
            return try Disk.read(file, at: 0, min(size, store.sizeLimit))
        }
    }

    /// Removes what was staged; nothing happens when there is none.
    public func unstage(_ id: UUID) async {
        let path = stagingPath(id)
        await onDisk { _ = unlink(path) }
    }

    private func stagingPath(_ id: UUID) -> String { "\(staging)/\(id.text)" }

    /// What bytes are, held against what was said of them, and what `look` finds in them; nothing is stored.
    public func examine<Found: Sendable>(
        _ bytes: [UInt8], _ claim: FileClaim, _ look: @escaping @Sendable (StoredFile, [UInt8]) -> Found
    ) async throws(FileFault) -> (file: StoredFile, found: Found) {
        try await onDisk { store throws(FileFault) in
            guard !bytes.isEmpty else { throw .empty }
            guard bytes.count <= store.sizeLimit else { throw .tooLarge(limit: store.sizeLimit) }
            if let declared = claim.size, declared != bytes.count {
                throw .wrongSize(declared: declared, actual: bytes.count)
            }
            let hash = ContentHash(of: bytes)
            if let declared = claim.hash, declared != hash { throw .wrongHash(declared: declared, actual: hash) }
            let type = try Sniffer(bytes).type()
            try Sniffer.check(type, against: claim.type)
            let file = StoredFile(hash: hash, size: bytes.count, type: type)
            return (file, look(file, bytes))
        }
    }
}
