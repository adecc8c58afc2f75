import Contracts
import Foundation
import Postgres
import ServiceKit

/// Who numbers and delivers: one process at a time, by a lease on the database's clock, as for the relay. It keeps two
/// from doing the same work; that no number is given twice does not depend on it.
struct Lease: Sendable {
    let database: Database
    let holder: String

    /// Takes the lease when it is free, ours, or expired; answers the term.
    func claim() async throws(PostgresError) -> Int64? {
        try await database.run(
            """
            UPDATE exchange_lease SET term = term + 1, holder = \(holder),
                expires_at = clock_timestamp() + make_interval(secs => \(Limits.Integration.lease.secondsValue))
            WHERE expires_at <= clock_timestamp() OR holder = \(holder) RETURNING term
            """
        ).first.map { row throws(PostgresError) in try row("term") }
    }

    /// Renews until the lease is lost, or could not be renewed for as long as it lasts.
    func keep(_ term: Int64) async {
        var renewed = ContinuousClock.now
        while !Task.isCancelled {
            try? await Task.sleep(for: Limits.Integration.renewal)
            let asked = ContinuousClock.now
            do {
                let kept = try await database.run(
                    """
                    UPDATE exchange_lease
                    SET expires_at = clock_timestamp() + make_interval(secs => \(Limits.Integration.lease.secondsValue))
                    WHERE term = \(term)
                    """)
                guard kept.affected == 1 else { return }
                renewed = asked
            } catch { if .now - renewed >= Limits.Integration.lease { return } }
        }
    }

    func release(_ term: Int64) async {
        _ = try? await database.run(
            "UPDATE exchange_lease SET expires_at = '-infinity', holder = '' WHERE term = \(term)")
    }
}
