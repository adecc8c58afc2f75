import Contracts
import Foundation

@testable import OneStopService

/// What is promised of linked procedures, held against all that is seen of an application and its dossiers. Of each
/// dossier a `Witness` of its own says what is promised of any; nothing here asks the service how far a link is.
struct LinkedWitness {
    private enum Standing { case waiting, open, failed, finished, dropped }

    private struct Child {
        var witness: Witness
        var key: String
        var openedAt: Int
        var status = DossierStatus.submitted
        var endedAt: Int?
        var end: DossierStatus?
        var isClosed = false
        /// Something was to be paid when its result was to be handed over.
        var owed = false
    }

    private let isChain: Bool
    private let keys: [String]
    private let limits: [String: TimeLimit]
    private let definitions: [String: Definition]
    private let agencies: [String: AgencyCode]
    private var lead: Witness
    private var status = DossierStatus.submitted
    private var isAccepted = false
    private var isFinished = false
    private var children: [Child] = []
    private var standing: [String: Standing]
    private var openings: [String: Int] = [:]
    private var repeats: [String: Int] = [:]
    private(set) var faults: [String] = []
    private(set) var counts: [String: Int] = [:]

    init(_ setting: LinkedSetting) {
        isChain = setting.set.order.rawValue == "chain"
        keys = setting.set.links.map(\.key)
        limits = Dictionary(uniqueKeysWithValues: setting.set.links.map { ($0.key, $0.limit) })
        definitions = setting.links
        agencies = Dictionary(
            uniqueKeysWithValues: setting.set.links.map { link in
                let place = LinkedSetting.places.first { $0.0 == link.place }
                return (link.key, place?.1 ?? Agencies.commune)
            })
        lead = Witness(setting.lead, at: Agencies.commune)
        standing = Dictionary(uniqueKeysWithValues: keys.map { ($0, .waiting) })
    }

    private func isDone(_ key: String) -> Bool { standing[key] == .finished || standing[key] == .dropped }

    /// Accepted, and neither at its end nor about to be withdrawn.
    private var isAtWork: Bool { isAccepted && [2, 4, 5, 6].contains(status.number) }

    private mutating func fault(_ text: String) { faults.append(text) }

    mutating func saw(_ seen: LinkedSeen) {
        switch seen {
        case .did(nil, let seen): ofLead(seen)
        case .did(let place?, let seen): ofLink(place, seen)
        case .opened(let key, let child, let minute, let due): opened(key, child, minute, due)
        case .dated(let place, let due): dated(place, due, "its clock went on")
        case .closed(let place, let slip): closed(place, slip)
        case .decided(let key, let decision): decided(key, decision)
        case .followed: settled()
        }
    }

    private mutating func ofLead(_ seen: Seen) {
        counts["lead \(seen.what)", default: 0] += 1
        if seen.what == "approved" || seen.what == "finished" {
            for key in keys where !isDone(key) { fault("open: \(seen.what) while \(key) is not done") }
        }
        if seen.what == "forwarded" { fault("forwarded: an application") }
        if seen.what == "accepted" { isAccepted = true }
        if seen.what == "finished" { isFinished = true }
        status = seen.status
        lead.saw(seen)
        faults += lead.faults
    }

    private mutating func ofLink(_ place: Int, _ seen: Seen) {
        counts["link \(seen.what)", default: 0] += 1
        if seen.what == "returned", !status.isFinal { fault("alone: a linked dossier was returned by itself") }
        if seen.what == "forwarded" { fault("forwarded: a linked dossier") }
        if children[place].endedAt == nil, [3, 8, 9].contains(seen.status.number) {
            (children[place].endedAt, children[place].end) = (seen.minute, seen.status)
        }
        children[place].status = seen.status
        children[place].witness.saw(seen)
        faults += children[place].witness.faults
    }

    private mutating func opened(_ key: String, _ child: Int?, _ minute: Int, _ due: Date) {
        counts[child == nil ? "blocked" : "opened", default: 0] += 1
        if !isAtWork { fault("early: \(key) opened in \(status)") }
        if standing[key] != .waiting { fault("twice: \(key) opened while it is \(standing[key] ?? .waiting)") }
        if isChain, let before = keys.prefix(while: { $0 != key }).first(where: { !isDone($0) }) {
            fault("chain: \(key) opened before \(before) is done")
        }
        openings[key, default: 0] += 1
        if openings[key, default: 0] > 1 + repeats[key, default: 0] { fault("twice: \(key) opened, and nobody asked") }
        guard let limit = limits[key], let definition = definitions[key] else { return fault("unknown: \(key)") }
        if due != MinuteOracle.date(MinuteOracle.due(received: minute, limit: limit, standing: [])) {
            fault("slip: of \(key), opened at \(minute), due \(Instant.write(due))")
        }
        standing[key] = child == nil ? .failed : .open
        guard let child else { return }
        if child != children.count { fault("twice: a slip for a dossier that has one") }
        children.append(
            Child(
                witness: Witness(definition, at: agencies[key] ?? Agencies.commune), key: key, openedAt: minute))
    }

    /// A slip is due by the minutes that its dossier's clock did not stand.
    private mutating func dated(_ place: Int, _ due: Date, _ why: String) {
        let child = children[place]
        guard let limit = limits[child.key] else { return }
        let stood = child.witness.stood.map { MinuteOracle.Standing(from: $0.from, to: $0.to, restarts: false) }
        let expected = MinuteOracle.due(received: child.openedAt, limit: limit, standing: stood)
        if due != MinuteOracle.date(expected) {
            fault("slip: of \(child.key), \(why): \(Instant.write(due)), not \(expected)")
        }
    }

    private mutating func closed(_ place: Int, _ slip: OneStopService.Slip) {
        let child = children[place]
        counts["closed \(slip.outcome?.rawValue ?? "")", default: 0] += 1
        if slip.late == true { counts["late", default: 0] += 1 }
        if child.isClosed { fault("once: the slip of \(child.key) closed again") }
        children[place].isClosed = true
        guard let end = child.end, let endedAt = child.endedAt else { return fault("closed: \(child.key) runs") }
        let expected = [3: "refused", 8: "stopped", 9: "finished"][end.number]
        if slip.outcome?.rawValue != expected { fault("closed: \(child.key) ended in \(end)") }
        dated(place, slip.dueAt, "it ended")
        let counted = child.witness.standsSince.map { min($0, endedAt) } ?? endedAt
        if slip.late != (MinuteOracle.date(counted) > slip.dueAt) {
            fault("late: \(child.key) ended at \(endedAt), due \(Instant.write(slip.dueAt))")
        }
        if slip.closedAt != MinuteOracle.date(endedAt) { fault("closed: \(child.key) at another moment than its end") }
        standing[child.key] = end.number == 9 ? .finished : .failed
    }

    private mutating func decided(_ key: String, _ decision: LinkDecision) {
        counts["decided \(decision.rawValue)", default: 0] += 1
        if standing[key] != .failed { fault("decided: of \(key), which is \(standing[key] ?? .waiting)") }
        if !isAtWork { fault("decided: in \(status)") }
        standing[key] = decision == .drop ? .dropped : .waiting
        if decision == .repeat { repeats[key, default: 0] += 1 }
    }

    /// When all that follows by itself has been done, nothing is left that nobody would look at again.
    mutating func settled() {
        for place in children.indices {
            let child = children[place]
            if child.end != nil, !child.isClosed { fault("lost: nobody sees that \(child.key) ended") }
            let owes = child.witness.owes || child.witness.counts["payment-lifted"] != nil
            if owes, [8, 9].contains(child.status.number) { children[place].owed = true }
            if status == .returned, [8, 9].contains(child.status.number), !children[place].owed {
                fault("together: the result of \(child.key) was not returned")
            }
            let cannot = [6, 7].contains(child.status.number) || child.witness.counts["approved"] != nil
            let isOver = [3, 8].contains(status.number) || (status == .returned && !isFinished)
            if isOver, child.end == nil, !cannot { fault("asked: \(child.key) runs on for an application that ended") }
        }
        guard isAtWork else { return }
        let turn = isChain ? keys.first { !isDone($0) }.map { [$0] } ?? [] : keys
        for key in turn where standing[key] == .waiting { fault("lost: nobody opens \(key)") }
    }
}
