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
    /// Phí or lệ phí, of an exemption without one both; and when it is collected.
    var nature: String?
    var moment: String?
    var price: Int64?
    /// When the money was there, which may be before it is known here.
    var paidAt: Int?
    var late: Bool?
    /// Where a dossier was forwarded to.
    var agency: String?
    /// The branch that ended or was given to somebody, and those that were called back.
    var branches: [String] = []
    /// The error that was recorded or corrected, what it costs, and whether what corrects it is free.
    var error: String?
    var isFree: Bool?
    /// The limit of the later version, where the date is counted by it.
    var limit: TimeLimit?
}

/// What the law promises of a dossier, held against all that is seen of it. It knows none of the service's rules: only
/// the data sheet's moves, the minute by minute oracle and sums of money.
struct Witness: Sendable {
    private var limit: TimeLimit
    private let restarts: Bool
    /// What is asked for without anybody naming it, and what Budget refused: due before the answer, or at the return.
    private var owed: Set<String>
    private let awaitsFees: Bool
    private(set) var faults: [String] = []
    private(set) var counts: [String: Int] = [:]
    private var status: DossierStatus?
    private var accepted: Int?
    private var standing: [(gap: MinuteOracle.Standing, isOpen: Bool)] = []
    private var isReappointed = false
    private(set) var due: Int?
    private var purse = Purse()
    /// The one-stops that had it.
    private var been: Set<String>
    private var ended: Set<String> = []
    private var erred: Set<String> = []
    private var corrected: Set<String> = []

    init(_ definition: Definition, at agency: AgencyCode = Agencies.justice) {
        limit = definition.limit
        restarts = definition.supplementClock.rawValue == "restart"
        owed = Set(
            definition.fees.filter { $0.byDefault && ($0.moment?.rawValue ?? "reception") == "reception" }
                .map { $0.nature?.rawValue ?? "fee" })
        awaitsFees = definition.approvalGuards.contains(.feesPaid)
        been = [agency.text]
    }

    /// The times in which its clock stood and went on.
    var stood: [MinuteOracle.Standing] { standing.filter { !$0.isOpen }.map(\.gap) }

    /// Since when it stands; nil while it runs.
    var standsSince: Int? { standing.last.flatMap { $0.isOpen ? $0.gap.from : nil } }

    /// Whether something is asked for and not paid.
    var owes: Bool { purse.due > 0 }

    private static let once = [
        "accepted", "refused", "supplement-requested", "reappointed", "approved", "finished", "returned", "stopped",
        "withdrawal-confirmed", "version-changed",
    ]
    /// What is done beside: it may come at any time and changes neither status nor date.
    private static let beside = ["error-recorded", "corrected"]

    mutating func saw(_ seen: Seen) {
        counts[seen.what, default: 0] += 1
        if Self.once.contains(seen.what), counts[seen.what, default: 0] > 1 {
            faults.append("once: \(seen.what) a second time")
        }
        if purse.mustGo, seen.what != "payment-withdrawn" { faults.append("money: paid before, and asked for still") }
        // Money may come at any time for what was taken back while it was on the way.
        let isLate = seen.what == "payment-settled" && purse.tookBack(seen.demand)
        if isLate, status != seen.status { faults.append("money: late money moved it to \(seen.status)") }
        if let status, status.isFinal, !isLate, !Self.beside.contains(seen.what) {
            faults.append("final: \(seen.what) in \(status)")
        }
        if let status, status != seen.status, !MovesTests.sheet.contains([status.number, seen.status.number]) {
            faults.append("moves: \(seen.what) from \(status) to \(seen.status)")
        }
        if Self.beside.contains(seen.what) { besides(seen) }
        way(seen)
        let former = status
        status = seen.status
        let stood = purse.stands
        faults += purse.saw(seen)
        clock(seen, stood: stood)
        answers(seen, former)
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

    /// - Parameter stood: whether it stood for a payment before.
    private mutating func clock(_ seen: Seen, stood: Bool) {
        switch seen.what {
        case "accepted":
            accepted = seen.minute
            due = MinuteOracle.due(received: seen.minute, limit: limit, standing: [])
        case "payment-required" where seen.status != .awaitingPayment || stood: break
        case "supplement-requested", "payment-required":
            guard accepted != nil else { return }
            let restarts = restarts && seen.what == "supplement-requested"
            standing.append((.init(from: seen.minute, to: seen.minute, restarts: restarts), true))
        case "supplement-supplied": goesOn(at: seen.minute)
        case "payment-settled", "payment-lifted", "payment-withdrawn", "fees-exempted":
            // The last of what the clock stands for; it goes on from the last settlement, whichever was reported last.
            if let moment = purse.goesOn { goesOn(at: max(moment, standing.last?.gap.from ?? 0)) }
        case "reappointed":
            isReappointed = true
            due = seen.dueOn.map(MinuteOracle.close)
        case "version-changed":
            guard let later = seen.limit else { return }
            limit = later
            guard let accepted, !isReappointed, standing.last?.isOpen != true else { return }
            due = MinuteOracle.due(received: accepted, limit: limit, standing: standing.map(\.gap))
        default: break
        }
    }

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

    /// Nobody is answered, and nothing is handed over, while what is due for it is neither paid nor exempt.
    private mutating func answers(_ seen: Seen, _ former: DossierStatus?) {
        if seen.what == "payment-lifted", seen.moment != "return" { owed.insert(seen.nature ?? "fee") }
        let isAnswered = seen.what == "approved" || (seen.what == "finished" && counts["approved"] == nil)
        if isAnswered, awaitsFees {
            for nature in owed where !purse.covers(nature) {
                faults.append("money: \(seen.what), \(nature) neither paid nor exempt")
            }
            if purse.isDueBefore { faults.append("money: \(seen.what), and something is open") }
        }
        if seen.what == "returned", former == .finished, purse.due > 0 { faults.append("money: returned unpaid") }
    }

    private mutating func way(_ seen: Seen) {
        switch seen.what {
        case "forwarded":
            if let status, ![1, 2].contains(status.number) { faults.append("forward: in \(status)") }
            if counts["handed-over"] != nil || counts["sent"] != nil { faults.append("forward: work has begun") }
            let agency = seen.agency ?? ""
            if !been.insert(agency).inserted { faults.append("forward: back to \(agency)") }
        case "branch-done", "handed-over": ended.formUnion(seen.branches)
        case "branch-assigned":
            if !ended.isDisjoint(with: seen.branches) { faults.append("branch: given to somebody after its end") }
        default: break
        }
    }

    /// Errors of an agency (Art. 21): nothing of the dossier changes; what is over is corrected by another, once.
    private mutating func besides(_ seen: Seen) {
        let error = seen.error ?? ""
        if seen.status != status { faults.append("error: \(seen.what) moved it to \(seen.status)") }
        if seen.what == "error-recorded" {
            if accepted == nil, counts["refused"] == nil { faults.append("error: of what nobody has decided on") }
            if (seen.amount ?? 0) < 0 { faults.append("error: it costs \(seen.amount ?? 0)") }
            erred.insert(error)
        } else {
            if ![8, 9, 10].contains(seen.status.number) { faults.append("error: corrected in \(seen.status)") }
            if !erred.contains(error) { faults.append("error: corrected and not recorded") }
            if !corrected.insert(error).inserted { faults.append("error: corrected twice") }
            if seen.isFree != true { faults.append("error: the applicant pays for the correction") }
        }
    }
}

/// Sums of money, and for which of them the clock stands.
private struct Purse: Sendable {
    private struct Demand: Sendable {
        var amount: Int64
        var nature: String
        var moment: String
        var stops: Bool
    }

    private var open: [String: Demand] = [:]
    /// What was asked for no more before it was paid.
    private var former: [String: Demand] = [:]
    /// What was asked for in the place of a demand whose money came all the same.
    private var freed: Set<String> = []
    /// Of each nature what came in before the answer.
    private var paid: [String: Int64] = [:]
    private var cameIn: Int64 = 0
    /// Demands that stand, paid or not.
    private var demanded: Int64 = 0
    /// Natures, or all.
    private var exempt: [String?] = []
    /// What was settled when, of that for which the clock stands.
    private var settled: [String: Int] = [:]
    /// The minute from which the clock goes on by what was seen last; nil while it stands for a demand, or for none.
    private(set) var goesOn: Int?

    var stands: Bool { open.values.contains(where: \.stops) }
    var due: Int64 { open.values.reduce(0) { $0 + $1.amount } }
    var isDueBefore: Bool { open.values.contains { $0.moment != "return" } }

    /// Whether something must be taken back because it was paid before.
    var mustGo: Bool { !freed.isEmpty }

    func tookBack(_ demand: String?) -> Bool { demand.map { former[$0] != nil } ?? false }

    func covers(_ nature: String) -> Bool {
        paid[nature, default: 0] > 0 || exempt.contains { $0 == nil || $0 == nature }
    }

    mutating func saw(_ seen: Seen) -> [String] {
        goesOn = nil
        switch seen.what {
        case "payment-required": return asked(seen)
        case "payment-settled":
            guard let demand = open[seen.demand ?? ""] else { return late(seen) }
            cameIn += seen.amount ?? 0
            if demand.moment != "return" { paid[demand.nature, default: 0] += seen.amount ?? 0 }
            settle(seen, at: min(seen.paidAt ?? seen.minute, seen.minute))
        case "fees-exempted": return exempted(seen)
        case "payment-lifted", "payment-withdrawn":
            guard takeBack(seen) else { return ["money: \(seen.what) of what is not open"] }
        case "stopped", "withdrawal-confirmed":
            demanded -= due
            former.merge(open) { $1 }
            open = [:]
        default: break
        }
        return balance
    }

    private var balance: [String] {
        cameIn == demanded - due ? [] : ["money: \(cameIn) came in of \(demanded) with \(due) open"]
    }

    /// The money of what was taken back: it stands as paid, and as much as it covers is asked for no more.
    private mutating func late(_ seen: Seen) -> [String] {
        let (id, amount) = (seen.demand ?? "", seen.amount ?? 0)
        guard let demand = former.removeValue(forKey: id) else { return ["money: paid what is not open"] }
        (cameIn, demanded) = (cameIn + amount, demanded + amount)
        if demand.moment != "return" { paid[demand.nature, default: 0] += amount }
        if let until = settled[id] { settled[id] = min(until, seen.paidAt ?? until) }
        let same = open.filter {
            $0.value.nature == demand.nature && $0.value.moment == demand.moment && $0.value.amount <= amount
        }
        freed = Set(same.keys)
        return balance
    }

    private mutating func asked(_ seen: Seen) -> [String] {
        var faults: [String] = []
        let (id, amount) = (seen.demand ?? "", seen.amount ?? 0)
        let moment = seen.moment ?? "reception"
        let demand = Demand(
            amount: amount, nature: seen.nature ?? "fee", moment: moment,
            stops: seen.status == .awaitingPayment && moment != "return")
        if open[id] != nil { faults.append("money: a demand made twice") }
        if open.values.contains(where: { $0.nature == demand.nature && $0.moment == moment }) {
            faults.append("money: asked for twice at once")
        }
        if let price = seen.price, price != amount { faults.append("money: demanded \(amount), not \(price)") }
        if !stands { settled = [:] }
        open[id] = demand
        exempt.removeAll { $0 == nil || $0 == demand.nature }
        demanded += amount
        return faults + balance
    }

    private mutating func exempted(_ seen: Seen) -> [String] {
        if let id = seen.demand {
            guard let demand = open[id], takeBack(seen) else { return ["money: exempt from what is not open"] }
            exempt.append(demand.nature)
            return balance
        }
        exempt.append(seen.nature)
        let isPaid = paid.contains { $0.value > 0 && (seen.nature ?? $0.key) == $0.key }
        return isPaid ? ["money: paid and exempt"] : balance
    }

    private mutating func takeBack(_ seen: Seen) -> Bool {
        guard let demand = open[seen.demand ?? ""] else { return false }
        demanded -= demand.amount
        // What Budget refused is never paid.
        if seen.what != "payment-lifted" { former[seen.demand ?? ""] = demand }
        freed.remove(seen.demand ?? "")
        settle(seen, at: seen.minute)
        return true
    }

    private mutating func settle(_ seen: Seen, at minute: Int) {
        let id = seen.demand ?? ""
        guard let demand = open.removeValue(forKey: id), demand.stops else { return }
        settled[id] = minute
        if !stands { goesOn = settled.values.max() }
    }
}
