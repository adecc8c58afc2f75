import Contracts
import Foundation
import ServiceKit
import Testing

@testable import MailService

@Suite struct `Whom a notification reaches` {
    private func candidate(open: Bool) -> Candidate {
        Candidate(person: PersonID.new(), mailbox: MailboxID.new(), isOpen: open)
    }

    @Test func `everybody in the role`() throws {
        let (one, two, leader) = (candidate(open: true), candidate(open: true), candidate(open: true))
        #expect(try Delivery.choose([[one, two], [leader]]) == [one.mailbox, two.mailbox].compactMap { $0 })
    }

    @Test func `the leader when nobody holds the role or all have left`() throws {
        let (gone, leader) = (candidate(open: false), candidate(open: true))
        #expect(try Delivery.choose([[], [leader]]) == [leader.mailbox].compactMap { $0 })
        #expect(try Delivery.choose([[gone], [leader]]) == [leader.mailbox].compactMap { $0 })
    }

    @Test func `nobody when there is no leader either`() throws {
        #expect(try Delivery.choose([[], []]).isEmpty)
        #expect(try Delivery.choose([[candidate(open: false)], []]).isEmpty)
    }

    @Test func `waits for a mailbox that is not opened yet`() {
        let early = Candidate(person: PersonID.new(), mailbox: nil, isOpen: false)
        #expect(throws: NotYet("mailbox:\(early.person)")) { try Delivery.choose([[early]]) }
        #expect(throws: NotYet("mailbox:\(early.person)")) {
            try Delivery.choose([[candidate(open: true), early]])
        }
        #expect(throws: NotYet("mailbox:\(early.person)")) { try Delivery.choose([[], [early]]) }
    }
}

@Suite struct `The words of a notification` {
    private var facts: Facts {
        get throws {
            var facts = Facts()
            (facts.dossier, facts.code) = (DossierID.new(), "H19.12-210209-0001")
            (facts.submittedOn, facts.dueAt) = (try Day("2021-02-09"), Instant.read("2021-02-19T10:30:00+07:00"))
            (facts.formerDueAt, facts.agency) = (Instant.read("2021-02-18T10:30:00+07:00"), try AgencyCode("H19.12"))
            (facts.number, facts.amount) = ("0000001/BLĐT-2021", try Money(200_000))
            (facts.verdict, facts.late, facts.procedure) = (.disagree, true, "2.000488")
            return facts
        }
    }

    @Test(arguments: Notice.Template.allCases)
    func `fit their bounds in both languages, with all facts and with none`(template: Notice.Template) throws {
        for facts in [try facts, Facts()] {
            let notification = Notice(template, facts)
            let (vi, en) = (notification.words(.vietnamese), notification.words(.english))
            #expect(vi != en)
            for words in [vi, en] {
                #expect((1...Limits.Mail.subjectLength).contains(words.subject.unicodeScalars.count))
                #expect((1...Limits.Mail.bodyLength).contains(words.body.unicodeScalars.count))
                #expect(words.body == words.body.precomposedStringWithCanonicalMapping)
            }
        }
    }

    @Test func `name the dossier by its code`() throws {
        let words = Notice(.dossierHandedOver, try facts).words(.vietnamese)
        #expect(words.subject == "Nhận bàn giao hồ sơ H19.12-210209-0001")
        #expect(words.body.hasSuffix("Nơi chuyển: H19.12\nHạn: 10:30 ngày 19/02/2021"))
    }

    @Test func `name it by its day before it has a code`() throws {
        var facts = try facts
        facts.code = nil
        #expect(
            Notice(.dossierSubmitted, facts).words(.vietnamese).subject
                == "Có hồ sơ nộp ngày 09/02/2021 mới chờ tiếp nhận")
        #expect(
            Notice(.dossierSubmitted, facts).words(.english).subject
                == "To be received: the dossier submitted on 2021-02-09")
    }

    @Test func `are kept as a stable word and facts`() throws {
        let facts = try facts
        let kept = try Facts(decoding: facts.json, unknown: .ignore)
        #expect(kept == facts)
        for template in Notice.Template.allCases {
            #expect(try Notice(template.rawValue, facts: facts).template == template)
        }
        #expect(throws: UnknownTemplate.self) { try Notice("something-else", facts: facts) }
    }
}

@Suite struct `Mail addresses` {
    @Test(arguments: ["dongnai.gov.vn", "a.b", "thu-1.example.gov.vn"])
    func `stand on a domain`(name: String) { #expect(MailDomain.isDomain(name)) }

    @Test(arguments: ["", "gov", "a..b", ".a.b", "a.b.", "A.b", "a b.c", "-a.b", "a-.b", "a@b.c", "đồng.vn"])
    func `refuse what is none`(name: String) { #expect(!MailDomain.isDomain(name)) }
}
