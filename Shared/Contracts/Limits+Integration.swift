extension Limits {
    /// Requests to addresses that others chose.
    public enum Courier {
        public static let connect: Duration = .seconds(5)
        /// One request, connecting included.
        public static let answer: Duration = .seconds(15)
        /// Bytes of an answer that are kept, and that are read at all.
        public static let kept = 1_024
        public static let discarded = 262_144
        /// Requests on their way or waiting.
        public static let waiting = 4_096
        /// Idle connections that are kept for the next request.
        public static let keptConnections = 256
    }

    /// The exchange for integrators.
    public enum Integration {
        /// Subscriptions that are not deleted.
        public static let subscriptions = 500
        /// Patterns of one subscription.
        public static let patterns = 40
        /// Longest address of a webhook, in characters.
        public static let urlLength = 2_000
        /// How often the archive is looked at when nobody rang, and how often for a while after somebody did: each look
        /// costs a commit here and one for each subscriber, however few events it finds.
        public static let look: Duration = .milliseconds(100)
        public static let lookSoon: Duration = .milliseconds(15)
        /// How long after a ring it is looked at so often.
        public static let lookFor: Duration = .milliseconds(200)
        /// Leadership, as of the relay: its life, its renewal, how often others ask.
        public static let lease: Duration = .seconds(3)
        public static let renewal: Duration = .seconds(1)
        public static let candidacy: Duration = .milliseconds(500)
        /// How often subscriptions are looked at for changes that other processes made.
        public static let supervision: Duration = .milliseconds(500)
        /// Events that get numbers together and are then sent; positions that one look may pass over.
        public static let batch = 500
        /// Of the past, for a subscriber that is further behind than the kept tail: together, and a second. Few large
        /// batches leave more to others than many small ones: each is a commit here and one at the broker.
        public static let pastBatch = 500
        public static let pastRate = 5_250
        /// Of the past, at the broker before the next ones are sent; and the time that belongs to each of a batch: a
        /// little less than it has at that rate.
        public static let pastSlice = 100
        public static let pastSpacing: Duration = .microseconds(165)
        /// How much of what could not go in time goes at once later.
        public static let paceMemory: Duration = .milliseconds(300)
        public static let pastPause: Duration = .milliseconds(2)
        public static let scan = 8_192
        /// Bytes of their data at most, unless one event alone has more.
        public static let batchBytes = 4_194_304
        /// Newest events kept in memory for subscribers that are up to date.
        public static let tail = 2_048
        /// A place that only passed over events is written down this often.
        public static let passed: Duration = .seconds(10)
        /// Deliveries of one webhook at once; of one aggregate one.
        public static let webhookWindow = 8
        /// Numbered deliveries of one webhook that are not over yet: no more get numbers.
        public static let webhookOpen = 500
        /// Retries of one delivery: doubling, capped, jittered; after `patience` from the first failure the
        /// subscription is disabled.
        public static let retryFirst: Duration = .seconds(5)
        public static let retryMost: Duration = .seconds(21_600)
        public static let patience: Duration = .seconds(259_200)
        /// Failures in a row after which a webhook gets one delivery at a time until one succeeds.
        public static let failuresInRow = 5
        /// Waits before a queue that was full or missing is tried again.
        public static let queueRetryFirst: Duration = .milliseconds(500)
        public static let queueRetryMost: Duration = .seconds(30)
        /// Messages that wait in one queue; the broker refuses more, and they wait in the archive.
        public static let queueLength = 100_000
        /// Messages between two looks at how full a queue is, and as many are kept free in it for what a consumer that
        /// goes away puts back; a tenth of a shorter queue. Into a queue that has no such room this many go one at a
        /// time between two looks.
        public static let queueLook = 5_000
        public static let queueAlone = 100
        /// How long an old signing secret stays valid beside the new one.
        public static let secretOverlap: Duration = .seconds(86_400)
        /// Signatures of one webhook's delivery: of the newest secrets that are valid.
        public static let signatures = 4
        /// Events a second of a replay.
        public static let replayRate = 1...5_000
        public static let replayRateDefault = 200
        /// Replays of one subscription that are not over.
        public static let replays = 5
        /// Between two comparisons of the broker's queues and users with the subscriptions.
        public static let comparison: Duration = .seconds(60)
        /// Bytes of an answer of the broker's management.
        public static let managementBytes = 16_777_216
        /// Characters of an error that the ledger keeps.
        public static let errorLength = 500
    }
}
