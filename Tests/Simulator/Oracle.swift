#if DEBUG
    import Contracts
    @testable import EventLog

    /// Watches what is promised while a run goes on, and judges it at its end.
    final class Oracle {
        private struct EventKey: Hashable {
            let epoch: Int32
            let event: Int
        }

        unowned let world: World
        unowned var source: SourceStore?
        unowned var sink: SinkStore?
        private var eventAt: [Position: Int] = [:]
        private var placeOf: [EventKey: Position] = [:]

        init(_ world: World) { self.world = world }

        // MARK: - While it runs

        /// The relay hands an event to a connection. At first everything before it of its aggregate had its turn.
        func tried(_ sent: Sent) {
            let event = sent.event
            if !event.isTried, let before = event.before, !before.isTried {
                world.broken("out of order: \(event.description) is published before v\(before.version)")
            }
            event.isTried = true
        }

        /// The broker takes an event: where it stands never changes.
        func arrived(_ sent: Sent) {
            let key = EventKey(epoch: sent.position.epoch, event: sent.event.number)
            if let place = placeOf.updateValue(sent.position, forKey: key), place != sent.position {
                world.broken("position changed: \(sent.event.description) was at \(place), is at \(sent.position)")
            }
            if let other = eventAt.updateValue(sent.event.number, forKey: sent.position), other != sent.event.number {
                world.broken("position used twice: \(sent.position) was event \(other), is \(sent.event.description)")
            }
        }

        func settled(_ sent: Sent) { sent.event.isSettled = true }

        /// The broker may forget it: then it is in the consumer's database.
        func acknowledged(_ sent: Sent) {
            guard !sent.event.isKept, sent.event.isStanding else { return }
            world.broken("acknowledged and not in the database: \(sent.event.description)")
        }

        // MARK: - At the end

        /// What is still to come; nil: nothing.
        func pending() -> String? {
            guard let source, let sink else { return nil }
            // What is left of a history that was lost may wait for ever for what was lost with it; an alarm says so.
            if let parked = sink.parked.rows.lazy.compactMap(\.row.committed).first(where: \.event.isStanding) {
                return "parked: \(parked.event.description) is \(parked.state) \(parked.waitKey ?? "")"
            }
            if let timer = sink.timers.rows.lazy.compactMap(\.row.committed).first {
                return "timer of \(timer.event.description) has not fired"
            }
            for row in source.committed where !row.event.isSettled {
                return "lost at the broker: \(row.event.description) was never published"
            }
            let effects = Set(sink.effects.lazy.filter(\.isCommitted).map(\.event.number))
            for row in source.committed where row.event.isConsumed && sink.hasEffect(row.event) {
                guard !effects.contains(row.event.number), sink.skipped.row(row.event.number).committed == nil else {
                    continue
                }
                return "lost: \(row.event.description) has no effect"
            }
            return nil
        }

        /// Once nothing is to come, or nothing came for long.
        func judge() {
            if let pending = pending() { return world.broken(pending) }
            guard let sink else { return }
            once(sink.effects, "effect")
            once(sink.fired, "timer")
            let due = sink.effects.filter {
                guard $0.isCommitted, case .setsTimer = $0.event.deed else { return false }
                return true
            }
            let fired = Set(sink.fired.filter(\.isCommitted).map(\.event.number))
            for effect in due where !fired.contains(effect.event.number) {
                world.broken("lost: the timer of \(effect.event.description)")
            }
            var last: [Int: Happened] = [:]
            for effect in sink.effects where effect.isCommitted {
                let event = effect.event
                if let before = last[event.aggregate], before.version >= event.version {
                    world.broken("out of order: the effect of \(event.description) came after v\(before.version)")
                }
                last[event.aggregate] = event
            }
        }

        private func once(_ effects: [Effect], _ what: String) {
            var seen: Set<Int> = []
            for effect in effects where effect.isCommitted {
                if !seen.insert(effect.event.number).inserted {
                    world.broken("twice: the \(what) of \(effect.event.description)")
                }
            }
        }
    }
#endif
