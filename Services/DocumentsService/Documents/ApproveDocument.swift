import Contracts
import ServiceKit

/// `POST /documents/{document}/approve`: the leader approves and stands as its signer, by the post held that day.
enum ApproveDocument: Endpoint {
    static let route = Route.post("/documents/{document}/approve")
    static let summary = "Approve a draft for issue (duyệt, ký)"
    static let access = Access.official(.documentsApprove)
    static let refusals = [Refused.alreadyApproved, .signerNotInPost]

    struct Input: Record {
        var document = DocumentID()
        var note: String?
        static let fields: [Field<Self>] = [
            .init("document", \.document, .id, "The document", in: .path),
            .init("note", \.note, .text(1...Limits.noteLength), "A remark for the file"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Document> {
        let leader = try call.person
        return try await call.transaction { work in
            let before = try await work.document(input.document, of: call, .documentsApprove)
            let official = try await work.official(leader, on: call.today)
            let document = try decide(before, by: official, now: call.now)
            try await work.run(
                """
                UPDATE documents SET version = \(document.version), announced = \(document.announced),
                    state = 'approved', signer = \(document.signer), signer_name = \(document.signerName),
                    signer_title = \(document.signerTitle), approved_at = \(document.approvedAt)
                WHERE id = \(document.document)
                """)
            try await work.note(document, "approved", input.note)
            var event = DocumentApproved()
            (event.document, event.agency, event.actor) = (document.document, document.agency, leader)
            try await work.announce(event, version: Int64(document.announced), to: document.agency)
            return document.reply
        }
    }

    static func decide(_ before: Document, by leader: Official?, now: Date) throws(Refused) -> Document {
        guard before.state == .drafted else { throw .alreadyApproved }
        guard let leader else { throw .signerNotInPost }
        var document = before
        (document.state, document.approvedAt) = (.approved, now)
        (document.signer, document.signerName, document.signerTitle) = (leader.person, leader.fullName, leader.title)
        document.version += 1
        document.announced += 1
        return document
    }
}

extension Refused {
    static let alreadyApproved = Refused(
        "documents.already-approved", vi: "Văn bản đã được duyệt.", en: "The document is approved already.")
    static let signerNotInPost = Refused(
        "documents.signer-not-in-post", vi: "Người ký phải đang giữ một chức vụ.",
        en: "Whoever signs must hold a post today.")
}
