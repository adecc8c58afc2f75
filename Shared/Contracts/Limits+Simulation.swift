extension Limits {
    /// The province that is simulated.
    public enum Simulation {
        public static let agencies = 1_000
        public static let officials = 90_000
        public static let procedures = 4_000
        public static let dossiers = 20_000_000
        public static let threads = 64
        /// Most posts, and most percent of load, that one question adds or takes away.
        public static let posts = 1_000
        public static let loadPercent = 1_000
    }
}
