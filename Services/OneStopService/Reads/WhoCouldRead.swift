import Contracts
import ServiceKit

/// `GET /dossiers/{dossier}/readers?on=`: who could read it on a day, by the rights of that day: the directory keeps
/// every post with its validity and deletes none. Officials who may ask see names; the applicant sees agencies and
/// roles. A name would make a private matter of what the agency answers for, and would let anybody who has a dossier
/// list the staff of an agency; a read that looks wrong is named by its number in a complaint, and the agency knows who
/// it was.
enum WhoCouldRead: Endpoint {
    static let route = Route.get("/dossiers/{dossier}/readers")
    static let summary = "Who could read a dossier on a day, by the rights of that day"
    static let access = Access.signedIn

    struct Input: Record {
        var dossier = DossierID()
        var on: Day?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("on", \.on, .day, "The day; absent: today", in: .query),
        ]
    }

    /// Everybody of one role at one agency.
    struct Group: Record {
        var agency = AgencyCode.none
        var agencyName: String?
        var role = PostRole.officer
        var count = 0
        var through = AgencyCode.none
        var reason = ReadingReason.received

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Where they held their posts"),
            .init("agencyName", \.agencyName, .text(1...Limits.nameLength), "Its name"),
            .init("role", \.role, .choice, "What their posts entitled them to"),
            .init("count", \.count, .integer(1...Int.max), "How many"),
            .init("through", \.through, .agency, "The agency that had to do with the dossier: theirs, or one below"),
            .init("reason", \.reason, .choice, "What that agency had to do with it"),
        ]
    }

    struct Reader: Record {
        var person = PersonID()
        var name = ""
        var agency = AgencyCode.none
        var unit = ""
        var role = PostRole.officer
        var title = ""

        static let fields: [Field<Self>] = [
            .init("person", \.person, .id, "Who"),
            .init("name", \.name, .text(1...Limits.nameLength), "The name"),
            .init("agency", \.agency, .agency, "Where the post was"),
            .init("unit", \.unit, .text(0...Limits.nameLength), "In which unit"),
            .init("role", \.role, .choice, "What it entitled to"),
            .init("title", \.title, .text(0...Limits.nameLength), "Its title"),
        ]
    }

    struct Output: Record {
        var on = Day.none
        var groups: [Group] = []
        var administrators = 0
        var readers: [Reader]?
        var complete = true

        static let fields: [Field<Self>] = [
            .init("on", \.on, .day, "The day"),
            .init("groups", \.groups, .list(.record, 0...Limits.Citizen.couldRead), "By agency and role"),
            .init(
                "administrators", \.administrators, .integer(0...Int.max), "Administrators of the system, who may too"),
            .init("readers", \.readers, .list(.record, 0...Limits.Citizen.couldRead), "By name; for officials"),
            .init("complete", \.complete, .bool, "False: there were more than are listed"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        let dossier = try await call.dossier(input.dossier)
        try await call.requireOversight(dossier)
        let day = input.on ?? call.today
        call.logRead(of: dossier.id, purpose: .whoCouldRead)
        let connections = try await call.connections(of: dossier, on: day)
        var output = Output()
        output.on = day
        guard !connections.reasons.isEmpty else { return Reply(output) }
        let posts = try await call.posts(reading: connections, on: day)
        output.complete = posts.count <= Limits.Citizen.couldRead
        let listed = posts.prefix(Limits.Citizen.couldRead)
        output.groups = groups(listed, connections)
        for index in output.groups.indices {
            output.groups[index].agencyName = try await call.name(of: output.groups[index].agency)
        }
        output.administrators =
            try await call.run("SELECT count(*) AS n FROM directory_administrators").first.map { try $0("n") } ?? 0
        // os-142
        if call.caller.kind != .citizen { output.readers = listed.map(reader) }
        return Reply(output)
    }

    private static func reader(_ official: Official) -> Reader {
        var reader = Reader()
        (reader.person, reader.name, reader.agency) = (official.person, official.fullName, official.agency)
        (reader.unit, reader.role, reader.title) = (official.unit, official.role, official.title)
        return reader
    }

    /// A post at an agency or above it reads for that agency (`Right.subtree`).
    static func groups(_ officials: some Sequence<Official>, _ connections: Connections) -> [Group] {
        var groups: [Group] = []
        for official in officials {
            let below = connections.reasons.filter { $0.key.isWithin(official.agency) }
            let through = below[official.agency] == nil ? below.keys.min() : official.agency
            guard let through, let reason = below[through] else { continue }
            if let place = groups.firstIndex(where: { $0.agency == official.agency && $0.role == official.role }) {
                groups[place].count += 1
            } else {
                var group = Group()
                (group.agency, group.role, group.count) = (official.agency, official.role, 1)
                (group.through, group.reason) = (through, reason)
                groups.append(group)
            }
        }
        return groups
    }
}

extension Call {
    /// The applicant, and who leads an agency that received the dossier or works on it, or one above. To read it is not
    /// enough: what colleagues read is nobody's business but the leaders'.
    func requireOversight(_ dossier: Dossier) async throws {
        if caller.kind == .citizen { return }
        if try await holds(.dossiersApprove, at: dossier.workingAgency) { return }
        try await require(.dossiersApprove, at: try await heir(of: dossier.receivingAgency))
    }

    /// Who held a post on a day that lets read at one of these agencies.
    fileprivate func posts(reading connections: Connections, on day: Day) async throws -> [Official] {
        let agencies = Set(connections.reasons.keys.flatMap { [$0] + $0.ancestors }).map(\.text).sorted()
        let roles = PostRole.allCases.filter { Scope.of($0).contains(.dossiersRead) }.map(\.rawValue)
        return try await run(
            """
            SELECT person, full_name, mailbox, agency, unit, role, title FROM directory_posts
            WHERE agency = ANY(\(agencies)) AND role = ANY(\(roles))
              AND valid_from <= \(day) AND (valid_to IS NULL OR valid_to >= \(day))
            ORDER BY agency DESC, role, full_name, person LIMIT \(Limits.Citizen.couldRead + 1)
            """
        ).map { row in
            Official(
                person: try row("person"), fullName: try row("full_name"), mailbox: try row("mailbox"),
                agency: try row("agency"), unit: try row("unit"),
                role: PostRole(rawValue: try row("role")) ?? .officer, title: try row("title"))
        }
    }

    /// The name of an agency; nil when the directory has none.
    func name(of agency: AgencyCode) async throws -> String? {
        try await run("SELECT name FROM directory_agencies WHERE code = \(agency)").first.map { try $0("name") }
    }
}
