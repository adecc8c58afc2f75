import Contracts
import Foundation
import LegalClock
import ServiceKit

@testable import OneStopService

/// One thing that somebody tries in an application for linked procedures; the numbers choose among what there is.
enum LinkedAct: Hashable, Sendable {
    /// On the application, or on one of its linked dossiers.
    case lead(Act)
    case link(Int, Act)
    case decide(Int, LinkDecision)
    /// So many of the timers that are due fire; the others wait, as when the service was away.
    case fire(Int)
    /// The procedure of a link goes out of force, or comes back.
    case lapse(Int)
}

struct LinkedDeed: Hashable, Sendable {
    /// In minutes after the one before it.
    var wait: Int
    var act: LinkedAct
}

/// What is seen of an application from outside. A linked dossier is its place in the order of opening.
enum LinkedSeen: Sendable {
    case did(Int?, Seen)
    /// `child` is nil where the dossier could not be opened.
    case opened(String, child: Int?, at: Int, due: Date)
    case dated(Int, due: Date)
    case closed(Int, OneStopService.Slip)
    case decided(String, LinkDecision)
    /// A timer that follows the links has fired.
    case followed
}

/// A guard of linked procedures that is not there.
enum LinkedGap: CaseIterable, Sendable {
    case answersOpen, returnsAlone, opensTwice, opensAnother, skipsTheChain, decidesOpen, forgetsTheEnd, neverStands
    case judgesWhenLookedAt, asksNobody, keepsResults, forwards, forgetsTheDeclined
}

/// Where an application for linked procedures is played: its set, and the procedures.
struct LinkedSetting: Sendable {
    static let places: [(LinkPlace, AgencyCode, AgencyKind)] = [
        (.receiving, Agencies.commune, .commune), (.parent, Agencies.district, .district),
        (.named, Agencies.justice, .department),
    ]

    var set = LinkedSet()
    var lead = Definition()
    /// By the key of the link.
    var links: [String: Definition] = [:]
    var begins = 0

    init(_ seed: UInt64) throws {
        var random = SeededNumbers(seed)
        lead = try Self.lead(Int.random(in: 0..<4, using: &random))
        set.order = Bool.random(using: &random) ? .chain : .parallel
        for number in 0..<Int.random(in: 1...3, using: &random) {
            let (place, agency, kind) = Self.places[Int.random(in: 0..<3, using: &random)]
            var link = Link()
            (link.key, link.procedure, link.place) = ("link-\(number)", "9.00001\(number)", place)
            link.agency = place == .named ? agency : nil
            let unit = [LimitUnit.hours, .workingDays, .days].randomElement(using: &random) ?? .hours
            link.limit = TimeLimit(Int.random(in: 1...(unit == .hours ? 30 : 8), using: &random), unit)
            set.links.append(link)
            links[link.key] = try Self.link(Int.random(in: 0..<3, using: &random), for: kind)
        }
        begins = Int.random(in: 4 * 1_440..<60 * 1_440, using: &random)
    }

    private static func lead(_ kind: Int) throws -> Definition {
        var definition = try judicialRecord(limit: TimeLimit(25, .workingDays))
        (definition.receivers, definition.documentType, definition.fees) = ([.commune], nil, [])
        switch kind {
        case 0: definition.steps = [step("assemble", .receiving, .clerk)]
        case 1:
            definition.documentType = "QĐ"
            definition.steps = [step("assess", .parent, .officer), step("sign", .parent, .leader)]
        case 2:
            definition.steps = [step("post", .receiving, .clerk)]
            definition.steps[0].notBefore = TimeLimit(2, .workingDays)
        default:
            definition.fees = try judicialRecord().fees
            definition.steps = [step("check", .receiving, .officer), step("assemble", .receiving, .clerk)]
        }
        return definition
    }

    private static func link(_ kind: Int, for receiver: AgencyKind) throws -> Definition {
        var definition = try judicialRecord(limit: TimeLimit(6, .workingDays))
        definition.receivers = [receiver]
        switch kind {
        case 0:
            (definition.fees, definition.documentType) = ([], nil)
            definition.steps = [step("issue", .receiving, .leader)]
        case 1: definition.steps.remove(at: 1)
        default:
            (definition.documentType, definition.supplementClock) = (nil, .restart)
            definition.steps = [step("check", .receiving, .officer), step("issue", .receiving, .leader)]
        }
        return definition
    }
}

/// An application for linked procedures on which everything is tried in any order, by the service's decisions alone:
/// rows, timers and what they read stand in variables here.
struct LinkedPlay {
    private struct Waiting {
        /// Of the clock of which linked dossier; nil: it follows the links.
        var child: Int?
        var due: Int
    }

    let setting: LinkedSetting
    let calendar: WorkCalendar
    let gap: LinkedGap?
    private(set) var minute: Int
    private(set) var lead: Play
    private(set) var children: [Play] = []
    private(set) var linked: LinkedCase
    private var places: [DossierID: Int] = [:]
    /// When each ended without a result.
    private var ended: [DossierID: Date] = [:]
    private var timers: [Waiting] = []
    private var lapsed: Set<String> = []
    private var seen: [LinkedSeen] = []

    init(_ setting: LinkedSetting, gap: LinkedGap? = nil) throws {
        (self.setting, self.gap, minute) = (setting, gap, setting.begins)
        calendar = try workCalendar(for: Agencies.commune)
        let application = try Submission.sample(at: Agencies.commune).decide(
            procedure: try published(setting.lead), kind: .commune, channel: .counter, person: nil,
            now: MinuteOracle.date(minute), calendar: calendar)
        lead = Play(application, setting.lead, calendar: calendar)
        linked = LinkedCase(set: setting.set, slips: [])
    }

    var now: Date { MinuteOracle.date(minute) }
    var waits: Bool { !timers.isEmpty }

    /// - Throws: `Refused` when the office says no, `Ignored` when nothing comes of it.
    mutating func perform(_ deed: LinkedDeed) throws -> [LinkedSeen] {
        minute += deed.wait
        seen = []
        switch deed.act {
        case .lead(let act): try self.act(act, on: nil)
        case .link(let choice, let act):
            guard !children.isEmpty else { throw Play.Ignored() }
            try self.act(act, on: choice % children.count)
        case .decide(let choice, let decision): try decide(choice, decision)
        case .fire(let most): for _ in 0...most { try fire() }
        case .lapse(let choice):
            let key = linked.set.links[choice % linked.set.links.count].key
            if lapsed.remove(key) == nil { lapsed.insert(key) }
        }
        return seen
    }

    /// Everything that is due now, and then what is due at a later moment.
    mutating func settle() throws -> [LinkedSeen] {
        seen = []
        while let last = timers.map(\.due).max() {
            minute = max(minute, last)
            try fire()
        }
        return seen
    }

    private mutating func act(_ act: Act, on who: Int?) throws {
        var play = who.map { children[$0] } ?? lead
        let before = play.dossier
        (play.minute, play.isLinked) = (minute, gap != .forwards)
        if who == nil, [.approve, .finish].contains(act), gap != .answersOpen { try linked.requireDone() }
        if who != nil, act == .giveBack, gap != .returnsAlone {
            try LinkedCase.requireReturned(lead.dossier.status)
        }
        seen += try play.perform(Deed(wait: 0, act: act)).map { .did(who, $0) }
        if let who { children[who] = play } else { lead = play }
        follow(before, play.dossier)
    }

    /// What the service sets timers for.
    private mutating func follow(_ before: Dossier, _ after: Dossier) {
        if [.refused, .stopped].contains(after.status), before.status != after.status { ended[after.id] = now }
        var change = Change(after, "changed", event: DossierReturned())
        // As the database marks each of them.
        change.dossier.isAccompanied = true
        for (name, _) in DossierSQL.followUps(change, from: before.status, at: now) {
            let isDeclined = before.status == .withdrawalRequested && after.status == .awaitingSupplement
            if name == "links_follow", gap != .forgetsTheDeclined || !isDeclined {
                timers.append(Waiting(child: nil, due: minute))
            }
            if name == "deadlines_follow", let child = places[after.id] {
                timers.append(Waiting(child: child, due: minute))
            }
        }
    }
}

// MARK: - As the use cases and timers do it

extension LinkedPlay {
    private mutating func decide(_ choice: Int, _ decision: LinkDecision) throws {
        var input = DecideLink.Input()
        (input.link, input.decision) = (linked.set.links[choice % linked.set.links.count].key, decision)
        var known = linked
        if gap == .decidesOpen {
            for place in known.slips.indices { known.slips[place].outcome = known.slips[place].outcome ?? .stopped }
        }
        let slip = try DecideLink.decide(lead.dossier, known, input)
        for place in linked.slips.indices where linked.slips[place].id == slip.id {
            linked.slips[place].decision = decision
        }
        seen.append(.decided(slip.key, decision))
        if decision == .drop {
            timers.append(Waiting(child: nil, due: minute))
        } else if let link = linked.set.links.first(where: { $0.key == slip.key }) {
            try open(link)
        }
    }

    /// The soonest timer that is due; nothing when none is.
    private mutating func fire() throws {
        let due = timers.indices.filter { timers[$0].due <= minute }
        guard let place = due.min(by: { (timers[$0].due, $0) < (timers[$1].due, $1) }) else { return }
        guard let child = timers.remove(at: place).child else { return try followLinks() }
        guard let slip = linked.slips.firstIndex(where: { $0.child == children[child].dossier.id }),
            linked.slips[slip].outcome == nil, gap != .neverStands,
            let date = try linked.slips[slip].due(children[child].dossier, calendar: calendar)
        else { return }
        (linked.slips[slip].dueAt, linked.slips[slip].explanation) = (date.at, date.explanation)
        seen.append(.dated(child, due: date.at))
    }

    private mutating func followLinks() throws {
        if gap != .forgetsTheEnd { close() }
        if lead.dossier.hasNoResult, gap != .asksNobody { withdraw() }
        if lead.dossier.status == .returned, gap != .keepsResults { giveBack() }
        for link in opens { try open(link) }
        if linked.isDone { try finish() }
        seen.append(.followed)
    }

    private var opens: [Link] {
        var (known, application) = (linked, lead.dossier)
        if gap == .skipsTheChain { known.set.order = .parallel }
        if gap == .opensTwice { known.slips.removeAll { $0.outcome == nil } }
        if gap == .opensAnother, application.acceptedAt != nil { application.status = .processing }
        return known.opens(application)
    }

    private mutating func close() {
        for place in linked.slips.indices where linked.slips[place].outcome == nil {
            guard let child = linked.slips[place].child.flatMap({ places[$0] }) else { continue }
            var dossier = children[child].dossier
            guard let outcome = OneStopService.Slip.outcome(of: dossier) else { continue }
            if gap == .neverStands { dossier.pauses = [] }
            let end = gap == .judgesWhenLookedAt ? now : dossier.finishedAt ?? ended[dossier.id] ?? now
            linked.slips[place] = linked.slips[place].closed(outcome, by: dossier, at: end, calendar: calendar)
            seen.append(.closed(child, linked.slips[place]))
        }
    }

    private mutating func withdraw() {
        for case let child? in linked.slips.filter({ $0.outcome == nil }).map(\.child) {
            guard let place = places[child],
                let dossier = try? WithdrawDossier.decide(children[place].dossier)
            else { continue }
            happened("withdrawal-requested", dossier, to: place)
        }
    }

    private mutating func giveBack() {
        for case let child? in linked.slips.map(\.child) {
            guard let place = places[child],
                let dossier = try? ReturnResult.decide(
                    children[place].dossier, definition: children[place].definition, now: now)
            else { continue }
            happened("returned", dossier, to: place)
        }
    }

    private mutating func happened(_ what: String, _ after: Dossier, to place: Int) {
        let before = children[place].dossier
        children[place].minute = minute
        seen.append(.did(place, children[place].happened(what, after)))
        follow(before, after)
    }

    private mutating func open(_ link: Link) throws {
        let (application, agency) = (lead.dossier, try link.agency(from: lead.dossier.receivingAgency))
        var slip = try OneStopService.Slip(link, of: application, at: agency, calendar: calendar, now: now)
        let definition = try setting.links[link.key] ?? judicialRecord()
        let child: Dossier
        do {
            child = try FollowLinks.decide(
                link, of: application, at: agency, form: nil,
                procedure: lapsed.contains(link.key) ? nil : try published(definition),
                kind: definition.receivers.first, calendar: calendar, now: now)
        } catch is Refused {
            slip.block(at: now)
            linked.slips.append(slip)
            return seen.append(.opened(link.key, child: nil, at: minute, due: slip.dueAt))
        }
        slip.child = child.id
        linked.slips.append(slip)
        places[child.id] = children.count
        seen.append(.opened(link.key, child: children.count, at: minute, due: slip.dueAt))
        children.append(Play(child, definition, calendar: calendar))
    }

    private mutating func finish() throws {
        let (before, definition) = (lead.dossier, lead.definition)
        guard
            let dossier = try? FollowLinks.finished(
                before, definition, openOpinions: lead.openOpinions, isSigned: false, now: now)
        else { return }
        let earliest = try before.step.flatMap(definition.step)?.earliest(begun: before.stepBegunAt, calendar: calendar)
        if let earliest, now < earliest {
            return timers.append(Waiting(child: nil, due: MinuteOracle.minute(earliest)))
        }
        lead.minute = minute
        seen.append(.did(nil, lead.happened("finished", dossier)))
        follow(before, dossier)
    }
}

extension LinkedAct {
    /// One of what may be tried now: what brings the application or one of its dossiers on, more often than not.
    static func some(_ play: LinkedPlay, _ random: inout SeededNumbers) -> LinkedAct {
        let number = Int.random(in: 0..<1_000, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<22: return .fire(number % 3)
        case 22..<32: return .decide(number, number % 5 < 2 ? .drop : .repeat)
        case 32..<34: return .lapse(number)
        case 34..<54: return .lead(on(play.lead, number, &random))
        default:
            guard !play.children.isEmpty else { return .lead(on(play.lead, number, &random)) }
            let running = play.children.indices.filter { !play.children[$0].dossier.status.isFinal }
            let place = running.randomElement(using: &random) ?? number % play.children.count
            return .link(place, on(play.children[place], number, &random))
        }
    }

    private static func on(_ play: Play, _ number: Int, _ random: inout SeededNumbers) -> Act {
        guard Int.random(in: 0..<10, using: &random) < 6 else { return .some(in: play.dossier.status, &random) }
        let (dossier, definition) = (play.dossier, play.definition)
        switch dossier.status {
        case .submitted: return .accept
        case .accepted: return .handOver(1)
        case .awaitingSupplement: return number % 3 == 0 ? .withdraw : .supply
        case .awaitingPayment: return .pay(early: 0)
        case .withdrawalRequested: return number % 3 == 0 ? .confirm : .decline
        case .stopped, .finished: return .giveBack
        case .refused, .returned: return .err(number)
        case .processing: break
        }
        if dossier.approvedAt != nil { return .issue }
        if number % 9 == 0, dossier.supplementRequestedAt == nil { return .askPapers }
        if dossier.owesFees(definition) { return .demand(0) }
        let graph = StepGraph(definition.steps)
        guard let place = dossier.step.flatMap(graph.place), graph.isEnd(place) else { return .handOver(1) }
        return definition.documentType == nil ? .finish : .approve
    }
}
