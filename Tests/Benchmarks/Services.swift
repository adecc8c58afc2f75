import Foundation

/// What a service costs while nobody needs it, and how fast it is there.
enum Services {
    static let all: [(name: String, number: Int)] = [
        ("identity", 0), ("hr", 1), ("onestop", 2), ("documents", 3), ("mail", 4), ("budget", 6), ("integration", 7),
    ]
    static let requests = 1_000
    static let rest: Duration = .seconds(60)
    static let starts = 3

    static func figures(_ running: OneStop) async throws -> [Figure] {
        let start = try startReady()
        let token = try running.token("admin")
        for service in all {
            let url = "http://127.0.0.1:\(try Setting.service(service.number))"
            // A read that is authorised and refused or answered alike by every service: the dead events' first page.
            try Command.run(
                "bash", "-c",
                """
                printf 'header = "Authorization: Bearer %s"\\n' "$TOKEN" | \
                curl -sS -o /dev/null -K - '\(url)/dead-events?limit=[1-200]' '\(url)/dead-events?limit=[1-200]' \
                '\(url)/dead-events?limit=[1-200]' '\(url)/dead-events?limit=[1-200]' '\(url)/dead-events?limit=[1-200]'
                """, environment: ["TOKEN": token])
        }
        try await Task.sleep(for: rest)
        let sizes = try all.map { ($0.name, try residentMegabytes($0.name)) }
        let worst = sizes.max { $0.1 < $1.1 } ?? ("none", .nan)
        let note = sizes.map { String(format: "%@ %.0f", $0.0, $0.1) }.joined(separator: ", ")
        return [
            Figure(name: "idle_rss_mb", value: worst.1, floor: 60, aim: 30, better: .lower, note: note), start,
        ]
    }

    private static func pid(_ service: String) throws -> Int {
        let record = try String(contentsOfFile: "\(Setting.value("RUN_DIR"))/pids/\(service)", encoding: .utf8)
        guard let pid = record.split(separator: " ").first.flatMap({ Int($0) }) else {
            throw BenchFault("\(service) does not run")
        }
        return pid
    }

    private static func residentMegabytes(_ service: String) throws -> Double {
        let status = try String(contentsOfFile: "/proc/\(pid(service))/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        let kilobytes = (line ?? "").split(separator: " ").compactMap { Double($0) }.first
        guard let kilobytes else { throw BenchFault("\(service) has no VmRSS") }
        return kilobytes / 1_024
    }

    /// From the start of the process to the first 200 of /health/ready; the schema is migrated already.
    private static func startReady() throws -> Figure {
        var worst: [String: Double] = [:]
        for service in all {
            var times: [Double] = []
            for _ in 1...starts {
                try Command.script("Deploy/local/services.sh", "stop", service.name)
                times.append(try oneStart(service.name, port: Setting.service(service.number)))
            }
            worst[service.name] = times.median
        }
        try Command.script("Deploy/local/services.sh", "start")
        let slowest = worst.values.max() ?? .nan
        let note = all.map { String(format: "%@ %.2f", $0.name, worst[$0.name] ?? .nan) }.joined(separator: ", ")
        return Figure(name: "start_ready_s", value: slowest, floor: 1, aim: 0.3, better: .lower, note: note)
    }

    private static func oneStart(_ service: String, port: Int) throws -> Double {
        let process = Process()
        let program = service == "hr" ? "HR" : service == "onestop" ? "OneStop" : service.capitalized
        process.executableURL = URL(fileURLWithPath: ".build/release/\(program)Service")
        process.arguments = ["serve"]
        process.environment = ProcessInfo.processInfo.environment.merging(try Backbone.environment(service)) { $1 }
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        let start = ContinuousClock.now
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        while !isReady(port) {
            guard ContinuousClock.now - start < .seconds(20) else {
                throw BenchFault("\(service) is not ready in 20 s")
            }
            usleep(2_000)
        }
        return (ContinuousClock.now - start).seconds
    }

    /// One GET over a socket of its own: a program started for it would cost more than what is measured.
    private static func isReady(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return false }
        let request = "GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        guard request.withCString({ write(descriptor, $0, request.utf8.count) }) > 0 else { return false }
        var answer = [UInt8](repeating: 0, count: 32)
        guard read(descriptor, &answer, 32) > 12 else { return false }
        return String(decoding: answer.prefix(12), as: UTF8.self) == "HTTP/1.1 200"
    }
}
