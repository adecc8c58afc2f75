#if DEBUG
    import Contracts
    @testable import EventLog

    /// A row of a table that is only added to.
    class Appended: Written {
        private(set) var isCommitted = false
        override func commit() { isCommitted = true }
        override func undo() { isCommitted = false }
    }

    /// A row of `effect_log`, or a timer's effect.
    final class Effect: Appended {
        let event: Happened
        init(_ event: Happened) { self.event = event }

        override func commit() {
            super.commit()
            event.isKept = true
        }
    }

    /// An event is in the consumer's database without an effect.
    private final class Kept: Written {
        let event: Happened
        init(_ event: Happened) { self.event = event }

        override func commit() { event.isKept = true }
    }

    /// The tables of the reacting service, and its statements. Each names what it stands for in production.
    final class SinkStore {
        struct Taken {
            var epoch: Int32
            var version: Int64
        }

        struct ParkedKey: Hashable {
            let aggregate: Int
            let version: Int64
            let epoch: Int32
            let number: Int
        }

        struct Parked {
            var event: Happened
            var state: ParkedState
            var waitKey: String?
            var attempts: Int
            var due: Time?
            var isConflict = false

            var parking: Parking { Parking(state: state, waitKey: waitKey, attempts: attempts) }
        }

        struct Timer {
            let event: Happened
            var due: Time
            var attempts = 0
            var retry: Time?
        }

        let database: Database
        let positions = Table<Int, Taken>()
        let parked = Table<ParkedKey, Parked>()
        private(set) var effects: [Effect] = []
        private(set) var fired: [Effect] = []
        let reached = Table<String, Position>()
        let timers = Table<Int, Timer>()
        /// Things that reactions may have to wait for.
        static let keys = 3
        let known = Table<Int, Bool>()
        private let keyLocks = Table<String, Bool>()
        /// Skipped by an operator: accounted for.
        let skipped = Table<Int, Bool>()
        /// Nothing fails any more.
        var isCured = false

        init(_ database: Database) { self.database = database }

        var now: Time { database.world.now }

        func parked(
            of aggregate: Int, _ transaction: Transaction?
        ) -> [(key: ParkedKey, row: Row<Parked>, value: Parked)] {
            parked.rows.compactMap { key, row in
                guard key.aggregate == aggregate, let value = row.value(transaction) else { return nil }
                return (key, row, value)
            }
        }

        /// `hasEffect`: reactions are registered for the type.
        func hasEffect(_ event: Happened) -> Bool { event.deed != .ignored }

        private func note(_ event: Happened, _ transaction: Transaction) {
            guard hasEffect(event) else { return transaction.writes.append(Kept(event)) }
            let effect = Effect(event)
            effects.append(effect)
            transaction.writes.append(effect)
        }

        /// `InboxStore.advance` of an event that has arrived. All but the position it reads as of its beginning.
        /// Nil: it is not its turn; else whether a later event is parked.
        func advance(_ event: Happened, _ transaction: Transaction, _ answer: @escaping (Bool?) -> Void) {
            let row = positions.row(event.aggregate)
            let parked = parked(of: event.aggregate, transaction)
            let isThere = row.value(transaction) != nil
            let mayBeFirst = event.version == 1 || Mutant.noGapCheck.isOn
            guard mayBeFirst || isThere, !parked.contains(where: { $0.value.event.version <= event.version }) else {
                return answer(nil)
            }
            row.lock(transaction) {
                if let taken = row.value(transaction) {
                    guard InboxDecision.isNext(event.version, after: taken.version),
                        taken.epoch == event.epoch || taken.version == 0
                    else {
                        return answer(nil)
                    }
                }
                row.set(Taken(epoch: event.epoch, version: event.version), transaction)
                self.note(event, transaction)
                answer(parked.contains { $0.value.event.version > event.version })
            }
        }

        /// `InboxStore.advanceOrFail`: only when nothing of its aggregate is parked. False: it has failed.
        func advanceOrFail(_ event: Happened, _ transaction: Transaction, _ answer: @escaping (Bool) -> Void) {
            if !parked(of: event.aggregate, transaction).isEmpty { return answer(false) }
            advance(event, transaction) { answer($0 != nil) }
        }

        /// `InboxStore.lock(_:in:)`: an upsert of the position.
        func lock(_ aggregate: Int, _ transaction: Transaction, _ go: @escaping (Standing) -> Void) {
            let row = positions.row(aggregate)
            row.lock(transaction) {
                let taken = row.value(transaction) ?? Taken(epoch: 0, version: 0)
                row.set(taken, transaction)
                go(Standing(epoch: taken.epoch, version: taken.version))
            }
        }

        /// `InboxStore.standing`
        func standing(_ event: Happened, _ transaction: Transaction, _ answer: @escaping (Standing) -> Void) {
            lock(event.aggregate, transaction) { standing in
                var standing = standing
                for (_, _, value) in self.parked(of: event.aggregate, transaction) {
                    let other = value.event
                    guard other.version <= event.version else { continue }
                    if other.epoch == event.epoch, other.version == event.version {
                        standing.parkedItself = true
                    } else {
                        standing.parkedAhead = true
                    }
                }
                answer(standing)
            }
        }

        /// `InboxStore.park`, under the position's lock. `ON CONFLICT DO NOTHING`.
        func park(_ event: Happened, _ parking: Parking, _ transaction: Transaction, _ answer: @escaping (()) -> Void) {
            let isThere = parked(of: event.aggregate, transaction)
                .contains { $0.key.version == event.version && $0.key.epoch == event.epoch }
            guard !isThere else { return answer(()) }
            let row = parked.row(
                ParkedKey(aggregate: event.aggregate, version: event.version, epoch: event.epoch, number: event.number))
            row.lock(transaction) {
                row.set(self.stored(event, parking), transaction)
                transaction.writes.append(Kept(event))
                answer(())
            }
        }

        private func stored(_ event: Happened, _ parking: Parking) -> Parked {
            Parked(
                event: event, state: parking.state, waitKey: parking.waitKey, attempts: parking.attempts,
                due: parking.due.map { now + Time($0) },
                isConflict: parking.state == .dead && parking.error?.contains("history") == true)
        }

        struct Head {
            let row: Row<Parked>
            let parked: Parked
            let isReady: Bool
        }

        /// `InboxStore.head`: `ORDER BY version, epoch LIMIT 1 FOR UPDATE`.
        func head(of aggregate: Int, _ transaction: Transaction, _ answer: @escaping (Head?) -> Void) {
            let all = parked(of: aggregate, transaction)
            guard let first = all.min(by: { ($0.key.version, $0.key.epoch) < ($1.key.version, $1.key.epoch) }) else {
                return answer(nil)
            }
            first.row.lock(transaction) {
                guard let parked = first.row.value(transaction) else { return answer(nil) }
                let isDue = parked.due.map { $0 <= self.now } ?? true
                answer(Head(row: first.row, parked: parked, isReady: isDue && parked.state != .dead))
            }
        }

        /// `InboxStore.advance` of a parked event.
        func advance(_ head: Head, _ transaction: Transaction) {
            let event = head.parked.event
            head.row.set(nil, transaction)
            note(event, transaction)
            positions.row(event.aggregate).set(Taken(epoch: event.epoch, version: event.version), transaction)
        }

        func remove(_ head: Head, _ transaction: Transaction) { head.row.set(nil, transaction) }

        /// `InboxStore.repark`: unless somebody changed it since it was read.
        func repark(_ head: Head, _ parking: Parking, _ transaction: Transaction, _ answer: @escaping (()) -> Void) {
            head.row.lock(transaction) {
                if let before = head.row.value(transaction), before.state == head.parked.state,
                    before.waitKey == head.parked.waitKey
                {
                    var after = self.stored(before.event, parking)
                    after.isConflict = after.isConflict || before.isConflict
                    head.row.set(after, transaction)
                }
                answer(())
            }
        }

        /// `InboxStore.silence`
        func silence(behind head: Head, _ transaction: Transaction, _ answer: @escaping (()) -> Void) {
            let others = parked(of: head.parked.event.aggregate, transaction)
                .filter { $0.row !== head.row && $0.value.due != nil }.map(\.row)
            each(others, transaction, answer) { row in
                guard var value = row.value(transaction), value.due != nil else { return }
                value.due = nil
                row.set(value, transaction)
            }
        }

        private func each<V>(
            _ rows: [Row<V>], _ transaction: Transaction, _ answer: @escaping (()) -> Void,
            _ body: @escaping (Row<V>) -> Void
        ) {
            guard let first = rows.first else { return answer(()) }
            first.lock(transaction) {
                body(first)
                self.each(Array(rows.dropFirst()), transaction, answer, body)
            }
        }

        // MARK: - Reactions

        /// What the reaction threw; nil: it is through.
        func react(to event: Happened, _ transaction: Transaction, _ answer: @escaping ((any Error)?) -> Void) {
            switch event.deed {
            case .plain, .ignored: answer(nil)
            case .fails:
                guard event.failures != 0, !isCured else { return answer(nil) }
                if event.failures > 0 { event.failures -= 1 }
                answer(Broken())
            case .needs(let key):
                let isKnown = known.row(key).value(transaction) ?? false
                answer(isKnown ? nil : NotYet(String(key)))
            case .makesKnown(let key): makeKnown(key, transaction) { answer(nil) }
            case .setsTimer(let delay):
                // `Timers.schedule`
                let row = timers.row(event.number)
                row.lock(transaction) {
                    row.set(Timer(event: event, due: self.now + delay), transaction)
                    answer(nil)
                }
            }
        }

        func makeKnown(_ key: Int, _ transaction: Transaction, _ done: @escaping () -> Void) {
            let row = known.row(key)
            row.lock(transaction) {
                row.set(true, transaction)
                self.wake(String(key), transaction) { done() }
            }
        }

        /// `InboxStore.lock(key:)`
        func lock(key: String, _ transaction: Transaction, _ answer: @escaping (()) -> Void) {
            keyLocks.row(key).lock(transaction) { answer(()) }
        }

        /// `Inbox.wake`
        private func wake(_ key: String, _ transaction: Transaction, _ answer: @escaping (()) -> Void) {
            lock(key: key, transaction) {
                let waiting = self.parked.rows.map(\.row).filter { row in
                    row.value(transaction).map { $0.state == .unknown && $0.waitKey == key } ?? false
                }
                self.each(waiting, transaction, answer) { row in
                    guard var value = row.value(transaction), value.state == .unknown, value.waitKey == key else {
                        return
                    }
                    (value.state, value.waitKey, value.due) = (.waiting, nil, self.now)
                    row.set(value, transaction)
                }
            }
        }

        // MARK: - Looks

        /// `InboxStore.due`
        func due() -> [Int] {
            parked.rows.compactMap(\.row.committed).filter { $0.due.map { $0 <= now } ?? false }
                .sorted { ($0.due ?? 0, $0.event.number) < ($1.due ?? 0, $1.event.number) }.map(\.event.aggregate)
        }

        /// `InboxStore.stuck`
        func stuck() -> [Int] {
            (0..<Names.most).filter { aggregate in
                let first = parked(of: aggregate, nil)
                    .min { ($0.key.version, $0.key.epoch) < ($1.key.version, $1.key.epoch) }
                return first.map { $0.value.state != .dead && $0.value.due == nil } ?? false
            }
        }

        /// `InboxStore.missing`
        func isMissing(_ event: Happened) -> Bool {
            if let taken = positions.row(event.aggregate).committed, taken.version >= event.version,
                taken.epoch >= event.epoch
            {
                return false
            }
            return !parked(of: event.aggregate, nil)
                .contains { $0.key.version == event.version && $0.key.epoch == event.epoch }
        }

        /// `InboxStore.prove`
        func prove(
            _ event: Happened, before version: Int64, _ transaction: Transaction, _ answer: @escaping (()) -> Void
        ) {
            let waiting = parked(of: event.aggregate, transaction).filter { $0.key.version == version }
            guard let newer = waiting.map(\.key.epoch).max() else { return answer(()) }
            let row = positions.row(event.aggregate)
            func isProven() -> Bool {
                row.value(transaction).map {
                    $0.version == event.version && $0.epoch >= event.epoch && $0.epoch < newer
                } ?? false
            }
            guard isProven() else { return answer(()) }
            row.lock(transaction) {
                guard isProven() else { return answer(()) }
                row.set(Taken(epoch: newer, version: event.version), transaction)
                self.each(waiting.map(\.row), transaction, answer) { row in
                    guard var value = row.value(transaction), value.state == .waiting else { return }
                    value.due = self.now
                    row.set(value, transaction)
                }
            }
        }

        /// `InboxStore.reached`: never backwards, and only in the incarnation in which all of it was found.
        func reach(
            _ position: Position, _ kinds: [String], timeline: Int64, _ transaction: Transaction,
            _ answer: @escaping (()) -> Void
        ) {
            guard database.timeline == timeline else { return answer(()) }
            each(kinds.map { reached.row($0) }, transaction, answer) { row in
                guard row.committed.map({ $0 < position }) ?? true else { return }
                row.set(position, transaction)
            }
        }

        // MARK: - Timers

        /// `TimerLoop.take`: the soonest due that nobody else is firing. It is gone when the transaction commits.
        func take(_ transaction: Transaction) -> Timer? {
            let due = timers.rows.compactMap { key, row -> (row: Row<Timer>, timer: Timer)? in
                guard row.holder == nil, let timer = row.committed, timer.due <= now,
                    timer.retry.map({ $0 <= now }) ?? true
                else { return nil }
                return (row, timer)
            }
            guard
                let first = due.min(by: {
                    ($0.timer.due, $0.timer.event.number) < ($1.timer.due, $1.timer.event.number)
                })
            else { return nil }
            first.row.lock(transaction) { first.row.set(nil, transaction) }
            let effect = Effect(first.timer.event)
            fired.append(effect)
            transaction.writes.append(effect)
            return first.timer
        }

        /// `TimerLoop.putOff`
        func putOff(_ timer: Timer, _ wait: Time, _ transaction: Transaction, _ answer: @escaping (()) -> Void) {
            let row = timers.row(timer.event.number)
            row.lock(transaction) {
                if var value = row.value(transaction), value.due == timer.due, value.attempts == timer.attempts {
                    value.attempts += 1
                    value.retry = self.now + wait
                    row.set(value, transaction)
                }
                answer(())
            }
        }
    }

    struct Broken: Error {}
#endif
