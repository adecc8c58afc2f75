import Contracts
import ServiceKit

/// Who goes ahead of others: the elderly, persons with a disability, pregnant women (Decree 61/2018/NĐ-CP names none;
/// each one-stop shop posts its own).
struct TicketPriority: Record, Hashable {
    var code = ""
    var name = ""
    var nameEn = ""
    var ahead = 0

    static let fields: [Field<Self>] = [
        .init("code", \.code, .text(1...60, pattern: Pattern.key), "Stable code"),
        .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
        .init(
            "ahead", \.ahead, .integer(Limits.Counter.ahead), "How many places it goes ahead: nobody waits for ever"),
    ]
}

/// A group of desks (nhóm quầy) of a one-stop shop, as data: one line of people, and one book of appointments.
struct DeskGroup: Record, Hashable {
    var name = ""
    var nameEn = ""
    var prefix = ""
    var desks = 1
    var minutesEach = 10
    var priorities: [TicketPriority] = []
    var slotMinutes: Int?
    var slotCapacity = 1
    var bookDaysAhead = 14
    var appointmentAhead = 0

    static let fields: [Field<Self>] = [
        .init("name", \.name, .text(1...Limits.nameLength), "Vietnamese name"),
        .init("nameEn", \.nameEn, .text(1...Limits.nameLength), "English name"),
        .init(
            "prefix", \.prefix, .text(0...Limits.Counter.prefix, pattern: "^[A-Z]*$"), default: "",
            "Letters before a ticket's number"),
        .init("desks", \.desks, .integer(1...Limits.Counter.desks), "How many desks it has, numbered from 1"),
        .init(
            "minutesEach", \.minutesEach, .integer(Limits.Counter.minutes), default: 10,
            "How long one person takes, until the day has shown it"),
        .init(
            "priorities", \.priorities, .list(.record, 0...Limits.Counter.priorities), default: [],
            "Who goes ahead of others"),
        .init(
            "slotMinutes", \.slotMinutes, .integer(Limits.Counter.minutes),
            "Length of a slot of appointments; absent: none are made"),
        .init(
            "slotCapacity", \.slotCapacity, .integer(1...Limits.Counter.capacity), default: 1, "Persons in one slot"),
        .init(
            "bookDaysAhead", \.bookDaysAhead, .integer(1...Limits.Counter.bookAhead), default: 14,
            "How many days ahead appointments are made"),
        .init(
            "appointmentAhead", \.appointmentAhead, .integer(Limits.Counter.ahead), default: 0,
            "How many places a ticket with an appointment goes ahead"),
    ]

    func check() throws(Refused) {
        guard Set(priorities.map(\.code)).count == priorities.count else { throw .keyTwice.at("priorities") }
    }

    /// As a ticket's number is shown: `A012`.
    func label(_ number: Int) -> String {
        let digits = String(number)
        return prefix + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
    }

    func priority(_ code: String?) throws(Refused) -> TicketPriority? {
        guard let code else { return nil }
        guard let found = priorities.first(where: { $0.code == code }) else { throw .priorityUnknown }
        return found
    }
}

/// A group with its place and version.
struct DeskGroupView: Record {
    var agency = AgencyCode.none
    var group = ""
    var version = 1
    var settings = DeskGroup()

    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "The one-stop shop's agency"),
        .init("group", \.group, .text(1...60), "Its key there"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
        .init("settings", \.settings, .record, "What it is"),
    ]
}

/// The path of everything at a group of desks.
struct DeskGroupPath: Record {
    var agency = AgencyCode.none
    var group = ""
    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "The agency", in: .path),
        .init("group", \.group, .text(1...60, pattern: Pattern.key), "Key of the group of desks", in: .path),
    ]
}

extension Session {
    /// - Parameter held: locked against a change until the transaction ends.
    func deskGroup(_ agency: AgencyCode, _ group: String, held: Bool = false) async throws -> DeskGroup {
        let rows = try await run(
            """
            SELECT settings FROM desk_groups WHERE agency = \(agency) AND code = \(group) \
            \(raw: held ? "FOR SHARE" : "")
            """)
        guard let row = rows.first else { throw Refused.notFound }
        return try DeskGroup(decoding: try row("settings"), unknown: .ignore)
    }
}

/// `GET /queues/{agency}`: the groups of desks of an agency.
enum ListDeskGroups: Endpoint {
    static let route = Route.get("/queues/{agency}")
    static let summary = "List the groups of desks of an agency"
    static let access = Access.open

    struct Input: Record {
        var agency = AgencyCode.none
        static let fields: [Field<Self>] = [.init("agency", \.agency, .agency, "The agency", in: .path)]
    }

    struct Output: Record {
        var groups: [DeskGroupView] = []
        static let fields: [Field<Self>] = [
            .init("groups", \.groups, .list(.record, 0...Limits.Counter.groups), "By key")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let rows = try await call.run(
            """
            SELECT code, version, settings FROM desk_groups WHERE agency = \(input.agency)
            ORDER BY code LIMIT \(raw: "\(Limits.Counter.groups)")
            """)
        var output = Output()
        output.groups = try rows.map { row in
            var view = DeskGroupView()
            (view.agency, view.group, view.version) = (input.agency, try row("code"), try row("version"))
            view.settings = try DeskGroup(decoding: try row("settings"), unknown: .ignore)
            return view
        }
        return Reply(output)
    }
}

/// `POST /queues/{agency}/{group}`: a leader opens a group of desks.
enum OpenDeskGroup: Endpoint {
    static let route = Route.post("/queues/{agency}/{group}", success: 201)
    static let summary = "Open a group of desks of an agency"
    static let access = Access.official(.dossiersApprove)
    static let refusals = [Refused.deskGroupExists, .tooManyDeskGroups, .agencyUnknown, .keyTwice]

    static func handle(_ input: DeskGroupChange, _ call: Call) async throws -> Reply<DeskGroupView> {
        try await call.require(.dossiersApprove, at: input.agency)
        try await call.requireKnown(input.agency)
        try input.settings.check()
        let view = input.view(version: 1)
        do {
            return try await call.transaction { work in
                let known = try await work.run(
                    "SELECT count(*) AS n FROM desk_groups WHERE agency = \(input.agency)")
                guard let count: Int = try known.first?("n"), count < Limits.Counter.groups else {
                    throw Refused.tooManyDeskGroups
                }
                try await work.run(
                    """
                    INSERT INTO desk_groups (agency, code, version, settings)
                    VALUES (\(input.agency), \(input.group), 1, \(input.settings.json))
                    """)
                return Reply(view, version: 1, location: "/queues/\(input.agency)")
            }
        } catch let error as PostgresError where error.constraint == "desk_groups_pkey" {
            throw Refused.deskGroupExists
        }
    }
}

/// What a group of desks is from now on.
struct DeskGroupChange: Record {
    var agency = AgencyCode.none
    var group = ""
    var settings = DeskGroup()
    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "The agency", in: .path),
        .init("group", \.group, .text(1...60, pattern: Pattern.key), "Key of the group of desks", in: .path),
        .init("settings", \.settings, .record, "What it is"),
    ]

    func view(version: Int) -> DeskGroupView {
        var view = DeskGroupView()
        (view.agency, view.group, view.version, view.settings) = (agency, group, version, settings)
        return view
    }
}

/// `PUT /queues/{agency}/{group}`: from the next ticket and appointment on.
enum ChangeDeskGroup: Endpoint {
    static let route = Route.put("/queues/{agency}/{group}")
    static let summary = "Change a group of desks"
    static let access = Access.official(.dossiersApprove)
    static let refusals = [Refused.keyTwice]

    static func handle(_ input: DeskGroupChange, _ call: Call) async throws -> Reply<DeskGroupView> {
        try await call.require(.dossiersApprove, at: input.agency)
        try input.settings.check()
        let rows = try await call.run(
            "SELECT version FROM desk_groups WHERE agency = \(input.agency) AND code = \(input.group)")
        guard let version: Int64 = try rows.first?("version") else { throw Refused.notFound }
        try call.check(version)
        return try await call.flight(
            """
            UPDATE desk_groups SET version = version + 1, settings = \(input.settings.json)
            WHERE agency = \(input.agency) AND code = \(input.group) AND version = \(version) RETURNING version
            """, announcing: [], reply: Reply(input.view(version: Int(version) + 1), version: version + 1))
    }
}

extension Refused {
    static let deskGroupExists = Refused(
        "onestop.desk-group-exists", vi: "Đã có nhóm quầy với mã này.", en: "There is a group of desks with this key.",
        field: "group")
    static let tooManyDeskGroups = Refused(
        "onestop.too-many-desk-groups", vi: "Cơ quan đã có đủ \(Limits.Counter.groups) nhóm quầy.",
        en: "The agency has \(Limits.Counter.groups) groups of desks already.")
    static let priorityUnknown = Refused(
        "onestop.priority-unknown", 422, vi: "Nhóm quầy không có diện ưu tiên này.",
        en: "The group of desks has no such priority.", field: "priority")
}
