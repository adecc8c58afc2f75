import ServiceKit

/// A bounded walk through an index range (os-110): of its next `most` entries those that fit, at most `limit`, and the
/// last entry of all when it was reached, so that the next page goes on behind it. So a page costs no more than
/// `most` index entries and `limit` rows, whatever is asked for; where little fits a page may be short, or empty, and
/// has a next one.
struct Walk {
    /// What is shown.
    var rows: ArraySlice<Row>
    /// Behind which row the next page begins; nil where there is nothing more.
    var end: Row?

    /// - Parameter rows: more than `limit` where there are more, in order, each with its place `n` in the walk and
    ///   whether it `fits`.
    init(_ rows: Rows, limit: Int, most: Int) throws {
        var shown: [Row] = []
        for row in rows where try row("fits") { shown.append(row) }
        self.rows = shown.prefix(limit)
        if shown.count > limit {
            end = self.rows.last
        } else if let last = rows.last, try row(last) == most {
            end = last
        }
    }

    private func row(_ row: Row) throws -> Int { try row("n") }

    /// Of a range without conditions beside it.
    init(range rows: Rows, limit: Int) {
        self.rows = ArraySlice(rows.prefix(limit))
        end = rows.count > limit ? self.rows.last : nil
    }
}
