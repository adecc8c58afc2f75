#if DEBUG
    @testable import EventLog

    /// Everything of a run that can be left out to make it smaller: made from a seed, or a part of such.
    struct Plan {
        enum What {
            /// One transaction: an event for each of these aggregates, in order. `early`: its xid is so much older.
            case write([Int], Deed, early: Time, hold: Time, aborts: Bool)
            /// A writer of another schema that stays open.
            case foreign(hold: Time)
            case kill(Int, absence: Time)
            /// At this many steps from its start.
            case killAtStep(Int, Int)
            case pause(Int, Time)
            case stop(relay: Int, absence: Time)
            case cutPublisher(relay: Int)
            case cutConsumer(Int)
            case brokerCrash(Time)
            case brokerLosesDisk(Time)
            case queueDeleted
            case databaseCrash(sink: Bool, Time)
            case databaseLost(sink: Bool, commits: Int, Time)
            case slowDisk(sink: Bool, Time)
            case nacks(percent: Int, Time)
            case doubled(Int)
        }

        struct Item {
            let number: Int
            let at: Time
            let what: What
        }

        static let relays = 2
        static let consumers = 2

        let seed: UInt64
        var items: [Item]
        let most: Int
        let page: Int
        let window: Int
        let prefetch: Int
        let lanes: Int
        /// The faults are over from here on.
        var quiet: Time

        init(seed: UInt64) {
            var random = Random(seed, 1)
            self.seed = seed
            most = random.within(1, 6)
            page = random.within(1, 8)
            window = random.pick([1, 3, 256])
            prefetch = random.pick([1, 4, 16])
            lanes = random.within(1, 3)
            let length = Time.milliseconds(random.within(400, 4_000))
            quiet = length
            var made: [(Time, What)] = []
            let aggregates = random.within(2, Names.most)
            for _ in 0..<random.within(6, 36) {
                made.append((random.below(length), Plan.write(&random, aggregates)))
            }
            for _ in 0..<random.below(3) {
                made.append((random.below(length), .foreign(hold: .milliseconds(random.within(50, 3_000)))))
            }
            for _ in 0..<random.below(9) { made.append((random.below(length), Plan.fault(&random))) }
            made.sort { $0.0 < $1.0 }
            items = made.enumerated().map { Item(number: $0.offset, at: $0.element.0, what: $0.element.1) }
        }

        private static func write(_ random: inout Random, _ aggregates: Int) -> What {
            var chosen = [random.below(aggregates)]
            while random.chance(20), chosen.count < 4 { chosen.append(random.below(aggregates)) }
            // Rows are locked in one order, or transactions would wait for each other in a ring.
            chosen.sort()
            let deed: Deed =
                switch random.below(20) {
                case 0, 1: .ignored
                case 2, 3: .needs(random.below(SinkStore.keys))
                case 4, 5, 6: .makesKnown(random.below(SinkStore.keys))
                case 7, 8: .fails(random.within(1, 3))
                case 9: .fails(-1)
                case 10, 11: .setsTimer(.milliseconds(random.within(0, 2_000)))
                default: .plain
                }
            let early = random.chance(35) ? random.within(100, 150_000) : 0
            let hold = random.chance(30) ? random.within(100, 400_000) : random.within(50, 2_000)
            return .write(chosen, deed, early: early, hold: hold, aborts: random.chance(8))
        }

        private static func fault(_ random: inout Random) -> What {
            let process = random.below(relays + consumers)
            let absence = Time.milliseconds(random.within(20, 1_500))
            switch random.below(24) {
            case 0, 1, 2: return .kill(process, absence: absence)
            case 3, 4, 5: return .killAtStep(process, random.within(1, 250))
            case 6, 7, 8: return .pause(process, .milliseconds(random.within(50, 7_000)))
            case 9: return .stop(relay: random.below(relays), absence: absence)
            case 10, 11: return .cutPublisher(relay: random.below(relays))
            case 12, 13: return .cutConsumer(random.below(consumers))
            case 14: return .brokerCrash(absence)
            case 15: return .brokerLosesDisk(absence)
            case 16: return .queueDeleted
            case 17: return .databaseCrash(sink: false, absence)
            case 18: return .databaseCrash(sink: true, absence)
            case 19: return .databaseLost(sink: random.chance(40), commits: random.within(1, 12), absence)
            case 20: return .slowDisk(sink: random.chance(50), .milliseconds(random.within(100, 2_000)))
            case 21, 22: return .nacks(percent: random.pick([10, 50, 100]), .milliseconds(random.within(20, 1_000)))
            default: return .doubled(random.within(1, 8))
            }
        }
    }
#endif
