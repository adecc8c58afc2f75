import Contracts
import Foundation

@testable import OneStopService

/// Something that was done to a dossier, as anybody can see it from outside.
struct Seen: Sendable {
    /// The word of the history.
    var what: String
    var minute: Int
    var status: DossierStatus
    var dueAt: Date?
    /// The day that a new appointment names.
    var dueOn: Day?
    /// What was demanded, paid or paid back, in đồng, and what a demand must come to.
    var amount: Int64?
    /// Of a demand, what settles it, or what takes it back: which.
    var demand: String?
    var price: Int64?
    /// When the money was there, which may be before it is known here.
    var paidAt: Int?
    var late: Bool?
}

/// What the law promises of a dossier, held against all that is seen of it. It knows none of the service's rules: only
/// the data sheet's moves, the minute by minute oracle and sums of money.
struct Witness: Sendable {
    private let limit: TimeLimit
    private let restarts: Bool
    /// Whether fees are asked for without anybody naming one, and whether they keep the answer back.
    private let asksFees: Bool
    private let awaitsFees: Bool
    private(set) var faults: [String] = []
    private(set) var counts: [String: Int] = [:]
    private var status: DossierStatus?
    private var accepted: Int?
    private var standing: [(gap: MinuteOracle.Standing, isOpen: Bool)] = []
    private var isReappointed = false
    private var isExempt = false
    private(set) var due: Int?
    /// Demands that stand, paid or not; what came in for them; what went back.
    private(set) var demanded: Int64 = 0
    private(set) var open: [String: Int64] = [:]
    /// Of those the ones for which the clock stands.
    private var stopping: Set<String> = []
    private(set) var paid: Int64 = 0
    private(set) var refunded: Int64 = 0

    init(_ definition: Definition) {
        limit = definition.limit
        restarts = definition.supplementClock.rawValue == "restart"
        asksFees = definition.fees.contains { $0.byDefault }
        awaitsFees = definition.approvalGuards.contains(.feesPaid)
    }

    private static let once = [
        "accepted", "refused", "supplement-requested", "reappointed", "approved", "finished", "returned", "stopped",
        "withdrawal-confirmed",
    ]

    mutating func saw(_ seen: Seen) {
        counts[seen.what, default: 0] += 1
        if Self.once.contains(seen.what), counts[seen.what, default: 0] > 1 {
            faults.append("once: \(seen.what) a second time")
        }
        if let status, status.isFinal { faults.append("final: \(seen.what) in \(status)") }
        if let status, status != seen.status, !MovesTests.sheet.contains([status.number, seen.status.number]) {
            faults.append("moves: \(seen.what) from \(status) to \(seen.status)")
        }
        status = seen.status
        clock(seen)
        money(seen)
        let expected = due.map(MinuteOracle.date)
        if seen.dueAt != expected {
            faults.append(
                "due: after \(seen.what) \(Self.text(seen.dueAt)), by the oracle \(Self.text(expected))")
        }
        if seen.what == "finished", let due, seen.late != (seen.minute > due) {
            faults.append("late: \(seen.late.map { "\($0)" } ?? "unknown") at \(seen.minute), due \(due)")
        }
    }

    private static func text(_ date: Date?) -> String { date.map { Instant.write($0) } ?? "none" }

    private mutating func clock(_ seen: Seen) {
        switch seen.what {
        case "accepted":
            accepted = seen.minute
            due = MinuteOracle.due(received: seen.minute, limit: limit, standing: [])
        case "payment-required" where seen.status != .awaitingPayment || !stopping.isEmpty: break
        case "supplement-requested", "payment-required":
            guard accepted != nil else { return }
            let restarts = restarts && seen.what == "supplement-requested"
            standing.append((.init(from: seen.minute, to: seen.minute, restarts: restarts), true))
        case "supplement-supplied": goesOn(at: seen.minute)
        case "payment-lifted", "payment-withdrawn", "fees-exempted":
            if isLast(seen) { goesOn(at: seen.minute) }
        case "payment-settled" where isLast(seen):
            goesOn(at: max(min(seen.paidAt ?? seen.minute, seen.minute), standing.last?.gap.from ?? 0))
        case "reappointed":
            isReappointed = true
            due = seen.dueOn.map(MinuteOracle.close)
        default: break
        }
    }

    /// Whether it settles the last demand for which the clock stands.
    private func isLast(_ seen: Seen) -> Bool { stopping == [seen.demand ?? ""] }

    private mutating func goesOn(at minute: Int) {
        guard let accepted, let last = standing.indices.last, standing[last].isOpen else { return }
        standing[last].gap.to = minute
        standing[last].isOpen = false
        if isReappointed {
            due = due.map { MinuteOracle.moved($0, standing: standing[last].gap) }
        } else {
            due = MinuteOracle.due(received: accepted, limit: limit, standing: standing.map(\.gap))
        }
    }

    private mutating func money(_ seen: Seen) {
        let amount = seen.amount ?? 0
        let demand = seen.demand ?? ""
        switch seen.what {
        case "payment-required":
            if open[demand] != nil { faults.append("money: a demand made twice") }
            if let price = seen.price, price != amount { faults.append("money: demanded \(amount), not \(price)") }
            (open[demand], isExempt) = (amount, false)
            if seen.status == .awaitingPayment { stopping.insert(demand) }
            demanded += amount
        case "fees-exempted":
            // From a demand that is open, or before any was made.
            isExempt = open[demand] == nil || paid == refunded
            takeBack(demand)
        case "payment-lifted", "payment-withdrawn": takeBack(demand)
        case "stopped", "withdrawal-confirmed": for due in Array(open.keys) { takeBack(due) }
        case "payment-settled":
            paid += amount
            open[demand] = nil
            stopping.remove(demand)
        default: break
        }
        if isExempt, paid > refunded { faults.append("money: paid and exempt") }
        let isAnswered = ["approved", "finished"].contains(seen.what)
        let isAsked = asksFees || counts["payment-required", default: 0] > 0
        if isAnswered, awaitsFees, isAsked, !isExempt, paid == 0 {
            faults.append("money: \(seen.what), neither paid nor exempt")
        }
        let due = open.values.reduce(0, +)
        if paid - refunded != demanded - due {
            faults.append("money: \(paid) came in and \(refunded) went back of \(demanded) with \(due) open")
        }
    }

    private mutating func takeBack(_ demand: String) {
        demanded -= open.removeValue(forKey: demand) ?? 0
        stopping.remove(demand)
    }
}
