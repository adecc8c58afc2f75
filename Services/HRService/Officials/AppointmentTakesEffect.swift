import Contracts
import ServiceKit

/// A decision's day has come: the post changes, and everybody is told.
enum AppointmentTakesEffect: TimedTask {
    static let kind = "hr.appointment-takes-effect"

    static func fire(key: String, payload: JSON, _ work: Work) async throws {
        let decision = try DecisionID(key)
        // The official first, as whoever decides does: neither waits for the other with what the other waits for.
        try await work.run(
            """
            SELECT 1 AS one FROM officials
            WHERE person = (SELECT person FROM decisions WHERE id = \(decision)) FOR UPDATE
            """)
        let rows = try await work.run(
            """
            UPDATE decisions SET effective_at = \(work.now) WHERE id = \(decision) AND effective_at IS NULL
            RETURNING person, kind, number, agency, unit, position, role, title, fields, effective_from
            """)
        guard let row = rows.first else { return }
        let person: PersonID = try row("person")
        let from: Day = try row("effective_from")
        let held = try await Post.latest(of: person, in: work).flatMap { $0.isHeld ? $0 : nil }
        try await work.run(
            "UPDATE posts SET valid_to = \(from.previous) WHERE person = \(person) AND valid_to IS NULL")
        if held != nil { try await work.endStandIns(of: person, from: from) }
        let post = try row("kind") == DecisionKind.end.rawValue ? nil : newPost(row, from)
        if let post {
            try await work.run(
                """
                INSERT INTO posts (id, person, agency, unit, position, role, title, fields, valid_from)
                VALUES (\(post.post), \(person), \(post.agency), \(post.unit), \(post.position),
                        \(post.role.rawValue), \(post.title), \(post.procedureFields), \(from))
                """)
        }
        let changed = try await work.run(
            "UPDATE officials SET version = version + 1 WHERE person = \(person) RETURNING version, full_name, mailbox")
        guard let official = changed.first else { return }
        let event = announcement(
            person, try official("full_name"), try official("mailbox"), try row("number"), from, held: held, post: post)
        try await DecisionLog.note(decision, "took effect", work)
        try await work.announce(event, version: try official("version"), to: nil)
    }

    private static func newPost(_ row: Row, _ from: Day) throws -> Post {
        var post = Post()
        post.post = PostID.new()
        post.agency = try row("agency")
        post.unit = try row("unit")
        post.position = try row("position")
        post.role = PostRole(rawValue: try row("role")) ?? .officer
        post.title = try row("title")
        post.procedureFields = try row("fields")
        post.validFrom = from
        return post
    }

    /// Which event tells of it: an appointment, a transfer away from `held`, or the end of service.
    static func announcement(
        _ person: PersonID, _ name: String, _ mailbox: String, _ number: String, _ from: Day, held: Post?, post: Post?
    ) -> any Event {
        guard let post else {
            var event = ServiceEnded()
            (event.person, event.decisionNumber, event.effectiveFrom) = (person, number, from)
            return event
        }
        let fields = post.procedureFields.isEmpty ? nil : post.procedureFields
        if let held {
            var event = OfficialTransferred()
            (event.person, event.fullName, event.mailbox) = (person, name, mailbox)
            (event.formerPost, event.formerAgency, event.post) = (held.post, held.agency, post.post)
            (event.agency, event.unit, event.role, event.title) = (post.agency, post.unit, post.role, post.title)
            (event.decisionNumber, event.effectiveFrom) = (number, from)
            event.procedureFields = fields
            return event
        }
        var event = OfficialAppointed()
        (event.person, event.fullName, event.mailbox, event.post) = (person, name, mailbox, post.post)
        (event.agency, event.unit, event.role, event.title) = (post.agency, post.unit, post.role, post.title)
        (event.decisionNumber, event.effectiveFrom) = (number, from)
        event.procedureFields = fields
        return event
    }
}
