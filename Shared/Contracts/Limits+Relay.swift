extension Limits {
    /// From the event log to the broker, and the feed.
    public enum Relay {
        /// Events of one tick, which is also what is published as one batch and held in memory; a longer backlog is cut
        /// into several ticks. Large enough that waiting for the last confirms of a batch costs little.
        public static let tick = 4_096
        /// Bytes of their data at most, unless one event alone has more.
        public static let tickBytes = 8_388_608
        /// Ticks that are recorded and not wholly confirmed, at most: one being recorded, others on their way.
        public static let inHand = 4
        /// A look at the log happens at least this often; a poke makes it happen at once.
        public static let look: Duration = .milliseconds(100)
        /// How long leadership lasts without renewal, on the database's clock.
        public static let lease: Duration = .seconds(3)
        /// A third of the lease.
        public static let renewal: Duration = .seconds(1)
        /// The cursor rests this long after each move, so that a stream of small ticks is not doubled by moves. What
        /// was published meanwhile is published again after a crash, and absorbed.
        public static let cursorRest: Duration = .milliseconds(20)
        /// How often a relay that does not lead asks whether it may.
        public static let candidacy: Duration = .milliseconds(500)
        /// Waits before a held tick, or a relay that met a fault, tries again: doubling, capped, jittered.
        public static let retryFirst: Duration = .milliseconds(100)
        public static let retryMost: Duration = .seconds(5)
        /// How long a stopping relay waits for the confirms of what it is publishing.
        public static let drain: Duration = .seconds(2)
    }

    /// What is in the log and on the wire.
    public enum Events {
        /// Longest identity of an aggregate, in characters.
        public static let aggregateID = 120
        /// Longest wire name of an event, in characters.
        public static let type = 120
        /// Events of one page of the feed, and events that one page may look through at most.
        public static let feedPage = 1_000
        public static let feedScan = 8_192
        /// Ticks that one page of the feed may span.
        public static let feedTicks = 1_000
    }
}
