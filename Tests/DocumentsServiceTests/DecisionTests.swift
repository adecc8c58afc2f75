import Contracts
import Files
import Foundation
import ServiceKit
import Testing

@testable import DocumentsService

@Suite struct DecisionTests {
    let noon = Date(timeIntervalSince1970: 1_612_846_800)

    func document(_ state: DocumentState, type: String = "QĐ") -> Document {
        var document = Document()
        (document.document, document.state) = (.new(), state)
        (document.content.documentType, document.content.subject) = (type, "Về việc trợ cấp")
        (document.version, document.announced) = (4, 1)
        return document
    }

    let leader = Official(
        person: .new(), fullName: "Trần Thị B", mailbox: "b", agency: .none, unit: "bgd", role: .leader,
        title: "Giám đốc")

    @Test func theApprovedDossierBecomesADraft() throws {
        var event = DossierApproved()
        (event.dossier, event.code, event.documentType) = (.new(), "H19.12-210209-0001", "quyet-dinh")
        (event.agency, event.subject, event.field) = (try AgencyCode("H19.12"), "Trợ cấp xã hội", "BTXH")
        event.officer = .new()
        let draft = OnDossierApproved.draft(event, at: noon)
        #expect(draft.state == .drafted && draft.dossier == event.dossier && draft.dossierCode == event.code)
        #expect(draft.content.documentType == "QĐ" && draft.content.field == "BTXH")
        #expect(draft.drafter == event.officer && draft.agency == event.agency)
    }

    @Test func onlyADraftIsEdited() throws {
        var content = Content()
        (content.documentType, content.subject) = ("thong-bao", "Kết quả")
        let edited = try EditDraft.decide(document(.drafted), content)
        #expect(edited.version == 5 && edited.announced == 1 && edited.content.documentType == "TB")
        for state in [DocumentState.approved, .issued] {
            #expect(throws: Refused.notDrafted) { try EditDraft.decide(document(state), content) }
        }
        content.documentType = "cong-van"
        #expect(throws: Refused.fieldMissing) { try EditDraft.decide(document(.drafted), content) }
    }

    @Test func aLeaderApprovesOnceAndSignsByThePostHeld() throws {
        let approved = try ApproveDocument.decide(document(.drafted), by: leader, now: noon)
        #expect(approved.state == .approved && approved.version == 5 && approved.announced == 2)
        #expect(approved.signerName == "Trần Thị B" && approved.signerTitle == "Giám đốc")
        #expect(throws: Refused.signerNotInPost) {
            try ApproveDocument.decide(document(.drafted), by: nil, now: noon)
        }
        for state in [DocumentState.approved, .issued] {
            #expect(throws: Refused.alreadyApproved) {
                try ApproveDocument.decide(document(state), by: leader, now: noon)
            }
        }
    }

    @Test func onlyWhatIsApprovedGetsANumberAndOnce() throws {
        let numbering = NumberingTests.numbering()
        let day = try Day("2021-02-09")
        let place = try IssueDocument.decide(document(.approved), numbering: numbering, on: day)
        #expect(place == .init(series: "van-ban", symbol: "QĐ-STP", day: day))
        #expect(throws: Refused.notApproved) {
            try IssueDocument.decide(document(.drafted), numbering: numbering, on: day)
        }
        #expect(throws: Refused.alreadyIssued) {
            try IssueDocument.decide(document(.issued), numbering: numbering, on: day)
        }
        let issued = try IssueDocument.issued(document(.approved), place, 5, now: noon)
        #expect(issued.number == "05/QĐ-STP" && issued.announced == 2 && issued.issuedOn == day)
        #expect(try IssueDocument.issued(document(.approved), place, 10, now: noon).number == "10/QĐ-STP")
    }

    @Test func aDocumentHasOneTextAndEachFileOnce() throws {
        func file(_ byte: UInt8) -> StoredFile { StoredFile(hash: ContentHash(of: [byte]), size: 1, type: .pdf) }
        let name = try FileName("a.pdf")
        let (first, main) = try AttachFile.decide(document(.drafted), file(1), named: name, as: .main)
        #expect(first.main == main && main.mediaType == "application/pdf")
        let (second, annex) = try AttachFile.decide(first, file(2), named: name, as: .annex)
        #expect(second.attachments == [main, annex])
        #expect(throws: Refused.attachedAlready) { try AttachFile.decide(second, file(2), named: name, as: .annex) }
        #expect(throws: Refused.attachedAlready) { try AttachFile.decide(second, file(2), named: name, as: .main) }
        let (third, other) = try AttachFile.decide(second, file(3), named: name, as: .main)
        #expect(third.attachments == [other, annex] && third.version == 7)
        #expect(throws: Refused.notDrafted) {
            try AttachFile.decide(document(.approved), file(1), named: name, as: .main)
        }
        let (bare, removed) = try RemoveAttachment.decide(second, main.attachment)
        #expect(bare.attachments == [annex] && removed == main)
        #expect(throws: Refused.notFound) { try RemoveAttachment.decide(bare, main.attachment) }
        var full = document(.drafted)
        for byte in 0..<UInt8(Limits.Documents.attachments) {
            full = try AttachFile.decide(full, file(byte), named: name, as: .annex).0
        }
        #expect(throws: Refused.tooManyAttachments) { try AttachFile.decide(full, file(99), named: name, as: .annex) }
    }

    @Test func headersSayWhatAFileIs() throws {
        let hash = ContentHash(of: [1])
        func request(_ headers: [String: String]) -> Incoming {
            Incoming("POST", "/", headers: headers.map { (name: $0.key, value: $0.value) }, body: [1])
        }
        let (name, claim, part) = try AttachFile.read(
            request([
                "x-file-sha256": hash.text, "x-file-name": "quy%E1%BA%BFt%20%C4%91%E1%BB%8Bnh.pdf",
                "content-type": "application/pdf", "x-file-part": "main",
            ]))
        #expect(name.text == "quyết định.pdf" && claim.hash == hash && claim.size == 1 && part == .main)
        #expect(claim.type == .known(.pdf))
        #expect(throws: Refused.hashMissing) { try AttachFile.read(request(["x-file-name": "a"])) }
        for headers in [[:], ["x-file-name": "..%2Fa"], ["x-file-name": "a", "x-file-part": "cover"]] {
            #expect(throws: FieldFault.self) {
                try AttachFile.read(request(headers.merging(["x-file-sha256": hash.text]) { $1 }))
            }
        }
    }

    @Test func theTableIsSafeForSpreadsheets() {
        let table = ExportRegister.table([
            ["a", "b,c", "d\"e"], ["=1+1", "@x", "-2"], ["dòng\nmới", "", "05/QĐ-STP"],
        ])
        #expect(
            table == "\u{FEFF}a,\"b,c\",\"d\"\"e\"\r\n'=1+1,'@x,'-2\r\n\"dòng\nmới\",,05/QĐ-STP\r\n")
        #expect(ExportRegister.header.count >= 10)
        #expect(ExportRegister.cells(RegisterLine()).count == ExportRegister.header.count)
    }

    @Test func aForeignCursorIsRefused() throws {
        #expect(try ReadRegister.place(Cursor(nil)) == ("", 0))
        #expect(try ReadRegister.place(Cursor(parts: ["van-ban", "12"])) == ("van-ban", 12))
        #expect(throws: FieldFault.self) { try ReadRegister.place(Cursor(text: "x")) }
        #expect(throws: FieldFault.self) { try ReadRegister.place(Cursor(parts: ["van-ban", "x"])) }
    }
}
