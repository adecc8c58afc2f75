import Contracts
import Foundation
import Synchronization

/// A mail server outside of the system (aiosmtpd) while a test runs: Tests/ApiTests/smtp_server.py.
public final class OutsideMail: Sendable {
    private let process: Mutex<Process>
    /// It ends when this is closed, also when the test's process dies.
    private let input = Pipe()
    private let said = Mutex<(rest: String, lines: [JSON])>(("", []))

    /// - Parameter arguments: certificate and key, when STARTTLS is to be required.
    public init(_ arguments: [String] = [], file: String = #filePath) throws {
        let program = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("ApiTests/smtp_server.py")
        let process = Process()
        let python = ProcessInfo.processInfo.environment["LIENTHONG_TEST_PYTHON"] ?? "/usr/bin/python3"
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = [program.path] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardInput = input
        process.standardError = FileHandle.nullDevice
        self.process = Mutex(process)
        output.fileHandleForReading.readabilityHandler = { [weak self] handle in
            let text = String(decoding: handle.availableData, as: UTF8.self)
            self?.said.withLock { said in
                let pieces = (said.rest + text).split(separator: "\n", omittingEmptySubsequences: false)
                said.rest = String(pieces.last ?? "")
                said.lines += pieces.dropLast().compactMap { try? JSON(parsing: Array($0.utf8)) }
            }
        }
        try self.process.withLock { try $0.run() }
    }

    /// Where it listens, once it does.
    public func port() async throws -> Int {
        try await eventually("the outside server listens") { self.said.withLock { $0.lines.first?["port"] != nil } }
        return Int(said.withLock { $0.lines.first?["port"]?.integer } ?? 0)
    }

    /// The messages that were handed over, in their order.
    public var letters: [JSON] { said.withLock { $0.lines.filter { $0["to"] != nil } } }

    /// The same once there are so many: what the server says arrives a moment after its answer to the sender.
    public func letters(_ count: Int) async throws -> [JSON] {
        try await eventually("the outside server has told of \(count) letters") { self.letters.count >= count }
        return letters
    }

    public func stop() {
        // Not by the end of its input alone: a process that another test started at the same moment may hold that too.
        process.withLock { if $0.isRunning { kill($0.processIdentifier, SIGKILL) } }
    }
}
