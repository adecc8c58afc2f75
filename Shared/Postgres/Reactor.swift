import CLibPQ
import Contracts
import Foundation
import Glibc
import Logging
import Synchronization

/// The way to the one thread that owns every connection of a `Database`: a locked mailbox and a wake-up. Callers are
/// resumed straight from that thread, which begins with the first order and ends with `.close`.
final class Reactor: TaskExecutor {
    private struct Mailbox: Sendable {
        var orders: [Order] = []
        var isStarted = false
        var isEnded = false
        /// The thread waits in epoll, or is about to: whoever brings an order now must wake it.
        var sleeps = false
    }

    private let mailbox = Mutex(Mailbox())
    let wakeup: Int32
    let configuration: PostgresConfiguration
    let log: Logger
    let metrics = Mutex(PoolMetrics())
    let announced = Mutex<[@Sendable () -> Void]>([])

    init(_ configuration: PostgresConfiguration, log: Logger) {
        self.configuration = configuration
        self.log = log
        wakeup = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
    }

    deinit { Glibc.close(wakeup) }

    /// False when the reactor has ended: the order is not taken.
    func submit(_ order: Order) -> Bool {
        enum Posted { case refused, taken, takenAsleep, first }
        let posted = mailbox.withLock { box -> Posted in
            guard !box.isEnded else { return .refused }
            guard box.isStarted else {
                if case .close = order {
                    box.isEnded = true
                    return .refused
                }
                box.isStarted = true
                box.orders.append(order)
                return .first
            }
            box.orders.append(order)
            guard box.sleeps else { return .taken }
            box.sleeps = false
            return .takenAsleep
        }
        switch posted {
        case .refused: return false
        case .taken: break
        case .takenAsleep:
            var one: UInt64 = 1
            _ = Glibc.write(wakeup, &one, 8)
        case .first: startThread()
        }
        return true
    }

    // The thread's side.

    /// Exchanges the orders for an empty array that keeps its room.
    func collect(into orders: inout [Order]) {
        mailbox.withLock { box in
            box.sleeps = false
            swap(&box.orders, &orders)
        }
    }

    /// True when there is nothing to collect: whoever brings something from now on wakes the thread.
    func mayPause() -> Bool {
        mailbox.withLock { box in
            box.sleeps = box.orders.isEmpty
            return box.sleeps
        }
    }

    /// Nothing is taken from now on; what was left comes back.
    func end() -> [Order] {
        mailbox.withLock { box in
            box.isEnded = true
            defer { box.orders = [] }
            return box.orders
        }
    }

    // MARK: As an executor

    /// Once the thread has ended, tasks go on where others do.
    func enqueue(_ job: consuming ExecutorJob) {
        let step = Order.step(UnownedJob(job))
        if !submit(step) { step.refuse() }
    }

    private func startThread() {
        let thread = Thread { [self] in ReactorLoop(self).run() }
        thread.name = "postgres-\(configuration.schema)"
        thread.stackSize = 8 << 20
        thread.start()
    }
}
