import Contracts
import Foundation
import Postgres
import TestKit

@testable import Journeys

/// A whole copy of the system for this suite: servers and services of its own, because the journeys kill them. Below
/// the test run's folder, ports 30 below the test servers' (which leaves them inside the block of the copy).
struct Copy: Sendable {
    let settings: Settings
    let superuser: PostgresConfiguration

    /// Starts it, uses it and stops it; a `use` that fails leaves its logs until the next run.
    static func during(_ use: (Copy) async throws -> Void) async throws {
        let outer = ProcessInfo.processInfo.environment
        guard let folder = outer["LIENTHONG_TEST_RUN_DIR"], let port = Int(outer["LIENTHONG_TEST_PG_PORT"] ?? "") else {
            throw Failed("LIENTHONG_TEST_* are not set: run through with-servers.sh test")
        }
        let environment = [
            "LIENTHONG_RUN_DIR": "\(folder)/journeys", "LIENTHONG_PORT_BASE": "\(port - 30)",
            "LIENTHONG_SERVERS": "test",
        ]
        // The scripts that the faults run take the copy from the environment, as they do in a demonstration.
        try await Shell.$environment.withValue(outer.merging(environment) { $1 }) {
            try await Shell.local("services.sh", "stop")
            try await Shell.local("servers.sh", "clean")
            try await Shell.local("servers.sh", "start")
            try await Shell.local("provision.sh")
            try await Shell.local("services.sh", "start")
            let operating = try operating(folder)
            try await Shell.$environment.withValue(Shell.environment.merging(operating) { $1 }) {
                let copy = try Copy(operating)
                do {
                    try await use(copy)
                } catch {
                    try await copy.stop(keeping: true)
                    throw error
                }
                try await copy.stop(keeping: false)
            }
        }
    }

    private static func operating(_ folder: String) throws -> [String: String] {
        let file = "\(folder)/journeys/env/operator.env"
        var operating: [String: String] = [:]
        for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n") {
            let sides = line.split(separator: "=", maxSplits: 1).map(String.init)
            if sides.count == 2 { operating[sides[0]] = sides[1].trimmingCharacters(in: ["\""]) }
        }
        return operating
    }

    private init(_ operating: [String: String]) throws {
        settings = try Settings(operating)
        var superuser = settings.postgres
        superuser.user = "postgres"
        superuser.password = operating["LIENTHONG_PG_SUPERUSER_PASSWORD"] ?? ""
        self.superuser = superuser
    }

    /// A second place beside this copy, for what is restored; its database as the superuser. Stopped and removed
    /// afterwards.
    func elsewhere(_ use: (PostgresConfiguration) async throws -> Void) async throws {
        let folder = Shell.environment["LIENTHONG_RUN_DIR"].map { "\($0)-restored" } ?? ""
        var database = superuser
        database.port += 600
        let environment = ["LIENTHONG_RUN_DIR": folder, "LIENTHONG_PORT_BASE": "\(database.port - 20)"]
        try await Shell.$environment.withValue(Shell.environment.merging(environment) { $1 }) {
            try await Shell.local("services.sh", "stop")
            try await Shell.local("servers.sh", "clean")
            try? FileManager.default.removeItem(atPath: folder)
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await use(database)) } catch { outcome = .failure(error) }
            try await Shell.local("services.sh", "stop")
            try await Shell.local("servers.sh", "clean")
            try outcome.get()
        }
    }

    private func stop(keeping failed: Bool) async throws {
        try await Shell.local("services.sh", "stop")
        try await Shell.local("servers.sh", failed ? "stop" : "clean")
    }
}
