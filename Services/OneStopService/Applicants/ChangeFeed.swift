import Contracts
import Postgres
import ServiceKit
import Synchronization

/// Numbers what changed for each citizen, behind the log of events. No act waits for it: a counter in the acts
/// themselves would make all that concern one person wait for each other.
///
/// os-130: nothing is passed over. As the relay does, a round takes what its snapshot sees and the one before did not,
/// and not what lies above some seq: a transaction that commits late is seen late, and still seen. Numbers and the
/// snapshot commit together, so a kill in between changes nothing.
final class ChangeFeed: Sendable {
    private let database: Database
    /// Of events written by this process: how many were heard of, and up to where they are numbered.
    private let heard = Atomic<Int>(0)
    private let numbered = Atomic<Int>(-1)
    private let bell = Bell()
    private let turns: Turns
    private let waiting = Mutex(Waiting())

    private struct Waiting {
        var bells: [PersonID: [UUID: Bell]] = [:]
        var count = 0
    }

    init(_ database: Database) {
        self.database = database
        turns = Turns()
        database.onAnnouncement { [weak self] in
            guard let self else { return }
            heard.add(1, ordering: .acquiringAndReleasing)
            bell.ring()
        }
    }

    /// Until everything that this process has announced so far is numbered: who acts sees it at once. Of a long
    /// backlog the rest comes by the background.
    func catchUp() async throws {
        guard numbered.load(ordering: .acquiring) < heard.load(ordering: .acquiring) else { return }
        try await turns.take { [self] in
            var rounds = 1
            while try await go(), rounds < Limits.Citizen.roundsAtOnce { rounds += 1 }
        }
    }

    /// One step of the background: when something was announced here, and now and then for what others announced.
    func work() async throws {
        await bell.wait(atMost: Limits.Citizen.numberingLook)
        var more = true
        while more { more = try await go() }
    }

    private func go() async throws -> Bool {
        let before = heard.load(ordering: .acquiring)
        let round = try await Numbering.round(in: database)
        ring(round.persons)
        if !round.more { numbered.store(before, ordering: .releasing) }
        return round.more
    }

    // MARK: - Who waits for a change

    /// Runs `body` with a bell that is rung when something of the person's was numbered; nil when too many wait.
    func listening<T: Sendable>(for person: PersonID, _ body: (Bell?) async throws -> T) async throws -> T {
        let (id, own) = (UUID(), Bell())
        let admitted = waiting.withLock { waiting in
            guard waiting.count < Limits.Citizen.waiting else { return false }
            waiting.bells[person, default: [:]][id] = own
            waiting.count += 1
            return true
        }
        guard admitted else { return try await body(nil) }
        defer {
            waiting.withLock { waiting in
                waiting.bells[person]?[id] = nil
                waiting.count -= 1
                if waiting.bells[person]?.isEmpty == true { waiting.bells[person] = nil }
            }
        }
        return try await body(own)
    }

    /// How many wait now.
    var listeners: Int { waiting.withLock { $0.count } }

    private func ring(_ persons: [PersonID]) {
        guard !persons.isEmpty else { return }
        let bells = waiting.withLock { waiting in persons.flatMap { waiting.bells[$0].map { Array($0.values) } ?? [] } }
        for bell in bells { bell.ring() }
    }
}

/// One round at a time in a process. Who asks gets one that began after the asking; all who ask meanwhile share it.
private actor Turns {
    private var running: Task<Void, any Error>?
    private var next: Task<Void, any Error>?

    func take(_ work: @escaping @Sendable () async throws -> Void) async throws {
        if let next { return try await next.value }
        let before = running
        let task = Task {
            _ = await before?.result
            begin()
            try await work()
        }
        next = task
        try await task.value
    }

    private func begin() { (running, next) = (next, nil) }
}

/// One round of the numbering, as a transaction.
enum Numbering {
    struct Round: Sendable {
        var persons: [PersonID] = []
        /// There is more than one round takes.
        var more = false
    }

    /// Where the numbering stands, and what the log's epoch says (`relay_epoch`).
    private struct Standing {
        let epoch: Int32
        let isRaised: Bool
        let seen: String
        let target: String?
        let after: Int64
        let base: Int64
        let since: String
        /// The snapshot of this transaction.
        let current: String
        /// The bounds of `seen` for the index on xid; of `since` where an epoch has just been looked through.
        let xmax: String
        let inProgress: [String]

        init(_ row: Row) throws {
            let numbered: Int32 = try row("epoch")
            epoch = try row("now_epoch")
            let isNewEpoch = numbered != epoch
            let wasRaised: Bool = try row("raised")
            let known: String? = try row("target")
            let reached: Int64 = try row("after_seq")
            (isRaised, target, after) = isNewEpoch ? (true, nil, 0) : (wasRaised, known, reached)
            seen = try row("seen")
            (base, since, current) = (try row("base_seq"), try row("since"), try row("current"))
            (xmax, inProgress) = (try row("xmax"), try row("xip"))
        }

        /// The next events of the log, in their order, and one more than a round takes.
        var members: SQL {
            let most = Int64(Limits.Citizen.numberedAtOnce + 1)
            if isRaised {
                return """
                    SELECT \(Numbering.columns) FROM event_log l WHERE l.seq > \(after) AND l.seq <= \(base)
                    ORDER BY l.seq LIMIT \(most)
                    """
            }
            if let target {
                return """
                    SELECT \(Numbering.columns) FROM event_log l WHERE l.seq > \(max(after, base))
                      AND pg_visible_in_snapshot(l.xid, \(target)::pg_snapshot)
                      AND NOT pg_visible_in_snapshot(l.xid, \(seen)::pg_snapshot)
                    ORDER BY l.seq LIMIT \(most)
                    """
            }
            return """
                SELECT \(Numbering.columns) FROM (
                    SELECT l.* FROM event_log l WHERE l.xid >= \(xmax)::xid8
                    UNION ALL SELECT l.* FROM event_log l WHERE l.xid = ANY(\(inProgress)::xid8[])) l
                WHERE l.seq + 0 > \(base) ORDER BY l.seq + 0 LIMIT \(most)
                """
        }

        /// Where it stands afterwards.
        func next(_ last: Int64?, more: Bool) -> SQL {
            if more, let last {
                let target = isRaised ? nil : target ?? current
                return Self.kept(epoch, isRaised, isRaised ? "1:1:" : seen, target, last)
            }
            return Self.kept(epoch, false, isRaised ? since : target ?? current, nil, 0)
        }

        private static func kept(
            _ epoch: Int32, _ raised: Bool, _ seen: String, _ target: String?, _ after: Int64
        ) -> SQL {
            """
            UPDATE citizen_feed SET epoch = \(epoch), raised = \(raised), seen = \(seen)::pg_snapshot,
                target = \(target)::pg_snapshot, after_seq = \(after)
            """
        }
    }

    /// A failure that another copy was faster by is tried again by the transaction itself.
    static func round(in database: Database) async throws -> Round {
        try await database.transaction(.repeatableRead) { transaction in
            // A plan that walks the log while it is small would stay when it has grown.
            try await transaction.post("SELECT set_config('enable_seqscan', 'off', true)")
            let row = try await transaction.run(
                """
                SELECT f.epoch, f.raised, f.seen::text AS seen, pg_snapshot_xmax(f.seen)::text AS xmax,
                       ARRAY(SELECT x::text FROM pg_snapshot_xip(f.seen) x) AS xip, f.target::text AS target,
                       f.after_seq, e.epoch AS now_epoch, e.base_seq, e.since::text AS since,
                       pg_current_snapshot()::text AS current
                FROM citizen_feed f CROSS JOIN relay_epoch e
                """
            ).first
            guard let row else { return Round() }
            let standing = try Standing(row)
            if standing.target == nil, !standing.isRaised {
                guard try await !transaction.run("SELECT 1 AS one FROM (\(standing.members)) m LIMIT 1").isEmpty else {
                    return Round()
                }
            }
            // Of two copies one goes on; the other is too late for its snapshot and begins again.
            try await transaction.post("SELECT 1 AS held FROM citizen_feed FOR UPDATE")
            let taken = try await transaction.run(number(standing.members))
            guard let row = taken.first else { return Round() }
            let persons: [PersonID] = try row("persons")
            let more: Bool = try row("more")
            try await transaction.post(standing.next(try row("last"), more: more))
            // What an earlier epoch wrote is looked through; what this one wrote comes next.
            return Round(persons: persons, more: more || standing.isRaised)
        }
    }

    fileprivate static let columns: SQL = """
        l.seq, l.aggregate_type AS kind, l.aggregate_version AS version, l.type AS what, l.occurred_at AS at, \
        CASE WHEN l.aggregate_type IN ('dossier', 'complaint', 'rating') THEN l.aggregate_id::uuid END AS subject, \
        CASE WHEN l.aggregate_type = 'dossier' THEN l.payload->>'status' END AS status
        """

    /// Each event once (`NOT EXISTS`): after a restore the whole log is looked through again.
    private static func number(_ members: SQL) -> SQL {
        let most = Int64(Limits.Citizen.numberedAtOnce)
        return """
            WITH found AS MATERIALIZED (\(members)),
            n AS MATERIALIZED (SELECT * FROM found ORDER BY seq LIMIT \(most)),
            told AS MATERIALIZED (
                SELECT n.*, CASE n.kind
                    WHEN 'dossier' THEN (SELECT d.applicant FROM dossiers d WHERE d.id = n.subject)
                    WHEN 'complaint' THEN (SELECT c.person FROM complaints c WHERE c.id = n.subject)
                    WHEN 'rating' THEN (
                        SELECT d.applicant FROM ratings r JOIN dossiers d ON d.id = r.dossier
                        WHERE r.id = n.subject AND r.revision = n.version)
                    END AS person
                FROM n WHERE n.subject IS NOT NULL),
            fresh AS MATERIALIZED (
                SELECT t.*, row_number() OVER (PARTITION BY t.person ORDER BY t.seq) AS place,
                       count(*) OVER (PARTITION BY t.person) AS total
                FROM told t WHERE t.person IS NOT NULL
                  AND NOT EXISTS (SELECT FROM citizen_changes c WHERE c.event = t.seq)),
            counted AS (
                INSERT INTO citizen_counters AS k (person, last)
                SELECT person, max(total) FROM fresh GROUP BY person ORDER BY person
                ON CONFLICT (person) DO UPDATE SET last = k.last + excluded.last
                RETURNING k.person, k.last),
            numbered AS (
                INSERT INTO citizen_changes (person, number, event, kind, subject, version, what, status, at)
                SELECT f.person, c.last - f.total + f.place, f.seq, f.kind, f.subject, f.version, f.what, f.status, f.at
                FROM fresh f JOIN counted c ON c.person = f.person
                RETURNING person)
            SELECT (SELECT max(seq) FROM n) AS last, (SELECT count(*) FROM found) > \(most) AS more,
                   ARRAY(SELECT DISTINCT person FROM numbered) AS persons
            """
    }
}
