import Foundation
import Glibc

/// Runs the local scripts and the programs of the same build.
enum Shell {
    /// What programs find in their environment. A copy of its own inside a test sets it for its tasks: changing the
    /// environment of a process whose other threads read it (libpq does at every connection) is a race.
    @TaskLocal static var environment = ProcessInfo.processInfo.environment

    /// Runs to the end; standard output is the answer, standard error goes to ours.
    @discardableResult
    static func run(
        _ program: URL, _ arguments: [String], environment: [String: String] = [:], mayFail: Bool = false
    ) async throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = Self.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardInput = FileHandle.nullDevice
        let output = try await withCheckedThrowingContinuation { (done: CheckedContinuation<Data, any Error>) in
            // Reading blocks: on a thread of its own, not on one of the few that run tasks.
            DispatchQueue.global().async {
                do {
                    try process.run()
                    let data = pipe.fileHandleForReading.readDataToEndOfFile()
                    process.waitUntilExit()
                    done.resume(returning: data)
                } catch { done.resume(throwing: error) }
            }
        }
        let text = String(decoding: output, as: UTF8.self)
        guard process.terminationStatus == 0 || mayFail else {
            throw Failed(
                "\(program.lastPathComponent) \(arguments.joined(separator: " ")) ended with status "
                    + "\(process.terminationStatus): \(text)")
        }
        return (process.terminationStatus, text)
    }

    /// A local script; what it says goes to our standard error. It may leave programs running, which would keep
    /// Foundation's `Process` waiting for them: it ends with the files that the child inherits, not with the child.
    static func local(_ script: String, _ arguments: String..., environment: [String: String] = [:]) async throws {
        let path = Settings.checkout.appendingPathComponent("Deploy/local/\(script)").path
        let variables = Self.environment.merging(environment) { $1 }.map { "\($0)=\($1)" }
        let status = try await withCheckedThrowingContinuation { (done: CheckedContinuation<Int32, any Error>) in
            // Waiting blocks: on a thread of its own, not on one of the few that run tasks.
            DispatchQueue.global().async {
                done.resume(with: Result { try spawn(path, arguments, variables) })
            }
        }
        guard status == 0 else { throw Failed("\(script) \(arguments.joined(separator: " ")) ended with \(status)") }
    }

    /// Starts a program without input, its output to our standard error, and waits for it alone.
    private static func spawn(_ path: String, _ arguments: [String], _ environment: [String]) throws -> Int32 {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&files, 2, 1)
        // Our threads block signals; what is left running must hear SIGTERM.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { for text in words + variables { free(text) } }
        var child: pid_t = 0
        let fault = posix_spawn(&child, path, &files, &attributes, &words, &variables)
        guard fault == 0 else { throw Failed("cannot run \(path): error \(fault)") }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 {
            guard errno == EINTR else { throw Failed("lost sight of \(path): error \(errno)") }
        }
        return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
    }
}
