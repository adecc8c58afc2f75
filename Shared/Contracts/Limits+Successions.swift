extension Limits {
    /// What an agency that has ended leaves to its successor.
    public enum Successions {
        /// Most agencies that succeeded one another.
        public static let line = 20
        /// What a successor takes over in one transaction, of each kind.
        public static let batch = 50
        /// After how long what an agency left is looked at again, in business time (seconds): while it has no
        /// successor, and once when all is done.
        public static let look = 86_400.0
    }
}
