import CLibPQ
import Contracts
import Foundation
import Glibc
import Logging

/// What comes back: answers, faults, and connections that are gone.
extension ReactorLoop {
    /// What a socket has to say.
    func serve(_ event: epoll_event) {
        guard let connection = pool.first(where: { $0.token == event.data.u64 }) else { return }
        switch connection.state {
        case .connecting:
            connection.connect()
            if connection.state == .ready { backoff = Limits.Postgres.reconnectFirst }
        case .ready:
            if event.events & UInt32(EPOLLOUT.rawValue) != 0 { connection.flush() }
            connection.read { segment in finish(segment, of: connection) }
            for notice in connection.takeNotices() { log.debug("PostgreSQL says", metadata: ["notice": "\(notice)"]) }
        case .dead: break
        }
    }

    private func finish(_ segment: [Connection.Sent], of connection: Connection) {
        if segment[0].flight.sharing { shared = nil }
        // The fault is one statement's, and the server has undone all of them.
        if segment.count > 1, segment.contains(where: { $0.fault != nil }) { return apart(segment) }
        if segment.contains(where: { $0.fault == nil && connection.commits($0.flight) }) {
            for action in reactor.announced.withLock({ $0 }) { action() }
        }
        segment.forEach { finish($0) }
    }

    /// Statements that failed together, without any effect, are sent again each on its own.
    private func apart(_ segment: [Connection.Sent]) {
        for sent in segment.reversed() {
            var flight = sent.flight
            flight.sharing = false
            if sent.cancelled {
                flight.answer(.failure(PostgresError(.cancelled, "cancelled", attempting: flight.text)))
            } else {
                waiting.putBack(flight)
            }
        }
    }

    private func finish(_ sent: Connection.Sent) {
        guard var fault = sent.fault else { return sent.flight.answer(.success(sent.rows ?? .none)) }
        var isStray = false
        if fault.sqlState == "57014" {
            if sent.cancelled {
                fault.kind = .cancelled
            } else if .now - sent.at >= configuration.statementTimeout {
                fault.kind = .timeout
            } else {
                // Meant for the statement before this one, which had ended when it arrived.
                isStray = true
            }
        }
        let planChanged = fault.sqlState == "0A000" || fault.sqlState == "26000"
        if planChanged || isStray, sent.flight.lease == nil, sent.flight.attempt < Limits.Postgres.resends {
            return again([sent.flight])
        }
        sent.flight.answer(.failure(fault))
    }

    /// Takes dead connections out and settles what was on them.
    func bury() {
        guard pool.contains(where: { $0.state == .dead }) else { return }
        for connection in pool where connection.state == .dead {
            log.warning("database connection lost", metadata: ["reason": "\(connection.message)"])
            if let lease = connection.lease { leases[lease] = nil }
            if shared?.connection === connection { shared = nil }
            metrics.reconnects += 1
            settle(connection)
            if connection.readyAt == nil || !pool.contains(where: { $0.state == .ready }) {
                connectAt = max(connectAt, .now + backoff * Double.random(in: 0.5...1))
                backoff = min(backoff * 2, Limits.Postgres.reconnectMost)
            }
        }
        pool.removeAll { $0.state == .dead }
    }

    /// What was sent and has no certain answer. The server works in order, so behind a segment in which it ended the
    /// session nothing has run.
    private func settle(_ connection: Connection) {
        var repeated: [Flight] = []
        var hasEnded = false
        for segment in connection.abandon() {
            let isFatal = segment.contains(where: \.isFatal)
            // Whether a session that ended behind the last answer has committed is not known.
            let mayHaveCommitted = segment[0].flight.isCommit && segment[0].preliminaries.isEmpty
            let hasNotRun =
                hasEnded || isFatal && segment.contains { $0.rows == nil } && !mayHaveCommitted
                || segment.count > 1 && segment.contains { $0.fault != nil && !$0.isFatal }
            hasEnded = hasEnded || isFatal
            for sent in segment { settle(sent, hasNotRun, &repeated) }
        }
        again(repeated, lostOn: connection)
    }

    private func settle(_ sent: Connection.Sent, _ hasNotRun: Bool, _ repeated: inout [Flight]) {
        let flight = sent.flight
        if hasNotRun || flight.onlyReads {
            if flight.lease == nil {
                repeated.append(flight)
            } else {
                flight.answer(.failure(lost(flight, sent: false)))
            }
        } else if let fault = sent.fault, !sent.isFatal, fault.sqlState != nil {
            flight.answer(.failure(fault))
        } else {
            flight.answer(.failure(lost(flight, sent: true)))
        }
    }

    /// To the front of the queue: these have had no effect.
    func again(_ flights: [Flight], lostOn connection: Connection? = nil) {
        for var flight in flights.reversed() {
            if let connection, let lostAt = flight.lostAt, let readyAt = connection.readyAt, readyAt < lostAt {
                // As dead as the one before.
            } else {
                flight.attempt += 1
            }
            if connection != nil { flight.lostAt = .now }
            flight.sharing = false
            if flight.attempt > Limits.Postgres.resends {
                flight.answer(.failure(lost(flight, sent: false)))
            } else {
                waiting.putBack(flight)
            }
        }
    }

    func lost(_ flight: Flight, sent: Bool) -> PostgresError {
        let mayHaveCommitted = sent && !flight.onlyReads && (flight.lease == nil || flight.isCommit)
        return PostgresError(
            mayHaveCommitted ? .unknownOutcome : .connection, "the connection was lost", attempting: flight.text)
    }
}
