import Contracts
import Foundation
import MailRelay
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import MailService

@Suite struct OutsideTests {
    @Test func `what is noted after an attempt`() {
        func of(_ outcome: LetterOutcome, _ attempts: Int = 1) -> Settlement {
            Settlement.of(outcome, attempts: attempts, jitter: 1)
        }
        #expect(of(.taken) == Settlement(state: .sent, note: "taken"))
        #expect(of(.refused(code: 550)) == Settlement(state: .refused, note: "refused 550"))
        #expect(of(.postponed(code: 451, reason: "x")) == Settlement(wait: .seconds(10), note: "postponed 451"))
        #expect(of(.postponed(code: 0, reason: "x"), 3) == Settlement(wait: .seconds(40), note: "unreachable"))
        #expect(of(.uncertain(reason: "x"), 2) == Settlement(wait: .seconds(20), note: "uncertain"))
        #expect(of(.uncertain(reason: "x"), 50).wait == Limits.OutboundMail.retryMost)
        #expect(of(.uncertain(reason: "x"), Limits.OutboundMail.attempts).state == .givenUp)
        #expect(of(.taken, Limits.OutboundMail.attempts).state == .sent)
    }

    private func command() -> SendCitizenNotice {
        var command = SendCitizenNotice()
        (command.notice, command.dossier, command.what) = (.new(), .new(), "accepted")
        command.agency = (try? AgencyCode("H19.12")) ?? .none
        (command.vietnamese, command.english) = ("Hồ sơ đã được tiếp nhận.", "The dossier was accepted.")
        command.address = Sealed(key: .new(), box: Array(repeating: 7, count: 40))
        return command
    }

    @Test func `a command that comes twice is one letter`() async throws {
        try await withService(Main.self) { service in
            let envelope = service.envelope(command())
            let first = await service.take(envelope)
            await service.take(envelope)
            #expect(first == .taken)
            let letters = try await service.count(
                "SELECT count(*) AS n FROM outside_letters WHERE state = 'waiting'")
            #expect(letters == 1)
        }
    }

    @Test func `a reminder of an appointment is a letter about no dossier, in its own words`() async throws {
        try await withService(Main.self) { service in
            var command = SendAppointmentReminder()
            (command.reminder, command.subject, command.text) = (.new(), "Reminder", "You have an appointment.")
            command.agency = (try? AgencyCode("H19.12")) ?? .none
            command.address = Sealed(key: .new(), box: Array(repeating: 7, count: 40))
            let envelope = service.envelope(command)
            #expect(await service.take(envelope) == .taken)
            await service.take(envelope)
            let letters = try await service.count(
                """
                SELECT count(*) AS n FROM outside_letters WHERE dossier IS NULL AND what = 'appointment-reminder'
                    AND subject = 'Reminder' AND body = 'You have an appointment.'
                """)
            #expect(letters == 1)
            let administrator = PersonID.new()
            try await service.nameAdministrator(administrator)
            let list = try await service.send("GET", "/outside-letters", as: administrator, .administrator)
            #expect((list.status, list.json["letters"]?.array?.count) == (200, 1), "\(list.json)")
        }
    }

    @Test func `a letter that one process has is not given to another, until that one is dead`() async throws {
        try await withService(Main.self) { service in
            await service.take(command())
            let runtime = service.running.runtime
            let server = try #require(RelayServer("smtp://127.0.0.1:1"))
            let postman = Postman(
                database: runtime.database, relay: server, from: "a@dongnai.gov.vn",
                domain: MailDomain("dongnai.gov.vn"),
                keys: SubjectKeyReader(runtime.resource(SealingKeys.self), runtime), log: quiet)
            #expect(try await postman.claim() != nil)
            #expect(try await postman.claim() == nil)
            try await service.database.database.run("UPDATE outside_letters SET due_at = clock_timestamp()")
            let letter = try #require(try await postman.claim())
            // OneStop is away: the letter waits, and no attempt counts.
            try await postman.deliver(letter)
            #expect(
                try await service.count(
                    "SELECT count(*) AS n FROM outside_letters WHERE note = 'key-away' AND attempts = 0") == 1)
        }
    }

    @Test(arguments: [
        ["LIENTHONG_SMTP_RELAY": "mail.example.vn"], ["LIENTHONG_SMTP_RELAY": "http://mail.example.vn"],
        ["LIENTHONG_SMTP_FROM": "nobody"], ["LIENTHONG_SEALING_KEY": "short"],
    ])
    func `a wrong setting is refused at the start`(_ settings: [String: String]) async throws {
        await #expect(throws: ConfigurationFaults.self) { try await withService(Main.self, settings) { _ in } }
    }
}
