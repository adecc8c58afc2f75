import Contracts
import ServiceKit

/// A dossier in the simulation: the service's own, and what chance and people have to do with it.
struct Case: Sendable {
    var dossier = Dossier()
    var procedure = 0
    var luck = Luck(seed: 0)
    /// Its place among the base's dossiers; nil for one that only the question brings.
    var ordinal: Int?
    /// Which dossier has this place now; 0: none.
    var serial: UInt32 = 0
    var opinions: [(opinion: Opinion, ticket: UInt32)] = []
    var branches: [Branch] = []
    var tickets: [UInt32] = []
    /// The job on which it waits.
    var lead: UInt32 = 0
    /// The step is done; it is left as soon as its guards allow.
    var isWorked = false
    /// Works on steps so far.
    var rounds = 0
    var channel = Channel.counter
    var wasSentBack = false
    var wasElsewhere = false
}

/// What became of a dossier.
enum Outcome: UInt8, Sendable {
    case coming, onTime, late, open, overdue, refused, notThere

    var isOverdue: Bool { self == .late || self == .overdue }
}

/// Sums about the dossiers of one procedure at one agency: what was received ended, was refused, was given up or
/// withdrawn, or is open.
struct Tally: Sendable {
    var received = 0
    var accepted = 0
    var ended = 0
    var late = 0
    var abandoned = 0
    var open = 0
    var overdue = 0
    var refused = 0
    var stopped = 0
    var withdrawn = 0
    var supplements = 0
    var reappointed = 0
    /// Minutes from acceptance to the end.
    var elapsed: Int64 = 0

    static func += (left: inout Tally, right: Tally) {
        left.received += right.received
        left.accepted += right.accepted
        left.ended += right.ended
        left.late += right.late
        left.abandoned += right.abandoned
        left.open += right.open
        left.overdue += right.overdue
        left.refused += right.refused
        left.stopped += right.stopped
        left.withdrawn += right.withdrawn
        left.supplements += right.supplements
        left.reappointed += right.reappointed
        left.elapsed += right.elapsed
    }

    /// Those that ended late or are open past their date, of all that ended or are so.
    var overdueRate: Double { ended + overdue == 0 ? 0 : Double(late + overdue) / Double(ended + overdue) }
}

/// In đồng.
struct Sums: Sendable {
    var demanded: Int64 = 0
    var paid: Int64 = 0
    var lifted: Int64 = 0
    var open: Int64 = 0
    var exempted = 0

    static func += (left: inout Sums, right: Sums) {
        (left.demanded, left.paid) = (left.demanded + right.demanded, left.paid + right.paid)
        (left.lifted, left.exempted) = (left.lifted + right.lifted, left.exempted + right.exempted)
        left.open += right.open
    }
}
