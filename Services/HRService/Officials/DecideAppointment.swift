import Contracts
import ServiceKit

/// `POST /officials/{person}/decisions`: appoint, transfer or end service by a numbered decision with an effective
/// date. It is announced now and takes effect on its day, by a durable timer.
enum DecideAppointment: Endpoint {
    static let route = Route.post("/officials/{person}/decisions", success: 201)
    static let summary = "Decide an appointment, a transfer or the end of service (quyết định nhân sự)"
    static let access = Access.official(.personnelWrite)
    static let refusals: [Refused] = [
        .notInPost, .alreadyInPost, .postIncomplete, .effectTooEarly, .decisionPending, .decisionNumberTaken,
        .effectTooLate, .agencyUnknown, .agencyNotInForce, .unitUnknown, .positionUnknown, .positionFull,
    ]

    struct Input: Record {
        var person = PersonID()
        var number = ""
        var kind = DecisionKind.appoint
        var effectiveFrom = Day.none
        var agency: AgencyCode?
        var unit: String?
        var position: String?

        static let fields: [Field<Self>] = [
            .init("person", \.person, .id, "The official", in: .path),
            .init("number", \.number, .text(1...60), "Number and symbol of the decision, e.g. 12/QĐ-SNV"),
            .init("kind", \.kind, .choice, "Appoint, transfer or end"),
            .init("effectiveFrom", \.effectiveFrom, .day, "First day of effect"),
            .init("agency", \.agency, .agency, "The agency of the new post; not for the end of service"),
            .init("unit", \.unit, .text(1...60), "The unit of the new post"),
            .init(
                "position", \.position, .text(1...Limits.Personnel.positionCode),
                "The position that the new post fills; it gives role, title and fields of procedures"),
        ]
    }

    struct Output: Record {
        var decision = DecisionID()
        var number = ""
        var effectiveFrom = Day.none
        static let fields: [Field<Self>] = [
            .init("decision", \.decision, .id, "The decision"),
            .init("number", \.number, .text(1...60), "Its number and symbol"),
            .init("effectiveFrom", \.effectiveFrom, .day, "First day of effect"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        guard try await OfficialRecord.find(input.person, on: call.today, in: call.runtime.database) != nil else {
            throw Refused.notFound
        }
        if let agency = input.agency { try await call.require(.personnelWrite, at: agency) }
        do {
            return try await call.transaction { work in try await decide(input, call, work) }
        } catch let error as PostgresError where error.constraint == "decisions_number_year_key" {
            throw Refused.decisionNumberTaken
        } catch let error as PostgresError where error.constraint == "decisions_one_pending" {
            throw Refused.decisionPending
        }
    }

    private static func decide(_ input: Input, _ call: Call, _ work: Work) async throws -> Reply<Output> {
        let locked = try await work.run("SELECT version FROM officials WHERE person = \(input.person) FOR UPDATE")
        guard let current: Int64 = try locked.first?("version") else { throw Refused.notFound }
        try call.check(current)
        let latest = try await Post.latest(of: input.person, in: work)
        if let latest, latest.isHeld { try await call.require(.personnelWrite, at: latest.agency) }
        let place = try await place(input, work)
        // Nobody gives what they do not have.
        if let position = place.position, position.role == .administrator {
            try await call.require(.systemOperate, at: position.agency)
        }
        let post = try decide(input, latest: latest, place, today: work.today)
        let decision = DecisionID.new()
        try await work.run("UPDATE officials SET version = \(current + 1) WHERE person = \(input.person)")
        try await work.run(
            """
            INSERT INTO decisions (id, number, year, person, kind, agency, unit, position, role, title, fields,
                                   effective_from, decided_at, decided_by)
            VALUES (\(decision), \(input.number), \(Int32(work.today.year)), \(input.person), \(input.kind.rawValue),
                    \(post?.agency), \(post?.unit), \(post?.position), \(post?.role.rawValue), \(post?.title),
                    \(post?.procedureFields ?? []),
                    \(input.effectiveFrom), \(work.now), \(work.actor))
            """)
        try await DecisionLog.note(decision, "decided", work)
        var event = AppointmentDecided()
        (event.person, event.decisionNumber, event.kind) = (input.person, input.number, input.kind)
        (event.effectiveFrom, event.agency, event.unit) = (input.effectiveFrom, post?.agency, post?.unit)
        (event.role, event.title) = (post?.role, post?.title)
        try await work.announce(event, version: current + 1, to: nil)
        try await work.schedule(AppointmentTakesEffect.self, key: decision.text, at: input.effectiveFrom.start)
        var output = Output()
        (output.decision, output.number, output.effectiveFrom) = (decision, input.number, input.effectiveFrom)
        return Reply(output, version: current + 1)
    }

    /// Where the new post would be.
    struct Place {
        var agency: Agency?
        var unit: Unit?
        var position: Position?
        /// Seats of the position that others hold from the effective day on, or will hold by a waiting decision.
        var taken = 0
    }

    /// Locks the agency and then the position, behind the official: whoever locks more than one of them does it in this
    /// order, so that nobody waits in a circle.
    private static func place(_ input: Input, _ work: Work) async throws -> Place {
        var place = Place()
        guard let agency = input.agency else { return place }
        place.agency = try await Agency.hold(agency, in: work)
        guard let unit = input.unit else { return place }
        place.unit = try await Unit.find(unit, at: agency, in: work)
        guard let code = input.position else { return place }
        place.position = try await Position.hold(code, of: unit, at: agency, in: work)
        // A statement of its own: behind the lock it sees what the decision before this one, which held it, committed.
        // Whoever is in the position and on the way to it takes one seat; the official himself or herself takes none.
        let others = try await work.run(
            """
            SELECT count(*) AS taken FROM (
                SELECT person FROM posts p
                WHERE agency = \(agency) AND unit = \(unit) AND position = \(code) AND person <> \(input.person)
                  AND (valid_to IS NULL OR valid_to >= \(input.effectiveFrom))
                  AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.person = p.person AND d.effective_at IS NULL
                                  AND d.effective_from <= \(input.effectiveFrom))
                UNION
                SELECT person FROM decisions
                WHERE agency = \(agency) AND unit = \(unit) AND position = \(code) AND person <> \(input.person)
                  AND effective_at IS NULL) AS others
            """)
        place.taken = try others.first?("taken") ?? 0
        return place
    }

    /// The new post, or nil for the end of service.
    /// - Parameter latest: the post held last, or still.
    static func decide(_ input: Input, latest: Post?, _ place: Place, today: Day) throws(Refused) -> Post? {
        let held = latest.flatMap { $0.isHeld ? $0 : nil }
        switch input.kind {
        case .appoint: if held != nil { throw .alreadyInPost }
        case .transfer, .end: if held == nil { throw .notInPost }
        }
        if let latest, input.effectiveFrom <= latest.validTo ?? latest.validFrom { throw .effectTooEarly }
        guard input.effectiveFrom.number - today.number <= Limits.Personnel.daysAhead else { throw .effectTooLate }
        guard input.kind != .end else {
            guard input.agency == nil, input.unit == nil, input.position == nil else {
                throw Refused.postIncomplete.at("agency")
            }
            return nil
        }
        guard let code = input.agency else { throw .postIncomplete.at("agency") }
        guard let unit = input.unit else { throw .postIncomplete.at("unit") }
        guard input.position != nil else { throw .postIncomplete.at("position") }
        guard let agency = place.agency else { throw .agencyUnknown }
        guard agency.exists(on: input.effectiveFrom) else { throw .agencyNotInForce }
        guard let part = place.unit, part.exists(on: input.effectiveFrom) else { throw .unitUnknown }
        guard let position = place.position, position.exists(on: input.effectiveFrom) else { throw .positionUnknown }
        guard place.taken < position.seats else { throw .positionFull }
        var post = Post()
        (post.agency, post.unit, post.position, post.validFrom) = (code, unit, position.code, input.effectiveFrom)
        (post.role, post.title, post.procedureFields) = (position.role, position.title, position.procedureFields)
        return post
    }
}

/// The append-only record of what happened to decisions.
enum DecisionLog {
    static func note(_ decision: DecisionID, _ what: String, _ work: Work) async throws {
        try await work.run(
            """
            INSERT INTO decision_log (decision, what, actor, at)
            VALUES (\(decision), \(what), \(work.actor), \(work.now))
            """)
    }
}

extension Refused {
    static let notInPost = Refused(
        "hr.not-in-post", vi: "Người này không giữ chức vụ nào.", en: "This person holds no post.", field: "kind")
    static let alreadyInPost = Refused(
        "hr.already-in-post", vi: "Người này đang giữ một chức vụ; hãy điều động.",
        en: "This person holds a post; transfer instead.", field: "kind")
    static let postIncomplete = Refused(
        "hr.post-incomplete", 422,
        vi: "Bổ nhiệm, điều động cần đủ cơ quan, đơn vị, vị trí việc làm; thôi việc thì không.",
        en: "Appointments and transfers need agency, unit and position; the end of service has none.")
    static let effectTooEarly = Refused(
        "hr.effect-too-early", 422, vi: "Ngày hiệu lực phải sau ngày bắt đầu chức vụ hiện tại và sau chức vụ trước.",
        en: "It must take effect after the present post began and after the former one ended.", field: "effectiveFrom")
    static let effectTooLate = Refused(
        "hr.effect-too-late", 422, vi: "Ngày hiệu lực không được sau hôm nay quá \(Limits.Personnel.daysAhead) ngày.",
        en: "It must take effect within \(Limits.Personnel.daysAhead) days.", field: "effectiveFrom")
    static let positionUnknown = Refused(
        "hr.position-unknown", 422, vi: "Đơn vị không có vị trí việc làm này vào ngày hiệu lực.",
        en: "The unit has no such position on that day.", field: "position")
    static let positionFull = Refused(
        "hr.position-full", vi: "Vị trí việc làm này không còn chỗ từ ngày hiệu lực.",
        en: "The position has no free seat from that day on.", field: "position")
    static let decisionPending = Refused(
        "hr.decision-pending", vi: "Còn một quyết định chưa có hiệu lực.",
        en: "Another decision has not taken effect yet.")
    static let decisionNumberTaken = Refused(
        "hr.decision-number-taken", vi: "Số quyết định này đã dùng trong năm.",
        en: "This decision number was used this year.", field: "number")
}
