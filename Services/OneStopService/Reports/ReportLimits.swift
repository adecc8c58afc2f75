import Contracts

extension Limits {
    /// Reports of the one-stop shop.
    enum Reports {
        /// Most lines of one table.
        static let lines = 5_000
        /// How long after its end a period is still being written, in seconds: a report is final afterwards. The books
        /// of a year are closed by the same hour.
        static let settles = 3_600.0
        /// Longest key of a line, in characters.
        static let key = 60
        /// Most bars of one chart; what is behind stands in the table.
        static let bars = 40
        /// Most procedures that are named behind one index; the province has about two thousand.
        static let procedures = 3_000
    }
}
