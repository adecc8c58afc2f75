import Logging
import ServiceLifecycle

/// Work that is done now and then beside the requests, until shutdown. A failure is logged; the next time comes anyway.
public struct Repeated: ServiceLifecycle.Service {
    private let what: String
    private let pause: Duration
    private let log: Logger
    private let work: @Sendable () async throws -> Void

    /// - Parameter what: names the work in the log.
    public init(_ what: String, every pause: Duration, log: Logger, _ work: @escaping @Sendable () async throws -> Void)
    {
        self.what = what
        self.pause = pause
        self.log = log
        self.work = work
    }

    public func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do { try await work() } catch {
                log.warning("\(what) failed", metadata: ["error": "\(error)"])
            }
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: pause) }
        }
    }
}
