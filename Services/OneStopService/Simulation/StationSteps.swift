import Contracts
import LegalClock
import ServiceKit

// The steps of a procedure, and what ends them.
extension Station {
    /// The agency of a code; this one where the province of the simulation lacks it.
    private func place(of agency: AgencyCode) -> Int { world.number(of: agency) ?? number }

    /// Whoever has done a step has signed the answer where the step asks for that: signing is part of the work.
    private static let isSigned = true

    /// To the next step, when the guards of this one allow; `asked`: back to one before it.
    mutating func handOver(_ slot: Int, back asked: String? = nil) {
        var this = cases[slot]
        let (definition, now, world) = (definition(this), today, world)
        let way = asked ?? chosenWay(this, definition)
        let from = place(of: this.dossier.workingAgency)
        var opens: [Step] = []
        var agency = number
        var worker: Int?
        let open = this.opinions.count { $0.opinion.answeredAt == nil }
        let known = this.branches
        var step = Step()
        var refused = decided { () throws(Refused) in
            step = try HandOver.target(this.dossier, definition, asked: way)
            let moves =
                definition.forks ? try BranchMoves.lead(this.dossier, to: step, definition, known) : BranchMoves()
            opens = moves.opens
            if asked == nil, let here = this.dossier.step.flatMap(definition.step) {
                try here.checkEarliest(
                    begun: this.dossier.stepBegunAt, now: now, calendar: world.places[from].calendar)
            }
            for index in this.branches.indices where moves.recalls.contains(this.branches[index].id) {
                (this.branches[index].outcome, this.branches[index].closedAt) = (.recalled, now)
            }
            agency = world.number(of: try HandOver.place(of: step, this.dossier)) ?? from
        }
        if refused == nil {
            let job = Job(
                kind: .step, role: step.role, home: Int16(number), slot: 0, ticket: 0, procedure: Int16(this.procedure),
                minutes: 0, due: 0)
            worker = agency == number ? choose(job) : nil
            let official = worker.map { workers[$0].post.official }
            refused = decided { () throws(Refused) in
                this.dossier = try HandOver.decide(
                    this.dossier, to: step, agency: world.places[agency].agency.code, officer: official,
                    definition: definition, openOpinions: open, isSigned: Self.isSigned,
                    calendar: world.places[agency].calendar, now: now)
            }
        }
        guard refused == nil else { return wait(slot, refused) }
        this.isWorked = false
        this.rounds += 1
        cases[slot] = this
        for step in opens { openBranch(slot, step, fork: this.dossier.step ?? "", from: from) }
        beginStep(slot, worker: worker)
    }

    /// Where several ways lead on, luck takes one.
    private func chosenWay(_ this: Case, _ definition: Definition) -> String? {
        guard let step = this.dossier.step.flatMap(definition.step), step.ways.count > 1 else { return nil }
        let graph = StepGraph(definition.steps)
        guard let here = graph.place(of: step.key) else { return nil }
        let heads = graph.ways[here].compactMap(graph.head)
        return heads.isEmpty ? nil : graph.steps[heads[this.luck.of(.way, this.rounds).below(heads.count)]].key
    }

    /// The step is done and waits for what its guards ask for.
    private mutating func wait(_ slot: Int, _ refusal: String?) {
        cases[slot].isWorked = true
        guard refusal == Refused.tooEarly.code, let step = cases[slot].dossier.step,
            let earliest = definition(cases[slot]).step(step)?.notBefore, let begun = cases[slot].dossier.stepBegunAt
        else { return }
        let calendar = world.places[place(of: cases[slot].dossier.workingAgency)].calendar
        let at = try? Deadlines.due(from: begun, limit: earliest, calendar: calendar).at
        plan(.retry, at: at.map(world.year.minute) ?? now + 60, place: slot, serial: cases[slot].serial)
    }

    /// Somebody else's part came in: what waited for it goes on.
    private mutating func tryAgain(_ slot: Int) {
        guard cases[slot].isWorked, cases[slot].dossier.status == .processing else { return }
        leave(slot)
    }

    private mutating func leave(_ slot: Int) {
        let definition = definition(cases[slot])
        let graph = StepGraph(definition.steps)
        if let here = cases[slot].dossier.step.flatMap(graph.place), graph.isEnd(here) { return answer(slot) }
        handOver(slot)
    }

    mutating func beginStep(_ slot: Int, worker: Int? = nil) {
        let this = cases[slot]
        let definition = definition(this)
        guard let key = this.dossier.step, let index = definition.steps.firstIndex(where: { $0.key == key }) else {
            return
        }
        let step = definition.steps[index]
        // What was looked at once goes faster.
        let share = this.rounds > definition.steps.count ? 0.4 : 1.0
        ask(
            slot, .step, step.role, at: place(of: this.dossier.workingAgency),
            minutes: world.procedures[this.procedure].work[index] * share,
            due: this.dossier.stepDueAt ?? this.dossier.actBy, luck: this.luck.of(.work, this.rounds * 50 + index),
            worker: worker)
        if step.guards.contains(.opinionsIn), this.opinions.isEmpty { askOpinion(slot) }
    }

    /// An official elsewhere, or another one here, took it.
    mutating func taken(_ job: Job, by official: Official) {
        let slot = Int(job.slot)
        guard job.kind == .step, cases[slot].serial != 0, cases[slot].lead == job.ticket else { return }
        var this = cases[slot]
        guard this.dossier.officer != official.person else { return }
        let field = definition(this).field
        decided { () throws(Refused) in
            this.dossier = try AssignDossier.decide(this.dossier, officer: official, field: field)
        }
        cases[slot] = this
    }

    /// The official has done what the step asks for, and finds what there is to find.
    mutating func worked(_ slot: Int) {
        let this = cases[slot]
        guard this.dossier.status == .processing else { return }
        let definition = definition(this)
        let luck = this.luck
        let isFirst = this.dossier.step == definition.steps.first?.key
        if isFirst, this.dossier.supplementRequestedAt == nil, luck.happens(Assumptions.missingLater, .workMissing) {
            return askPapers(slot)
        }
        if isFirst, !this.wasElsewhere, luck.happens(Assumptions.elsewhere, .elsewhere) { return send(slot) }
        let graph = StepGraph(definition.steps)
        if let here = this.dossier.step.flatMap(graph.place), graph.isEnd(here) {
            if luck.happens(Assumptions.stopped, .stop) { return stop(slot) }
            let before = graph.sources[here].first { !graph.steps[$0].cooperates }
            if !this.wasSentBack, let before, this.branches.isEmpty, luck.happens(Assumptions.sentBack, .back) {
                cases[slot].wasSentBack = true
                return handOver(slot, back: graph.steps[before].key)
            }
        }
        leave(slot)
    }

    private mutating func stop(_ slot: Int) {
        var this = cases[slot]
        let now = today
        let refused = decided { () throws(Refused) in
            this.dossier = try StopDossier.decide(this.dossier, Reasoned(), now: now)
        }
        guard refused == nil else { return }
        tallies[this.procedure].stopped += 1
        end(slot, this)
    }

    /// Processing is over; the applicant is told and comes some day.
    private mutating func end(_ slot: Int, _ this: Case) {
        cases[slot] = this
        cases[slot].lead = 0
        let outcome = ended(this, at: today)
        if let ordinal = this.ordinal { outcomes[ordinal] = outcome }
        note(this, outcome)
        let days = this.luck.of(.collect).skewed(mean: 1.5, spread: 0.9)
        plan(.collect, at: time.next(now + Int32(days * 1_440)), place: slot, serial: this.serial)
    }

    // MARK: - Elsewhere

    private mutating func send(_ slot: Int) {
        var this = cases[slot]
        guard let other = world.asked(about: this.procedure, from: place(of: this.dossier.workingAgency)) else {
            return leave(slot)
        }
        let code = world.places[other].agency.code
        cases[slot].wasElsewhere = true
        this.wasElsewhere = true
        let refused = decided { () throws(Refused) in this.dossier = try SendDossier.decide(this.dossier, to: code) }
        guard refused == nil else { return leave(slot) }
        cases[slot] = this
        ask(slot, .elsewhere, .officer, at: other, minutes: Assumptions.answering, due: this.dossier.actBy)
    }

    mutating func cameBack(_ slot: Int) {
        var this = cases[slot]
        let refused = decided { () throws(Refused) in this.dossier = try SendBack.decide(this.dossier) }
        guard refused == nil else { return }
        cases[slot] = this
        beginStep(slot)
    }

    private mutating func askOpinion(_ slot: Int) {
        var this = cases[slot]
        guard let other = world.asked(about: this.procedure, from: place(of: this.dossier.workingAgency)) else {
            return
        }
        var input = RequestOpinion.Input()
        (input.toAgency, input.question) = (world.places[other].agency.code, "?")
        input.limit = TimeLimit(4, .workingDays)
        let (calendar, now) = (world.places[other].calendar, today)
        var opinion = Opinion()
        let refused = decided { () throws(Refused) in
            opinion = try RequestOpinion.decide(
                this.dossier, input, known: this.opinions.map(\.opinion), calendar: calendar, now: now)
        }
        guard refused == nil else { return }
        let ticket = ask(
            slot, .opinion, .officer, at: other, minutes: Assumptions.answering, due: opinion.dueAt,
            luck: this.luck.of(.opinion))
        this = cases[slot]
        this.opinions.append((opinion, ticket))
        cases[slot] = this
    }

    mutating func answered(_ slot: Int, _ ticket: UInt32) {
        guard let place = cases[slot].opinions.firstIndex(where: { $0.ticket == ticket }) else { return }
        var this = cases[slot]
        var input = AnswerOpinion.Input()
        (input.verdict, input.answer) = (this.luck.of(.verdict).below(10) == 0 ? .remark : .agree, "x")
        let now = today
        let refused = decided { () throws(Refused) in
            this.opinions[place].opinion = try AnswerOpinion.decide(
                this.dossier, this.opinions[place].opinion, input, now: now)
        }
        guard refused == nil else { return }
        cases[slot] = this
        tryAgain(slot)
    }

    private mutating func openBranch(_ slot: Int, _ step: Step, fork: String, from: Int) {
        var this = cases[slot]
        let (now, world) = (today, world)
        var here = this.dossier
        here.workingAgency = world.places[from].agency.code
        var at = from
        var branch = Branch()
        let refused = decided { () throws(Refused) in
            let agency = try HandOver.place(of: step, here)
            at = world.number(of: agency) ?? from
            branch = try Branch.open(
                step, of: this.dossier, fork: fork, agency: agency, calendar: world.places[at].calendar, now: now)
        }
        guard refused == nil else { return }
        let index = definition(this).steps.firstIndex { $0.key == step.key } ?? 0
        let ticket = ask(
            slot, .branch, step.role, at: at, minutes: world.procedures[this.procedure].work[index], due: branch.dueAt,
            luck: this.luck.of(.work, 5_000 + index))
        this = cases[slot]
        this.branches.append(branch)
        this.tickets.append(ticket)
        cases[slot] = this
    }

    mutating func closeBranch(_ slot: Int, _ ticket: UInt32) {
        guard let place = cases[slot].tickets.firstIndex(of: ticket) else { return }
        var this = cases[slot]
        let branch = this.branches[place]
        let at = self.place(of: branch.agency)
        let (definition, calendar, now) = (definition(this), world.places[at].calendar, today)
        var input = HandOnBranch.Input()
        input.note = "x"
        var opens: [Step] = []
        let open = this.opinions.count { $0.opinion.answeredAt == nil }
        let refused = decided { () throws(Refused) in
            (this.branches[place], opens) = try HandOnBranch.decide(
                branch, input, this.dossier, definition, this.branches, openOpinions: open, isSigned: Self.isSigned,
                calendar: calendar, now: now)
        }
        guard refused == nil else { return }
        cases[slot] = this
        for step in opens { openBranch(slot, step, fork: branch.fork, from: at) }
        tryAgain(slot)
    }

    // MARK: - The answer

    /// The leader decides; with a document the dossier ends when that is issued.
    private mutating func answer(_ slot: Int) {
        var this = cases[slot]
        let (definition, now) = (definition(this), today)
        let open = this.opinions.count { $0.opinion.answeredAt == nil }
        let leader = this.dossier.officer ?? PersonID()
        let refused = decided { () throws(Refused) in
            if definition.documentType != nil {
                (this.dossier, _) = try Approve.decide(
                    this.dossier, definition: definition, openOpinions: open, isSigned: Self.isSigned, leader: leader,
                    now: now)
            } else {
                this.dossier = try FinishDossier.decide(
                    this.dossier, definition: definition, openOpinions: open, isSigned: Self.isSigned, leader: leader,
                    now: now)
            }
        }
        guard refused == nil else { return wait(slot, refused) }
        guard definition.documentType != nil else { return end(slot, this) }
        cases[slot] = this
        ask(
            slot, .issue, .clerk, at: place(of: this.dossier.workingAgency), minutes: Assumptions.issuing,
            due: this.dossier.actBy)
    }

    mutating func issued(_ slot: Int) {
        var this = cases[slot]
        let now = today
        let refused = decided { () throws(Refused) in try this.dossier.finish(at: now) }
        guard refused == nil else { return }
        end(slot, this)
    }

    mutating func givenBack(_ slot: Int) {
        var this = cases[slot]
        let (definition, now) = (definition(this), today)
        decided { () throws(Refused) in
            this.dossier = try ReturnResult.decide(this.dossier, definition: definition, now: now)
        }
        free.append(slot)
        cases[slot] = Case()
    }
}
