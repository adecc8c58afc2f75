import Contracts
import EventLog
import Foundation
import Postgres
import ServiceKit

/// Who numbers and delivers: one process at a time, by a lease on the database's clock, as for the relay. It keeps two
/// from doing the same work; that no number is given twice does not depend on it.
struct Lease: Sendable {
    let database: Database
    let holder: String

    /// A time of leading: over at the latest when the history that it is of is.
    struct Term: Sendable, Equatable {
        let number: Int64
        /// The incarnation of the exchange's own history.
        let epoch: Int32
    }

    /// Takes the lease when it is free, ours, or expired, and the history is known to be what it was.
    func claim() async throws(PostgresError) -> Term? {
        try await database.run(
            """
            UPDATE exchange_lease SET term = term + 1, holder = \(holder),
                expires_at = clock_timestamp() + make_interval(secs => \(Limits.Integration.lease.secondsValue))
            FROM relay_epoch e
            WHERE (expires_at <= clock_timestamp() OR holder = \(holder)) AND \(EventLogStart.settled) IS NOT NULL
            RETURNING term, e.epoch
            """
        ).first.map { row throws(PostgresError) in Term(number: try row("term"), epoch: try row("epoch")) }
    }

    /// Renews until the lease is lost, history has changed, or it could not be renewed for as long as it lasts.
    func keep(_ term: Term) async {
        var renewed = ContinuousClock.now
        while !Task.isCancelled {
            try? await Task.sleep(for: Limits.Integration.renewal)
            let asked = ContinuousClock.now
            do {
                let kept = try await database.run(
                    """
                    UPDATE exchange_lease
                    SET expires_at = clock_timestamp() + make_interval(secs => \(Limits.Integration.lease.secondsValue))
                    FROM relay_epoch e WHERE term = \(term.number) AND \(EventLogStart.settled) = \(term.epoch)
                    """)
                guard kept.affected == 1 else { return }
                renewed = asked
            } catch { if .now - renewed >= Limits.Integration.lease { return } }
        }
    }

    func release(_ term: Term) async {
        _ = try? await database.run(
            "UPDATE exchange_lease SET expires_at = '-infinity', holder = '' WHERE term = \(term.number)")
    }
}
