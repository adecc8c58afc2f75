import Contracts
import ServiceKit

/// An absence (vắng mặt): an official is away from one day to another.
struct Absence: Record {
    var absence = AbsenceID()
    var person = PersonID()
    var agency = AgencyCode.none
    var kind = AbsenceKind.leave
    var validFrom = Day.none
    var validTo = Day.none
    var decidedAt = Date(timeIntervalSince1970: 0)
    var endedAt: Date?
    var version = 1

    static let fields: [Field<Self>] = [
        .init("absence", \.absence, .id, "The absence"),
        .init("person", \.person, .id, "Who is away"),
        .init("agency", \.agency, .agency, "The agency of the post"),
        .init("kind", \.kind, .choice, "Why"),
        .init("validFrom", \.validFrom, .day, "First day"),
        .init("validTo", \.validTo, .day, "Last day; before the first one where it was ended before it"),
        .init("decidedAt", \.decidedAt, .instant, "When it was decided"),
        .init("endedAt", \.endedAt, .instant, "When it was ended early"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
    ]

    init() {}

    init(_ row: Row) throws {
        absence = try row("id")
        person = try row("person")
        agency = try row("agency")
        kind = AbsenceKind(rawValue: try row("kind")) ?? .other
        validFrom = try row("valid_from")
        validTo = try row("valid_to")
        decidedAt = try row("decided_at")
        endedAt = try row("ended_at")
        version = try row("version")
    }
}

extension Call {
    /// Personnel, or a leader of the agency, who lets people go on leave.
    fileprivate func requireDecidingAbsence(at agency: AgencyCode) async throws {
        if let person = caller.person, let own = try await runtime.database.official(person, on: today),
            own.role == .leader, own.agency == agency
        {
            return
        }
        try await require(.personnelWrite, at: agency)
    }
}

/// `POST /officials/{person}/absences`: decided by personnel or a leader of the agency. While it lasts nobody is given
/// new dossiers, and reminders go to whoever stands in.
enum DecideAbsence: Endpoint {
    static let route = Route.post("/officials/{person}/absences", success: 201)
    static let summary = "Decide that an official is away from one day to another"
    static let access = Access.official(.personnelRead)
    static let refusals: [Refused] = [.notInPost, .standInWindow, .absenceOverlaps]

    struct Input: Record {
        var person = PersonID()
        var kind = AbsenceKind.leave
        var validFrom = Day.none
        var validTo = Day.none

        static let fields: [Field<Self>] = [
            .init("person", \.person, .id, "Who is away", in: .path),
            .init("kind", \.kind, .choice, default: .leave, "Why"),
            .init("validFrom", \.validFrom, .day, "First day"),
            .init("validTo", \.validTo, .day, "Last day"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Absence> {
        try await call.transaction { work in
            let locked = try await work.run("SELECT 1 AS one FROM officials WHERE person = \(input.person) FOR UPDATE")
            guard !locked.isEmpty else { throw Refused.notFound }
            guard let post = try await Post.latest(of: input.person, in: work), post.isHeld else {
                throw Refused.notInPost.at("person")
            }
            try await call.requireDecidingAbsence(at: post.agency)
            try StandInWindow.check(
                input.validFrom, input.validTo, days: Limits.Personnel.absenceDays, today: work.today)
            let overlapping = try await work.run(
                """
                SELECT 1 AS one FROM absences WHERE person = \(input.person)
                    AND valid_from <= \(input.validTo) AND valid_to >= \(input.validFrom)
                    AND valid_to >= valid_from LIMIT 1
                """)
            guard overlapping.isEmpty else { throw Refused.absenceOverlaps }
            var absence = Absence()
            (absence.absence, absence.person, absence.agency) = (.new(), input.person, post.agency)
            (absence.kind, absence.decidedAt) = (input.kind, work.now)
            (absence.validFrom, absence.validTo) = (input.validFrom, input.validTo)
            try await work.run(
                """
                INSERT INTO absences (id, person, agency, kind, valid_from, valid_to, decided_at, decided_by, version)
                VALUES (\(absence.absence), \(absence.person), \(absence.agency), \(absence.kind.rawValue),
                        \(absence.validFrom), \(absence.validTo), \(work.now), \(work.actor), 1)
                """)
            var event = AbsenceDecided()
            (event.absence, event.person, event.agency) = (absence.absence, absence.person, absence.agency)
            (event.validFrom, event.validTo) = (absence.validFrom, absence.validTo)
            try await work.announce(event, version: 1, to: absence.agency)
            return Reply(absence, version: 1, location: "/officials/\(input.person)/absences")
        }
    }
}

/// `POST /officials/{person}/absences/{absence}/end`: back today, or not going.
enum EndAbsence: Endpoint {
    static let route = Route.post("/officials/{person}/absences/{absence}/end")
    static let summary = "End an absence early: the official is here today"
    static let access = Access.official(.personnelRead)
    static let refusals = [Refused.standInOver]

    struct Input: Record {
        var person = PersonID()
        var absence = AbsenceID()

        static let fields: [Field<Self>] = [
            .init("person", \.person, .id, "Who is away", in: .path),
            .init("absence", \.absence, .id, "The absence", in: .path),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Absence> {
        try await call.transaction { work in
            let rows = try await work.run(
                "SELECT * FROM absences WHERE id = \(input.absence) AND person = \(input.person) FOR UPDATE")
            guard var absence = try rows.first.map(Absence.init) else { throw Refused.notFound }
            try await call.requireDecidingAbsence(at: absence.agency)
            try call.check(Int64(absence.version))
            guard absence.validTo >= work.today else { throw Refused.standInOver }
            absence.validTo = max(work.today.previous, absence.validFrom.previous)
            (absence.endedAt, absence.version) = (work.now, absence.version + 1)
            try await work.run(
                """
                UPDATE absences SET valid_to = \(absence.validTo), ended_at = \(work.now), ended_by = \(work.actor),
                    version = \(absence.version)
                WHERE id = \(absence.absence)
                """)
            var event = AbsenceEnded()
            (event.absence, event.person, event.agency) = (absence.absence, absence.person, absence.agency)
            event.validTo = absence.validTo
            try await work.announce(event, version: Int64(absence.version), to: absence.agency)
            return Reply(absence, version: Int64(absence.version))
        }
    }
}

/// `GET /officials/{person}/absences`: the latest first.
enum ListAbsences: Endpoint {
    static let route = Route.get("/officials/{person}/absences")
    static let summary = "The absences of an official, the latest first"
    static let access = Access.official(.personnelRead)

    struct Output: Record {
        var absences: [Absence] = []
        static let fields: [Field<Self>] = [
            .init("absences", \.absences, .list(.record, 0...Limits.Personnel.standIns), "The latest first")
        ]
    }

    static func handle(_ input: PersonPath, _ call: Call) async throws -> Reply<Output> {
        try await call.requireReadingAbout(input.person)
        call.logRead(of: "absences", input.person.text, purpose: "who is away")
        let rows = try await call.run(
            """
            SELECT * FROM absences WHERE person = \(input.person) ORDER BY valid_from DESC, id DESC
            LIMIT \(Limits.Personnel.standIns)
            """)
        var output = Output()
        output.absences = try rows.map(Absence.init)
        return Reply(output)
    }
}

extension Refused {
    static let absenceOverlaps = Refused(
        "hr.absence-overlaps", vi: "Người này đã được ghi nhận vắng mặt trong thời gian này.",
        en: "An absence is known for that time.")
}
