import Contracts
import LegalClock
import ServiceKit

/// `POST /procedures/{code}/mappings/{mapping}/apply`: the open dossiers of the earlier version move, one after the
/// other, each in a transaction of its own (os-051). Asked again, it takes up those that could not move before, and
/// those that came since.
enum ApplyMapping: Endpoint {
    static let route = Route.post("/procedures/{code}/mappings/{mapping}/apply")
    static let summary = "Move the open dossiers of a version to a later one by a proven mapping"
    static let access = Access.official(.proceduresPublish)

    struct Input: Record {
        var code = ""
        var mapping = MappingID()
        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...40), "National code", in: .path),
            .init("mapping", \.mapping, .id, "The mapping", in: .path),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<VersionMapping> {
        try await call.require(.proceduresPublish, at: .none)
        return try await call.transaction { work in
            guard let mapping = try await work.mapping(input.mapping), mapping.procedure == input.code else {
                throw Refused.notFound
            }
            try await work.run(
                """
                INSERT INTO version_moves (mapping, dossier, state, at, asked_by)
                SELECT \(mapping.id), id, 'waiting', \(work.now), \(work.actor) FROM dossiers
                \(CheckMapping.open(mapping.procedure, mapping.fromVersion))
                ON CONFLICT (mapping, dossier) DO UPDATE SET state = 'waiting', at = excluded.at,
                    asked_by = excluded.asked_by, code = NULL, vietnamese = NULL, english = NULL
                WHERE version_moves.state = 'stayed'
                """)
            try await work.schedule(MoveNextDossier.self, key: mapping.id.text, at: work.now)
            return Reply(try await work.mapping(mapping.id) ?? mapping)
        }
    }
}

/// Moves the next dossier that waits, and sets itself again: a timer leaves in the transaction of its effect, so each
/// dossier moves once however often the service is killed, and the rest goes on after it.
enum MoveNextDossier: TimedTask {
    static let kind = "onestop.move-next-dossier"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        guard let mapping = try await work.mapping(try MappingID(key)) else { return }
        let rows = try await work.run(
            """
            SELECT dossier, asked_by FROM version_moves WHERE mapping = \(mapping.id) AND state = 'waiting'
            ORDER BY dossier LIMIT 1 FOR UPDATE
            """)
        guard let row = rows.first else { return }
        let (id, administrator): (DossierID, String) = (try row("dossier"), try row("asked_by"))
        do {
            try await MoveDossier.move(id, mapping, work.acting(for: administrator))
            try await note("moved", nil, id, mapping, work)
        } catch let refused as Refused {
            // Nothing of the dossier was written: it is decided before anything is.
            try await note("stayed", refused, id, mapping, work)
        }
        try await work.schedule(Self.self, key: key, at: work.now)
    }

    private static func note(
        _ state: String, _ why: Refused?, _ dossier: DossierID, _ mapping: VersionMapping, _ work: Work
    ) async throws {
        try await work.post(
            """
            UPDATE version_moves SET state = \(state), at = \(work.now), code = \(why?.code),
                vietnamese = \(why?.vietnamese), english = \(why?.english)
            WHERE mapping = \(mapping.id) AND dossier = \(dossier)
            """)
    }
}

/// One dossier goes on by the later version, with its branches.
enum MoveDossier {
    struct Moved {
        var dossier: Dossier
        var branches: [Branch]
        var due: PromisedDate?
        var stepDue: PromisedDate?
    }

    static func move(_ id: DossierID, _ mapping: VersionMapping, _ work: Work) async throws {
        let book = work.resource(ProcedureBook.self)
        guard let before = try await work.dossier(id, forUpdate: true), before.procedureNumber == mapping.fromVersion
        else { throw Refused.movedMeanwhile }
        let (old, new) = (
            try await work.following(try await book.version(before.procedure, mapping.fromVersion).definition),
            try await work.following(try await book.version(before.procedure, mapping.toVersion).definition)
        )
        let branches = try await work.branches(of: id).filter { $0.outcome != .recalled }
        var calendars: [AgencyCode: WorkCalendar] = [:]
        for agency in try places(before, branches, mapping, new) {
            guard try await book.kind(of: agency, on: work.today) != nil else { throw Refused.agencyUnknown }
            calendars[agency] = try await work.calendar(of: agency)
        }
        let moved = try decide(
            before, branches, mapping, from: old, to: new,
            kind: try await book.kind(of: before.receivingAgency, on: work.today), calendars: calendars, now: work.now)
        var event = DossierVersionChanged()
        (event.dossier, event.procedure) = (id, before.procedure)
        (event.fromVersion, event.toVersion) = (mapping.fromVersion, mapping.toVersion)
        event.stepKey = moved.dossier.step
        (event.formerDueAt, event.dueAt, event.status) = (before.dueAt, moved.dossier.dueAt, moved.dossier.status)
        try await work.save(
            Change(
                moved.dossier, "version-changed", note: mapping.note, due: moved.due,
                stepDue: moved.stepDue, notice: moved.dossier.notice(moved.due), event: event), from: before)
        try await work.post(
            """
            UPDATE dossiers SET procedure_number = \(Int32(moved.dossier.procedureNumber)),
                limit_number = \(moved.dossier.limitNumber.map { Int32($0) }) WHERE id = \(id)
            """)
        for branch in moved.branches {
            try await work.post(
                """
                UPDATE branches SET fork = \(branch.fork), step = \(branch.step), agency = \(branch.agency),
                    waits_at = \(branch.waitsAt), due_at = \(branch.dueAt), explanation = \(branch.explanation.json)
                WHERE id = \(branch.id)
                """)
        }
    }

    /// The agencies whose calendars count: where it was received, and where its steps are done in the later version.
    private static func places(
        _ dossier: Dossier, _ branches: [Branch], _ mapping: VersionMapping, _ new: Definition
    ) throws(Refused) -> Set<AgencyCode> {
        var places: Set<AgencyCode> = [dossier.receivingAgency, dossier.workingAgency]
        for key in [dossier.step].compactMap({ $0 }) + branches.map(\.step) {
            guard let step = mapping.image(of: key).flatMap(new.step) else { continue }
            places.insert(try HandOver.place(of: step, dossier))
        }
        return places.union(branches.map(\.agency))
    }

    static func decide(
        _ before: Dossier, _ branches: [Branch], _ mapping: VersionMapping, from old: Definition, to new: Definition,
        kind: AgencyKind?, calendars: [AgencyCode: WorkCalendar], now: Date
    ) throws(Refused) -> Moved {
        // The document may be numbered at any moment, by the version under which it was approved.
        guard before.approvedAt == nil else { throw .alreadyApproved }
        try before.require(
            .submitted, .accepted, .processing, .awaitingSupplement, .awaitingPayment, .withdrawalRequested)
        guard let kind, new.receivers.contains(kind) else { throw .agencyDoesNotReceive }
        var dossier = before
        dossier.procedureNumber = mapping.toVersion
        let projects = mapping.dueDates == .project
        dossier.limitNumber = projects ? nil : before.limitNumber ?? before.procedureNumber
        var stepDue: PromisedDate?
        if let key = before.step {
            guard let was = old.step(key), let step = mapping.image(of: key).flatMap(new.step) else {
                throw .stepUnknown
            }
            dossier.step = step.key
            let place = try HandOver.place(of: step, before)
            // Where the step is done elsewhere now the dossier goes there; a leader names who takes it.
            if try HandOver.place(of: was, before) != place {
                try dossier.go(to: place)
                if place != before.workingAgency { dossier.officer = nil }
            }
            stepDue = try dossier.moveStepDate(from: before, old, new, projects: projects, calendars)
        }
        var due: PromisedDate?
        if projects, let calendar = calendars[before.receivingAgency] {
            due = try dossier.project(by: new, calendar: calendar, now: now)
        }
        let moved = try branches.map { branch throws(Refused) in
            try move(branch, of: before, mapping, to: new, calendars: calendars)
        }
        return Moved(dossier: dossier, branches: moved, due: due, stepDue: stepDue)
    }

    private static func move(
        _ branch: Branch, of dossier: Dossier, _ mapping: VersionMapping, to new: Definition,
        calendars: [AgencyCode: WorkCalendar]
    ) throws(Refused) -> Branch {
        var moved = branch
        moved.fork = mapping.image(of: branch.fork) ?? branch.fork
        moved.waitsAt = branch.waitsAt.map { mapping.image(of: $0) ?? $0 }
        guard let step = mapping.image(of: branch.step).flatMap(new.step) else { throw .stepUnknown }
        moved.step = step.key
        guard branch.outcome == nil else { return moved }
        // A step of rule “working” is done where the branch is.
        if step.rule != .working { moved.agency = try HandOver.place(of: step, dossier) }
        guard mapping.dueDates == .project, let limit = step.limit, let calendar = calendars[moved.agency] else {
            return moved
        }
        let due = try Deadlines.due(
            from: branch.begunAt, limit: limit, pauses: dossier.stood(since: branch.begunAt), calendar: calendar)
        (moved.dueAt, moved.explanation) = (due.at, due.explanation)
        return moved
    }
}

extension VersionMapping {
    /// What stands in the history of a dossier.
    var note: String { "\(fromVersion) → \(toVersion): \(String(reason.prefix(Limits.noteLength - 20)))" }
}

extension Dossier {
    /// The date of its step by the limit of another version; while the clock stands it is counted when it goes on.
    /// - Returns: what is kept of it (os-268): also of a date that stays, where the step has another name now.
    fileprivate mutating func moveStepDate(
        from before: Dossier, _ old: Definition, _ new: Definition, projects: Bool,
        _ calendars: [AgencyCode: WorkCalendar]
    ) throws(Refused) -> PromisedDate? {
        guard before.stepDueAt != nil, !before.clockStands, let calendar = calendars[workingAgency],
            let former = calendars[before.workingAgency]
        else { return stepPromise("version-changed", from: before, former: before.stepDueAt, nil) }
        var due = try before.stepDue(old, calendar: former)
        if projects, let anew = try stepDue(new, calendar: calendar) { (due, stepDueAt) = (anew, anew.at) }
        return stepPromise("version-changed", from: before, former: before.stepDueAt, due)
    }

    /// The appointment by the limit of another version (os-052), counted from the same day with the same suspensions.
    /// Where the clock stands, it is counted when it goes on; the one new appointment stays as it was promised.
    mutating func project(
        by definition: Definition, calendar: WorkCalendar, now: Date
    ) throws(Refused) -> PromisedDate? {
        guard let received = acceptedAt, let former = dueAt, reappointedAt == nil else { return nil }
        guard pauses.last.map({ $0.until != nil }) ?? true else { return nil }
        let suspensions = pauses.map { pause in
            let restarts = pause.cause == .awaitingSupplement && definition.supplementClock == .restart
            return Suspension(from: pause.from, to: pause.until, policy: restarts ? .restart : .subtract)
        }
        let due = try Deadlines.due(from: received, limit: definition.limit, pauses: suspensions, calendar: calendar)
        // Nobody becomes late by a change of the law.
        guard due.at >= now || former < now else { throw .moveMakesLate }
        if due.at != former { formerDueAt = former }
        (dueAt, actBy) = (due.at, due.at)
        return PromisedDate(cause: "version-changed", at: due.at, former: former, explanation: due.explanation)
    }

    /// What the applicant is told when the appointment moved with the version.
    func notice(_ due: PromisedDate?) -> Notice? {
        guard let due, let former = due.former, former != due.at else { return nil }
        let name = code.map(\.text) ?? ""
        return Notice(
            vietnamese: """
                Hồ sơ \(name) được giải quyết theo quy định mới, ngày hẹn trả kết quả chuyển từ \
                \(Day(former).vietnamese) sang \(Day(due.at).vietnamese).
                """,
            english: """
                Dossier \(name) goes on by a new version of its procedure; its date moves from \(Day(former)) to \
                \(Day(due.at)).
                """)
    }
}

extension Refused {
    static let movedMeanwhile = Refused(
        "onestop.moved-meanwhile", vi: "Hồ sơ không còn ở phiên bản này.",
        en: "The dossier is no longer on that version.")
    static let moveMakesLate = Refused(
        "onestop.move-makes-late", vi: "Theo thời hạn mới, hồ sơ đã quá hạn.",
        en: "By the new limit the dossier would be late already.")
}
