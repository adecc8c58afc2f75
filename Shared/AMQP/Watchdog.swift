import CRabbitMQ
import Foundation
import Glibc
import Synchronization

/// What the watchdog knows of one connection: whether its thread is inside the library, and the socket to shut down.
final class Lifeline: Sendable {
    /// Odd while the thread is inside a library call; every entry and every return adds one.
    private let beat = Atomic<UInt64>(0)
    /// Our own duplicate of the socket: its number cannot be reused for another file while we hold it.
    private let socket = Mutex<Int32>(-1)
    /// A call that lasts this long is taken for hung.
    let limit: Duration

    init(limit: Duration) { self.limit = limit }

    deinit { detach() }

    /// Runs a library call under the watchdog's eyes.
    @inline(__always)
    func watching<T>(_ call: () -> T) -> T {
        beat.wrappingAdd(1, ordering: .relaxed)
        defer { beat.wrappingAdd(1, ordering: .relaxed) }
        return call()
    }

    /// The count while a call is running, nil while none is.
    var running: UInt64? {
        let now = beat.load(ordering: .relaxed)
        return now.isMultiple(of: 2) ? nil : now
    }

    func attach(_ descriptor: Int32) {
        let twin = lt_dup(descriptor)
        socket.withLock { held in
            if held >= 0 { close(held) }
            held = twin
        }
    }

    func detach() {
        socket.withLock { held in
            if held >= 0 { close(held) }
            held = -1
        }
    }

    /// Makes the hung call return with an error. False: there is no open socket.
    func cut() -> Bool { socket.withLock { $0 >= 0 && lt_shutdown($0) == 0 } }
}

/// One thread a process that shuts down the socket of a connection whose library call hangs: librabbitmq 0.11 can wait
/// without bound inside a publish (half-open peer, blocked broker), and only the socket's end brings it back.
final class Watchdog: Sendable {
    static let shared = Watchdog()

    private struct Watched { var lines: [ObjectIdentifier: Lifeline] = [:], started = false }
    private let watched = Mutex(Watched())
    private let wakeup = Wakeup()

    func watch(_ line: Lifeline) {
        let start = watched.withLock { watched in
            watched.lines[ObjectIdentifier(line)] = line
            defer { watched.started = true }
            return !watched.started
        }
        if start {
            let thread = Thread { self.run() }
            thread.name = "amqp-watchdog"
            thread.start()
        }
        wakeup.signal()
    }

    func forget(_ line: Lifeline) { watched.withLock { _ = $0.lines.removeValue(forKey: ObjectIdentifier(line)) } }

    /// Looks eight times per limit half, so that a hung call ends at the latest when its limit is reached.
    private func run() {
        var seen: [ObjectIdentifier: (beat: UInt64, since: ContinuousClock.Instant)] = [:]
        while true {
            let lines = watched.withLock { $0.lines }
            let now = ContinuousClock.now
            seen = seen.filter { lines[$0.key] != nil }
            for (id, line) in lines {
                guard let beat = line.running else {
                    seen[id] = nil
                    continue
                }
                guard let old = seen[id], old.beat == beat else {
                    seen[id] = (beat, now)
                    continue
                }
                if now - old.since >= line.limit * 7 / 8, line.cut() { seen[id] = nil }
            }
            wakeup.wait(atMost: (lines.values.map(\.limit).min() ?? .seconds(3600)) / 16)
        }
    }
}
