extension Limits {
    /// How events of others are taken, and what is done with those that cannot be taken yet.
    public enum Inbox {
        /// Aggregates worked on at once; events of one aggregate stay in one lane. What the pool lends to transactions.
        public static let lanes = 6
        /// Failures of one event before it is dead. With the waits below about two hours.
        public static let attempts = 12
        /// Wait after the first failure; doubles up to the most; each is drawn between half and the whole.
        public static let retryFirst: Duration = .seconds(1)
        public static let retryMost: Duration = .seconds(1_800)
        /// Waits while database, broker or a feed are away.
        public static let awayFirst: Duration = .milliseconds(50)
        public static let awayMost: Duration = .seconds(2)
        /// How often parked events are looked at when nobody rings.
        public static let look: Duration = .seconds(1)
        /// An event that waits for something unknown is tried again this often, should a wake be forgotten.
        public static let unknownLook: Duration = .seconds(300)
        /// A gap that could not be filled is read again after this.
        public static let gapLook: Duration = .seconds(5)
        /// The tail check: reads the feeds for what the broker lost.
        public static let tail: Duration = .seconds(60)
        /// How often parked and dead events are counted for the metrics.
        public static let count: Duration = .seconds(10)
        /// Parked aggregates taken up by one look.
        public static let looked = 500
        /// Parked events of one aggregate that are taken before others of the lane have their turn.
        public static let resumed = 100
        /// Feeds read at once for gaps.
        public static let repairs = 4
        /// Bytes kept of a message that was refused.
        public static let refusedBytes = 65_536
        /// Characters kept of an error.
        public static let errorLength = 500
    }

    /// Durable timers.
    public enum Timers {
        /// How often due timers are looked for when nobody rings.
        public static let look: Duration = .seconds(1)
        /// Wait after the first failure of a timer; doubles up to the most.
        public static let retryFirst: Duration = .seconds(1)
        public static let retryMost: Duration = .seconds(3_600)
    }
}
