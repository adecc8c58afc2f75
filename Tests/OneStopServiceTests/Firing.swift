import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

extension Office {
    /// Fires every timer that is due now, as the service's loop does, for tests in which that loop does not run. How
    /// many fired.
    @discardableResult
    func fire() async throws -> Int {
        let runtime = harness.running.runtime
        let tasks = Dictionary(uniqueKeysWithValues: Main.timers.map { ($0.kind, $0) })
        var count = 0
        while count < 10_000 {
            let fired = try await runtime.database.transaction { transaction -> Bool in
                let due = try await transaction.run(
                    """
                    DELETE FROM timers WHERE (kind, key) IN (
                        SELECT kind, key FROM timers WHERE due_at <= \(runtime.clock.now)
                        ORDER BY due_at, kind, key LIMIT 1)
                    RETURNING kind, key, payload
                    """)
                guard let row = due.first else { return false }
                let work = Work(
                    session: transaction, now: runtime.clock.now, actor: "onestop.timer", traceparent: nil, log: quiet,
                    runtime: runtime)
                let task = try #require(tasks[try row("kind")])
                try await task.fire(key: try row("key"), payload: try row("payload"), work)
                return true
            }
            guard fired else { break }
            count += 1
        }
        return count
    }

    /// Sets the time and fires what is due.
    func pass(_ time: String) async throws {
        try await set(time)
        try await fire()
    }
}

/// `OneStopService serve` as a process of its own on the office's database, without a broker.
final class OneStopProgram: Sendable {
    private let process: Process

    private init(_ process: Process) { self.process = process }

    static func start(_ office: Office, killAt: String? = nil) throws -> OneStopProgram {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let process = Process()
        process.executableURL = root.appendingPathComponent(".build/debug/OneStopService")
        process.arguments = ["serve"]
        let database = office.harness.database.runtime
        let keys = ServiceName.allCases.compactMap { service in
            (try? TestKeys.key(service)).map { "\(service.rawValue)=\($0.publicKey.hex)" }
        }
        var environment = [
            "LIENTHONG_PG_HOST": database.host, "LIENTHONG_PG_PORT": "\(database.port)",
            "LIENTHONG_PG_DATABASE": database.database, "LIENTHONG_PG_USER": database.user,
            "LIENTHONG_PG_PASSWORD": database.password, "LIENTHONG_PG_CONNECTIONS": "4", "LIENTHONG_AMQP_PORT": "1",
            "LIENTHONG_AMQP_USER": "nobody", "LIENTHONG_AMQP_PASSWORD": "none",
            "LIENTHONG_IDENTITY_URL": "http://127.0.0.1:1", "LIENTHONG_CLIENT_SECRET": "own",
            "LIENTHONG_REHEARSAL": "1", "LIENTHONG_FILES_DIR": FileManager.default.temporaryDirectory.path,
            "LIENTHONG_HTTP_PORT": "0", "LIENTHONG_LOG_LEVEL": "critical",
            "LIENTHONG_SEALING_KEY": TestKeys.secret(.onestop), "LIENTHONG_SEALING_PUBLIC": keys.joined(separator: ","),
        ]
        environment["LIENTHONG_KILL_AT"] = killAt
        process.environment = environment
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        return OneStopProgram(process)
    }

    /// Waits until the kill point struck.
    func died() async throws {
        try await eventually("the program dies", within: .seconds(60)) { !self.process.isRunning }
        #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGKILL)
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
    }
}
