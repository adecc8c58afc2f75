import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import Testing

@testable import MailService

@Suite struct `A mailbox` {
    @Test func `is opened, closed and opened again with its owner's service`() async throws {
        try await Office.open { office in
            let opened = try await office.service.announced(MailboxOpened.self)
            #expect(opened == 5)
            let mailbox = try await office.get("/mailbox", as: office.clerk)
            #expect(mailbox.json["address"]?.text == "cuc@thu.gov.vn")
            let folders = mailbox.json["folders"]?.array?.compactMap { $0["folder"]?.text }
            #expect(folders == ["inbox", "sent", "archive", "trash"])
            let names = try await office.get("/mailbox", as: office.clerk, "en").json["folders"]?.array
            #expect(names?.first?["name"]?.text == "Inbox")
            _ = try await office.send(from: office.leader, to: ["cuc@thu.gov.vn"])
            try await office.end(office.clerk)
            #expect(try await office.service.announced(MailboxClosed.self) == 1)
            #expect(try await office.get("/folders/inbox/messages", as: office.clerk).status == 403)
            let refused = try await office.send(from: office.leader, to: ["cuc@thu.gov.vn"])
            #expect(refused.code == "mail.recipient-closed")
            try await office.appoint(office.clerk, "cuc", .clerk, at: office.justice)
            #expect(try await office.service.announced(MailboxOpened.self) == 6)
            #expect(try await office.inbox(office.clerk).count == 1, "what lay in it is still there")
        }
    }

    @Test func `is its owner's alone`() async throws {
        try await Office.open { office in
            _ = try await office.send(from: office.leader, to: ["cuc@thu.gov.vn"])
            let message = try await office.inbox(office.clerk).first?["message"]?.text ?? ""
            #expect(try await office.get("/messages/\(message)", as: office.clerk).status == 200)
            for other in [office.leader, office.officer] {
                #expect(try await office.get("/messages/\(message)", as: other).status == 404)
                #expect(try await office.post("/messages/\(message)/read", as: other).status == 404)
                #expect(
                    try await office.post("/messages/\(message)/move", as: other, ["folder": "trash"]).status == 404)
                let deleted = try await office.service.send(
                    "DELETE", "/messages/\(message)", as: other, headers: [("if-match", "\"1\"")])
                #expect(deleted.status == 404)
            }
            let citizen = try await office.service.send("GET", "/mailbox", as: PersonID.new(), .citizen)
            #expect(citizen.status == 404)
            #expect(citizen.code == "mail.no-mailbox")
            #expect(try await office.service.send("GET", "/mailbox").status == 401)
            #expect(try await office.inbox(office.clerk).first?["isRead"] == false)
        }
    }

    @Test func `has folders of its owner's`() async throws {
        try await Office.open { office in
            let made = try await office.post("/folders", as: office.clerk, ["name": "Lý lịch tư pháp"])
            #expect(made.status == 201)
            let folder = made.json["folder"]?.text ?? ""
            let again = try await office.post("/folders", as: office.clerk, ["name": "LÝ LỊCH TƯ PHÁP"])
            #expect(again.code == "mail.folder-exists")
            let other = try await office.post("/folders", as: office.leader, ["name": "Lý lịch tư pháp"])
            #expect(other.status == 201)
            _ = try await office.send(from: office.leader, to: ["cuc@thu.gov.vn"])
            let message = try await office.inbox(office.clerk).first?["message"]?.text ?? ""
            let moved = try await office.post(
                "/messages/\(message)/move", as: office.clerk, ["folder": .string(folder)])
            #expect(moved.json["folder"]?.text == folder)
            #expect(try await office.inbox(office.clerk, folder).count == 1)
            #expect(try await office.inbox(office.clerk).isEmpty)
            let delete: (String) async throws -> TestService.Answer = { key in
                try await office.service.send(
                    "DELETE", "/folders/\(key)", as: office.clerk, headers: [("if-match", "\"1\"")])
            }
            #expect(try await delete(folder).code == "mail.folder-not-empty")
            #expect(try await delete("inbox").code == "mail.folder-given")
            #expect(try await delete(other.json["folder"]?.text ?? "").status == 404)
            _ = try await office.post("/messages/\(message)/move", as: office.clerk, ["folder": "archive"])
            #expect(try await delete(folder).status == 204)
            #expect(try await delete(folder).status == 404)
            for wrong in [folder, "nowhere", other.json["folder"]?.text ?? ""] {
                let answer = try await office.post(
                    "/messages/\(message)/move", as: office.clerk, ["folder": .string(wrong)])
                #expect(answer.code == "mail.folder-unknown")
            }
            let sent = try await office.post("/messages/\(message)/move", as: office.clerk, ["folder": "sent"])
            #expect(sent.code == "mail.folder-for-sent")
        }
    }
}

@Suite struct `A letter` {
    @Test func `lies in all mailboxes or in none`() async throws {
        try await Office.open { office in
            let sent = try await office.send(from: office.leader, to: ["cuc@thu.gov.vn", "OANH@thu.gov.vn"])
            #expect(sent.status == 201)
            for person in [office.clerk, office.officer] {
                let letter = try #require(try await office.inbox(person).first)
                #expect(letter["fromAddress"]?.text == "lam@thu.gov.vn")
                #expect(letter["thread"] == sent.json["thread"])
                #expect(letter["isRead"] == false)
            }
            let kept = try #require(try await office.inbox(office.leader, "sent").first)
            #expect(kept["message"] == sent.json["message"])
            #expect(kept["isRead"] == true)
            let before = try await office.rows("copies")
            for (to, code) in [
                (["cuc@thu.gov.vn", "nobody@thu.gov.vn"], "mail.recipient-unknown"),
                (["cuc@thu.gov.vn", "CUC@thu.gov.vn"], "mail.recipient-repeated"), ([], "invalid-fields"),
            ] {
                let refused = try await office.send(from: office.leader, to: to)
                #expect(refused.status == 422)
                #expect(refused.code == code)
            }
            #expect(try await office.rows("copies") == before)
            #expect(try await office.rows("messages") == 1)
        }
    }

    @Test func `is answered in its thread`() async throws {
        try await Office.open { office in
            let sent = try await office.send(from: office.leader, to: ["cuc@thu.gov.vn"])
            let got = try await office.inbox(office.clerk).first?["message"]?.text ?? ""
            let reply = try await office.send(from: office.clerk, to: ["lam@thu.gov.vn"], "Trả lời", replyTo: got)
            #expect(reply.json["thread"] == sent.json["thread"])
            let thread = sent.json["thread"]?.text ?? ""
            let found = try await office.get("/folders/inbox/messages?thread=\(thread)", as: office.leader)
            #expect(found.json["messages"]?.array?.count == 1)
            // The same message is not in the officer's mailbox.
            let foreign = try await office.send(from: office.officer, to: ["lam@thu.gov.vn"], replyTo: got)
            #expect(foreign.code == "mail.reply-unknown")
        }
    }

    @Test func `is marked, moved and deleted under its version`() async throws {
        try await Office.open { office in
            _ = try await office.send(from: office.leader, to: ["cuc@thu.gov.vn"])
            let message = try await office.inbox(office.clerk).first?["message"]?.text ?? ""
            func unread() async throws -> Int64? {
                try await office.get("/folders/inbox/messages", as: office.clerk).json["unread"]?.integer
            }
            #expect(try await unread() == 1)
            let read = try await office.post("/messages/\(message)/read", as: office.clerk)
            #expect(read.json["isRead"] == true)
            #expect(read.outgoing.header("etag") == "\"2\"")
            #expect(try await unread() == 0)
            let again = try await office.post("/messages/\(message)/read", as: office.clerk)
            #expect(again.json["version"]?.integer == 2, "marked already: nothing changes")
            #expect(
                try await office.post("/messages/\(message)/unread", as: office.clerk).json["version"]?.integer == 3)
            #expect(try await unread() == 1)
            let bare = try await office.service.send("DELETE", "/messages/\(message)", as: office.clerk)
            #expect(bare.status == 428)
            let stale = try await office.service.send(
                "DELETE", "/messages/\(message)", as: office.clerk, headers: [("if-match", "\"2\"")])
            #expect(stale.status == 412)
            let deleted = try await office.service.send(
                "DELETE", "/messages/\(message)", as: office.clerk, headers: [("if-match", "\"3\"")])
            #expect(deleted.status == 204)
            #expect(try await office.inbox(office.clerk, "trash").count == 1)
            let back = try await office.post("/messages/\(message)/move", as: office.clerk, ["folder": "inbox"])
            #expect(back.status == 200)
            #expect(try await office.inbox(office.clerk).count == 1)
        }
    }

    @Test func `is listed by pages, newest first`() async throws {
        try await Office.open { office in
            for number in 1...7 {
                _ = try await office.send(from: office.leader, to: ["cuc@thu.gov.vn"], "Số \(number)")
            }
            var (seen, next): ([String], String?) = ([], "/folders/inbox/messages?limit=3&unread=true")
            while let page = next {
                let answer = try await office.get(page, as: office.clerk)
                #expect(answer.json["unread"]?.integer == 7)
                seen += (answer.json["messages"]?.array ?? []).compactMap { $0["subject"]?.text }
                next = answer.next
            }
            #expect(seen == (1...7).reversed().map { "Số \($0)" })
            #expect(try await office.get("/folders/nowhere/messages", as: office.clerk).status == 404)
            let wrong = try await office.get("/folders/inbox/messages?cursor=!!", as: office.clerk)
            #expect(wrong.status == 422)
        }
    }

    @Test func `is never changed once it was sent`() async throws {
        try await Office.open { office in
            _ = try await office.send(from: office.leader, to: ["cuc@thu.gov.vn"])
            let database = office.service.database.database
            for statement: SQL in ["UPDATE messages SET subject = 'x'", "DELETE FROM messages"] {
                await #expect(throws: PostgresError.self) { try await database.run(statement) }
            }
        }
    }
}
