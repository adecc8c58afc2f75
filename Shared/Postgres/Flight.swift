import Foundation

/// One statement on its way: what is sent, and who waits for the answer. Owned by the reactor once submitted.
struct Flight: Sendable {
    let id: UInt64
    let text: String
    let binds: [Bind]
    /// What its transaction sends before it; its answer is theirs when one of them fails.
    var posted: [SQL] = []
    /// The connection that a transaction has borrowed; nil for single statements.
    let lease: UInt64?
    let submitted: ContinuousClock.Instant
    let answer: @Sendable (Result<Rows, PostgresError>) -> Void
    /// It may commit in one transaction with statements of others.
    var sharing = false
    /// `SQL.announces`
    var announces = false
    /// `SQL.isPlannedOnce`
    var isPlannedOnce = false
    /// The runs before this one that ended without any effect.
    var attempt = 0
    /// When its connection was last lost. Others may be as dead and not yet known to be: losing one that is older than
    /// this moment is no new attempt.
    var lostAt: ContinuousClock.Instant?

    /// A statement that only reads may be sent again when its connection was lost.
    var onlyReads: Bool { posted.isEmpty && text.utf8.prefix(6).elementsEqual("SELECT".utf8) }
    var isCommit: Bool { text == "COMMIT" }

    /// What goes out before it, for the time of its own transaction.
    var planning: String? {
        isPlannedOnce
            ? """
            SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true)
            """ : nil
    }
}

extension Connection {
    /// A flight that the server has, and what it has answered so far.
    struct Sent {
        let flight: Flight
        let at: ContinuousClock.Instant
        /// Nil: parsed each time.
        var prepared: Prepared?
        /// What is answered before the statement itself: BEGIN, what was posted, each one's preparation.
        var preliminaries: [(text: String, isPreparation: Bool)] = []
        var rows: Rows?
        var fault: PostgresError?
        /// With this fault the server ended the session.
        var isFatal = false
        var cancelled = false
    }
}

/// A transaction that wants a connection, for its first statement.
struct Borrower: Sendable {
    let lease: UInt64
    let begin: String
    let first: Flight

    var since: ContinuousClock.Instant { first.submitted }

    func refuse(_ error: PostgresError) { first.answer(.failure(error)) }
}

/// What the reactor is told through its mailbox.
enum Order: Sendable {
    case run(Flight)
    /// The caller of this flight does not want it any more.
    case cancel(UInt64)
    case borrow(Borrower)
    /// The transaction is over; a spoilt connection is closed instead of reused.
    case giveBack(lease: UInt64, spoilt: Bool)
    case close(@Sendable () -> Void)
    /// A step of a task that prefers this thread.
    case step(UnownedJob)

    func refuse() {
        let error = PostgresError(.closed, "the database was closed")
        switch self {
        case .run(let flight): flight.answer(.failure(error))
        case .borrow(let borrower): borrower.refuse(error)
        case .close(let done): done()
        case .step(let job): globalConcurrentExecutor.enqueue(ExecutorJob(job))
        case .cancel, .giveBack: break
        }
    }
}
