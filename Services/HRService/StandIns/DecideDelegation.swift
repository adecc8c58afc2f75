import Contracts
import ServiceKit

/// `POST /officials/{person}/delegations`: a leader delegates the work of his or her own post, or personnel decide that
/// for an official. Written, for a time, within the agency, and never passed on (Decree 30/2020/NĐ-CP, Art. 13).
enum DecideDelegation: Endpoint {
    static let route = Route.post("/officials/{person}/delegations", success: 201)
    static let summary = "Delegate the work of a post to an official of the same agency, for a time (ủy quyền)"
    static let access = Access.official(.personnelRead)
    static let refusals: [Refused] = [
        .notInPost, .delegateElsewhere, .roleNotDelegated, .standInWindow, .delegationOverlaps, .delegateAbsent,
        .decisionNumberTaken,
    ]

    struct Input: Record {
        var person = PersonID()
        var number = ""
        var delegate = PersonID()
        var validFrom = Day.none
        var validTo = Day.none

        static let fields: [Field<Self>] = [
            .init("person", \.person, .id, "Who delegates", in: .path),
            .init("number", \.number, .text(1...60), "Number and symbol of the decision, e.g. 12/GUQ-STP"),
            .init("delegate", \.delegate, .id, "Who is to act in that name"),
            .init("validFrom", \.validFrom, .day, "First day"),
            .init("validTo", \.validTo, .day, "Last day"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Delegation> {
        do {
            return try await call.transaction { work in try await decide(input, call, work) }
        } catch let error as PostgresError where error.constraint == "delegations_number_year_key" {
            throw Refused.decisionNumberTaken
        }
    }

    private static func decide(_ input: Input, _ call: Call, _ work: Work) async throws -> Reply<Delegation> {
        // Both, in one order: a post of theirs neither ends nor begins in between.
        let locked = try await work.run(
            """
            SELECT person FROM officials WHERE person IN (\(input.person), \(input.delegate)) ORDER BY person FOR UPDATE
            """)
        guard try locked.contains(where: { try $0("person") == input.person }) else { throw Refused.notFound }
        let own = try await Post.latest(of: input.person, in: work).flatMap { $0.isHeld ? $0 : nil }
        if let own, !(input.person == call.caller.person && own.role == .leader) {
            try await call.require(.personnelWrite, at: own.agency)
        }
        var others = Others()
        others.delegate = try await Post.latest(of: input.delegate, in: work).flatMap { $0.isHeld ? $0 : nil }
        others.overlaps = try await !work.run(
            """
            SELECT 1 AS one FROM delegations WHERE person = \(input.person)
                AND valid_from <= \(input.validTo) AND valid_to >= \(input.validFrom)
                AND valid_to >= valid_from LIMIT 1
            """
        ).isEmpty
        others.isAbsent = try await !work.run(
            """
            SELECT 1 AS one FROM absences WHERE person = \(input.delegate)
                AND valid_from <= \(input.validTo) AND valid_to >= \(input.validFrom)
                AND valid_to >= valid_from LIMIT 1
            """
        ).isEmpty
        let post = try decide(input, own: own, others, today: work.today)
        var delegation = Delegation()
        (delegation.delegation, delegation.number, delegation.person) = (.new(), input.number, input.person)
        (delegation.delegate, delegation.agency, delegation.decidedAt) = (input.delegate, post.agency, work.now)
        (delegation.validFrom, delegation.validTo) = (input.validFrom, input.validTo)
        try await work.run(
            """
            INSERT INTO delegations (id, number, year, person, post, delegate, agency, valid_from, valid_to, decided_at,
                                     decided_by, version)
            VALUES (\(delegation.delegation), \(input.number), \(Int32(work.today.year)), \(input.person),
                    \(post.post), \(input.delegate), \(post.agency), \(input.validFrom), \(input.validTo),
                    \(work.now), \(work.actor), 1)
            """)
        var event = DelegationDecided()
        (event.delegation, event.decisionNumber, event.person) = (delegation.delegation, input.number, input.person)
        (event.post, event.delegate, event.agency) = (post.post, input.delegate, post.agency)
        (event.validFrom, event.validTo) = (input.validFrom, input.validTo)
        try await work.announce(event, version: 1, to: post.agency)
        return Reply(delegation, version: 1, location: "/officials/\(input.person)/delegations")
    }

    /// What stands around it.
    struct Others {
        var delegate: Post?
        /// The delegator has another delegate then.
        var overlaps = false
        /// The delegate is away then.
        var isAbsent = false
    }

    /// The post whose work goes over.
    static func decide(_ input: Input, own: Post?, _ others: Others, today: Day) throws(Refused) -> Post {
        guard let own else { throw Refused.notInPost.at("person") }
        guard let delegate = others.delegate, delegate.agency == own.agency, input.delegate != input.person else {
            throw .delegateElsewhere
        }
        guard Delegation.takers[own.role]?.contains(delegate.role) ?? false else { throw .roleNotDelegated }
        try StandInWindow.check(input.validFrom, input.validTo, days: Limits.Personnel.delegationDays, today: today)
        guard input.validFrom >= own.validFrom, input.validFrom >= delegate.validFrom else { throw .standInWindow }
        guard !others.overlaps else { throw .delegationOverlaps }
        guard !others.isAbsent else { throw .delegateAbsent }
        return own
    }
}

/// `POST /officials/{person}/delegations/{delegation}/revoke`: it ends at once.
enum RevokeDelegation: Endpoint {
    static let route = Route.post("/officials/{person}/delegations/{delegation}/revoke")
    static let summary = "Revoke a delegation: it ends at once"
    static let access = Access.official(.personnelRead)
    static let refusals = [Refused.standInOver]

    struct Input: Record {
        var person = PersonID()
        var delegation = DelegationID()

        static let fields: [Field<Self>] = [
            .init("person", \.person, .id, "Who delegated", in: .path),
            .init("delegation", \.delegation, .id, "The delegation", in: .path),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Delegation> {
        try await call.transaction { work in
            let rows = try await work.run(
                """
                SELECT * FROM delegations WHERE id = \(input.delegation) AND person = \(input.person) FOR UPDATE
                """)
            guard var delegation = try rows.first.map(Delegation.init) else { throw Refused.notFound }
            if delegation.person != call.caller.person {
                try await call.require(.personnelWrite, at: delegation.agency)
            }
            try call.check(Int64(delegation.version))
            guard delegation.validTo >= work.today else { throw Refused.standInOver }
            try await work.end(delegation, lastDay: work.today.previous)
            delegation.validTo = max(work.today.previous, delegation.validFrom.previous)
            (delegation.revokedAt, delegation.version) = (work.now, delegation.version + 1)
            return Reply(delegation, version: Int64(delegation.version))
        }
    }
}

/// `GET /officials/{person}/delegations`: whom an official let act, and for whom he or she acted, the latest first.
enum ListDelegations: Endpoint {
    static let route = Route.get("/officials/{person}/delegations")
    static let summary = "The delegations from and to an official, the latest first"
    static let access = Access.official(.personnelRead)

    struct Output: Record {
        var delegations: [Delegation] = []
        static let fields: [Field<Self>] = [
            .init("delegations", \.delegations, .list(.record, 0...Limits.Personnel.standIns), "The latest first")
        ]
    }

    static func handle(_ input: PersonPath, _ call: Call) async throws -> Reply<Output> {
        try await call.requireReadingAbout(input.person)
        let rows = try await call.run(
            """
            SELECT * FROM delegations WHERE person = \(input.person) OR delegate = \(input.person)
            ORDER BY valid_from DESC, id DESC LIMIT \(Limits.Personnel.standIns)
            """)
        var output = Output()
        output.delegations = try rows.map(Delegation.init)
        return Reply(output)
    }
}

/// The path of what is asked about one official.
struct PersonPath: Record {
    var person = PersonID()
    static let fields: [Field<Self>] = [.init("person", \.person, .id, "The person", in: .path)]
}

extension Call {
    /// Refuses unless it is the caller, or somebody where the caller reads about personnel.
    func requireReadingAbout(_ person: PersonID) async throws {
        guard try await OfficialRecord.find(person, on: today, in: runtime.database) != nil else {
            throw Refused.notFound
        }
        guard person != caller.person else { return }
        let post = try await Post.latest(of: person, in: runtime.database)
        try await require(.personnelRead, at: post?.agency ?? .none)
    }
}

/// From one day to another.
enum StandInWindow {
    static func check(_ from: Day, _ to: Day, days: Int, today: Day) throws(Refused) {
        guard from >= today, to >= from, to - from < days, from - today <= Limits.Personnel.daysAhead else {
            throw .standInWindow
        }
    }
}

extension Refused {
    static let delegateElsewhere = Refused(
        "hr.delegate-elsewhere", 422, vi: "Người được ủy quyền phải là người khác, giữ chức vụ tại cùng cơ quan.",
        en: "The delegate must be somebody else who holds a post at the same agency.", field: "delegate")
    static let roleNotDelegated = Refused(
        "hr.role-not-delegated", 422, vi: "Công việc của chức vụ này không được ủy quyền cho người này.",
        en: "The work of this post is not delegated to such a post.", field: "delegate")
    static let standInWindow = Refused(
        "hr.stand-in-window", 422, vi: "Thời gian phải bắt đầu từ hôm nay trở đi và có thời hạn nhất định.",
        en: "It begins today or later, when both hold their posts, and lasts a limited time.", field: "validFrom")
    static let delegationOverlaps = Refused(
        "hr.delegation-overlaps", vi: "Trong thời gian này đã ủy quyền cho người khác.",
        en: "Somebody else was delegated to for that time.")
    static let delegateAbsent = Refused(
        "hr.delegate-absent", vi: "Người được ủy quyền vắng mặt trong thời gian này.",
        en: "The delegate is away in that time.", field: "delegate")
    static let standInOver = Refused("hr.stand-in-over", vi: "Đã hết hiệu lực.", en: "It is over already.")
}
