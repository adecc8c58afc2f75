import AMQP
import Contracts
import EventLog
import Foundation
import Logging
import MailRelay
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import MailService
@testable import OneStopService

/// OneStop asks Mail to write to an applicant: two services with a database each, a broker between them, and a mail
/// server of other people's outside. Mail itself runs without a relay; tests send its letters by hand.
@Suite(.timeLimit(.minutes(5))) struct CommandTests {
    static let address = "nguyen.thi.bich@outside.example"
    static let purpose = SendCitizenNotice.addressPurpose

    struct Province: Sendable {
        let room: Room
        let office: Office
        let mail: TestService
        let outside: OutsideMail

        func submit(_ address: String) async throws -> String {
            let answer = try await office.send(
                "POST", "/dossiers", as: office.citizen, Office.submission.with("email", .string(address)))
            guard answer.status == 201, let id = answer.json["id"]?.text else { throw Office.Unexpected(answer) }
            return id
        }

        func letters(_ condition: SQL = "true") async throws -> Int {
            try await mail.count("SELECT count(*) AS n FROM outside_letters WHERE \(condition)")
        }

        /// Submitted and accepted; its letter lies in Mail.
        func noticed(_ address: String) async throws -> String {
            let before = try await letters()
            let id = try await submit(address)
            try await office.done("accept", on: id, as: office.clerk)
            try await eventually("the command has become a letter") { try await letters() == before + 1 }
            return id
        }

        /// As Mail's background does when a relay is configured.
        func post() async throws {
            let runtime = mail.running.runtime
            let server = try #require(RelayServer("smtp://127.0.0.1:\(try await outside.port())"))
            let postman = Postman(
                database: runtime.database, relay: server, from: "khong-tra-loi@dongnai.gov.vn",
                domain: runtime.resource(MailDomain.self),
                keys: SubjectKeyReader(runtime.resource(SealingKeys.self), runtime), log: quiet)
            try await postman.round()
        }

        func makeDue() async throws {
            try await mail.database.database.run(
                "UPDATE outside_letters SET due_at = clock_timestamp() WHERE state = 'waiting'")
        }

        func erase(_ subject: String) async throws -> TestService.Answer {
            try await office.send(
                "POST", "/subjects/\(subject)/erase", as: office.administrator, ["reason": "theo yêu cầu của công dân"])
        }
    }

    private func withProvince(_ body: @Sendable (Province) async throws -> Void) async throws {
        try await withRoom { room in
            // What other services would take: an event that no queue takes would hold the relay. Somebody keeps it all.
            let spy = QueueTopology(
                name: "spy", exchange: Exchange(Limits.exchange), bindings: ["#"],
                further: [.init(exchange: Exchange(Limits.commandExchange), keys: ["#"])],
                arguments: ["x-queue-type": .string("classic")])
            try await Topology.declare(room.configuration, exchanges: [], queues: [spy])
            try await Office.open(in: room) { office in
                let desk = try await TokenDesk.start(trustedBy: office.harness)
                try await eventually("OneStop listens") { office.harness.running.port != nil }
                let onestop = "http://127.0.0.1:\(office.harness.running.port ?? 0)"
                let outside = try OutsideMail()
                defer { outside.stop() }
                try await withService(
                    MailService.Main.self, ["LIENTHONG_FEEDS": "onestop=\(onestop),identity=\(desk.address)"], in: room
                ) { mail in
                    try await body(Province(room: room, office: office, mail: mail, outside: outside))
                }
                await desk.stop()
            }
        }
    }

    @Test func `a notice waits for a relay where everybody sees it, and reaches the citizen once`() async throws {
        try await withProvince { province in
            let id = try await province.noticed(Self.address)
            try await province.mail.nameAdministrator(province.office.administrator)
            let waiting = try await province.mail.send(
                "GET", "/outside-letters?state=waiting", as: province.office.administrator, .administrator)
            #expect(waiting.status == 200, "\(waiting.json)")
            #expect(waiting.json["hasRelay"] == false && waiting.json["waiting"] == 1)
            let line = try #require(waiting.json["letters"]?.array?.first)
            #expect(line["dossier"]?.text == id && line["what"] == "accepted" && line["attempts"] == 0)
            #expect(!waiting.json.description.contains("outside.example"))

            try await province.post()
            try await province.post()
            #expect(try await province.outside.letters(1).count == 1)
            let letter = try #require(province.outside.letters.first)
            #expect(letter["to"] == [.string(Self.address)])
            let letterID = try #require(line["letter"]?.text)
            #expect(letter["id"]?.text?.hasPrefix("<\(letterID)@") == true)
            #expect(letter["text"]?.text?.contains("đã được tiếp nhận") == true)
            #expect(try await province.letters("state = 'sent' AND settled_at IS NOT NULL AND attempts = 1") == 1)
            #expect(
                try await province.mail.count(
                    "SELECT count(*) AS n FROM outside_attempts WHERE outcome = 'taken' AND ended_at IS NOT NULL") == 1)
            // The command is an event of its own with an effect of its own: the auditor counts it.
            #expect(
                try await province.mail.count(
                    "SELECT count(*) AS n FROM effect_log WHERE type = \(SendCitizenNotice.type)") == 1)
        }
    }

    @Test func `without an address there is no command and no key`() async throws {
        try await Office.open { office in
            let id = try await office.submit()
            try await office.done("accept", on: id, as: office.clerk)
            #expect(try await office.harness.announced(SendCitizenNotice.self) == 0)
            #expect(try await office.harness.count("SELECT count(*) AS n FROM subject_keys") == 0)
        }
    }

    @Test func `every end of an attempt is noted, and what is uncertain goes again under its name`() async throws {
        try await withProvince { province in
            for name in ["refused", "later", "cut"] { _ = try await province.noticed("\(name)@outside.example") }
            try await province.post()
            #expect(try await province.letters("state = 'refused' AND note = 'refused 550'") == 1)
            #expect(try await province.letters("state = 'waiting' AND note = 'postponed 451'") == 1)
            #expect(try await province.letters("state = 'waiting' AND note = 'uncertain'") == 1)
            #expect(try await province.outside.letters(1).count == 1)
            try await province.makeDue()
            try await province.post()
            try await eventually("it is handed over again") { province.outside.letters.count == 2 }
            let ids = Set(province.outside.letters.compactMap { $0["id"]?.text })
            #expect(province.outside.letters.count == 2 && ids.count == 1)
            #expect(
                try await province.mail.count("SELECT count(*) AS n FROM outside_attempts WHERE outcome IS NULL") == 0)
            var kept = Exposure()
            try await kept.add(province.mail)
            #expect(!kept.contains("outside.example"), "what servers answer repeats addresses")
        }
    }

    @Test func `an erased key erases the address everywhere, and not a stored byte changes`() async throws {
        try await withProvince { province in
            _ = try await province.noticed(Self.address)
            try await eventually("everything is at the broker") {
                let written = try await province.office.harness.count("SELECT count(*) AS n FROM event_log")
                return try await queued(province).filter { $0["routing_key"]?.text?.hasPrefix("onestop.") == true }
                    .count
                    == written
            }
            let before = try await stored(province)
            let exposed = try await exposure(province)
            #expect(!exposed.contains(Self.address), "the address stands somewhere as it is")
            // What the test can do: with the keys that are there, the address can be read.
            let services: [ServiceName] = [.onestop, .mail]
            #expect(try exposed.opened(with: services, purpose: Self.purpose) == [Self.address])

            let subject = province.office.citizen.text
            let erased = try await province.erase(subject)
            #expect(erased.status == 200 && erased.json["erased"]?.array?.count == 1, "\(erased.json)")
            let again = try await province.erase(subject)
            #expect(again.status == 200 && again.json == erased.json)

            let left = try await exposure(province)
            #expect(!left.contains(Self.address))
            #expect(try left.opened(with: services, purpose: Self.purpose) == [])
            #expect(try await stored(province) == before)
            #expect(left.values.count > 100)

            // Mail cannot send it any more, and says why.
            try await province.makeDue()
            try await province.post()
            #expect(province.outside.letters.isEmpty)
            #expect(try await province.letters("state = 'erased' AND note = 'key-erased'") == 1)
            // What comes later is sealed anew.
            _ = try await province.noticed(Self.address)
            try await province.post()
            #expect(try await province.outside.letters(1).count == 1)
        }
    }

    /// What receipts prove: the rows of the log as they are stored, and what the broker carries.
    private func stored(_ province: Province) async throws -> [String] {
        let rows = try await province.office.harness.database.database.run(
            "SELECT e::text AS row FROM event_log e ORDER BY seq")
        return try rows.map { try $0("row", as: String.self) } + carried(try await queued(province))
    }

    private func carried(_ messages: [JSON]) -> [String] { messages.compactMap { $0["payload"]?.text }.sorted() }

    private func queued(_ province: Province) async throws -> [JSON] {
        let data = try await TestBroker.manage(
            "POST", "queues/\(province.room.vhost)/spy/get",
            #"{"count":1000,"ackmode":"ack_requeue_true","encoding":"auto"}"#)
        return try JSON(parsing: Array(data)).array ?? []
    }

    private func exposure(_ province: Province) async throws -> Exposure {
        var exposure = Exposure()
        try await exposure.add(province.office.harness)
        try await exposure.add(province.mail)
        let messages = try await queued(province)
        #expect(messages.contains { $0["exchange"]?.text == Limits.commandExchange })
        for message in messages { exposure.add(message.bytes) }
        return exposure
    }
}
