#if DEBUG
    import Contracts
    @testable import EventLog

    /// What people do when the faults are over.
    extension SinkStore {
        /// Makes known what nothing else will.
        func reveal(_ transaction: Transaction, _ answer: @escaping (()) -> Void) {
            guard let key = (0..<SinkStore.keys).first(where: { known.row($0).committed == nil }) else {
                return answer(())
            }
            makeKnown(key, transaction) { answer(()) }
        }

        /// `DeadLetters.retry`, and `DeadLetters.skip` of what conflicts with a replaced history.
        func operate(_ transaction: Transaction, _ answer: @escaping (()) -> Void) {
            guard let (key, row) = parked.rows.first(where: { $0.row.committed?.state == .dead }) else {
                return answer(())
            }
            lock(key.aggregate, transaction) { standing in
                row.lock(transaction) {
                    guard var dead = row.value(transaction), dead.state == .dead else { return answer(()) }
                    guard dead.isConflict else {
                        (dead.state, dead.attempts, dead.due) = (.waiting, 0, self.now)
                        row.set(dead, transaction)
                        return answer(())
                    }
                    row.set(nil, transaction)
                    let skip = self.skipped.row(dead.event.number)
                    skip.lock(transaction) { skip.set(true, transaction) }
                    let next = dead.event.version - standing.version
                    if next == 0 || next == 1, standing.epoch <= dead.event.epoch {
                        self.positions.row(key.aggregate)
                            .set(Taken(epoch: dead.event.epoch, version: dead.event.version), transaction)
                    }
                    let rest = self.parked(of: key.aggregate, transaction)
                    guard let next = rest.min(by: { ($0.key.version, $0.key.epoch) < ($1.key.version, $1.key.epoch) }),
                        next.value.state == .waiting
                    else { return answer(()) }
                    next.row.lock(transaction) {
                        if var value = next.row.value(transaction), value.state == .waiting {
                            value.due = self.now
                            next.row.set(value, transaction)
                        }
                        answer(())
                    }
                }
            }
        }
    }
#endif
