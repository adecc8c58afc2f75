import Contracts
import Dispatch
import Synchronization

/// A thread for work that blocks or computes for long: neither a loop that serves requests nor the cooperative pool
/// waits for it. One piece after the other, and a bounded number of them.
public final class Workbench: Sendable {
    private let queue: DispatchQueue
    /// Pieces that are done or wait.
    let waiting = Atomic<Int>(0)
    private let most: Int

    /// - Parameter most: pieces that are done or wait; more are refused.
    public init(_ name: String, most: Int) {
        queue = DispatchQueue(label: name, qos: .userInitiated)
        self.most = most
    }

    /// - Throws: what `body` throws; `Refused.busy` when too much waits.
    public func run<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= most else {
            waiting.wrappingSubtract(1, ordering: .relaxed)
            throw Refused.busy
        }
        defer { waiting.wrappingSubtract(1, ordering: .relaxed) }
        return try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body() }) }
        }
    }
}
