extension Limits {
    /// Sealing what the relay has recorded, and proving it.
    public enum Receipts {
        /// How often a process looks for ticks to seal: what a receipt waits for at most, and what spreads the cost of
        /// a signature over many events.
        public static let look: Duration = .seconds(1)
        /// Longest wait of a sealer that met a fault, or history that is not what was recorded.
        public static let retryMost: Duration = .seconds(60)
        /// Events of one statement, unless one tick alone has more, and its ticks.
        public static let sealEvents = 8_192
        public static let sealTicks = 1_024
        /// Signed statements of one page.
        public static let page = 500
        /// Longest signed statement, in characters.
        public static let statement = 1_000
        /// Steps of a proof: enough for a tree of 2^40 leaves.
        public static let pathSteps = 40
        /// Bytes of one event's record: the largest body of a request, with what travels beside it.
        public static let recordBytes = 16_777_216
        /// Public keys that a service ever had, in one answer.
        public static let keys = 1_000
        /// Rows of the log that an audit reads at once.
        public static let auditRows = 10_000
        /// Rows of one tick that were exchanged are told from rows that were edited up to this many.
        public static let exchanged = 64
        /// One request of the command line.
        public static let request: Duration = .seconds(30)
    }
}
