import Contracts
import Postgres
import Synchronization

/// Requests that would wait for one another's lock (for the next number of a day, a series, a book) commit together.
///
/// While a transaction of a key is on its way to the disk, those that came meanwhile gather; when it is done they go
/// as one: the rows of all are held, their numbers are taken at once, and each writes what it has to with its number.
/// So a number's row is locked for two round trips and one commit of all, not for those of each.
final class Together: Sendable {
    struct Part: Sendable {
        /// Locks what it decided on, or fails. Sent before the number is taken, so that whoever waits for such a row
        /// keeps nobody else waiting.
        var hold: SQL?
        /// Takes so many numbers and returns the `last` of them.
        var take: @Sendable (Int) -> SQL
        /// Writes what belongs to its number.
        var write: @Sendable (Transaction, Int64) async throws -> Void
    }

    enum Outcome: Sendable {
        case committed
        /// Nothing was done, because of one among several: whoever runs alone learns whether it is to blame.
        case alone
        case failed(any Error)
    }

    private struct Member {
        let part: Part
        let done: CheckedContinuation<Outcome, Never>
    }

    /// A key is there while somebody works for it.
    private let waiting = Mutex<[String: [Member]]>([:])

    func commit(_ key: String, in database: Database, _ part: Part) async -> Outcome {
        await withCheckedContinuation { done in
            let member = Member(part: part, done: done)
            let isFirst = waiting.withLock { waiting in
                defer { waiting[key, default: []].append(member) }
                return waiting[key] == nil
            }
            // Its own task: a request that is given up must not end those that commit with it.
            if isFirst { Task { await work(key, database) } }
        }
    }

    /// How many wait for those that are at work; nil when nobody is.
    func gathered(_ key: String) -> Int? { waiting.withLock { $0[key]?.count } }

    private func work(_ key: String, _ database: Database) async {
        while let members = next(key) {
            let outcome = await run(members.map(\.part), database)
            for member in members { member.done.resume(returning: outcome) }
            // Whoever came meanwhile would wait as long for the same.
            if case .failed(let error as PostgresError) = outcome, error.isAway {
                for member in all(key) { member.done.resume(returning: outcome) }
            }
        }
    }

    private func all(_ key: String) -> [Member] {
        waiting.withLock { waiting in
            defer { waiting[key] = [] }
            return waiting[key] ?? []
        }
    }

    private func next(_ key: String) -> [Member]? {
        waiting.withLock { waiting in
            guard let all = waiting[key], !all.isEmpty else {
                waiting[key] = nil
                return nil
            }
            waiting[key] = Array(all.dropFirst(Limits.commitTogether))
            return Array(all.prefix(Limits.commitTogether))
        }
    }

    private func run(_ parts: [Part], _ database: Database) async -> Outcome {
        do {
            try await database.transaction { try await Self.run(parts, in: $0) }
            return .committed
        } catch let error as PostgresError where error.isAway || error.isUnknownOutcome {
            return .failed(error)
        } catch { return parts.count == 1 ? .failed(error) : .alone }
    }

    static func run(_ parts: [Part], in transaction: Transaction) async throws {
        guard let first = parts.first else { return }
        if parts.count > 1 { try await transaction.post(impatient) }
        for hold in parts.compactMap(\.hold) { try await transaction.post(hold) }
        let last: Int64? = try await transaction.run(first.take(parts.count)).first?("last")
        guard let last else { throw PostgresError(.decoding, "no number was returned") }
        for (place, part) in parts.enumerated() {
            try await part.write(transaction, last - Int64(parts.count - 1 - place))
        }
    }

    /// One of several that waits for somebody else's lock holds the others up with it: then each waits alone.
    private static let impatient: SQL = """
        SELECT set_config('lock_timeout', \("\(Int(Limits.commitTogetherLock.secondsValue * 1_000))ms"), true)
        """
}

extension PostgresError {
    /// The database is away or busy: so it is for everybody. A statement that ran too long is one caller's.
    fileprivate var isAway: Bool {
        switch kind {
        case .connection, .queueFull, .closed: true
        case .timeout: sqlState == nil
        case .server, .cancelled, .unknownOutcome, .decoding: false
        }
    }
}
