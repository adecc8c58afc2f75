import Contracts
import ServiceKit

/// What an applicant was told.
struct Notification: Record {
    var id = UUID.zero
    var dossier = DossierID()
    var at = Date(timeIntervalSince1970: 0)
    var what = ""
    var vietnamese = ""
    var english = ""
    var readAt: Date?

    static let fields: [Field<Self>] = [
        .init("id", \.id, .uuid, "Identity"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("at", \.at, .instant, "When"),
        .init("what", \.what, .text(1...60), "Stable word of what was done"),
        .init("vietnamese", \.vietnamese, .text(1...Limits.noteLength), "The message in Vietnamese"),
        .init("english", \.english, .text(1...Limits.noteLength), "The message in English"),
        .init("readAt", \.readAt, .instant, "When it was read"),
    ]

    init() {}

    init(_ row: Row) throws {
        id = try row("id")
        dossier = try row("dossier")
        at = try row("at")
        what = try row("what")
        vietnamese = try row("vietnamese")
        english = try row("english")
        readAt = try row("read_at")
    }
}

/// `GET /my/notifications`: newest first.
enum ReadMyNotifications: Endpoint {
    static let route = Route.get("/my/notifications")
    static let summary = "What a citizen was told about his or her dossiers, newest first"
    static let access = Access.citizen

    struct Output: Record {
        var notifications: [Notification] = []
        static let fields: [Field<Self>] = [
            .init("notifications", \.notifications, .list(.record, 0...Limits.pageMaximum), "Newest first")
        ]
    }

    static func handle(_ input: NewestPage, _ call: Call) async throws -> Reply<Output> {
        let rows = try await call.run(
            """
            SELECT * FROM notifications WHERE person = \(try call.person) \(input.older)
            ORDER BY id DESC LIMIT \(input.limit + 1)
            """)
        var output = Output()
        output.notifications = try rows.prefix(input.limit).map(Notification.init)
        let next = rows.count > input.limit ? output.notifications.last?.id.text : nil
        return Reply(output, next: next.map { "/my/notifications?limit=\(input.limit)&before=\($0)" })
    }
}

/// `POST /my/notifications/{notification}/read`.
enum MarkNotificationRead: Endpoint {
    static let route = Route.post("/my/notifications/{notification}/read")
    static let summary = "Mark a notification as read"
    static let access = Access.citizen

    struct Input: Record {
        var notification = UUID.zero
        static let fields: [Field<Self>] = [.init("notification", \.notification, .uuid, "Which", in: .path)]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Notification> {
        let person = try call.person
        return try await call.transaction { work in
            let rows = try await work.run(
                """
                UPDATE notifications SET read_at = coalesce(read_at, \(work.now))
                WHERE id = \(input.notification) AND person = \(person)
                RETURNING id, dossier, at, what, vietnamese, english, read_at
                """)
            guard let row = rows.first else { throw Refused.notFound }
            return Reply(try Notification(row))
        }
    }
}
