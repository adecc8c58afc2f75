import Foundation

/// Runs the local scripts and the programs of the same build.
enum Shell {
    /// Runs to the end; standard output is the answer, standard error goes to ours.
    @discardableResult
    static func run(
        _ program: URL, _ arguments: [String], environment: [String: String] = [:], mayFail: Bool = false
    ) async throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
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

    static func local(_ script: String, _ arguments: String..., environment: [String: String] = [:]) async throws {
        try await run(
            Settings.checkout.appendingPathComponent("Deploy/local/\(script)"), arguments, environment: environment)
    }
}
