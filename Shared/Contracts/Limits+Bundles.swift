extension Limits {
    /// Dossiers taken along.
    public enum Bundles {
        /// Bytes of a file's path.
        public static let path = 400
        /// Bytes of papers and answer in one bundle; what is more is left out by `documents=false`.
        public static let papers = 67_108_864
        /// Changes of one dossier, each with its receipt.
        public static let changes = 2_000
    }
}
