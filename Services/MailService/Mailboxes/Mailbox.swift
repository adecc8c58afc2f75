import Contracts
import ServiceKit

/// A mailbox (hộp thư công vụ): one for each official, for life; it is closed while its owner is not in service.
struct Mailbox: Sendable {
    enum State: String, CaseIterable, Sendable { case open, closed }

    let id: MailboxID
    let person: PersonID
    let address: String
    let fullName: String
    let state: State
    let version: Int64

    init(_ row: Row) throws {
        id = try row("id")
        person = try row("person")
        address = try row("address")
        fullName = try row("full_name")
        state = State(rawValue: try row("state")) ?? .closed
        version = try row("version")
    }
}

/// The folders that every mailbox has.
enum GivenFolder: String, CaseIterable, Sendable {
    case inbox, sent, archive, trash

    func name(_ language: Language) -> String {
        switch self {
        case .inbox: language == .english ? "Inbox" : "Hộp thư đến"
        case .sent: language == .english ? "Sent" : "Thư đã gửi"
        case .archive: language == .english ? "Archive" : "Lưu trữ"
        case .trash: language == .english ? "Trash" : "Thùng rác"
        }
    }
}

extension Call {
    /// The caller's own mailbox: nobody reads another's, whatever his or her rights.
    func ownMailbox() async throws -> Mailbox {
        let rows = try await run("SELECT * FROM mailboxes WHERE person = \(try person)")
        guard let mailbox = try rows.first.map(Mailbox.init) else { throw Refused.noMailbox }
        guard mailbox.state == .open else { throw Refused.mailboxClosed }
        return mailbox
    }
}

extension Refused {
    static let noMailbox = Refused(
        "mail.no-mailbox", 404, vi: "Người dùng không có hộp thư công vụ.", en: "You have no official mailbox.")
    static let mailboxClosed = Refused(
        "mail.mailbox-closed", 403, vi: "Hộp thư đã đóng khi thôi việc.",
        en: "The mailbox was closed when service ended.")
}
