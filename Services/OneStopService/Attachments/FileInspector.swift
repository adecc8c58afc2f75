import Contracts
import Files
import Foundation
import ServiceKit
import Synchronization

/// Looks at a whole file before it becomes a paper: hash and length against what was announced, its type, the
/// signature where the paper must be signed, and what the virus scanner says. In one process at most
/// `Limits.OneStop.inspections` at once, each with its file in memory.
final class FileInspector: Sendable {
    let store: FileStore
    private let scanner: VirusScanner?
    private let busy = Mutex(0)

    /// What was found in a file that may be taken.
    struct Found: Sendable, Equatable {
        var file: StoredFile
        /// Of a PDF; nil where nobody looked.
        var signed: Bool?
        var scanned: Bool
    }

    /// The scanner has a name for what is in the file.
    struct Infected: Error, Equatable {
        var name: String
    }

    init(_ store: FileStore, scanner: VirusScanner?) { (self.store, self.scanner) = (store, scanner) }

    /// - Parameter part: what the procedure says of the paper; nil for one that it does not name.
    /// - Throws: `Refused`, `Infected`; a fault of the disk as it is.
    func inspect(_ bytes: [UInt8], _ claim: FileClaim, for part: Part?) async throws -> Found {
        try begin()
        defer { busy.withLock { $0 -= 1 } }
        let file: StoredFile
        let signed: Bool?
        do throws(FileFault) {
            (file, signed) = try await store.examine(bytes, claim) { file, bytes in
                file.type == .pdf ? SignedPDF.isSigned(bytes) : nil
            }
        } catch {
            if let refused = Refused.of(error) { throw refused }
            throw error
        }
        // os-037
        if let part {
            guard part.types.isEmpty || part.types.contains(file.type) else { throw Refused.typeNotOfPart }
            guard !part.signed || signed == true else { throw Refused.notSigned }
        }
        return Found(file: file, signed: signed, scanned: try await scan(bytes))
    }

    /// Asks the scanner alone: about a file that was taken while none was configured (os-035).
    /// - Throws: `Refused`, `Infected`, `ScannerAway`.
    func rescan(_ bytes: [UInt8]) async throws -> Bool {
        try begin()
        defer { busy.withLock { $0 -= 1 } }
        return try await scan(bytes)
    }

    /// Whether a scanner is configured.
    var scans: Bool { scanner != nil }

    private func begin() throws(Refused) {
        let may = busy.withLock { busy in
            guard busy < Limits.OneStop.inspections else { return false }
            busy += 1
            return true
        }
        guard may else { throw .busy }
    }

    /// os-035: without a clear answer of the scanner nothing is taken.
    private func scan(_ bytes: [UInt8]) async throws -> Bool {
        guard let scanner else { return false }
        let verdict: VirusScanner.Verdict
        do throws(VirusScanner.Away) { verdict = try await scanner.scan(bytes) } catch { throw ScannerAway(why: error) }
        if case .infected(let name) = verdict { throw Infected(name: name) }
        return true
    }

    struct ScannerAway: Error {
        let why: VirusScanner.Away
    }
}

extension Configuration {
    /// The scanner of files; nil where none is configured.
    func scanner() throws(ConfigurationFaults) -> VirusScanner? {
        guard let text = optional("LIENTHONG_CLAMD") else { return nil }
        guard let place = VirusScanner.Place(text) else {
            throw ConfigurationFaults(faults: ["LIENTHONG_CLAMD must be unix:/… or an IPv4 address with a port"])
        }
        return VirusScanner(place)
    }
}

/// Where a file was meant to go.
struct FileTarget: Sendable {
    var draft: DraftID?
    var dossier: DossierID?
    var part: String
}

extension Call {
    /// The inspector's answer, or its refusal; an infected file is recorded, without the file (os-036).
    func inspect(
        _ bytes: [UInt8], _ claim: FileClaim, for part: Part?, to target: FileTarget
    ) async throws -> FileInspector.Found {
        try await asking(about: claim.hash, bytes.count, to: target) { try await $0.inspect(bytes, claim, for: part) }
    }

    /// What is about to become a paper and was not scanned when it came, because no scanner was configured then, is
    /// scanned now (os-035); what is read for it is read where there is a scanner alone.
    /// - Parameter field: what is named when it is infected.
    /// - Returns: when a scanner found nothing in it; nil where there is none.
    func scanned(
        _ hash: ContentHash, to target: FileTarget, field: String, _ read: (FileStore) async throws -> [UInt8]
    ) async throws -> Date? {
        guard resource(FileInspector.self).scans else { return nil }
        let bytes = try await read(resource(FileStore.self))
        do {
            let isScanned = try await asking(about: hash, bytes.count, to: target) { try await $0.rescan(bytes) }
            return isScanned ? now : nil
        } catch let refused as Refused where refused.code == Refused.infected.code {
            throw refused.at(field)
        }
    }

    /// The inspector's answer; an infected file is recorded.
    private func asking<Answer>(
        about hash: ContentHash?, _ size: Int, to target: FileTarget, _ ask: (FileInspector) async throws -> Answer
    ) async throws -> Answer {
        do {
            return try await ask(resource(FileInspector.self))
        } catch let away as FileInspector.ScannerAway {
            log.error("the virus scanner is away: files are refused", metadata: ["error": "\(away.why)"])
            throw Refused.scannerAway
        } catch let infected as FileInspector.Infected {
            let hash = hash?.text ?? ""
            log.warning("infected file refused", metadata: ["found": "\(infected.name)", "sha256": "\(hash)"])
            try await run(
                """
                INSERT INTO refused_files (id, at, sent_by, draft, dossier, part, sha256, bytes, found)
                VALUES (\(UUID.v7()), \(now), \(caller.id), \(target.draft), \(target.dossier), \(target.part),
                        \(hash), \(size), \(infected.name))
                """)
            throw Refused.infected
        }
    }
}

extension Refused {
    /// What the sender is at fault for; nil where the store is.
    static func of(_ fault: FileFault) -> Refused? {
        switch fault {
        case .wrongHash, .wrongSize: .hashDiffers
        case .notAsDeclared: .typeDiffers
        case .empty: .fileEmpty
        case .tooLarge: .fileTooLarge
        case .executable: .fileExecutable
        case .unknownType: .typeUnknown
        case .missing, .damaged, .interrupted, .storage: nil
        }
    }

    static let typeNotOfPart = Refused(
        "onestop.type-not-of-part", 415, vi: "Thành phần hồ sơ này không nhận tệp kiểu đó.",
        en: "This paper may not be a file of that type.", field: "body")
    static let notSigned = Refused(
        "onestop.not-signed", 422,
        vi: "Giấy tờ này phải là tệp PDF có chữ ký số bao trùm toàn bộ nội dung.",
        en: "This paper must be a PDF with a digital signature that covers all of it.", field: "body")
    static let scannerAway = Refused(
        "onestop.scanner-away", 503,
        vi: "Chưa kiểm tra được mã độc nên chưa nhận tệp; phần đã gửi vẫn được giữ, hãy thử lại sau.",
        en: "The virus scanner is away, so the file is not taken yet; what was sent is kept, try again.", field: "body")
    static let infected = Refused(
        "onestop.infected", 422, vi: "Tệp có mã độc, không được nhận.", en: "The file carries malware.", field: "body")
}
