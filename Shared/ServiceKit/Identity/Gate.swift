import Synchronization

/// Lets a few through at once. Others wait in line, first come first served, without holding a thread; when the line is
/// full they are refused as `Refused.busy`.
final class Gate: Sendable {
    private typealias Waiter = (ticket: Int, continuation: CheckedContinuation<Void, any Error>)

    private struct State {
        var inside = 0
        var line: [Waiter] = []
        var tickets = 0
    }

    private let most: Int
    private let longest: Int
    private let state = Mutex(State())

    init(atOnce most: Int, waiting longest: Int) {
        self.most = most
        self.longest = longest
    }

    /// How many are inside, and how many wait.
    var standing: (inside: Int, waiting: Int) { state.withLock { ($0.inside, $0.line.count) } }

    func pass<T: Sendable>(_ work: @Sendable () async throws -> T) async throws -> T {
        try await enter()
        defer { leave() }
        return try await work()
    }

    private func enter() async throws {
        let ticket = state.withLock { state in
            state.tickets += 1
            return state.tickets
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                admit((ticket, continuation))
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let place = state.line.firstIndex(where: { $0.ticket == ticket }) else { return nil }
                return state.line.remove(at: place)
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }

    /// A cancellation that came before the waiter stood in line found nobody there: it is looked for here.
    private func admit(_ waiter: Waiter) {
        let result = state.withLock { state -> Result<Void, any Error>? in
            if Task.isCancelled { return .failure(CancellationError()) }
            if state.inside < most {
                state.inside += 1
                return .success(())
            }
            guard state.line.count < longest else { return .failure(Refused.busy) }
            state.line.append(waiter)
            return nil
        }
        if let result { waiter.continuation.resume(with: result) }
    }

    /// The place goes to the first in line, when there is one.
    private func leave() {
        let next = state.withLock { state -> Waiter? in
            guard state.line.isEmpty else { return state.line.removeFirst() }
            state.inside -= 1
            return nil
        }
        next?.continuation.resume()
    }
}
