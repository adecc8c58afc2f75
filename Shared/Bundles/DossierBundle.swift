import Contracts
import Foundation
import Receipts

/// A dossier to take along: its papers, forms and history, and a receipt of each of its events. Whoever has the
/// service's public key can check all of it, without the service and without a network.
public enum DossierBundle {
    /// Whose dossiers are: no other service can take one along.
    public static let service = ServiceName.onestop.rawValue

    /// Where the receipt of a version lies.
    public static func receipt(_ version: Int64) -> String {
        let digits = "\(version)"
        return "receipts/\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits).json"
    }

    /// The history as the service showed it: `{"lines": [{"version", "at", …}]}`.
    public static let history = "history.json"

    /// - Parameter entries: everything but manifest and signature.
    /// - Throws: `ArchiveFault`, or what the cryptographic library says.
    public static func make(_ manifest: Manifest, _ entries: [Archive.Entry], _ key: SealingKey) throws -> [UInt8] {
        let text = manifest.text
        let signature = Data(try key.signature(of: text)).base64EncodedString() + "\n"
        let own = [
            Archive.Entry(Manifest.path, Array(text.utf8)), Archive.Entry(Manifest.signature, Array(signature.utf8)),
        ]
        return try Archive(own + entries, made: manifest.madeAt).bytes
    }

    /// What was proven.
    public struct Proof: Sendable, Equatable {
        public var manifest: Manifest
        /// By version, from 1.
        public var events: [EventRecord]
    }

    /// Checks everything: the signature, every file, that there is no other, and a receipt for each version of the
    /// dossier with which the history agrees.
    public static func verify(_ bytes: [UInt8], _ keys: [SealKey]) throws(BundleFault) -> Proof {
        let archive: Archive
        do throws(ArchiveFault) { archive = try Archive(bytes) } catch { throw .archive(error) }
        let files = Dictionary(archive.entries.map { ($0.path, $0.bytes) }) { first, _ in first }
        let manifest = try signed(files, keys)
        var findings: [String] = []
        for file in manifest.files {
            guard let bytes = files[file.path] else {
                findings.append("missing: \(file.path)")
                continue
            }
            if bytes.count != file.size || Hash(of: bytes) != file.hash { findings.append("changed: \(file.path)") }
        }
        let listed = Set(manifest.files.map(\.path) + [Manifest.path, Manifest.signature])
        findings += files.keys.filter { !listed.contains($0) }.sorted().map { "added: \($0)" }
        guard findings.isEmpty else { throw .files(findings) }
        let events = try events(manifest, files, keys)
        try compare(events, files[history])
        return Proof(manifest: manifest, events: events)
    }

    private static func signed(_ files: [String: [UInt8]], _ keys: [SealKey]) throws(BundleFault) -> Manifest {
        guard let bytes = files[Manifest.path], let text = String(validating: bytes, as: UTF8.self),
            let manifest = Manifest(text)
        else { throw .noManifest }
        guard manifest.service == service else { throw .otherService(manifest.service) }
        let known = keys.filter { $0.id == manifest.key }
        guard !known.isEmpty else { throw .unknownKey(manifest.key) }
        guard let key = known.first(where: { $0.service == service }) else {
            throw .otherOwner(manifest.key, known.compactMap(\.service).first)
        }
        let signature = Data(
            base64Encoded: String(decoding: files[Manifest.signature]?.dropLast() ?? [], as: UTF8.self))
        guard let signature, key.signed(bytes, Array(signature)) else { throw .forged(manifest.key) }
        return manifest
    }

    private static func events(
        _ manifest: Manifest, _ files: [String: [UInt8]], _ keys: [SealKey]
    ) throws(BundleFault) -> [EventRecord] {
        var events: [EventRecord] = []
        guard manifest.version <= Int64(Limits.Bundles.changes) else { throw .receipt("", "are too many") }
        for version in 1...manifest.version {
            let path = receipt(version)
            guard let bytes = files[path], let json = try? JSON(parsing: bytes),
                let receipt = try? Receipt(decoding: json, unknown: .refuse)
            else { throw .receipt(path, "is no receipt") }
            let event: EventRecord
            let seal: Seal
            do throws(ReceiptFault) { (event, seal) = try receipt.verify(keys) } catch {
                throw .receipt(path, "proves nothing: \(error)")
            }
            guard seal.service == manifest.service, event.aggregateType == "dossier",
                event.aggregateID == manifest.dossier.text, event.version == version
            else { throw .receipt(path, "is of another event: \(event.name)") }
            events.append(event)
        }
        return events
    }

    /// The history names each event by its version and moment.
    private static func compare(_ events: [EventRecord], _ history: [UInt8]?) throws(BundleFault) {
        let lines = history.flatMap { try? JSON(parsing: $0) }?["lines"]?.array ?? []
        let said = lines.map { line in
            "\(line["version"]?.integer ?? 0) \(line["at"]?.text.flatMap(Instant.read).map(Instant.write) ?? "")"
        }
        guard said == events.map({ "\($0.version) \(Instant.write($0.occurredAt))" }) else { throw .history }
    }
}

/// Why a bundle proves nothing.
public enum BundleFault: Error, Sendable, Equatable, CustomStringConvertible {
    case archive(ArchiveFault)
    case noManifest
    case otherService(String)
    case unknownKey(String)
    /// The key is of another service, or nobody said whose it is.
    case otherOwner(String, String?)
    case forged(String)
    case files([String])
    case receipt(String, String)
    case history

    public var description: String {
        switch self {
        case .archive(let fault): fault.description
        case .noManifest: "\(Manifest.path) is missing, or is no manifest of LiênThông"
        case .otherService(let service): "it says that it is of the service “\(service)”, which has no dossiers"
        case .otherOwner(let key, let owner?):
            "it is signed with key \(key) of the service “\(owner)”, which has no dossiers"
        case .otherOwner(let key, nil):
            "nobody said of which service key \(key) is: a line “service: NAME” before the key says so, or"
                + " --service NAME"
        case .unknownKey(let key): "it is signed with key \(key), which was not given"
        case .forged(let key): "the signature of \(Manifest.path) is not by key \(key): it was changed"
        case .files(let findings): findings.joined(separator: "; ")
        case .receipt(let path, let what): "\(path) \(what)"
        case .history: "\(DossierBundle.history) does not agree with the events"
        }
    }
}
