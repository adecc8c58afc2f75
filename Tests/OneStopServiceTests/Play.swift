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
}

/// A dossier on which everything is tried in any order, by the service's decisions alone: what use cases read from the
/// database stands in variables here.
struct Play {
    /// Nobody waits for this money, or this document.
    struct Ignored: Error {}

    let definition: Definition
    let calendar: WorkCalendar
    let slip: Slip?
    private(set) var minute: Int
    private(set) var dossier = Dossier()
    private var opinions: [Opinion] = []
    private var branches: [Branch] = []
    private var demands: [FeePaid] = []
    /// The demand that the last act was about.
    private var touched: DemandID?

    init(_ setting: Setting, slip: Slip? = nil) throws {
        definition = setting.definition
        var calendar = try calendar2021()
        if slip == .forgetsHolidays { calendar.specialDays = [] }
        self.calendar = try calendar.lawful(for: setting.agency)
        self.slip = slip
        minute = setting.begins
        dossier = try Submission.sample(at: setting.agency).decide(
            procedure: try published(definition), kind: definition.receivers.first, channel: .counter, person: nil,
            now: MinuteOracle.date(minute), calendar: self.calendar)
    }

    private var now: Date { MinuteOracle.date(minute) }

    /// What is seen of it when it was done.
    /// - Throws: `Refused` when the office says no, `Ignored` when nothing comes of it.
    mutating func perform(_ deed: Deed) throws -> Seen {
        minute += deed.wait
        let (before, known) = (dossier, demands.count)
        touched = nil
        if slip == .leavesTheEnd, dossier.status.isFinal { dossier.status = .processing }
        let what: String
        do { what = try self.do(deed.act) } catch {
            dossier = before
            throw error
        }
        if slip == .losesNewDate, what == "supplement-supplied", let former = before.dueAt { dossier.dueAt = former }
        var seen = Seen(what: what, minute: minute, status: dossier.status, dueAt: dossier.dueAt)
        seen.late = dossier.late
        if case .reappoint(let days) = deed.act { seen.dueOn = Self.day(before, days) }
        if case .pay(let early) = deed.act { seen.paidAt = minute - early }
        if demands.count > known { (seen.amount, seen.price) = (dossier.payment.amount?.dong, price(deed.act)) }
        if what == "payment-settled" { seen.amount = dossier.payment.paidAmount?.dong }
        seen.demand = touched?.text
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
        case .demand, .exempt, .pay, .payAgain, .liftFee: return try money(act)
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

// MARK: - Money

extension Play {
    private mutating func money(_ act: Act) throws -> String {
        switch act {
        case .demand(let choice):
            // What is collected with a supplement or at the return: SeveralFeesTests.
            guard dossier.status != .awaitingSupplement, dossier.status != .finished else { throw Ignored() }
            var definition = definition
            if slip == .priceWithoutCap {
                for index in definition.fees.indices { definition.fees[index].cap = nil }
            }
            let input = asked(choice)
            let steps = try RequirePayment.decide(
                dossier, input, definition: definition, demand: .new(), now: now)
            guard let (after, fee) = steps.last, steps.count == 1 else { throw Ignored() }
            dossier = after
            var due = FeePaid()
            (due.demand, due.amount) = (fee.demand ?? DemandID(), fee.amount)
            demands.append(due)
            touched = due.demand
            return "payment-required"
        case .exempt(let choice):
            var input = ExemptFees.Input()
            input.fee =
                choice % 3 == 0 || definition.fees.isEmpty
                ? "none" : definition.fees[choice % definition.fees.count].kind
            let steps = try ExemptFees.decide(
                dossier, input, definition: definition, calendar: calendar, now: now)
            dossier = steps.last?.dossier ?? dossier
            touched = steps.last?.demand
            return "fees-exempted"
        case .pay(let early):
            guard let last = demands.last else { throw Ignored() }
            return try pay(last, at: minute - early)
        case .payAgain(let choice):
            guard !demands.isEmpty else { throw Ignored() }
            let demand = demands[choice % demands.count]
            if slip == .paysTwice, dossier.status == .processing, dossier.payment.paidAt != nil {
                dossier.status = .awaitingPayment
                for place in dossier.payment.fees.indices where dossier.payment.fees[place].demand == demand.demand {
                    (dossier.payment.fees[place].state, dossier.payment.fees[place].stops) = (.open, true)
                }
            }
            return try pay(demand, at: minute)
        default:
            guard let last = demands.last, dossier.payment.place(of: last.demand) != nil else { throw Ignored() }
            var event = FeeRefused()
            (event.demand, touched) = (last.demand, last.demand)
            (dossier, _) = try OnFeeRefused.decide(dossier, event, definition: definition, calendar: calendar, now: now)
            return "payment-lifted"
        }
    }

    private mutating func pay(_ demand: FeePaid, at paid: Int) throws -> String {
        guard dossier.payment.place(of: demand.demand) != nil else { throw Ignored() }
        var event = demand
        touched = demand.demand
        event.paidAt = MinuteOracle.date(paid)
        (dossier, _) = try OnFeePaid.decide(dossier, event, definition: definition, calendar: calendar, now: now)
        return "payment-settled"
    }

    /// The cases that a clerk names; every fourth time none.
    private func asked(_ choice: Int) -> RequirePayment.Input {
        var input = RequirePayment.Input()
        input.copies = choice % 3 + 1
        guard choice % 4 != 0 else { return input }
        let kinds = definition.fees.map(\.kind)
        input.fees = kinds.enumerated().filter { (choice >> $0.offset) & 1 == 0 }.map {
            FeeLine($0.element, choice % 90 + 1)
        }
        return input
    }

    /// What those cost, reckoned apart from the service.
    private func price(_ act: Act) -> Int64? {
        guard case .demand(let choice) = act else { return nil }
        let input = asked(choice)
        var (full, capped, most) = (Int64(0), Int64(0), Int64.max)
        for fee in definition.fees {
            let quantity: Int
            if let lines = input.fees {
                quantity = lines.first { $0.kind == fee.kind }?.quantity ?? 0
            } else {
                quantity = fee.byDefault ? 1 : 0
            }
            if let cap = fee.cap {
                capped += fee.amount.dong * Int64(quantity)
                most = cap.dong
            } else {
                full += fee.amount.dong * Int64(quantity)
            }
        }
        return (full + min(capped, most)) * Int64(input.copies)
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

    private var openOpinions: Int { opinions.count { $0.answeredAt == nil } }

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
