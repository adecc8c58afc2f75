import CRabbitMQ
import Glibc

/// An eventfd: wakes a thread that polls.
final class Wakeup: Sendable {
    let descriptor: Int32

    init() {
        descriptor = lt_eventfd()
        precondition(descriptor >= 0, "no file descriptor left for an eventfd")
    }

    deinit { close(descriptor) }

    func signal() {
        var one: UInt64 = 1
        // EAGAIN means that the counter is full: the thread will wake anyway.
        _ = write(descriptor, &one, 8)
    }

    func clear() {
        var count: UInt64 = 0
        // EAGAIN means that nobody signalled.
        _ = read(descriptor, &count, 8)
    }

    /// Returns when signalled, when `socket` has something to read, or after `limit`.
    func wait(socket: Int32 = -1, atMost limit: Duration) {
        // poll(2) ignores a negative descriptor, and EINTR is just an early return.
        var set = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
        ]
        _ = poll(&set, 2, Int32(clamping: max(limit, .zero).milliseconds))
        if set[0].revents != 0 { clear() }
    }
}

extension Duration {
    /// Whole milliseconds, rounded up so that a deadline has passed when the wait ends.
    var milliseconds: Int64 {
        components.seconds * 1000 + (components.attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
    }

    var timeval: timeval {
        Glibc.timeval(tv_sec: Int(components.seconds), tv_usec: Int(components.attoseconds / 1_000_000_000_000))
    }
}
