#if DEBUG
    import Contracts
    @testable import EventLog

    /// How parked events are taken up.
    extension InboxShell {
        /// `InboxWorker.resume`: until it succeeds.
        func resumePersistently(_ aggregate: Int, _ attempt: Int, _ done: @escaping (Resumption) -> Void) {
            let away = { self.again(attempt) { self.resumePersistently(aggregate, attempt + 1, done) } }
            begin { transaction in
                process.ask(
                    transaction,
                    { answer in
                        self.store.lock(aggregate, transaction) { standing in
                            self.store.head(of: aggregate, transaction) { answer((standing, $0)) }
                        }
                    }
                ) { (reply: Reply<(Standing, SinkStore.Head?)>) in
                    guard case .done((let standing, let head)) = reply else { return away() }
                    guard let head else { return self.conclude(transaction, .halted, away, done) }
                    self.resume(head, standing, transaction, away, done)
                }
            }
        }

        private func conclude(
            _ transaction: Transaction, _ resumption: Resumption, _ away: @escaping () -> Void,
            _ done: @escaping (Resumption) -> Void
        ) {
            process.commit(transaction) { reply in if case .away = reply { away() } else { done(resumption) } }
        }

        private func resume(
            _ head: SinkStore.Head, _ standing: Standing, _ transaction: Transaction, _ away: @escaping () -> Void,
            _ done: @escaping (Resumption) -> Void
        ) {
            let event = head.parked.event
            let decision = ResumeDecision.on(
                version: event.version, epoch: event.epoch, isReady: head.isReady, head.parked.parking, standing, pace)
            process.world.note(process.name, "parked \(event.description): \(decision)")
            switch decision {
            case .act: return act(head, transaction, away, done)
            case .leave, .remove, .repark: break
            }
            process.ask(
                transaction,
                { answer in
                    switch decision {
                    case .leave: self.store.silence(behind: head, transaction, answer)
                    case .repark(let parking, _): self.store.repark(head, parking, transaction, answer)
                    case .remove, .act:
                        self.store.remove(head, transaction)
                        answer(())
                    }
                }
            ) { (reply: Reply<Void>) in
                guard case .done = reply else { return away() }
                switch decision {
                case .repark(_, let resumption): self.conclude(transaction, resumption, away, done)
                case .leave: self.conclude(transaction, .halted, away, done)
                case .remove, .act: self.conclude(transaction, .onward, away, done)
                }
            }
        }

        /// `InboxWorker.act`
        private func act(
            _ head: SinkStore.Head, _ transaction: Transaction, _ away: @escaping () -> Void,
            _ done: @escaping (Resumption) -> Void
        ) {
            process.ask(
                transaction,
                { answer in
                    self.store.advance(head, transaction)
                    self.store.react(to: head.parked.event, transaction, answer)
                }
            ) { (reply: Reply<(any Error)?>) in
                switch reply {
                case .away: away()
                case .done(nil): self.conclude(transaction, .onward, away, done)
                case .done(let error?):
                    self.store.database.rollBack(transaction)
                    self.park(head, error, away, done)
                }
            }
        }

        /// `InboxWorker.park(_:of:after:)` of an event that was parked.
        private func park(
            _ head: SinkStore.Head, _ error: any Error, _ away: @escaping () -> Void,
            _ done: @escaping (Resumption) -> Void
        ) {
            let parking = Parking.after(
                error, before: head.parked.parking, pace: pace, jitter: process.random.fraction())
            begin { transaction in
                locked(parking.waitKey, transaction, away) {
                    self.process.ask(transaction, { self.store.repark(head, parking, transaction, $0) }) {
                        (reply: Reply<Void>) in
                        guard case .done = reply else { return away() }
                        self.conclude(transaction, parking.due == .zero ? .onward : .halted, away, done)
                    }
                }
            }
        }
    }
#endif
