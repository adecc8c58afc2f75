import Contracts

/// What an audit finds wrong, with enough to find it again.
public struct Finding: Sendable, Hashable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        case edited, deleted, inserted, reordered, truncated, statement, tick
    }

    public let kind: Kind
    public let text: String

    public init(_ kind: Kind, _ text: String) { (self.kind, self.text) = (kind, text) }

    public var description: String { "\(kind.rawValue): \(text)" }
}

/// Compares the rows of a tick as they are now with the leaf hashes that were sealed: pure.
public enum TickCheck {
    /// - Parameters:
    ///   - tick: how the tick is called in the findings, `1.17`.
    ///   - rows: in the order of their seq.
    public static func compare(_ tick: String, sealed: [Hash], rows: [EventRecord]) -> [Finding] {
        let found = rows.map(\.leaf)
        guard found != sealed else { return [] }
        let runs = differences(sealed, found)
        var gone = runs.flatMap(\.places)
        var foreign = runs.flatMap(\.rows)
        let moved = exchanged(sealed, rows, &gone, &foreign)
        var findings = moved.map { place, row in
            Finding(.reordered, "\(rows[row].name) stood at place \(place + 1) of tick \(tick), with another seq")
        }
        let (left, strange) = (Set(gone), Set(foreign))
        for run in runs {
            let places = run.places.filter(left.contains)
            let others = run.rows.filter(strange.contains)
            for (place, row) in zip(places, others) {
                findings.append(
                    Finding(.edited, "\(rows[row].name) at place \(place + 1) of tick \(tick) is not what was sealed"))
            }
            for place in places.dropFirst(others.count) {
                let before = run.rowBefore.map { ", after \(rows[$0].name)" } ?? ""
                findings.append(
                    Finding(
                        .deleted, "place \(place + 1) of tick \(tick) is gone\(before) (its leaf was \(sealed[place]))")
                )
            }
            for row in others.dropFirst(places.count) {
                findings.append(Finding(.inserted, "\(rows[row].name) in tick \(tick) was never sealed"))
            }
        }
        return findings
    }

    /// Neighbouring places and rows that have no partner, between those that have.
    private struct Run {
        var places: [Int] = []
        var rows: [Int] = []
        var rowBefore: Int?
    }

    private static func differences(_ sealed: [Hash], _ found: [Hash]) -> [Run] {
        let places = Dictionary(sealed.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var runs: [Run] = []
        var run = Run()
        var place = 0
        for (row, hash) in found.enumerated() {
            guard let partner = places[hash], partner >= place else {
                run.rows.append(row)
                continue
            }
            run.places += Array(place..<partner)
            runs.append(run)
            run = Run(rowBefore: row)
            place = partner + 1
        }
        run.places += Array(place..<sealed.count)
        return runs + [run]
    }

    /// Rows that are what was sealed but for the seq, which another row has now.
    private static func exchanged(
        _ sealed: [Hash], _ rows: [EventRecord], _ gone: inout [Int], _ foreign: inout [Int]
    ) -> [(place: Int, row: Int)] {
        guard foreign.count > 1, foreign.count <= Limits.Receipts.exchanged else { return [] }
        let seqs = foreign.map { rows[$0].seq }
        let places = Dictionary(gone.map { (sealed[$0], $0) }, uniquingKeysWith: { first, _ in first })
        var moved: [(place: Int, row: Int)] = []
        for row in foreign {
            for seq in seqs where seq != rows[row].seq {
                var before = rows[row]
                before.seq = seq
                if let place = places[before.leaf] { moved.append((place, row)) }
            }
        }
        gone.removeAll { place in moved.contains { $0.place == place } }
        foreign.removeAll { row in moved.contains { $0.row == row } }
        return moved
    }
}
