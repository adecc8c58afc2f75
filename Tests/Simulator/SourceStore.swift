#if DEBUG
    import Contracts
    @testable import EventLog

    /// A row of `event_log`.
    final class LogRow: Written {
        enum State { case pending, committed, gone }

        let seq: Int64
        let xid: UInt64
        let event: Happened
        private(set) var state = State.pending

        init(seq: Int64, xid: UInt64, event: Happened) {
            self.seq = seq
            self.xid = xid
            self.event = event
        }

        override func commit() { (state, event.isStanding) = (.committed, true) }
        override func rollBack() { state = .gone }
        override func undo() { (state, event.isStanding) = (.gone, false) }
    }

    /// The tables of the announcing service, and its statements. Each names what it stands for in production.
    final class SourceStore {
        struct Lease {
            var term: Int64
            var holder: String
            var expires: Time
        }

        struct Epoch {
            var epoch: Int32
            var timeline: Int64
            var base: Int64
            var since: Snapshot
        }

        struct TickKey: Hashable {
            let epoch: Int32
            let number: Int64
        }

        let database: Database
        /// Events of one tick, and of one page of the feed.
        let most: Int
        let page: Int
        private(set) var log: [LogRow] = []
        let ticks = Table<TickKey, Tick>()
        let lease = Row<Lease>(Lease(term: 0, holder: "", expires: 0))
        let cursor = Row<RelayCursor>(.start)
        let epoch = Row<Epoch>(Epoch(epoch: 1, timeline: 1, base: 0, since: .nothing))
        /// `AccessShareLock` and `AccessExclusiveLock` on `relay_epoch`.
        private var sharers: [Transaction] = []
        private let exclusive = Row<Bool>(true)
        /// The aggregates' own rows: the last event of each.
        let aggregates = Table<Int, Happened>()
        private var nextSeq: Int64 = 1
        /// Every event that was ever written, committed or not, by its number.
        private(set) var written: [Happened] = []
        private var snapshots: [String: Seeing] = [:]

        init(_ database: Database, most: Int, page: Int) {
            self.database = database
            self.most = most
            self.page = page
            database.onUndone = { [unowned self] random in
                // A sequence is logged ahead, and never goes back behind what is left.
                nextSeq = (log.last { $0.state == .committed }?.seq ?? 0) + 1 + Int64(random.below(33))
                log.removeAll { $0.seq >= nextSeq }
            }
        }

        var committed: [LogRow] { log.filter { $0.state == .committed } }

        func seeing(_ snapshot: Snapshot) -> Seeing {
            if let known = snapshots[snapshot.text] { return known }
            let xmin = snapshot.text.split(separator: ":").first.flatMap { UInt64($0) } ?? 1
            let seeing = Seeing(
                xmin: xmin, xmax: UInt64(snapshot.xmax) ?? 1, running: snapshot.inProgress.compactMap { UInt64($0) })
            snapshots[snapshot.text] = seeing
            return seeing
        }

        /// The timeline is the one that the epoch is of.
        private var isSettled: Bool { epoch.committed?.timeline == database.timeline }

        // MARK: - Writing

        /// `EventWriter.append`: the aggregate's row is locked, then the sequence gives the number.
        func append(_ deed: Deed, to aggregate: Int, _ transaction: Transaction, _ done: @escaping (Happened) -> Void) {
            let row = aggregates.row(aggregate)
            row.lock(transaction) {
                self.share(transaction) {
                    // `EventLogStart.epoch`: the statement fails.
                    guard self.isSettled else { return self.database.rollBack(transaction) }
                    let before = row.value(transaction)
                    let event = Happened(
                        number: self.written.count + 1, aggregate: aggregate, version: (before?.version ?? 0) + 1,
                        epoch: self.epoch.committed?.epoch ?? 0, deed: deed, before: before)
                    self.written.append(event)
                    row.set(event, transaction)
                    let line = LogRow(seq: self.nextSeq, xid: self.database.xid(transaction), event: event)
                    self.nextSeq += 1
                    self.log.append(line)
                    transaction.writes.append(line)
                    done(event)
                }
            }
        }

        /// Reading `relay_epoch` in a transaction: nobody changes it before that ends.
        private func share(_ transaction: Transaction, _ go: @escaping () -> Void) {
            guard let holder = exclusive.holder, holder.isOpen, holder !== transaction else {
                sharers.append(transaction)
                return go()
            }
            database.world.after(200) { if transaction.isOpen { self.share(transaction, go) } }
        }

        private func exclude(_ transaction: Transaction, _ go: @escaping () -> Void) {
            exclusive.lock(transaction) { self.awaitSharers(transaction, go) }
        }

        private func awaitSharers(_ transaction: Transaction, _ go: @escaping () -> Void) {
            sharers.removeAll { !$0.isOpen }
            if sharers.allSatisfy({ $0 === transaction }) { return go() }
            database.world.after(200) { if transaction.isOpen { self.awaitSharers(transaction, go) } }
        }

        // MARK: - Leadership

        /// `RelayStore.claim`
        func claim(_ holder: String, _ transaction: Transaction, _ answer: @escaping (Int64?) -> Void) {
            let now = database.world.now
            func isFree() -> Bool { lease.committed.map { $0.expires <= now || $0.holder == holder } ?? false }
            guard isFree() else { return answer(nil) }
            lease.lock(transaction) {
                guard isFree(), let before = self.lease.committed else { return answer(nil) }
                let lasts = now + Time(Limits.Relay.lease)
                self.lease.set(Lease(term: before.term + 1, holder: holder, expires: lasts), transaction)
                answer(before.term + 1)
            }
        }

        /// `RelayStore.renew`
        func renew(_ term: Int64, _ transaction: Transaction, _ answer: @escaping (Bool) -> Void) {
            let expires = database.world.now + Time(Limits.Relay.lease)
            guard lease.committed?.term == term else { return answer(false) }
            lease.lock(transaction) {
                guard self.isSettled, var lease = self.lease.committed, lease.term == term else { return answer(false) }
                lease.expires = expires
                self.lease.set(lease, transaction)
                answer(true)
            }
        }

        /// `RelayStore.release`
        func release(_ term: Int64, _ transaction: Transaction, _ answer: @escaping (()) -> Void) {
            lease.lock(transaction) {
                if let lease = self.lease.committed, lease.term == term {
                    self.lease.set(Lease(term: term, holder: "", expires: 0), transaction)
                }
                answer(())
            }
        }

        // MARK: - Epochs

        /// `EventLogStart.look`, decided by production's `Signs`.
        private func reason() -> String? {
            guard let epoch = epoch.committed else { return nil }
            let xmax = database.snapshot().xmax
            var seen: Tick?
            for (key, row) in ticks.rows where key.epoch == epoch.epoch {
                if let tick = row.committed, tick.number > seen?.number ?? 0 { seen = tick }
            }
            return EventLogStart.Signs(
                knownSystem: "", system: "", knownTimeline: epoch.timeline, timeline: database.timeline,
                isSameTable: true,
                xmax: xmax, seen: seen.map { seeing($0.cur).xmax },
                hasFutureEvent: log.contains { $0.state == .committed && $0.xid >= xmax && $0.seq > epoch.base }
            ).reason
        }

        func look(_ transaction: Transaction, _ answer: @escaping (String?) -> Void) {
            share(transaction) { answer(self.reason()) }
        }

        /// `EventLogStart.settle`: the transaction after a look that found something. True: it raised the epoch.
        func raise(_ transaction: Transaction, _ answer: @escaping (Bool) -> Void) {
            exclude(transaction) {
                guard self.reason() != nil else { return answer(false) }
                self.epoch.lock(transaction) {
                    self.lease.lock(transaction) {
                        guard let before = self.epoch.committed, let lease = self.lease.committed,
                            let since = Snapshot(self.database.snapshot().text)
                        else { return answer(false) }
                        let base = self.log.last { $0.state == .committed }?.seq ?? 0
                        let timeline = self.database.timeline
                        let epoch = max(before.epoch + 1, Int32(timeline))
                        self.epoch.set(Epoch(epoch: epoch, timeline: timeline, base: base, since: since), transaction)
                        let term = max(lease.term + 1, (timeline - 1) * 1_000_000_000)
                        self.lease.set(Lease(term: term, holder: "", expires: 0), transaction)
                        self.cursor.lock(transaction) {
                            let last = self.lastTick?.number ?? 0
                            self.cursor.set(RelayCursor(tick: last, seq: 0, confirmed: 0), transaction)
                            answer(true)
                        }
                    }
                }
            }
        }

        // MARK: - Ticks

        private var lastTick: Tick? {
            ticks.rows.compactMap(\.row.committed).max { ($0.epoch, $0.number) < ($1.epoch, $1.number) }
        }

        /// The first statement of `RelayStore.standing`.
        func frontier(_ transaction: Transaction, _ answer: @escaping ((Frontier, RelayCursor)) -> Void) {
            share(transaction) {
                guard let epoch = self.epoch.committed, let cursor = self.cursor.committed else { return }
                var frontier = Frontier(epoch: epoch.epoch, base: epoch.base)
                frontier.since = epoch.since
                frontier.lastNumber = self.lastTick?.number ?? 0
                answer((frontier, cursor))
            }
        }

        /// Its second: `(t.epoch, t.tick) >= (…)`.
        func recorded(from epoch: Int32, _ number: Int64) -> [Tick] {
            ticks.rows.compactMap(\.row.committed).filter { ($0.epoch, $0.number) >= (epoch, number) }
                .sorted { ($0.epoch, $0.number) < ($1.epoch, $1.number) }
        }

        struct Opened {
            var tick: Tick
            var rows: [LogRow]
        }

        /// `RelayStore.opening`: what is looked for, cut, recorded under the lease's lock. Nil: nothing new.
        func open(
            _ frontier: Frontier, term: Int64, records: Bool, _ transaction: Transaction,
            _ answer: @escaping (Result<Opened?, RelayFault>) -> Void
        ) {
            let next = frontier.next
            var (rows, tick) = look(for: next, frontier)
            guard !rows.isEmpty else {
                guard next.isKnown else { return answer(.success(nil)) }
                return answer(.failure(.changedTick(frontier.lastNumber + 1, expected: 1, found: 0)))
            }
            // `cur` is this statement's own snapshot; without a row nobody asks for it.
            if !next.isKnown { tick.cur = Snapshot(database.snapshot().text) ?? .nothing }
            let isMore = rows.count > most
            if isMore { rows.removeLast(rows.count - most) }
            tick.afterSeq = rows[0].seq - 1
            tick.throughSeq = rows[rows.count - 1].seq
            if !isMore { tick.untilSeq = tick.throughSeq }
            tick.count = rows.count
            let opened = Opened(tick: tick, rows: ordered(rows))
            lease.lock(transaction) {
                guard self.lease.committed?.term == term else { return answer(.failure(.notLeading(term: term))) }
                guard records else { return answer(.success(opened)) }
                self.insert(
                    tick, transaction, { answer(.success(opened)) }, { answer(.failure(.notLeading(term: term))) })
            }
        }

        private func look(for next: NextTick, _ frontier: Frontier) -> ([LogRow], Tick) {
            var tick = Tick(
                epoch: frontier.epoch, number: frontier.lastNumber + 1, prev: .nothing, cur: .nothing, raised: false,
                afterSeq: 0, throughSeq: 0, untilSeq: 0, count: 0)
            var rows: [LogRow] = []
            switch next {
            case .fresh(let before, let base):
                // `TickRow.since`
                let prev = seeing(before)
                rows = log.filter {
                    $0.state == .committed && $0.seq > base && ($0.xid >= prev.xmax || prev.running.contains($0.xid))
                        && !prev.sees($0.xid)
                }
                tick.prev = before
                tick.untilSeq = log.last { $0.state == .committed }?.seq ?? 0
            case .range(let before, let known, let raised, let after, let end):
                let (prev, cur) = (seeing(before), seeing(known))
                rows = log.filter {
                    $0.state == .committed && $0.seq > after && $0.seq <= end
                        && (raised || cur.sees($0.xid) && !prev.sees($0.xid))
                }
                (tick.prev, tick.cur, tick.raised, tick.untilSeq) = (before, known, raised, end)
            }
            // `LIMIT most + 1`
            return (Array(rows.prefix(most + 1)), tick)
        }

        private func ordered(_ rows: [LogRow]) -> [LogRow] {
            TickOrder.ofPublishing == .seq ? rows : rows.sorted { ($0.xid, $0.seq) < ($1.xid, $1.seq) }
        }

        /// Into `relay_tick`; its primary key refuses a second of that number.
        private func insert(
            _ tick: Tick, _ transaction: Transaction, _ done: @escaping () -> Void, _ refused: @escaping () -> Void
        ) {
            let row = ticks.row(TickKey(epoch: tick.epoch, number: tick.number))
            row.lock(transaction) {
                guard row.committed == nil else { return refused() }
                row.set(tick, transaction)
                done()
            }
        }

        /// `RelayStore.record`, of a mutant.
        func record(_ tick: Tick, term: Int64, _ transaction: Transaction, _ answer: @escaping (Bool) -> Void) {
            guard lease.committed?.term == term else { return answer(false) }
            insert(tick, transaction, { answer(true) }, { answer(false) })
        }

        /// `TickRow.members`
        func members(of tick: Tick) -> [LogRow] {
            let (prev, cur) = (seeing(tick.prev), seeing(tick.cur))
            return log.filter {
                $0.state == .committed && $0.seq > tick.afterSeq && $0.seq <= tick.throughSeq
                    && (tick.raised || cur.sees($0.xid) && !prev.sees($0.xid))
            }
        }

        /// `RelayStore.read`; nil: the tick has not the events that it was recorded with.
        func read(_ tick: Tick, after confirmed: Int) -> [LogRow]? {
            let rows = ordered(members(of: tick)).dropFirst(confirmed)
            return rows.count == tick.count - confirmed ? Array(rows) : nil
        }

        /// `RelayStore.move`; whether its term leads is read without the lease's lock.
        func move(_ to: RelayCursor, term: Int64, _ transaction: Transaction, _ answer: @escaping (()) -> Void) {
            func mayMove() -> Bool { lease.committed?.term == term && (cursor.committed ?? .start) < to }
            guard mayMove() else { return answer(()) }
            cursor.lock(transaction) {
                if mayMove() { self.cursor.set(to, transaction) }
                answer(())
            }
        }

        // MARK: - The feed

        struct Page {
            var events: [(event: Happened, position: Position)]
            var through: Position
            var isLast: Bool

            var asFed: FeedPage {
                FeedPage(events: events.map { $0.event.envelope($0.position) }, through: through, isLast: isLast)
            }
        }

        /// `Feed.page`, over production's `FeedSpan`.
        func page(after: Position, kinds: [String]) -> Page {
            let mostTicks = 4
            let recorded = Array(recorded(from: after.epoch, after.tick).prefix(mostTicks + 1))
            let span = FeedSpan(recorded, after: after, scan: page * 2, most: mostTicks)
            var events: [(event: Happened, position: Position)] = []
            for tick in span.runs.joined() {
                for (index, row) in members(of: tick).enumerated() {
                    let position = Position(epoch: tick.epoch, tick: tick.number, ordinal: Int32(index + 1))
                    if tick.epoch == after.epoch, tick.number == after.tick, position.ordinal <= after.ordinal {
                        continue
                    }
                    guard kinds.contains(row.event.key.type) else { continue }
                    events.append((row.event, position))
                    if events.count == page { return Page(events: events, through: position, isLast: false) }
                }
            }
            return Page(events: events, through: span.through ?? after, isLast: span.isLast)
        }

        /// `Feed.versions`
        func versions(of aggregate: Int, from version: Int64) -> Page {
            let rows = log.filter {
                $0.state == .committed && $0.event.aggregate == aggregate && $0.event.version >= version
            }
            let events = rows.map(\.event).sorted { $0.version < $1.version }.prefix(page)
                .map { (event: $0, position: Position(epoch: $0.epoch, tick: 0, ordinal: 0)) }
            return Page(events: events, through: .start, isLast: events.count < page)
        }
    }
#endif
