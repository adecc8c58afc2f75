import Contracts
import Foundation
import Logging
import ServiceKit
import ServiceTestKit
import TestKit

@testable import OneStopService
@testable import ServiceKit

extension Office {
    /// Fires what is due now, one after the other as the service's loop does, for tests in which that loop does not
    /// run; at most `most` of them. How many were fired.
    @discardableResult
    func fire(most: Int = .max, failing: (@Sendable (Int) throws -> Void)? = nil) async throws -> Int {
        let runtime = harness.running.runtime
        let tasks = Dictionary(uniqueKeysWithValues: Main.timers.map { ($0.kind, $0) })
        var fired = 0
        while fired < most {
            let count = fired
            let isFired = try await runtime.database.transaction { transaction -> Bool in
                let due = try await transaction.run(
                    """
                    DELETE FROM timers WHERE (kind, key) IN (
                        SELECT kind, key FROM timers WHERE due_at <= \(runtime.clock.now)
                        ORDER BY due_at, kind, key LIMIT 1)
                    RETURNING kind, key, payload
                    """)
                guard let row = due.first, let task = tasks[try row("kind")] else { return false }
                let work = Work(
                    session: transaction, now: runtime.clock.now, actor: "onestop.timer", traceparent: nil, log: quiet,
                    runtime: runtime)
                try await task.fire(key: try row("key"), payload: try row("payload"), work)
                try failing?(count)
                return true
            }
            guard isFired else { break }
            fired += 1
        }
        return fired
    }
}

/// What a test throws in the place of a kill.
struct Killed: Error {}
