extension Limits {
    /// What citizens do beside their dossiers: ratings, complaints, the feed of changes; and who reads about them.
    public enum Citizen {
        /// For so many days after its occasion a rating is given and changed: also a paper slip is typed in by then.
        public static let ratingDays = 30
        /// Longest text of a complaint and of its answer, in characters.
        public static let complaintText = 10_000
        /// Longest address under which an anonymous complainant may be reached, in characters.
        public static let contact = 200
        /// Random bytes of the key by which an anonymous complaint is looked up.
        public static let lookUpKey = 16
        /// Anonymous complaints that the service takes in one hour; anybody may send them.
        public static let anonymousPerHour = 200
        /// How long an app may wait for a change, in seconds, and how many wait at once; more are answered at once.
        /// Shorter than a stopping process waits for what is in flight (`Limits.Server.drain`).
        public static let wait = 15
        public static let waiting = 4_000
        /// How often one that waits looks by itself, for what other copies of the service have numbered.
        public static let look: Duration = .seconds(2)
        /// Events that are numbered in one go, and the pause between two: what waits meanwhile is one batch.
        public static let numberedAtOnce = 2_000
        /// Rounds that one request waits for.
        public static let roundsAtOnce = 3
        public static let numbering: Duration = .milliseconds(50)
        /// How often it is looked for what other copies of the service have written.
        public static let numberingLook: Duration = .seconds(1)
        /// Reads that wait to be written into the ledger, and for how long at most.
        public static let readsWaiting = 50_000
        public static let readsWritten: Duration = .milliseconds(500)
        /// Reads that are written in one statement.
        public static let readsAtOnce = 5_000
        /// Officials who could read a dossier, named at once.
        public static let couldRead = 500
    }
}
