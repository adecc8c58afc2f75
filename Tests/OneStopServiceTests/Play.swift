import Contracts
import Foundation
import LegalClock
import ServiceKit

@testable import OneStopService

/// One thing that somebody tries to do to a dossier; the numbers choose among what there is.
enum Act: Hashable, Sendable {
    case accept, refuse, askPapers, supply, handOver(Int), assign(Int), send(Int), sendBack, demand(Int), exempt(Int)
    case pay(early: Int), payAgain(Int), liftFee, askOpinion(Int), answer(Int), branch(Int), approve, finish, issue
    case giveBack, stop, withdraw, confirm, decline, reappoint(days: Int)
    case takeBack(Int), err(Int), correct(Int), forward(Int), giveBranch(Int), move(Int)
}

/// An act, and how many minutes after the one before it is tried.
struct Deed: Hashable, Sendable {
    var wait: Int
    var act: Act
}

/// A guard that is not there: what the decision would look at is taken away from it.
enum Slip: CaseIterable, Sendable {
    case asksTwice, appointsTwice, acceptsTwice, leavesTheEnd, forgetsHolidays, neverStands, neverRestarts
    case losesNewDate, paysTwice, priceWithoutCap, answersUnpaid, neverLate
    case leavesHalfPaid, takesBackPaid, errsUnseen, correctsTwice, forwardsBack, givesClosed, movesDate, asksOn
}

/// A dossier on which everything is tried in any order, by the service's decisions alone: what use cases read from the
/// database stands in variables here.
struct Play {
    /// Nobody waits for this money, or this document.
    struct Ignored: Error {}

    /// Of the version that the dossier goes by, with the limit that it keeps.
    var definition: Definition
    let later: Definition
    let calendar: WorkCalendar
    let slip: Slip?
    var minute: Int
    var dossier = Dossier()
    /// Whether it belongs to an application for linked procedures, or is one.
    var isLinked = false
    private var opinions: [Opinion] = []
    var branches: [Branch] = []
    var demands: [FeePaid] = []
    /// When each was asked for.
    var askedAt: [DemandID: Int] = [:]
    /// One-stops that passed it on, errors that were recorded, and those that have their correction.
    var passed: [AgencyCode] = []
    var errors: [AgencyErrorID] = []
    var corrected: Set<AgencyErrorID> = []
    /// What the last act did, in its order: the dossier after each, and the demand that it was about.
    var steps: [(dossier: Dossier, demand: DemandID?)] = []
    /// What all but the first of them did, where that is something else.
    var then: String?
    /// What else is seen of the last act.
    var beside = Seen(what: "", minute: 0, status: .submitted)

    init(_ setting: Setting, slip: Slip? = nil) throws {
        (definition, later) = (setting.definition, setting.later)
        var calendar = try calendar2021()
        if slip == .forgetsHolidays { calendar.specialDays = [] }
        self.calendar = try calendar.lawful(for: setting.agency)
        self.slip = slip
        minute = setting.begins
        dossier = try Submission.sample(at: setting.agency).decide(
            procedure: try published(definition), kind: definition.receivers.first, channel: .counter, person: nil,
            now: MinuteOracle.date(minute), calendar: self.calendar)
    }

    /// A dossier that was made elsewhere.
    init(_ dossier: Dossier, _ definition: Definition, calendar: WorkCalendar) {
        (self.dossier, self.definition, later, self.calendar, slip) = (dossier, definition, definition, calendar, nil)
        minute = MinuteOracle.minute(dossier.submittedAt)
    }

    var now: Date { MinuteOracle.date(minute) }

    /// What is seen of something that happened to it by itself.
    mutating func happened(_ what: String, _ after: Dossier) -> Seen {
        dossier = after
        var seen = Seen(what: what, minute: minute, status: after.status)
        (seen.dueAt, seen.late) = (after.dueAt, after.late)
        return seen
    }

    /// What is seen of it when it was done, one for each version that it made.
    /// - Throws: `Refused` when the office says no, `Ignored` when nothing comes of it.
    mutating func perform(_ deed: Deed) throws -> [Seen] {
        minute += deed.wait
        let before = dossier
        (steps, then, beside) = ([], nil, Seen(what: "", minute: minute, status: before.status))
        if slip == .leavesTheEnd, dossier.status.isFinal { dossier.status = .processing }
        do { beside.what = try self.do(deed.act) } catch {
            dossier = before
            throw error
        }
        if slip == .losesNewDate, beside.what == "supplement-supplied", let former = before.dueAt {
            dossier.dueAt = former
        }
        if steps.isEmpty { steps = [(dossier, nil)] }
        if case .reappoint(let days) = deed.act { beside.dueOn = Self.day(before, days) }
        beside.late = dossier.late
        let first = beside.what
        return steps.enumerated().map { place, step in
            beside.what = place == 0 ? first : then ?? first
            return seen(deed.act, step.dossier, step.demand, before)
        }
    }

    private func seen(_ act: Act, _ dossier: Dossier, _ demand: DemandID?, _ before: Dossier) -> Seen {
        var seen = beside
        (seen.status, seen.dueAt, seen.demand) = (dossier.status, dossier.dueAt, demand?.text)
        guard let fee = dossier.payment.fees.last(where: { $0.demand == demand && demand != nil }) else {
            if case .exempt(let choice) = act { seen.nature = exemption(choice)?.nature?.rawValue }
            return seen
        }
        (seen.nature, seen.moment) = (fee.nature?.rawValue, fee.moment.rawValue)
        guard ["payment-required", "payment-settled"].contains(seen.what) else { return seen }
        seen.amount = fee.amount.dong
        seen.price = price(act, seen.nature, seen.moment, in: before)
        return seen
    }

    private static func day(_ dossier: Dossier, _ days: Int) -> Day { Day(dossier.dueAt ?? dossier.actBy) + days }

    private mutating func `do`(_ act: Act) throws -> String {
        let leader = PersonID()
        switch act {
        case .accept, .refuse, .askPapers, .supply: return try papers(act)
        case .handOver(let choice): return try handOver(choice)
        case .assign(let choice):
            let officer = official([.officer, .leader, .clerk][choice % 3], at: dossier.workingAgency)
            dossier = try AssignDossier.decide(dossier, officer: officer, field: definition.field)
            return "assigned"
        case .send(let choice):
            dossier = try SendDossier.decide(dossier, to: Self.agencies[choice % Self.agencies.count])
            return "sent"
        case .sendBack:
            dossier = try SendBack.decide(dossier)
            return "sent-back"
        case .demand, .exempt, .pay, .payAgain, .liftFee, .takeBack: return try money(act)
        case .askOpinion, .answer: return try opinion(act)
        case .branch(let choice): return try handOn(choice)
        case .approve:
            try checkEarliest()
            (dossier, _) = try Approve.decide(
                dossier, definition: answering, openOpinions: openOpinions, leader: leader, now: now)
            return "approved"
        case .finish:
            try checkEarliest()
            forgetDue()
            dossier = try FinishDossier.decide(
                dossier, definition: answering, openOpinions: openOpinions, leader: leader, now: now)
            return "finished"
        case .issue:
            guard dossier.status == .processing, dossier.approvedAt != nil else { throw Ignored() }
            forgetDue()
            try dossier.finish(at: now)
            return "finished"
        case .err, .correct, .forward, .giveBranch, .move: return try aside(act)
        case .giveBack:
            dossier = try ReturnResult.decide(dossier, definition: definition, now: now)
            return "returned"
        case .stop:
            dossier = try StopDossier.decide(dossier, Reasoned(), now: now)
            return "stopped"
        case .withdraw:
            dossier = try WithdrawDossier.decide(dossier)
            return "withdrawal-requested"
        case .confirm:
            dossier = try ConfirmWithdrawal.decide(dossier, now: now)
            return "withdrawal-confirmed"
        case .decline:
            dossier = try DeclineWithdrawal.decide(dossier)
            return "withdrawal-declined"
        case .reappoint(let days):
            if slip == .appointsTwice { dossier.reappointedAt = nil }
            _ = try dossier.reappoint(on: Self.day(dossier, days), note: "", at: now, calendar: calendar)
            return "reappointed"
        }
    }

    private mutating func papers(_ act: Act) throws -> String {
        switch act {
        case .accept:
            if slip == .acceptsTwice, dossier.status == .accepted { dossier.status = .submitted }
            (dossier, _) = try AcceptDossier.decide(dossier, definition: definition, calendar: calendar, now: now)
            dossier.code = try DossierCode(agency: dossier.receivingAgency, received: Day(now), serial: 1)
            return "accepted"
        case .refuse:
            dossier = try RefuseDossier.decide(dossier, Reasoned())
            return "refused"
        case .askPapers:
            if slip == .asksTwice { dossier.supplementRequestedAt = nil }
            dossier = try RequestSupplement.decide(dossier, missing: "CMND", now: now)
            return "supplement-requested"
        default:
            if slip == .neverStands { dossier.pauses = [] }
            var definition = definition
            if slip == .neverRestarts { definition.supplementClock = .subtract }
            (dossier, _) = try SupplyDossier.decide(dossier, definition: definition, calendar: calendar, now: now)
            return "supplement-supplied"
        }
    }
}

// MARK: - Moves

extension Play {
    private static let agencies = [Agencies.police, Agencies.district, Agencies.justice, Agencies.commune]

    /// What is asked for before an answer.
    private var answering: Definition {
        var definition = definition
        if slip == .answersUnpaid {
            definition.approvalGuards = []
            definition.steps = definition.steps.map { step in
                var step = step
                step.guards = []
                return step
            }
        }
        return definition
    }

    var openOpinions: Int { opinions.count { $0.answeredAt == nil } }

    private mutating func forgetDue() {
        if slip == .neverLate { dossier.dueAt = nil }
    }

    private func checkEarliest() throws {
        let step = dossier.step.flatMap(definition.step)
        try step?.checkEarliest(begun: dossier.stepBegunAt, now: now, calendar: calendar)
    }

    private mutating func opinion(_ act: Act) throws -> String {
        switch act {
        case .askOpinion(let choice):
            let agency = Self.agencies[choice % Self.agencies.count]
            opinions.append(
                try RequestOpinion.decide(dossier, .to(agency), known: opinions, calendar: calendar, now: now))
            return "opinion-requested"
        case .answer(let choice):
            guard !opinions.isEmpty else { throw Ignored() }
            var input = AnswerOpinion.Input()
            input.verdict = [.agree, .disagree, .remark][choice % 3]
            input.answer = choice % 2 == 0 ? "Đồng ý" : nil
            let place = choice % opinions.count
            opinions[place] = try AnswerOpinion.decide(dossier, opinions[place], input, now: now)
            return "opinion-answered"
        default: throw Ignored()
        }
    }

    /// As the use case does it: the step, what branches do, the earliest moment, the place, the decision.
    private mutating func handOver(_ choice: Int) throws -> String {
        let asked = choice % 3 == 0 ? definition.steps[choice / 3 % definition.steps.count].key : nil
        let definition = answering
        let before = dossier
        let step = try HandOver.target(before, definition, asked: asked)
        let moves = try BranchMoves.lead(before, to: step, definition, branches)
        if !definition.isBack(before, to: step) { try checkEarliest() }
        let agency = try HandOver.place(of: step, before)
        dossier = try HandOver.decide(
            before, to: step, agency: agency, officer: choice % 2 == 0 ? official(step.role, at: agency) : nil,
            definition: definition, openOpinions: openOpinions, calendar: calendar, now: now)
        beside.branches = moves.recalls.map(\.text)
        for index in branches.indices where moves.recalls.contains(branches[index].id) {
            (branches[index].outcome, branches[index].closedAt) = (.recalled, branches[index].closedAt ?? now)
        }
        try open(moves.opens, fork: before.step ?? "", from: before.workingAgency)
        return "handed-over"
    }

    private mutating func open(_ steps: [Step], fork: String, from agency: AgencyCode) throws {
        for step in steps {
            var here = dossier
            here.workingAgency = agency
            branches.append(
                try Branch.open(
                    step, of: dossier, fork: fork, agency: try HandOver.place(of: step, here), calendar: calendar,
                    now: now))
        }
    }

    private mutating func handOn(_ choice: Int) throws -> String {
        guard !branches.isEmpty else { throw Ignored() }
        let place = choice % branches.count
        let asked = branches[place]
        var input = HandOnBranch.Input()
        input.note = "Xong"
        let (closed, opens) = try HandOnBranch.decide(
            asked, input, dossier, definition, branches, openOpinions: openOpinions, calendar: calendar, now: now)
        branches[place] = closed
        beside.branches = [closed.id.text]
        try open(opens, fork: asked.fork, from: asked.agency)
        return "branch-done"
    }
}

extension Submission {
    static func sample(at agency: AgencyCode) -> Submission {
        var submission = Submission()
        (submission.procedure, submission.agency) = (Office.criminalRecord, agency)
        (submission.subject, submission.name) = ("Xin cấp phiếu", "Nguyễn Thị Bích")
        return submission
    }
}
