import Contracts
import Foundation
import Receipts

/// What stands in a bundle, signed by the service: a text of these lines, each ended by a line feed, then one line a
/// file, by path:
///
///     lienthong bundle 1
///     service: onestop
///     dossier: 01977dbe-…
///     version: 12
///     made-at: 2026-11-25T08:20:00+07:00
///     key: 16 hexadecimal digits
///     file: 64 hexadecimal digits, of SHA-256 · bytes · path
public struct Manifest: Sendable, Hashable {
    public struct File: Sendable, Hashable {
        public var path: String
        public var hash: Hash
        public var size: Int
    }

    /// The service's short name.
    public var service: String
    public var dossier: DossierID
    /// Of the dossier: so many events it has.
    public var version: Int64
    /// Real time, in whole seconds.
    public var madeAt: Date
    /// Of the key that signs.
    public var key: String
    public var files: [File]

    public static let path = "MANIFEST.txt"
    public static let signature = "MANIFEST.sig"

    public init(
        service: String, dossier: DossierID, version: Int64, madeAt: Date, key: String, _ entries: [Archive.Entry]
    ) {
        (self.service, self.dossier, self.version, self.key) = (service, dossier, version, key)
        self.madeAt = Date(timeIntervalSince1970: madeAt.timeIntervalSince1970.rounded(.down))
        files = entries.map { File(path: $0.path, hash: Hash(of: $0.bytes), size: $0.bytes.count) }
            .sorted { $0.path < $1.path }
    }

    public var text: String {
        var text = """
            lienthong bundle 1
            service: \(service)
            dossier: \(dossier)
            version: \(version)
            made-at: \(Instant.write(madeAt))
            key: \(key)

            """
        for file in files { text += "file: \(file.hash) \(file.size) \(file.path)\n" }
        return text
    }

    /// Nil unless the text is exactly what `text` would write: one content has one form.
    public init?(_ text: String) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        guard lines.popFirst() == "lienthong bundle 1", lines.popLast() == "" else { return nil }
        var values: [String] = []
        for name in ["service", "dossier", "version", "made-at", "key"] {
            guard let line = lines.popFirst(), line.hasPrefix("\(name): ") else { return nil }
            values.append(String(line.dropFirst(name.count + 2)))
        }
        guard let dossier = try? DossierID(values[1]), let version = Int64(values[2]), version >= 1,
            let madeAt = Instant.read(values[3])
        else { return nil }
        self.init(service: values[0], dossier: dossier, version: version, madeAt: madeAt, key: values[4], [])
        for line in lines {
            let parts = line.split(separator: " ", maxSplits: 3)
            guard parts.count == 4, parts[0] == "file:", let hash = Hash(hex: String(parts[1])),
                let size = Int(parts[2])
            else { return nil }
            files.append(File(path: String(parts[3]), hash: hash, size: size))
        }
        guard self.text == text, files.map(\.path) == Set(files.map(\.path)).sorted() else { return nil }
    }
}
