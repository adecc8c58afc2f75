#if DEBUG
    /// Something that a transaction wrote; a commit may be undone by the loss of what was not flushed, or by a restore.
    class Written {
        func commit() {}
        func rollBack() {}
        func undo() {}
    }

    /// Something that one transaction holds at a time, until its end; others wait in line.
    class Lockable: Written {
        private(set) var holder: Transaction?
        private var line: [(transaction: Transaction, go: () -> Void)] = []

        /// Goes on as soon as the transaction holds it; never when the transaction ends first.
        func lock(_ transaction: Transaction, _ go: @escaping () -> Void) {
            if holder === transaction { return go() }
            guard holder != nil else {
                holder = transaction
                transaction.locks.append(self)
                return go()
            }
            line.append((transaction, go))
        }

        func release() {
            holder = nil
            while holder == nil, !line.isEmpty {
                let (next, go) = line.removeFirst()
                guard next.isOpen else { continue }
                holder = next
                next.locks.append(self)
                next.database.world.after(0) { if next.isOpen { go() } }
            }
        }
    }

    /// A row: its committed value, and what the transaction that holds it has made of it. Nil: there is none.
    final class Row<Value>: Lockable {
        private(set) var committed: Value?
        private var pending: Value?
        private var isChanged = false
        private var history: [Value?] = []

        init(_ committed: Value? = nil) { self.committed = committed }

        /// As a statement of this transaction sees it.
        func value(_ transaction: Transaction?) -> Value? {
            isChanged && transaction != nil && holder === transaction ? pending : committed
        }

        /// Only while the transaction holds it.
        func set(_ value: Value?, _ transaction: Transaction) {
            precondition(holder === transaction, "a row is written under its lock")
            if !isChanged { transaction.writes.append(self) }
            (pending, isChanged) = (value, true)
        }

        override func commit() {
            history.append(committed)
            (committed, pending, isChanged) = (pending, nil, false)
        }

        override func rollBack() { (pending, isChanged) = (nil, false) }
        override func undo() { if let before = history.popLast() { committed = before } }
    }

    /// Rows by key, in the order in which the keys first came up.
    final class Table<Key: Hashable, Value> {
        private(set) var rows: [(key: Key, row: Row<Value>)] = []
        private var places: [Key: Int] = [:]

        func row(_ key: Key) -> Row<Value> {
            if let place = places[key] { return rows[place].row }
            places[key] = rows.count
            let row = Row<Value>()
            rows.append((key, row))
            return row
        }
    }

    /// A transaction; it has an xid only once it writes.
    final class Transaction {
        unowned let database: Database
        let owner: String
        fileprivate(set) var xid: UInt64?
        fileprivate(set) var isOpen = true
        fileprivate var isCommitting = false
        var locks: [Lockable] = []
        var writes: [Written] = []
        /// `synchronous_commit = off`: a crash may lose it, but not what it built upon.
        var isLazy = false

        init(_ database: Database, owner: String) {
            self.database = database
            self.owner = owner
        }
    }

    /// Which transactions were over.
    struct Seeing {
        let xmin: UInt64
        let xmax: UInt64
        let running: [UInt64]

        /// `pg_visible_in_snapshot`
        func sees(_ xid: UInt64) -> Bool { xid < xmax && (xid < xmin || !running.contains(xid)) }

        var text: String { "\(xmin):\(xmax):" + running.map(String.init).joined(separator: ",") }
    }

    /// Transactions, their order and their end; what tables there are is others' matter.
    final class Database {
        private struct Commit {
            let xid: UInt64
            let writes: [Written]
        }

        /// A statement on its way, which must be told when the connection ends.
        fileprivate final class Call {
            var isAnswered = false
            var onLoss: (() -> Void)?

            func fail() {
                guard !isAnswered else { return }
                isAnswered = true
                onLoss?()
                onLoss = nil
            }

            func answer() {
                isAnswered = true
                onLoss = nil
            }
        }

        let name: String
        unowned let world: World
        private var random: Random
        private(set) var isUp = true
        /// Connections belong to one; each end of the server ends them.
        private(set) var incarnation = 0
        private(set) var timeline: Int64 = 1
        private var nextXid: UInt64 = 3
        private var open: [Transaction] = []
        private var journal: [Commit] = []
        private var flushed = 0
        private var calls: [Call] = []
        /// The disk is slow until then.
        var slowUntil: Time = 0
        /// After commits were undone: sequences are set and the like.
        var onUndone: (inout Random) -> Void = { _ in }

        init(_ name: String, _ world: World, _ random: Random) {
            self.name = name
            self.world = world
            self.random = random
        }

        // MARK: - Transactions

        func begin(_ owner: String) -> Transaction {
            let transaction = Transaction(self, owner: owner)
            open.append(transaction)
            return transaction
        }

        /// `pg_current_xact_id()`
        func xid(_ transaction: Transaction) -> UInt64 {
            if let xid = transaction.xid { return xid }
            transaction.xid = nextXid
            nextXid += 1
            return nextXid - 1
        }

        /// `pg_current_snapshot()`
        func snapshot() -> Seeing {
            var running: [UInt64] = []
            for transaction in open { if let xid = transaction.xid { running.append(xid) } }
            running.sort()
            return Seeing(xmin: running.first ?? nextXid, xmax: nextXid, running: running)
        }

        /// Takes the time of the disk; then it is certain, and `done` hears of it.
        func commit(_ transaction: Transaction, _ done: @escaping () -> Void) {
            guard transaction.isOpen else { return }
            guard !transaction.writes.isEmpty else {
                end(transaction)
                return done()
            }
            transaction.isCommitting = true
            _ = xid(transaction)
            let wait = transaction.isLazy ? 10 : random.within(150, 1_500) + slowness()
            world.after(wait) {
                guard transaction.isOpen else { return }
                self.commitNow(transaction)
                done()
            }
        }

        private func slowness() -> Time { world.now < slowUntil ? random.within(5_000, 60_000) : 0 }

        private func commitNow(_ transaction: Transaction) {
            for written in transaction.writes { written.commit() }
            if let xid = transaction.xid {
                journal.append(Commit(xid: xid, writes: transaction.writes))
                if !transaction.isLazy { flushed = journal.count }
            }
            end(transaction)
        }

        func rollBack(_ transaction: Transaction) {
            guard transaction.isOpen else { return }
            for written in transaction.writes { written.rollBack() }
            end(transaction)
        }

        /// The client is gone; a commit that was sent goes on.
        func hangUp(_ transaction: Transaction) {
            world.after(700) { if !transaction.isCommitting { self.rollBack(transaction) } }
        }

        private func end(_ transaction: Transaction) {
            transaction.isOpen = false
            open.removeAll { $0 === transaction }
            let locks = transaction.locks
            (transaction.locks, transaction.writes) = ([], [])
            for lock in locks { lock.release() }
        }

        // MARK: - Faults

        /// Commits on their way to the disk may have reached it; what was not flushed may be lost.
        func crash(for absence: Time) {
            guard isUp else { return }
            world.note(name, "crashes")
            fall()
            cut(to: random.within(flushed, journal.count))
            world.after(absence) { self.rise() }
        }

        /// A standby that lacked the last commits is promoted, or a backup is restored up to there.
        func lose(commits: Int, for absence: Time) {
            guard isUp else { return }
            world.note(name, "is replaced by itself as it was \(commits) commits ago")
            fall()
            cut(to: max(0, journal.count - commits))
            timeline += 1
            world.after(absence) { self.rise() }
        }

        /// The run is over: nothing holds on to anything.
        func end() {
            isUp = false
            for transaction in open { transaction.isOpen = false }
            for transaction in open { end(transaction) }
            for call in calls { call.answer() }
            calls = []
        }

        private func fall() {
            isUp = false
            incarnation += 1
            for transaction in open where transaction.isCommitting && random.chance(50) { commitNow(transaction) }
            for transaction in open { transaction.isOpen = false }
            let ended = open
            open = []
            for transaction in ended {
                for written in transaction.writes { written.rollBack() }
                for lock in transaction.locks { lock.release() }
                (transaction.locks, transaction.writes) = ([], [])
            }
            let calls = calls
            self.calls = []
            for call in calls { call.fail() }
        }

        private func cut(to length: Int) {
            guard length < journal.count else { return flushed = journal.count }
            world.note(name, "loses \(journal.count - length) commits")
            for commit in journal[length...].reversed() { for written in commit.writes.reversed() { written.undo() } }
            journal.removeLast(journal.count - length)
            flushed = length
            // The counter may have got further than what is left shows.
            let shown = (journal.map(\.xid).max() ?? 2) + 1
            nextXid = shown + UInt64(random.below(Int(nextXid - min(nextXid, shown)) + 1))
            onUndone(&random)
        }

        private func rise() {
            isUp = true
            world.note(name, "is back")
        }

        // MARK: - Statements from a process

        fileprivate func register(_ call: Call) {
            if calls.count > 64 { calls.removeAll(where: \.isAnswered) }
            calls.append(call)
        }
    }

    /// What a process hears of a statement.
    enum Reply<T> {
        case done(T)
        /// The connection was lost; what was sent may have happened.
        case away
    }

    extension Process {
        private func latency() -> Time { random.chance(2) ? random.within(2_000, 20_000) : random.within(40, 300) }

        /// Sends a statement of a transaction; `work` runs at the server, and may wait there. Without its connection
        /// the answer is `away`.
        func ask<T>(
            _ transaction: Transaction, _ work: @escaping (_ answer: @escaping (T) -> Void) -> Void,
            _ reply: @escaping (Reply<T>) -> Void
        ) {
            let database = transaction.database
            send(database, reply) { answer, fail in
                guard transaction.isOpen else { return fail() }
                work(answer)
            }
        }

        func commit(_ transaction: Transaction, _ reply: @escaping (Reply<Void>) -> Void) {
            ask(transaction, { answer in transaction.database.commit(transaction) { answer(()) } }, reply)
        }

        /// A statement by itself: it commits before it is answered.
        func run<T>(
            _ database: Database, isLazy: Bool = false,
            _ work: @escaping (Transaction, @escaping (T) -> Void) -> Void, _ reply: @escaping (Reply<T>) -> Void
        ) {
            let name = name
            send(database, mayWait: true, reply) { answer, _ in
                let transaction = database.begin(name)
                transaction.isLazy = isLazy
                work(transaction) { value in database.commit(transaction) { answer(value) } }
            }
        }

        /// A statement that needs no particular connection may wait in the pool until the server is back.
        private func send<T>(
            _ database: Database, mayWait: Bool = false, _ reply: @escaping (Reply<T>) -> Void,
            _ arrive: @escaping (_ answer: @escaping (T) -> Void, _ fail: @escaping () -> Void) -> Void
        ) {
            let call = Database.Call()
            let (there, back, life) = (latency(), latency(), life)
            call.onLoss = { self.after(back, life: life) { reply(.away) } }
            let arrived = {
                arrive(
                    { value in
                        guard !call.isAnswered else { return }
                        call.answer()
                        let incarnation = database.incarnation
                        self.after(back, life: life) {
                            reply(database.incarnation == incarnation ? .done(value) : .away)
                        }
                    }, { call.fail() })
            }
            let patience = mayWait && random.chance(50) ? world.now + .milliseconds(random.within(10, 1_000)) : 0
            world.after(there) {
                if call.isAnswered { return }
                if database.isUp { return arrived() }
                self.wait(for: database, until: patience, life, arrived) { call.fail() }
            }
            database.register(call)
        }

        private func wait(
            for database: Database, until patience: Time, _ life: Int, _ arrived: @escaping () -> Void,
            _ fail: @escaping () -> Void
        ) {
            guard world.now < patience, self.life == life else { return fail() }
            world.after(.milliseconds(20)) {
                if database.isUp { return arrived() }
                self.wait(for: database, until: patience, life, arrived, fail)
            }
        }
    }
#endif
