import Contracts
import Foundation
import Glibc
import Logging
import Synchronization

/// One JSON object a line on standard error: time, level, service, message, trace, then the metadata. Each line is one
/// write, so that lines of several threads never mix.
public struct JSONLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level
    private let service: String
    private let label: String
    private let write: @Sendable ([UInt8]) -> Void

    public init(service: String, label: String, level: Logger.Level) {
        self.init(service: service, label: label, level: level) { line in
            line.withUnsafeBytes { bytes in
                // What standard error does not take is lost: a full disk must not stop the office.
                _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
            }
        }
    }

    init(service: String, label: String, level: Logger.Level, write: @escaping @Sendable ([UInt8]) -> Void) {
        self.service = service
        self.label = label
        logLevel = level
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        // Almost always one of the two is empty or has the trace alone: no merged dictionary is made for that.
        var pairs: [(key: String, value: Logger.Metadata.Value)] = []
        func take(_ more: Logger.Metadata?) {
            for (key, value) in more ?? [:] {
                if let index = pairs.firstIndex(where: { $0.key == key }) {
                    pairs[index].value = value
                } else {
                    pairs.append((key, value))
                }
            }
        }
        take(metadata)
        take(metadataProvider?.get())
        take(event.metadata)
        if let error = event.error { take(["error": "\(error)"]) }
        pairs.sort { $0.key < $1.key }
        var writer = JSONWriter()
        writer.object { writer in
            func put(_ name: String, _ text: String) {
                writer.name(name)
                writer.string(text)
            }
            put("time", Instant.write(Date()))
            put("level", event.level.rawValue)
            put("service", service)
            if label != service { put("label", label) }
            put("message", event.message.description)
            if let trace = pairs.first(where: { $0.key == "trace" }) { put("trace", "\(trace.value)") }
            for (key, value) in pairs where key != "trace" {
                put(Self.reserved.contains(key) ? "\(key)_" : key, Self.isSecret(key) ? "***" : "\(value)")
            }
        }
        write(writer.bytes + [0x0A])
    }

    private static let reserved: Set<String> = ["time", "level", "service", "label", "message"]

    /// A last net: nobody should log these, and whoever does anyway shows nothing.
    private static func isSecret(_ key: String) -> Bool {
        judged.withLock { judged in
            if let known = judged[key] { return known }
            let lowered = key.lowercased()
            let verdict = ["password", "secret", "authorization", "token", "cookie"].contains { lowered.contains($0) }
            if judged.count < Limits.Server.logKeys { judged[key] = verdict }
            return verdict
        }
    }

    /// Looking for five words in every key of every line would cost more than the rest of the line.
    private static let judged = Mutex<[String: Bool]>([:])
}
