import Foundation
import Synchronization

/// Somebody else's client in a process of its own, and what it has printed.
final class Program: Sendable {
    private let process: Mutex<Process>
    private let printed = Mutex<String>("")

    static let python = ProcessInfo.processInfo.environment["LIENTHONG_TEST_PYTHON"] ?? "/usr/bin/python3"

    /// - Parameter script: Python, unless `program` is another one, which then gets the arguments alone.
    init(
        _ script: String, program: String? = nil, arguments: [String] = [], _ environment: [String: String] = [:]
    ) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program ?? Self.python)
        process.arguments = program == nil ? ["-u", "-c", script] + arguments : arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        self.process = Mutex(process)
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let data = handle.availableData
            guard !data.isEmpty else {
                handle.readabilityHandler = nil
                return
            }
            self?.printed.withLock { $0 += String(decoding: data, as: UTF8.self) }
        }
        try self.process.withLock { try $0.run() }
    }

    var text: String { printed.withLock { $0 } }
    /// Whole lines only.
    var lines: [String] {
        let text = text
        guard let end = text.lastIndex(of: "\n") else { return [] }
        return text[..<end].split(separator: "\n").map(String.init)
    }
    var isRunning: Bool { process.withLock { $0.isRunning } }
    /// Killed by this signal; nil while it runs or when it ended by itself.
    var signal: Int32? {
        process.withLock { !$0.isRunning && $0.terminationReason == .uncaughtSignal ? $0.terminationStatus : nil }
    }

    /// SIGTERM: the program decides.
    func ask() { process.withLock { if $0.isRunning { $0.terminate() } } }
    /// SIGKILL: a child inherits the signals that our threads block, SIGTERM among them.
    func stop() { process.withLock { if $0.isRunning { kill($0.processIdentifier, SIGKILL) } } }
}
