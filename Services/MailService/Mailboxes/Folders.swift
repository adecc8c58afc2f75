import Contracts
import ServiceKit

/// A folder (thư mục) of a mailbox: one of the given four, or its owner's.
struct Folder: Record {
    var folder = ""
    var name = ""
    var messages = 0
    var unread = 0
    var version = 1

    static let fields: [Field<Self>] = [
        .init("folder", \.folder, .text(1...36), "inbox, sent, archive, trash, or the id of your own"),
        .init("name", \.name, .text(1...Limits.Mail.folderNameLength), "Its name"),
        .init("messages", \.messages, .integer(0...Int.max), "Messages in it"),
        .init("unread", \.unread, .integer(0...Int.max), "Of them not read yet"),
        .init("version", \.version, .integer(1...Int.max), "Version, also the ETag"),
    ]

    init() {}

    init(_ row: Row, _ language: Language) throws {
        folder = try row("key")
        let own: String? = try row("name")
        name = own ?? GivenFolder(rawValue: folder)?.name(language) ?? folder
        messages = try row("messages")
        unread = try row("unread")
        version = try row("version")
    }
}

/// `POST /folders`: a folder of one's own.
enum CreateFolder: Endpoint {
    static let route = Route.post("/folders", success: 201)
    static let summary = "Make a folder in your mailbox"
    static let access = Access.signedIn
    static let refusals = [Refused.noMailbox, .mailboxClosed, .folderExists, .tooManyFolders]

    struct Input: Record {
        var name = ""
        static let fields: [Field<Self>] = [
            .init("name", \.name, .text(1...Limits.Mail.folderNameLength), "Its name, unique in the mailbox")
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Folder> {
        let mailbox = try await call.ownMailbox()
        var folder = Folder()
        (folder.folder, folder.name) = (UUID.v7().text, input.name)
        let made = folder
        do {
            return try await call.transaction { work in
                try await work.run("SELECT 1 AS one FROM mailboxes WHERE id = \(mailbox.id) FOR UPDATE")
                let known = try await work.run("SELECT count(*) AS n FROM folders WHERE mailbox = \(mailbox.id)")
                guard let count: Int = try known.first?("n"), count < Limits.Mail.folders else {
                    throw Refused.tooManyFolders
                }
                try await work.run(
                    """
                    INSERT INTO folders (mailbox, key, name, version)
                    VALUES (\(mailbox.id), \(made.folder), \(made.name), 1)
                    """)
                return Reply(made, version: 1, location: "/folders/\(made.folder)/messages")
            }
        } catch let error as PostgresError where error.constraint == "folders_name" {
            throw Refused.folderExists
        }
    }
}

/// `DELETE /folders/{folder}`: an empty folder of one's own.
enum DeleteFolder: Endpoint {
    static let route = Route.delete("/folders/{folder}")
    static let summary = "Delete an empty folder of your own"
    static let access = Access.signedIn
    static let refusals = [Refused.noMailbox, .mailboxClosed, .folderGiven, .folderNotEmpty]

    struct Input: Record {
        var folder = ""
        static let fields: [Field<Self>] = [
            .init("folder", \.folder, .text(1...36), "The folder", in: .path)
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Nothing> {
        let mailbox = try await call.ownMailbox()
        guard GivenFolder(rawValue: input.folder) == nil else { throw Refused.folderGiven }
        let rows = try await call.run(
            "SELECT version FROM folders WHERE mailbox = \(mailbox.id) AND key = \(input.folder)")
        guard let version: Int64 = try rows.first?("version") else { throw Refused.notFound }
        try call.check(version)
        do {
            return try await call.flight(
                """
                DELETE FROM folders WHERE mailbox = \(mailbox.id) AND key = \(input.folder) AND version = \(version)
                RETURNING version
                """, announcing: [], reply: Reply(Nothing()))
        } catch let error as PostgresError where error.constraint == "copies_folder" {
            throw Refused.folderNotEmpty
        }
    }
}

extension Refused {
    static let folderExists = Refused(
        "mail.folder-exists", vi: "Đã có thư mục cùng tên.", en: "A folder of this name exists.", field: "name")
    static let tooManyFolders = Refused(
        "mail.too-many-folders", vi: "Hộp thư đã đủ \(Limits.Mail.folders) thư mục.",
        en: "The mailbox has \(Limits.Mail.folders) folders already.")
    static let folderGiven = Refused(
        "mail.folder-given", vi: "Thư mục này luôn có, không xóa được.", en: "This folder is always there.",
        field: "folder")
    static let folderNotEmpty = Refused(
        "mail.folder-not-empty", vi: "Thư mục còn thư; hãy chuyển thư đi trước.",
        en: "There are messages in the folder; move them first.", field: "folder")
}
