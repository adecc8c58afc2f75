import Contracts
import Foundation
import LegalClock
import ServiceKit

@testable import OneStopService

/// Acts that leave the status of a dossier as it is: errors of the agency, the right one-stop, who does a branch, and a
/// later version of its procedure.
extension Play {
    /// Departments, police and communes, by their natures as the fixtures establish them.
    static let kinds: [AgencyCode: AgencyKind] = [
        Agencies.justice: .department, Agencies.code("H19.07"): .department, Agencies.code("H19.08"): .department,
        Agencies.police: .police, Agencies.commune: .commune, Agencies.code("H19.31.03"): .commune,
        Agencies.code("H19.31.04"): .commune,
    ]

    mutating func aside(_ act: Act) throws -> String {
        switch act {
        case .err(let choice): return try err(choice)
        case .correct(let choice): return try correct(choice)
        case .forward(let choice): return try forward(choice)
        case .giveBranch(let choice): return try giveBranch(choice)
        case .move(let choice): return try move(choice)
        default: throw Ignored()
        }
    }

    private mutating func err(_ choice: Int) throws -> String {
        var input = RecordError.Input()
        input.kind = ErrorKind.allCases[choice % ErrorKind.allCases.count]
        input.cost = try Money(Int64(choice % 5) * 10_000)
        let agency = [dossier.workingAgency, dossier.receivingAgency, Agencies.district, Agencies.police][choice % 4]
        var before = dossier
        if slip == .errsUnseen { before.acceptedAt = before.acceptedAt ?? now }
        let error = try RecordError.decide(
            before, input, at: agency, known: errors.count, helped: branches.contains { $0.agency == agency }, now: now)
        errors.append(error.error)
        (beside.error, beside.amount) = (error.error.text, error.cost.dong)
        return "error-recorded"
    }

    /// As the use case does it: what has its correction is not corrected again.
    private mutating func correct(_ choice: Int) throws -> String {
        guard !errors.isEmpty else { throw Ignored() }
        let error = errors[choice % errors.count]
        guard slip == .correctsTwice || !corrected.contains(error) else { throw Refused.alreadyCorrected }
        let other = try CorrectError.decide(dossier, now: now, calendar: calendar)
        corrected.insert(error)
        (beside.error, beside.isFree) = (error.text, !other.owesFees(definition) && other.payment.open.isEmpty)
        return "corrected"
    }

    private mutating func forward(_ choice: Int) throws -> String {
        let receiver = definition.receivers.first ?? .department
        let targets = Self.kinds.filter { $0.value == receiver }.keys.sorted { $0.text < $1.text } + [Agencies.police]
        let agency = targets[choice % targets.count]
        let from = dossier.receivingAgency
        dossier = try ForwardDossier.decide(
            dossier, to: agency, passed: slip == .forwardsBack ? [] : passed, isLinked: isLinked,
            receivers: definition.receivers, kind: Self.kinds[agency])
        passed.append(from)
        beside.agency = agency.text
        return "forwarded"
    }

    private mutating func giveBranch(_ choice: Int) throws -> String {
        guard !branches.isEmpty else { throw Ignored() }
        let place = choice % branches.count
        var asked = branches[place]
        if slip == .givesClosed { asked.outcome = nil }
        let someone = official([.officer, .leader, .clerk][choice % 3], at: asked.agency)
        let given = try AssignBranch.decide(
            dossier, asked, someone, role: definition.step(asked.step)?.role, field: definition.field)
        branches[place].officer = given.officer
        beside.branches = [given.id.text]
        return "branch-assigned"
    }

    /// By a mapping of each step to itself; every second time the date stays as it was promised.
    private mutating func move(_ choice: Int) throws -> String {
        guard dossier.procedureNumber == 1 else { throw Ignored() }
        var mapping = VersionMapping()
        mapping.steps = definition.steps.map { StepPair($0.key, $0.key) }
        mapping.dueDates = choice % 2 == 0 ? .project : .keep
        let agencies = Set(branches.map(\.agency) + dossier.agencies).union(Self.kinds.keys).union([Agencies.district])
        let moved = try MoveDossier.decide(
            dossier, branches.filter { $0.outcome != .recalled }, mapping, from: definition, to: later,
            kind: definition.receivers.first,
            calendars: Dictionary(uniqueKeysWithValues: agencies.map { ($0, calendar) }), now: now)
        let former = dossier.dueAt
        dossier = moved.dossier
        for branch in moved.branches {
            guard let place = branches.firstIndex(where: { $0.id == branch.id }) else { continue }
            branches[place] = branch
        }
        let kept = definition.limit
        definition = later
        if mapping.dueDates == .keep { definition.limit = kept } else { beside.limit = later.limit }
        if slip == .movesDate { dossier.dueAt = former.map { $0 + 86_400 } }
        return "version-changed"
    }
}
