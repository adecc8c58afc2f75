#if DEBUG
    @testable import AMQP
    import Contracts
    @testable import EventLog

    /// An event as it was published: with its place.
    struct Sent {
        let event: Happened
        let position: Position
    }

    /// One exchange, one queue with a single active consumer, and connections that break.
    final class Broker {
        fileprivate final class Message {
            let sent: Sent
            /// Not yet on the broker's disk: a crash may lose it.
            var isConfirmed = false

            init(_ sent: Sent) { self.sent = sent }
        }

        unowned let world: World
        private var random: Random
        private let oracle: Oracle
        private let prefetch: Int
        private(set) var isUp = true
        private var hasQueue = false
        private var ready: [Message] = []
        private var publishers: [PublisherEnd] = []
        /// The first that is open is the active one.
        private var consumers: [ConsumerEnd] = []
        /// Per cent of messages that are refused, until then.
        var nacks = 0
        var nacksUntil: Time = 0
        /// Messages that will be taken twice.
        var doubles = 0

        init(_ world: World, _ random: Random, _ oracle: Oracle, prefetch: Int) {
            self.world = world
            self.random = random
            self.oracle = oracle
            self.prefetch = prefetch
        }

        // MARK: - Faults

        func crash(for absence: Time, losingDisk: Bool) {
            guard isUp else { return }
            world.note("broker", losingDisk ? "loses its disk" : "crashes")
            isUp = false
            for end in publishers { end.close() }
            for end in consumers { end.close() }
            (publishers, consumers) = ([], [])
            if losingDisk { (ready, hasQueue) = ([], false) }
            ready.removeAll { !$0.isConfirmed && random.chance(50) }
            world.after(absence) {
                self.isUp = true
                self.world.note("broker", "is back")
            }
        }

        func deleteQueue() {
            guard isUp, hasQueue else { return }
            world.note("broker", "the queue is deleted with \(ready.count) messages")
            (ready, hasQueue) = ([], false)
            for end in consumers { end.close() }
            consumers = []
        }

        // MARK: - Publishing

        /// What a publisher's connection is at the broker.
        final class PublisherEnd {
            fileprivate(set) var isOpen = true
            fileprivate var tag: UInt64 = 0
            /// Confirms that wait, by tag: on disk or not, positive or not.
            fileprivate var waiting: [(tag: UInt64, isDone: Bool, isPositive: Bool)] = []
            var onAnswer: (_ tag: UInt64, _ multiple: Bool, _ positive: Bool) -> Void = { _, _, _ in }
            var onReturn: (_ messageID: String) -> Void = { _ in }
            var onLoss: () -> Void = {}

            func close() {
                guard isOpen else { return }
                isOpen = false
                onLoss()
            }
        }

        func connectPublisher() -> PublisherEnd? {
            guard isUp else { return nil }
            let end = PublisherEnd()
            publishers.append(end)
            return end
        }

        func take(_ sent: Sent, from end: PublisherEnd) {
            guard isUp, end.isOpen else { return }
            end.tag += 1
            let tag = end.tag
            let isRefused = world.now < nacksUntil && random.chance(nacks)
            end.waiting.append((tag, false, !isRefused))
            var message: Message?
            if !isRefused {
                oracle.arrived(sent)
                if sent.event.isConsumed {
                    if hasQueue {
                        for _ in 0..<(doubles > 0 ? 2 : 1) {
                            let made = Message(sent)
                            ready.append(made)
                            message = made
                        }
                        doubles = max(0, doubles - 1)
                    } else {
                        end.onReturn(String(sent.event.number))
                    }
                } else {
                    end.onReturn(String(sent.event.number))
                }
                deliver()
            }
            world.after(random.chance(5) ? random.within(2_000, 40_000) : random.within(100, 1_500)) {
                message?.isConfirmed = true
                self.answer(end, tag, sent)
            }
        }

        /// Confirms in any order, sometimes several at once.
        private func answer(_ end: PublisherEnd, _ tag: UInt64, _ sent: Sent) {
            guard isUp, end.isOpen, let place = end.waiting.firstIndex(where: { $0.tag == tag }) else { return }
            end.waiting[place].isDone = true
            let positive = end.waiting[place].isPositive
            let first = end.waiting[...place].allSatisfy { $0.isDone && $0.isPositive == positive }
            if first, random.chance(60) {
                end.waiting.removeFirst(place + 1)
                return end.onAnswer(tag, true, positive)
            }
            // Later an older one may answer for it: several at once.
            if !first, random.chance(30), positive, end.waiting[..<place].contains(where: { !$0.isDone }) {
                let life = end
                world.after(50_000) { self.flush(life, tag, positive) }
                return
            }
            end.waiting.remove(at: place)
            end.onAnswer(tag, false, positive)
        }

        private func flush(_ end: PublisherEnd, _ tag: UInt64, _ positive: Bool) {
            guard isUp, end.isOpen, let place = end.waiting.firstIndex(where: { $0.tag == tag }) else { return }
            end.waiting.remove(at: place)
            end.onAnswer(tag, false, positive)
        }

        func hangUp(_ end: PublisherEnd) {
            end.isOpen = false
            publishers.removeAll { $0 === end }
        }

        // MARK: - Consuming

        /// What a consumer's connection is at the broker.
        final class ConsumerEnd {
            fileprivate(set) var isOpen = true
            fileprivate var tag: UInt64 = 0
            fileprivate var unacknowledged: [(tag: UInt64, message: Message)] = []
            var onDelivery: (_ tag: UInt64, _ sent: Sent) -> Void = { _, _ in }
            var onLoss: () -> Void = {}

            func close() {
                guard isOpen else { return }
                isOpen = false
                onLoss()
            }
        }

        /// The queue is made if it is not there; `isNew` says so.
        func connectConsumer() -> (end: ConsumerEnd, isNew: Bool)? {
            guard isUp else { return nil }
            let isNew = !hasQueue
            hasQueue = true
            let end = ConsumerEnd()
            consumers.append(end)
            world.after(100) { self.deliver() }
            return (end, isNew)
        }

        private func deliver() {
            guard isUp, let active = consumers.first(where: \.isOpen) else { return }
            while !ready.isEmpty, active.unacknowledged.count < prefetch {
                let message = ready.removeFirst()
                active.tag += 1
                active.unacknowledged.append((active.tag, message))
                active.onDelivery(active.tag, message.sent)
            }
        }

        func acknowledge(_ end: ConsumerEnd, _ frame: Acknowledgement) {
            guard isUp, end.isOpen else { return }
            let done = end.unacknowledged.filter { frame.multiple ? $0.tag <= frame.tag : $0.tag == frame.tag }
            for (_, message) in done { oracle.acknowledged(message.sent) }
            end.unacknowledged.removeAll { frame.multiple ? $0.tag <= frame.tag : $0.tag == frame.tag }
            deliver()
        }

        /// What it had and did not acknowledge goes back to where it was.
        func hangUp(_ end: ConsumerEnd) {
            end.isOpen = false
            consumers.removeAll { $0 === end }
            guard hasQueue, isUp else { return }
            ready.insert(contentsOf: end.unacknowledged.map(\.message), at: 0)
            end.unacknowledged = []
            world.after(200) { self.deliver() }
        }

        /// The network ends a connection, seen from both sides.
        func cut(_ end: ConsumerEnd) {
            hangUp(end)
            end.onLoss()
        }

        var isEmpty: Bool { ready.isEmpty && consumers.allSatisfy { $0.unacknowledged.isEmpty } }
    }
#endif
