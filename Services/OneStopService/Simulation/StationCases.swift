import Contracts
import LegalClock
import ServiceKit

// The way of a dossier at the agency that received it. What may happen, and what comes of it, is decided by the use
// cases' own decisions, in the order in which the use cases take them (os-194); what people wish is decided by luck.
extension Station {
    var today: Date { world.year.date(now) }

    func definition(_ this: Case) -> Definition { world.procedures[this.procedure].definition }

    /// Asks a decision. A refusal is counted under its code, and nothing comes of it.
    @discardableResult
    mutating func decided(_ body: () throws(Refused) -> Void) -> String? {
        do throws(Refused) { try body() } catch {
            refusals[error.code, default: 0] += 1
            return error.code
        }
        return nil
    }

    // MARK: - Coming

    /// Everybody who comes on a day, each at a minute of his own.
    mutating func expect(_ day: Int) {
        let place = world.places[number]
        guard place.expected > 0 else { return }
        let luck = world.luck.of(.day, number * 1_000 + day)
        for (isOnline, expected) in [(false, place.counterDays[day]), (true, place.onlineDays[day])] {
            let kind = isOnline ? 1 : 0
            let count = luck.of(kind).count(expected: expected)
            for turn in 0..<count {
                let own = luck.of(.dossier, turn * 2 + kind)
                outcomes.append(.coming)
                guard place.load >= 0 || !own.happens(-place.load, .kept) else {
                    outcomes[outcomes.count - 1] = .notThere
                    continue
                }
                come(day, own, isOnline, ordinal: outcomes.count - 1)
            }
            guard place.load > 0 else { continue }
            for turn in 0..<luck.of(.extra, kind).count(expected: expected * place.load) {
                come(day, luck.of(.extra, 10 + turn * 2 + kind), isOnline, ordinal: nil)
            }
        }
    }

    private mutating func come(_ day: Int, _ luck: Luck, _ isOnline: Bool, ordinal: Int?) {
        let menu = isOnline ? world.places[number].online : world.places[number].counter
        let wanted = luck.of(.choice).share * (menu.last?.upTo ?? 0)
        guard let procedure = menu.first(where: { wanted < $0.upTo })?.procedure else { return }
        var this = Case()
        (this.procedure, this.luck, this.ordinal) = (procedure, luck, ordinal)
        this.channel = isOnline ? .online : luck.happens(0.06, .channel) ? .postal : .counter
        lastSerial += 1
        this.serial = lastSerial
        let clock = isOnline ? Assumptions.onlineMinute(luck.of(.moment)) : Assumptions.counterMinute(luck.of(.moment))
        var at = Int32(day) * 1_440 + Int32(clock)
        if isOnline {
            for outage in world.outages where outage.contains(at) { at = outage.upperBound }
        } else {
            at = time.next(at)
        }
        let slot = free.popLast() ?? cases.count
        if slot == cases.count { cases.append(this) } else { cases[slot] = this }
        plan(.arrival, at: at, place: slot, serial: this.serial)
    }

    mutating func arrive(_ slot: Int) {
        var this = cases[slot]
        let procedure = world.procedures[this.procedure].procedure
        var submission = Submission()
        (submission.procedure, submission.agency) = (procedure.code, agency.code)
        let (calendar, kind, now) = (calendar, agency.kind, today)
        tallies[this.procedure].received += 1
        let refused = decided { () throws(Refused) in
            this.dossier = try submission.decide(
                procedure: procedure, kind: kind, channel: this.channel, person: nil, now: now, calendar: calendar)
        }
        cases[slot] = this
        guard refused == nil else { return close(slot, .refused) }
        if this.luck.happens(Assumptions.withdrawn, .withdraw) {
            let days = this.luck.of(.withdrawDay).exponential(mean: 3)
            plan(.withdraw, at: self.now + Int32(days * 1_440), place: slot, serial: this.serial)
        }
        receive(slot)
    }

    mutating func receive(_ slot: Int) {
        ask(slot, .receive, .clerk, at: number, minutes: Assumptions.receiving, due: cases[slot].dossier.actBy)
    }

    /// Gives a job about a dossier to an agency.
    @discardableResult
    mutating func ask(
        _ slot: Int, _ kind: Job.Kind, _ role: PostRole, at other: Int, minutes: Double, due: Date, luck: Luck? = nil,
        worker: Int? = nil
    ) -> UInt32 {
        let ticket = ticket()
        let own = luck ?? cases[slot].luck.of(.receive, Int(kind.rawValue) * 100 + cases[slot].rounds)
        let length = own.skewed(mean: minutes, spread: 0.45) / Assumptions.share(role)
        let job = Job(
            kind: kind, role: role, home: Int16(number), slot: Int32(slot), ticket: ticket,
            procedure: Int16(cases[slot].procedure), minutes: Int32(max(1, length.rounded())),
            due: world.year.minute(due), arrived: now)
        switch kind {
        case .opinion, .branch: break
        default: cases[slot].lead = ticket
        }
        guard other == number else {
            tell(.job(job), to: other)
            return ticket
        }
        if let worker { give(job, to: worker) } else { take(job) }
        return ticket
    }

    // MARK: - Work that is done

    mutating func finished(_ job: Job) {
        let slot = Int(job.slot)
        switch job.kind {
        case .opinion: return answered(slot, job.ticket)
        case .branch: return closeBranch(slot, job.ticket)
        default: break
        }
        guard cases[slot].serial != 0, cases[slot].lead == job.ticket else { return }
        cases[slot].lead = 0
        switch job.kind {
        case .receive: received(slot)
        case .step: worked(slot)
        case .elsewhere: cameBack(slot)
        case .issue: issued(slot)
        case .giveBack: givenBack(slot)
        case .confirm: confirmed(slot)
        case .opinion, .branch: break
        }
    }

    /// The clerk has looked at what was handed in.
    private mutating func received(_ slot: Int) {
        var this = cases[slot]
        let missing = this.channel == .online ? Assumptions.missingOnline : Assumptions.missingAtCounter
        if this.luck.happens(Assumptions.refused, .refusal) {
            decided { () throws(Refused) in this.dossier = try RefuseDossier.decide(this.dossier, Reasoned()) }
            cases[slot] = this
            return close(slot, .refused)
        }
        if this.dossier.supplementRequestedAt == nil, this.luck.happens(missing, .missing) {
            return askPapers(slot)
        }
        let (definition, calendar, now) = (definition(this), calendar, today)
        let refused = decided { () throws(Refused) in
            (this.dossier, _) = try AcceptDossier.decide(
                this.dossier, definition: definition, calendar: calendar, now: now)
        }
        guard refused == nil else { return }
        let day = Int(self.now / 1_440)
        if serialDay != day { (serialDay, serials) = (day, 0) }
        serials += 1
        this.dossier.code = try? DossierCode(
            agency: this.dossier.receivingAgency, received: world.year.day(self.now), serial: serials)
        tallies[this.procedure].accepted += 1
        cases[slot] = this
        planEve(slot)
        fees(slot)
    }

    /// What has to be paid is asked for at the counter; who is exempt is not asked.
    mutating func fees(_ slot: Int) {
        var this = cases[slot]
        let definition = definition(this)
        let priced = definition.fees.filter { $0.amount > .zero }
        guard this.dossier.payment.paidAt == nil, this.dossier.payment.exemption == nil, let first = priced.first else {
            return handOver(slot)
        }
        let now = today
        if let exemption = definition.fees.first(where: { $0.amount == .zero }),
            this.luck.happens(Assumptions.exempt, .exempt)
        {
            var input = ExemptFees.Input()
            (input.fee, input.reason) = (exemption.kind, "exempt")
            decided { () throws(Refused) in
                this.dossier = try ExemptFees.decide(this.dossier, input, definition: definition)
            }
            money.exempted += 1
            cases[slot] = this
            return handOver(slot)
        }
        var input = RequirePayment.Input()
        if definition.feesByDefault.isEmpty {
            input.fees = [FeeLine(first.kind, this.luck.of(.pages).within(1...6))]
        }
        let refused = decided { () throws(Refused) in
            (this.dossier, _) = try RequirePayment.decide(
                this.dossier, input, definition: definition, demand: DemandID(), now: now)
        }
        guard refused == nil else { return handOver(slot) }
        money.demanded += this.dossier.payment.amount?.dong ?? 0
        cases[slot] = this
        let luck = this.luck.of(.pay, this.rounds)
        let wait = this.channel == .counter ? luck.skewed(mean: 12) : luck.exponential(mean: 600) + 5
        let isRefused = this.luck.happens(Assumptions.payRefused, .payRefused, this.dossier.pauses.count)
        plan(isRefused ? .refusePayment : .pay, at: self.now + Int32(wait), place: slot, serial: this.serial)
    }

    mutating func paid(_ slot: Int) {
        var this = cases[slot]
        guard let demand = this.dossier.payment.demand, this.dossier.awaits(demand) else { return }
        var event = FeePaid()
        (event.demand, event.amount) = (demand, this.dossier.payment.amount ?? .zero)
        (event.paidAt, event.receiptNumber) = (today, "\(this.serial)")
        let (definition, calendar, now) = (definition(this), calendar, today)
        let refused = decided { () throws(Refused) in
            (this.dossier, _) = try OnFeePaid.decide(
                this.dossier, event, definition: definition, calendar: calendar, now: now)
        }
        guard refused == nil else { return }
        money.paid += event.amount.dong
        cases[slot] = this
        planEve(slot)
        handOver(slot)
    }

    /// Budget could not demand it: the clerk asks again.
    mutating func paymentRefused(_ slot: Int) {
        var this = cases[slot]
        guard this.dossier.status == .awaitingPayment else { return }
        let amount = this.dossier.payment.amount?.dong ?? 0
        let (definition, calendar, now) = (definition(this), calendar, today)
        let refused = decided { () throws(Refused) in
            (this.dossier, _) = try OnFeeRefused.decide(
                this.dossier, definition: definition, calendar: calendar, now: now)
        }
        guard refused == nil else { return }
        money.lifted += amount
        this.rounds += 1
        cases[slot] = this
        fees(slot)
    }

    mutating func askPapers(_ slot: Int) {
        var this = cases[slot]
        let now = today
        let refused = decided { () throws(Refused) in
            this.dossier = try RequestSupplement.decide(this.dossier, missing: "x", now: now)
        }
        guard refused == nil else { return }
        tallies[this.procedure].supplements += 1
        cases[slot] = this
        let luck = this.luck.of(.papers)
        if this.luck.happens(Assumptions.neverSupplied, .never) {
            plan(.giveUp, at: self.now + 30 * 1_440, place: slot, serial: this.serial)
        } else {
            let days = luck.skewed(mean: Assumptions.suppliedDays, spread: 0.8)
            plan(.supply, at: self.now + Int32(days * 1_440), place: slot, serial: this.serial)
        }
    }

    mutating func supplied(_ slot: Int) {
        var this = cases[slot]
        guard this.dossier.status == .awaitingSupplement else { return }
        let (definition, calendar, now) = (definition(this), calendar, today)
        let refused = decided { () throws(Refused) in
            (this.dossier, _) = try SupplyDossier.decide(
                this.dossier, definition: definition, calendar: calendar, now: now)
        }
        guard refused == nil else { return }
        this.rounds += 1
        cases[slot] = this
        planEve(slot)
        goOn(slot)
    }

    /// Work goes on where it stood.
    mutating func goOn(_ slot: Int) {
        switch cases[slot].dossier.status {
        case .submitted: receive(slot)
        case .accepted: fees(slot)
        case .processing where cases[slot].dossier.step == nil: handOver(slot)
        case .processing: beginStep(slot)
        default: break
        }
    }

    // MARK: - The end

    /// It leaves the simulation.
    mutating func close(_ slot: Int, _ outcome: Outcome) {
        let this = cases[slot]
        if let ordinal = this.ordinal { outcomes[ordinal] = outcome }
        if outcome == .refused { tallies[this.procedure].refused += 1 }
        note(this, outcome)
        cases[slot] = Case()
        free.append(slot)
    }

    /// Processing has ended: in time or not.
    mutating func ended(_ this: Case, at end: Date) -> Outcome {
        let isLate = this.dossier.dueAt.map { end > $0 } ?? false
        var tally = tallies[this.procedure]
        tally.ended += 1
        if isLate { tally.late += 1 }
        if let accepted = this.dossier.acceptedAt {
            tally.elapsed += Int64(end.timeIntervalSince(accepted) / 60)
        }
        tallies[this.procedure] = tally
        return isLate ? .late : .onTime
    }

    /// Every dossier changes the answer's digest (FNV-1a, 64 bits).
    mutating func note(_ this: Case, _ outcome: Outcome) {
        let dossier = this.dossier
        for part in [
            Int64(this.ordinal ?? -1), Int64(this.procedure), Int64(outcome.rawValue), Int64(dossier.status.number),
            Int64(dossier.dueAt?.timeIntervalSince1970 ?? 0), Int64(dossier.finishedAt?.timeIntervalSince1970 ?? 0),
            Int64(dossier.code?.serial ?? 0), Int64(now),
        ] {
            digest = (digest ^ UInt64(bitPattern: part)) &* 0x100_0000_01B3
        }
    }

    /// The year is over: what is open is in time still, or it is not.
    mutating func finishYear() {
        now = world.year.end
        let end = today
        for slot in cases.indices where cases[slot].serial != 0 && cases[slot].dossier.version > 0 {
            let this = cases[slot]
            guard this.dossier.finishedAt == nil, this.dossier.status != .stopped else { continue }
            if this.dossier.status == .awaitingPayment { money.open += this.dossier.payment.amount?.dong ?? 0 }
            let isOverdue = this.dossier.dueAt.map { end > $0 } ?? false
            tallies[this.procedure].open += 1
            if isOverdue { tallies[this.procedure].overdue += 1 }
            if let ordinal = this.ordinal { outcomes[ordinal] = isOverdue ? .overdue : .open }
            note(this, isOverdue ? .overdue : .open)
        }
    }
}
