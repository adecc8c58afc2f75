import Synchronization

/// Wakes one loop before its time. A ring while nobody waits is kept for the next wait.
///
/// The time has an alarm of its own that outlives the wait: a loop that is rung hundreds of times a second would
/// otherwise set and clear as many timers.
public final class Bell: Sendable {
    private struct State {
        var rung = false
        var waiter: CheckedContinuation<Void, Never>?
        /// Until when the waiter waits, and when the earliest alarm goes off.
        var deadline = ContinuousClock.now
        var alarm: ContinuousClock.Instant?

        /// True: an alarm must be set for the deadline, none goes off by then.
        mutating func arm() -> Bool {
            if let alarm, alarm <= deadline { return false }
            alarm = deadline
            return true
        }
    }

    private let state = Mutex(State())

    public init() {}

    public func ring() {
        let waiter = state.withLock { state in
            state.rung = state.waiter == nil
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// Until somebody rings, `limit` has passed or the task is cancelled.
    public func wait(atMost limit: Duration) async {
        let deadline = ContinuousClock.now + limit
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (atOnce, mustArm) = state.withLock { state -> (Bool, Bool) in
                    if state.rung || Task.isCancelled {
                        state.rung = false
                        return (true, false)
                    }
                    (state.waiter, state.deadline) = (continuation, deadline)
                    return (false, state.arm())
                }
                if atOnce { continuation.resume() }
                if mustArm { setAlarm(deadline) }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume()
        }
    }

    private func setAlarm(_ moment: ContinuousClock.Instant) {
        Task { [weak self] in
            try? await Task.sleep(until: moment)
            self?.goOff(moment)
        }
    }

    private func goOff(_ moment: ContinuousClock.Instant) {
        let (waiter, next) = state.withLock { state -> (CheckedContinuation<Void, Never>?, ContinuousClock.Instant?) in
            if state.alarm == moment { state.alarm = nil }
            guard state.waiter != nil else { return (nil, nil) }
            if state.deadline <= moment { return (state.waiter.take(), nil) }
            return (nil, state.arm() ? state.deadline : nil)
        }
        waiter?.resume()
        if let next { setAlarm(next) }
    }
}
