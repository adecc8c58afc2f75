/// A `pg_snapshot`: which transactions were over when it was taken. Below `xmin` all were, from `xmax` on none, and of
/// those between all but `xip`.
struct Snapshot: Sendable, Equatable {
    /// `xmin:xmax:xip,xip`, as PostgreSQL writes it.
    let text: String
    /// The bounds apart, for index conditions; 64-bit transaction ids as text, because SQL's bigint cannot hold them.
    let xmax: String
    let inProgress: [String]

    /// Sees nothing.
    static let nothing = Snapshot(text: "1:1:", xmax: "1", inProgress: [])

    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, UInt64(parts[0]) != nil, UInt64(parts[1]) != nil else { return nil }
        let inProgress = parts[2].split(separator: ",").map(String.init)
        guard inProgress.allSatisfy({ UInt64($0) != nil }) else { return nil }
        self.init(text: text, xmax: String(parts[1]), inProgress: inProgress)
    }

    private init(text: String, xmax: String, inProgress: [String]) {
        self.text = text
        self.xmax = xmax
        self.inProgress = inProgress
    }
}
