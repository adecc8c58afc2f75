import Contracts

extension Limits {
    /// Requests for papers.
    enum Supplements {
        /// Working days from acceptance in which whoever holds the dossier may ask (Decree 61/2018/NĐ-CP, Art. 19.4).
        static let days = 3
    }
}
