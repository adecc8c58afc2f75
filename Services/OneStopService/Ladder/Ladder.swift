import Contracts
import LegalClock
import Postgres
import ServiceKit
import Synchronization

/// A rung: so many working hours before or after a deadline somebody is told.
struct Rung: Record, Hashable {
    var key = ""
    var kind = Deadline.Kind.dossier
    var hours = 0
    var reader = RungReader.officer

    static let fields: [Field<Self>] = [
        .init("key", \.key, .text(1...60, pattern: Pattern.key), "Stable key, once for each kind of deadline"),
        .init(
            "kind", \.kind, .choice,
            "Of whose deadlines: the answer's, the dossier's, its step's, an opinion's, a branch's"),
        .init(
            "hours", \.hours, .integer(-Limits.OneStop.rungHours...Limits.OneStop.rungHours),
            "In working hours after the date, 8 for a day; negative before it, 0 at it"),
        .init(
            "reader", \.reader, .choice,
            "Who works on it; the leaders there; those of the agency above; those of the agency that received it"),
    ]

    init() {}

    init(_ key: String, _ kind: Deadline.Kind, _ hours: Int, _ reader: RungReader) {
        (self.key, self.kind, self.hours, self.reader) = (key, kind, hours, reader)
    }
}

/// The ladder of warnings and escalations: data, one for all procedures and, where it is set, one of a procedure.
struct Ladder: Record, Hashable {
    var rungs: [Rung] = []

    static let fields: [Field<Self>] = [
        .init("rungs", \.rungs, .list(.record, 0...Limits.OneStop.rungs), "In any order; none: nobody is told")
    ]

    /// What holds until somebody sets another. The first warning leaves the leader a whole day for the apology, which
    /// is due one working day before the appointment.
    static let standard = Ladder([
        Rung("near", .answer, -4, .officer), Rung("due", .answer, 0, .leader),
        Rung("near", .dossier, -24, .officer), Rung("due", .dossier, 0, .leader), Rung("late", .dossier, 8, .above),
        Rung("near", .step, -4, .officer), Rung("due", .step, 0, .leader),
        Rung("near", .opinion, -8, .leader), Rung("due", .opinion, 0, .leader),
        Rung("near", .branch, -8, .leader), Rung("due", .branch, 0, .leader), Rung("late", .branch, 8, .receiver),
    ])

    init() {}

    init(_ rungs: [Rung]) { self.rungs = rungs }

    func check() throws(Refused) {
        let keys = Set(rungs.map { "\($0.kind.rawValue) \($0.key)" })
        guard keys.count == rungs.count else { throw Refused.keyTwice.at("rungs") }
    }

    /// When the rungs of a deadline are reached. A rung that would lie before the deadline began is none; one that the
    /// calendar cannot count waits for another calendar, and keeps no other waiting (os-073).
    func plan(_ kind: Deadline.Kind, begun: Date, dueAt: Date, calendar: WorkCalendar) -> LadderPlan {
        let begun =
            kind == .answer ? Deadlines.answerBegun(dueAt, submitted: begun, calendar: calendar) : begun
        var plan = LadderPlan()
        for rung in rungs where rung.kind == kind {
            do throws(ClockRefusal) {
                let at = try calendar.instant(rung.hours, workingHoursFrom: dueAt)
                if at > begun { plan.rungs.append((rung, at)) }
            } catch {
                // Counted back to a day before the beginning it is none, whatever that day was.
                if case .noWeek(let day) = error, rung.hours < 0, day < Day(begun) { continue }
                plan.awaitsCalendar = true
            }
        }
        plan.rungs.sort { ($0.at, $0.rung.key) < ($1.at, $1.rung.key) }
        return plan
    }
}

/// When the rungs of a deadline are reached, by one calendar.
struct LadderPlan: Sendable {
    /// Those that it can count, the soonest first.
    var rungs: [(rung: Rung, at: Date)] = []
    /// Whether there is one that it cannot count.
    var awaitsCalendar = false
}

/// The ladders, kept in memory for `Limits.OneStop.bookKept`.
final class LadderBook: Sendable {
    private let database: Database
    private let kept = Mutex<(ladders: [String: Ladder], until: ContinuousClock.Instant)?>(nil)

    init(_ database: Database) { self.database = database }

    /// That of the procedure, else the one for all (os-072).
    func ladder(of procedure: String) async throws -> Ladder {
        let now = ContinuousClock.now
        if let known = kept.withLock({ $0 }), known.until > now { return Self.find(procedure, in: known.ladders) }
        let rows = try await database.run("SELECT procedure, rungs FROM ladders")
        let ladders = try Dictionary(
            rows.map { row in
                (try row("procedure", as: String.self), try Ladder(decoding: try row("rungs"), unknown: .ignore))
            }, uniquingKeysWith: { $1 })
        kept.withLock { $0 = (ladders, now + Limits.OneStop.bookKept) }
        return Self.find(procedure, in: ladders)
    }

    func forget() { kept.withLock { $0 = nil } }

    private static func find(_ procedure: String, in ladders: [String: Ladder]) -> Ladder {
        ladders[procedure] ?? ladders[""] ?? .standard
    }
}
