import Contracts
import Foundation
import Logging
import Synchronization

/// The start, the end and the state of one connection's thread, seen from any thread.
final class Control: Sendable {
    private struct State {
        var started = false
        var closing: ContinuousClock.Instant?
        var finished = false
        var connected = false
        var connections = 0
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let count = Atomic<Int>(0)
    let wakeup = Wakeup()

    /// True for the first caller, who starts the thread.
    func begin() -> Bool {
        state.withLock { state in
            defer { state.started = true }
            return !state.started && state.closing == nil
        }
    }

    /// When the thread was asked to end; it has `Limits.AMQP.drain` from then.
    var closing: ContinuousClock.Instant? { state.withLock(\.closing) }
    var isConnected: Bool { state.withLock(\.connected) }
    /// Connections after the first.
    var reconnects: Int { state.withLock { max(0, $0.connections - 1) } }

    /// Looks at the connection, since the start: a thread that has nothing to do takes few.
    var turns: Int { count.load(ordering: .relaxed) }
    func turned() { count.wrappingAdd(1, ordering: .relaxed) }

    func connected(_ now: Bool) {
        state.withLock {
            $0.connected = now
            if now { $0.connections += 1 }
        }
    }

    func requestEnd() {
        state.withLock {
            if $0.closing == nil { $0.closing = .now }
            if !$0.started { $0.finished = true }
        }
        wakeup.signal()
    }

    /// Returns when the thread has ended.
    func ended() async {
        await withCheckedContinuation { continuation in
            let now = state.withLock {
                if !$0.finished { $0.waiting.append(continuation) }
                return $0.finished
            }
            if now { continuation.resume() }
        }
    }

    func finish() {
        let waiting = state.withLock { state in
            state.finished = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// What a connection's thread does: while the connection stands, when it falls, and in between.
protocol Duty: AnyObject {
    /// The connection is new: declare, subscribe.
    func begin(_ link: Link) throws(AMQPError)
    /// Reads what came, sends what may be sent. Answers how long there is nothing to do, nil when all is done.
    func turn(_ link: Link) throws(AMQPError) -> Duration?
    /// The connection fell, or could not be made.
    func fell(_ error: AMQPError)
    /// Called while there is no connection. Answers as `turn`.
    func idle() -> Duration?
    /// The thread ends; nobody will be served any more.
    func end()
}

/// The life of a connection's thread: connect, serve, fall, wait a jittered while, for ever until asked to end.
func drive(_ duty: some Duty, _ configuration: AMQPConfiguration, name: String, _ control: Control, _ logger: Logger) {
    let lifeline = Lifeline(limit: configuration.heartbeat * 2)
    Watchdog.shared.watch(lifeline)
    defer { Watchdog.shared.forget(lifeline) }
    var backoff = Backoff()
    var random = SystemRandomNumberGenerator()
    var complaint: String?
    // Copies of one service begin with different nodes, and whoever lost one goes on to the next.
    var attempt = Int.random(in: 0..<configuration.addresses.count)
    serving: while true {
        let start = ContinuousClock.now
        let node = configuration.attempt(attempt)
        attempt += 1
        do throws(AMQPError) {
            try serve(duty, node, name, lifeline, control) {
                logger.info("connected to the broker", metadata: ["as": "\(name)", "at": "\(node)"])
                complaint = nil
            }
            break
        } catch {
            control.connected(false)
            duty.fell(error)
            // The same complaint every second would drown the log.
            let level: Logger.Level = complaint == error.description ? .debug : .warning
            logger.log(level: level, "\(error)", metadata: ["as": "\(name)", "at": "\(node)"])
            complaint = error.description
        }
        if ContinuousClock.now - start > Limits.AMQP.reconnectMost { backoff.reset() }
        let until = ContinuousClock.now + backoff.delay(using: &random)
        while ContinuousClock.now < until {
            guard let spare = duty.idle() else { break serving }
            control.wakeup.wait(atMost: min(spare, until - .now))
        }
    }
    control.connected(false)
    duty.end()
    control.finish()
}

/// One connection from its beginning until the duty is done with it.
private func serve(
    _ duty: some Duty, _ configuration: AMQPConfiguration, _ name: String, _ lifeline: Lifeline, _ control: Control,
    up: () -> Void
) throws(AMQPError) {
    let link = try Link(configuration, name: name, lifeline: lifeline)
    try duty.begin(link)
    control.connected(true)
    up()
    // Heartbeats are sent and checked only when the library is called, so never sleep for long.
    let breath = link.heartbeat / 4
    while let spare = try duty.turn(link) {
        control.turned()
        if spare > .zero, !link.hasInput { control.wakeup.wait(socket: link.socket, atMost: min(spare, breath)) }
    }
    link.close()
}
