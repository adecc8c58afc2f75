extension Limits {
    /// Printed pages.
    public enum Typesetting {
        /// Pages of one print.
        public static let pages = 3_000
        /// Bytes of a text in a QR code: version 10 at level M holds 213.
        public static let codeBytes = 213
        /// Prints that wait for the thread that makes them; more callers are told to come again.
        public static let waiting = 32
    }
}
