import Contracts
import Foundation
import Glibc
import Postgres
import Synchronization
import TestKit
import Testing

/// A PostgreSQL of one test alone, which may be killed, copied, promoted and restored. As root it runs as `postgres`.
final class PrivateServer: Sendable {
    static let programs = "/usr/lib/postgresql/15/bin"

    let folder: String
    let port: Int
    private let process = Mutex<Process?>(nil)

    init(_ folder: String, port: Int) {
        self.folder = folder
        self.port = port
    }

    func configuration(_ database: String = "postgres", schema: String = announcer) -> PostgresConfiguration {
        PostgresConfiguration(
            host: "127.0.0.1", port: port, database: database, user: "postgres", password: "", schema: schema,
            connections: 4)
    }

    /// A new cluster.
    func initialize() throws {
        try Self.run("initdb", ["-D", folder, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
    }

    /// A copy of a running server, which follows it.
    func copy(_ other: PrivateServer, following: Bool) throws {
        try Self.run(
            "pg_basebackup",
            ["-D", folder, "-h", "127.0.0.1", "-p", "\(other.port)", "-U", "postgres", "-X", "stream", "--no-sync"]
                + ["--checkpoint=fast"] + (following ? ["-R"] : []))
    }

    func start() async throws {
        let process = Process()
        let settings = [
            "port=\(port)", "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=40",
            "shared_buffers=16MB", "wal_keep_size=256MB",
        ]
        Self.prepare(process, "postgres", ["-D", folder] + settings.flatMap { ["-c", $0] })
        try process.run()
        self.process.withLock { $0 = process }
        let database = Database(configuration(schema: "public"), logger: quiet)
        try await eventually("the server on port \(port) answers") {
            ((try? await database.run("SELECT 1 AS one")) ?? nil)?.count == 1
        }
        await database.close()
    }

    /// SIGTERM, SIGINT or SIGQUIT as PostgreSQL takes them; SIGKILL takes the postmaster, and its children follow.
    func stop(_ signal: Int32 = SIGINT) async throws {
        guard let process = process.withLock({ $0 }), process.isRunning else { return }
        kill(process.processIdentifier, signal)
        try await eventually("the server on port \(port) ends") { !process.isRunning }
        // The children of a killed postmaster see its pipe close.
        try await eventually("its port is free") { !Self.isTaken(port) }
        try? FileManager.default.removeItem(atPath: "\(folder)/postmaster.pid")
    }

    func add(settings: [String], file: String = "postgresql.auto.conf") throws {
        let path = "\(folder)/\(file)"
        let before = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        try handle.write(contentsOf: Data((before + settings.joined(separator: "\n") + "\n").utf8))
        try handle.close()
    }

    // MARK: - Programs

    static func run(_ program: String, _ arguments: [String]) throws {
        let process = Process()
        prepare(process, program, arguments)
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(arguments)")
    }

    private static func prepare(_ process: Process, _ program: String, _ arguments: [String]) {
        let words = ["\(programs)/\(program)"] + arguments
        let asOther = geteuid() == 0
        process.executableURL = URL(fileURLWithPath: asOther ? "/usr/bin/setpriv" : words[0])
        process.arguments =
            asOther
            ? ["--reuid=postgres", "--regid=postgres", "--init-groups", "--"] + words : Array(words.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
    }

    private static func address(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(clamping: port)).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        return address
    }

    private static func bound(_ port: Int) -> Int? {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var (place, one) = (address(port), Int32(1))
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<Int32>.size))
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &place) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { place in
                bind(socket, place, length) == 0 && getsockname(socket, place, &length) == 0
            }
        }
        return isBound ? Int(UInt16(bigEndian: place.sin_port)) : nil
    }

    private static func isTaken(_ port: Int) -> Bool { bound(port) == nil }

    /// A port that nobody listens at.
    static func freePort() throws -> Int { try #require(bound(0)) }
}

/// Servers in folders of their own while `body` runs; all are ended.
func withPrivateServers(_ count: Int, _ body: ([PrivateServer]) async throws -> Void) async throws {
    let home = "/tmp/lienthong-\(UUID().uuidString.lowercased())"
    try FileManager.default.createDirectory(
        atPath: home, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    if geteuid() == 0, let user = getpwnam("postgres") { chown(home, user.pointee.pw_uid, user.pointee.pw_gid) }
    defer { try? FileManager.default.removeItem(atPath: home) }
    let servers = try (0..<count).map { PrivateServer("\(home)/\($0)", port: try PrivateServer.freePort()) }
    let result: Result<Void, any Error>
    do { result = .success(try await body(servers)) } catch { result = .failure(error) }
    for server in servers { try await server.stop(SIGQUIT) }
    try result.get()
}
