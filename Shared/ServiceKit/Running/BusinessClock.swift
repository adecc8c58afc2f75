import Foundation
import Postgres
import Synchronization

/// Business time. Real time, unless a rehearsal set it: then it stands still at what was set until it is set again, so
/// that the journeys of 2021 play in 2021 and a rehearsal's result does not depend on how fast the machine is.
/// Tokens, leases, retries and time-outs never use it.
public final class BusinessClock: Sendable {
    private let rehearsed = Mutex<Date?>(nil)
    /// How often it was set in this process.
    private let settings = Atomic<Int>(0)
    /// Called when the rehearsal moves time, so that timers that are due now fire now.
    private let moved = Mutex<@Sendable () -> Void>({})

    public init() {}

    public var now: Date { rehearsed.withLock { $0 } ?? Self.wholeMicroseconds(Date()) }

    func onMove(_ action: @escaping @Sendable () -> Void) { moved.withLock { $0 = action } }

    /// What PostgreSQL keeps is whole microseconds; comparing must not depend on what was lost.
    private static func wholeMicroseconds(_ date: Date) -> Date {
        Date(timeIntervalSince1970: (date.timeIntervalSince1970 * 1_000_000).rounded() / 1_000_000)
    }

    /// What a rehearsal set before this process started, or through another copy of the service.
    func load(from database: Database) async throws {
        let before = settings.load(ordering: .acquiring)
        let rows = try await database.run("SELECT now FROM business_clock")
        let now: Date? = try rows.first?("now")
        let isNews = rehearsed.withLock { known in
            // What was set here meanwhile is newer than what was read.
            guard settings.load(ordering: .acquiring) == before, known != now else { return false }
            known = now
            return true
        }
        if isNews { moved.withLock { $0 }() }
    }

    func set(_ now: Date, in session: any Session) async throws {
        try await keep(now, in: session)
        stand(at: now)
    }

    /// For the other copies and the next start.
    func keep(_ now: Date, in session: any Session) async throws {
        try await session.run(
            """
            INSERT INTO business_clock (one, now) VALUES (true, \(now))
            ON CONFLICT (one) DO UPDATE SET now = excluded.now
            """)
    }

    /// In this process.
    func stand(at now: Date) {
        rehearsed.withLock {
            $0 = now
            settings.add(1, ordering: .acquiringAndReleasing)
        }
        moved.withLock { $0 }()
    }
}
