import CLibPQ
import Contracts
import Foundation
import Glibc
import Logging
import Synchronization

/// The reactor's state, confined to its thread: epoll over all sockets, the queue of statements, who has borrowed what.
final class ReactorLoop {
    let reactor: Reactor
    let configuration: PostgresConfiguration
    let log: Logger
    private let epoll: Int32
    var pool: [Connection] = []
    private var nextToken: UInt64 = 1
    private var orders: [Order] = []
    var waiting = Queue<Flight>()
    /// Statements that may commit together, and the connection on which the last such segment is under way.
    private var sharing = Queue<Flight>()
    var shared: (connection: Connection, since: ContinuousClock.Instant)?
    private var borrowers = Queue<Borrower>()
    var leases: [UInt64: Connection] = [:]
    private var dirty: [Connection] = []
    var metrics = PoolMetrics()
    /// Another connection would have been of use in this round.
    private var isShort = false
    var connectAt = ContinuousClock.now
    var backoff = Limits.Postgres.reconnectFirst
    private var expiredAt = ContinuousClock.now
    private var closing: (deadline: ContinuousClock.Instant, done: [@Sendable () -> Void])?

    init(_ reactor: Reactor) {
        self.reactor = reactor
        configuration = reactor.configuration
        log = reactor.log
        epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        var event = epoll_event()
        event.events = UInt32(EPOLLIN.rawValue)
        event.data.u64 = 0
        epoll_ctl(epoll, EPOLL_CTL_ADD, reactor.wakeup, &event)
    }

    deinit { Glibc.close(epoll) }

    func run() {
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let count = epoll_wait(epoll, &events, 64, reactor.mayPause() ? pause : 0)
            if count < 0, errno != EINTR { log.error("epoll failed", metadata: ["errno": "\(errno)"]) }
            for index in 0..<max(0, Int(count)) {
                if events[index].data.u64 == 0 { drainWakeup() } else { serve(events[index]) }
            }
            takeOrders()
            bury()
            dispatch()
            flush()
            bury()
            expire()
            grow()
            publish()
            if let closing, isIdle || ContinuousClock.now > closing.deadline { return end(closing.done) }
        }
    }

    /// Milliseconds until something must be looked at even if nothing happens.
    private var pause: Int32 {
        if pool.isEmpty { return Int32(max(1, min(50, (connectAt - .now).milliseconds))) }
        let isCalm =
            waiting.isEmpty && sharing.isEmpty && borrowers.isEmpty && closing == nil
            && pool.allSatisfy { $0.state == .ready && !$0.hasCancelledHead }
        return isCalm ? 1_000 : 20
    }

    private var isIdle: Bool {
        waiting.isEmpty && sharing.isEmpty && borrowers.isEmpty && leases.isEmpty
            && pool.allSatisfy { $0.inFlight.isEmpty }
    }

    private func drainWakeup() {
        var value: UInt64 = 0
        _ = Glibc.read(reactor.wakeup, &value, 8)
    }

    private func publish() {
        metrics.connected = pool.count { $0.state == .ready }
        metrics.borrowed = leases.count
        metrics.waiting = waiting.count + sharing.count + borrowers.count
        metrics.inFlight = pool.reduce(0) { $0 + $1.inFlight.count }
        reactor.metrics.withLock { $0 = metrics }
    }

    private func end(_ done: [@Sendable () -> Void]) {
        let error = PostgresError(.closed, "the database was closed")
        reactor.end().forEach { $0.refuse() }
        (waiting.removeAll() + sharing.removeAll()).forEach { $0.answer(.failure(error)) }
        borrowers.removeAll().forEach { $0.refuse(error) }
        for connection in pool {
            connection.die()
            connection.abandon().joined().forEach { $0.flight.answer(.failure(lost($0.flight, sent: true))) }
        }
        pool.removeAll()
        leases.removeAll()
        publish()
        done.forEach { $0() }
    }

    // MARK: Orders

    /// A step of a task brings orders of its own; sockets are not kept waiting for long.
    private func takeOrders() {
        for _ in 0..<Limits.Postgres.steps {
            reactor.collect(into: &orders)
            if orders.isEmpty { return }
            for order in orders { take(order) }
            orders.removeAll(keepingCapacity: true)
        }
    }

    private func take(_ order: Order) {
        switch order {
        case .step(let job): job.runSynchronously(on: reactor.asUnownedTaskExecutor())
        case .run(let flight):
            if let lease = flight.lease { runLeased(flight, lease) } else { enqueue(flight) }
        case .cancel(let id): cancel(id)
        case .borrow(let borrower):
            if closing == nil { borrowers.append(borrower) } else { order.refuse() }
        case .giveBack(let lease, let spoilt):
            guard let connection = leases.removeValue(forKey: lease) else { return }
            connection.endLease()
            if spoilt || connection.isInTransaction { connection.die() }
        case .close(let done):
            if closing == nil { closing = (.now + Limits.Postgres.drain, []) }
            closing?.done.append(done)
        }
    }

    private func runLeased(_ flight: Flight, _ lease: UInt64) {
        guard let connection = leases[lease], connection.state == .ready else {
            return flight.answer(.failure(lost(flight, sent: false)))
        }
        // COMMIT needs no Sync to be done.
        guard send([flight], on: connection) else {
            return flight.answer(.failure(lost(flight, sent: flight.isCommit)))
        }
    }

    private func enqueue(_ flight: Flight) {
        guard closing == nil else { return Order.run(flight).refuse() }
        guard waiting.count + sharing.count < Limits.Postgres.queue else {
            return flight.answer(
                .failure(PostgresError(.queueFull, "too many statements wait", attempting: flight.text)))
        }
        if flight.sharing { sharing.append(flight) } else { waiting.append(flight) }
    }

    private func cancel(_ id: UInt64) {
        if let flight = waiting.remove(where: { $0.id == id }) ?? sharing.remove(where: { $0.id == id }) {
            flight.answer(.failure(PostgresError(.cancelled, "cancelled before it was sent", attempting: flight.text)))
        } else if let borrower = borrowers.remove(where: { $0.first.id == id }) {
            borrower.refuse(PostgresError(.cancelled, "cancelled before the transaction began"))
        } else {
            for connection in pool where connection.cancel(id) { return }
        }
    }

    // MARK: Sending

    private func dispatch() {
        lend()
        share()
        while let flight = waiting.first, let connection = place(for: flight) {
            _ = waiting.popFirst()
            if !send([flight], on: connection) { again([flight], lostOn: connection) }
        }
        if !waiting.isEmpty || !borrowers.isEmpty { isShort = true }
    }

    /// What came while a segment was on its way commits together in the next one. One at a time: two could lock the
    /// same rows in different orders. But one that waits for something does not hold up the rest.
    private func share() {
        while let first = sharing.first {
            if let shared, ContinuousClock.now - shared.since < Limits.Postgres.slow { return }
            guard let connection = place(for: first) else { return isShort = true }
            var flights = [first]
            _ = sharing.popFirst()
            while flights.count < Limits.Postgres.shared, connection.knows(first), let next = sharing.first,
                connection.knows(next)
            {
                flights.append(next)
                _ = sharing.popFirst()
            }
            guard send(flights, on: connection) else { return again(flights, lostOn: connection) }
            shared = (connection, .now)
        }
    }

    /// False, and a dead connection: nothing of it has an effect, because its Sync was not sent.
    private func send(_ flights: [Flight], on connection: Connection) -> Bool {
        guard flights.count > 1 ? connection.send(together: flights) : connection.send(flights[0]) else {
            connection.die()
            return false
        }
        metrics.statements += flights.count
        if !connection.isDirty {
            connection.isDirty = true
            dirty.append(connection)
        }
        return true
    }

    /// Reads fill a connection up to `Limits.Postgres.batch` before they go to the next, because a server process that
    /// finds several statements answers them without going to sleep between. Writes spread, so that their commits
    /// reach the disk together. A connection that is stuck behind a slow statement is avoided while there is another.
    private func place(for flight: Flight) -> Connection? {
        let preferred = flight.onlyReads ? Limits.Postgres.batch : 1
        let now = ContinuousClock.now
        var best: Connection?
        var bestCost = Int.max
        for connection in pool where connection.state == .ready && connection.lease == nil {
            let load = connection.inFlight.count
            guard load < Limits.Postgres.pipeline else { continue }
            let silent = load > 0 ? now - connection.lastProgress : .zero
            // Behind a write it may wait for what that one waits for.
            let isWelcome = load < preferred && !(load > 0 && connection.isWriting) && silent < Limits.Postgres.long
            var cost = isWelcome ? preferred - load : load + Limits.Postgres.batch
            if silent > Limits.Postgres.slow { cost += 2 * Limits.Postgres.pipeline }
            if cost < bestCost { (best, bestCost) = (connection, cost) }
        }
        if bestCost > Limits.Postgres.batch { isShort = true }
        // Soon there is a connection with nobody in front.
        return bestCost > 2 * Limits.Postgres.pipeline && mayGrow(now) ? nil : best
    }

    /// Another connection is being made, or may be asked for.
    private func mayGrow(_ now: ContinuousClock.Instant) -> Bool {
        pool.contains { $0.state == .connecting }
            || pool.count < configuration.connections && closing == nil && now >= connectAt
    }

    /// A transaction stands behind what is in flight on its connection, so that a busy pool cannot starve it.
    private func lend() {
        let most = max(1, configuration.connections - Limits.Postgres.reserved)
        while let next = borrowers.first, leases.count < most {
            let free = pool.filter { $0.state == .ready && $0.lease == nil }
            guard let connection = free.min(by: { $0.inFlight.count < $1.inFlight.count }) else { return }
            if !connection.inFlight.isEmpty, pool.count < configuration.connections {
                isShort = true
                // Soon there is a connection with nobody in front.
                if ContinuousClock.now - next.since < Limits.Postgres.slow { return }
            }
            _ = borrowers.popFirst()
            connection.lend(to: next)
            leases[next.lease] = connection
            runLeased(next.first, next.lease)
        }
    }

    private func flush() {
        for connection in dirty {
            connection.isDirty = false
            connection.flush()
        }
        dirty.removeAll(keepingCapacity: true)
    }

    // MARK: Time

    /// One more connection when one would help; always at least one. One at a time: a server that refuses is not
    /// hammered.
    private func grow() {
        defer { isShort = false }
        guard pool.isEmpty || isShort, pool.count < configuration.connections, closing == nil || !isIdle,
            !pool.contains(where: { $0.state == .connecting }), ContinuousClock.now >= connectAt
        else { return }
        guard let connection = Connection(configuration, loop: epoll, token: nextToken) else { return }
        nextToken += 1
        pool.append(connection)
    }

    private func expire() {
        let now = ContinuousClock.now
        guard now - expiredAt > .milliseconds(15) else { return }
        expiredAt = now
        func late(_ flight: Flight) {
            flight.answer(.failure(PostgresError(.timeout, "no connection in time", attempting: flight.text)))
        }
        while let first = waiting.first, now - first.submitted > Limits.Postgres.wait {
            _ = waiting.popFirst()
            late(first)
        }
        while let first = sharing.first, now - first.submitted > Limits.Postgres.wait {
            _ = sharing.popFirst()
            late(first)
        }
        while let first = borrowers.first, now - first.since > Limits.Postgres.wait {
            _ = borrowers.popFirst()
            first.refuse(PostgresError(.timeout, "no connection in time for a transaction"))
        }
        for connection in pool {
            // Nothing is heard of a segment before its end.
            let patience = configuration.statementTimeout * connection.executions + Limits.Postgres.grace
            let stuck = connection.state == .connecting && now > connection.connectDeadline
            let silent = !connection.inFlight.isEmpty && now - connection.lastProgress > patience
            if stuck || silent { connection.die() }
            connection.cancelHead()
        }
    }
}
