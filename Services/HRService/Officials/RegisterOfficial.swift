import Contracts
import ServiceKit

/// `POST /officials`: a personnel record is opened; the person has no post yet.
enum RegisterOfficial: Endpoint {
    static let route = Route.post("/officials", success: 201)
    static let summary = "Open a personnel record (hồ sơ công chức)"
    static let access = Access.official(.personnelWrite)
    static let refusals = [Refused.officialExists, .mailboxTaken]

    struct Input: Record {
        var person: PersonID?
        var fullName = ""
        var mailbox = ""

        static let fields: [Field<Self>] = [
            .init("person", \.person, .id, "Given by the caller when records are moved in; made here otherwise"),
            .init("fullName", \.fullName, .text(1...Limits.Personnel.fullName), "Full name"),
            .init(
                "mailbox", \.mailbox, .text(1...64, pattern: #"^[a-z0-9]+([.-][a-z0-9]+)*$"#),
                "Local part of the official mail address"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<OfficialRecord> {
        var official = OfficialRecord()
        official.person = input.person ?? PersonID.new()
        (official.fullName, official.mailbox, official.version) = (input.fullName, input.mailbox, 1)
        var event = OfficialRegistered()
        (event.person, event.fullName, event.mailbox) = (official.person, official.fullName, official.mailbox)
        do {
            return try await call.flight(
                """
                INSERT INTO officials (person, full_name, mailbox, version)
                VALUES (\(official.person), \(official.fullName), \(official.mailbox), 1) RETURNING version
                """,
                announcing: [(event, nil)],
                reply: Reply(official, version: 1, location: "/officials/\(official.person)"))
        } catch let error as PostgresError where error.constraint == "officials_pkey" {
            throw Refused.officialExists
        } catch let error as PostgresError where error.constraint == "officials_mailbox_key" {
            throw Refused.mailboxTaken
        }
    }
}

extension Refused {
    static let officialExists = Refused(
        "hr.official-exists", vi: "Đã có hồ sơ của người này.", en: "This person has a record already.",
        field: "person")
    static let mailboxTaken = Refused(
        "hr.mailbox-taken", vi: "Địa chỉ thư này đã có người dùng.", en: "This mail address is taken.",
        field: "mailbox")
}
