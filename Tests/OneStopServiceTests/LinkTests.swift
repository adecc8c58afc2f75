import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import AMQP
@testable import OneStopService

/// Linked procedures: one application, a dossier for each.
@Suite struct LinkTests {
    static let lead = "2.000986"
    static let card = "9.000010"
    private let districtClerk = PersonID.new()

    private static func definition(_ receiver: AgencyKind, _ steps: [Step], days: Int) throws -> Definition {
        var definition = try judicialRecord(limit: TimeLimit(days, .workingDays))
        (definition.receivers, definition.steps) = ([receiver], steps)
        (definition.fees, definition.documentType) = ([], nil)
        return definition
    }

    /// The commune leads; itself, its district and a department of the province each have something to do.
    func publish(_ office: Office, _ order: LinkOrder) async throws {
        try await office.appoint(districtClerk, .clerk, at: Agencies.district)
        try await Self.publish(office, order)
    }

    static func publish(_ office: Office, _ order: LinkOrder) async throws {
        try await office.publish(
            Self.lead, try Self.definition(.commune, [step("assemble", .receiving, .clerk)], days: 20))
        try await office.publish(
            Self.card, try Self.definition(.district, [step("issue", .receiving, .leader)], days: 3))
        let made = try await office.send(
            "POST", "/linked-procedures/birth", as: office.administrator, Self.set(order))
        guard made.status == 200 else { throw Office.Unexpected(made) }
    }

    static func set(_ order: LinkOrder) -> JSON {
        func link(_ key: String, _ procedure: String, _ place: String, _ agency: String? = nil) -> JSON {
            let link: JSON = [
                "key": .string(key), "procedure": .string(procedure), "place": .string(place),
                "task": .string("Giải quyết \(key)"), "taskEn": .string("Do \(key)"),
                "limit": ["amount": 5, "unit": "workingDays"],
            ]
            return link.with("agency", agency.map { .string($0) })
        }
        return [
            "validFrom": "2021-01-01", "name": "Khai sinh, thường trú, thẻ bảo hiểm", "nameEn": "Birth",
            "lead": .string(lead), "order": .string(order.rawValue),
            "links": [
                link("allowance", Office.allowance, "receiving"), link("card", card, "parent"),
                link("record", Office.criminalRecord, "named", "H19.06"),
            ],
        ]
    }

    static let application: JSON = [
        "set": "birth",
        "submission": Office.submission.with("procedure", .string(lead)).with("agency", "H19.31.02"),
        "forms": [["link": "record", "form": ["purpose": "xin việc"]]],
    ]

    private func apply(_ office: Office) async throws -> String {
        let made = try await office.send("POST", "/linked-dossiers", as: office.citizen, Self.application)
        guard made.status == 201, let id = made.json["id"]?.text else { throw Office.Unexpected(made) }
        try await office.done("accept", on: id, as: office.communeClerk)
        try await office.fire()
        return id
    }

    /// An application of which the link of the commune itself was refused.
    func failed(_ office: Office) async throws -> String {
        let id = try await apply(office)
        let refused = try await child("allowance", of: id, office)
        try await office.done("refuse", on: refused, as: office.communeClerk, ["reasonCode": "x", "reason": "y"])
        try await office.fire()
        return id
    }

    private func links(_ id: String, _ office: Office, as person: PersonID? = nil) async throws -> JSON {
        try await office.get("/dossiers/\(id)/links", as: person ?? office.citizen).json
    }

    private func child(_ key: String, of id: String, _ office: Office) async throws -> String {
        let all = try await links(id, office)["links"]?.array ?? []
        return try #require(all.first { $0["key"]?.text == key }?["dossier"]?.text)
    }

    private func states(_ id: String, _ office: Office) async throws -> [String] {
        (try await links(id, office)["links"]?.array ?? []).compactMap { $0["state"]?.text }
    }

    /// The card, from the counter of the district to its end.
    private func finishCard(_ card: String, _ office: Office) async throws {
        try await office.done("accept", on: card, as: districtClerk)
        try await office.done("hand-over", on: card, as: districtClerk)
        try await office.done("finish", on: card, as: office.districtLeader)
    }

    private func finishAllowance(_ id: String, _ office: Office) async throws {
        try await office.done("accept", on: id, as: office.communeClerk)
        try await office.done("hand-over", on: id, as: office.communeClerk)
        try await office.done("hand-over", on: id, as: office.districtOfficer)
        try await office.done("approve", on: id, as: office.districtLeader)
        await office.harness.take(try office.issued(for: id))
    }

    private func stopRecord(_ id: String, _ office: Office) async throws {
        try await office.done("accept", on: id, as: office.clerk)
        try await office.done("hand-over", on: id, as: office.clerk)
        try await office.done("stop", on: id, as: office.officer, ["reasonCode": "x", "reason": "Không đủ điều kiện"])
    }

    @Test func `os-054: a set names known procedures and agencies that receive them, within the limit of its lead`()
        async throws
    {
        try await Office.open { office in
            try await publish(office, .parallel)
            let path = "/linked-procedures/birth"
            func code(_ set: JSON) async throws -> String? {
                try await office.send("POST", path, as: office.administrator, set).code
            }
            let good = Self.set(.chain)
            let links = try #require(good["links"]?.array)
            #expect(try await code(good.with("lead", "9.999999")) == "onestop.procedure-unknown")
            #expect(try await code(good.with("lead", .string(Office.allowance))) == "onestop.link-leads")
            #expect(try await code(good.with("links", .array(links + [links[0]]))) == "onestop.key-twice")
            let nowhere = links[2].with("agency", nil)
            #expect(try await code(good.with("links", [nowhere])) == "onestop.link-agency")
            let wrong = links[2].with("agency", "H19.25")
            #expect(try await code(good.with("links", [wrong])) == "onestop.agency-does-not-receive")
            let long = links[0].with("limit", ["amount": 16, "unit": "workingDays"])
            // Of those side by side the longest counts, of a chain the sum.
            #expect(try await code(good.with("links", [long, links[1]])) == "onestop.links-too-long")
            #expect(try await code(good.with("links", [long, links[1]]).with("order", "parallel")) == "birth")
            #expect(try await office.send("POST", path, as: office.leader, good).status == 403)
            let listed = try await office.get("/linked-procedures").json["sets"]?.array
            #expect(listed?.map { $0["number"] } == [2])
        }
    }

    @Test func `os-055: one application opens a dossier for each, all at once, with code and deadline of its own`()
        async throws
    {
        try await Office.open { office in
            try await publish(office, .parallel)
            let made = try await office.send("POST", "/linked-dossiers", as: office.citizen, Self.application)
            let id = try #require(made.json["id"]?.text)
            try await office.fire()
            // Nothing is opened before the application is accepted.
            #expect(try await states(id, office) == ["waiting", "waiting", "waiting"])
            try await office.done("accept", on: id, as: office.communeClerk)
            try await office.fire()
            #expect(try await states(id, office) == ["open", "open", "open"])
            #expect(try await office.harness.announced(DossierLinkOpened.self) == 3)
            let all = try #require(try await links(id, office)["links"]?.array)
            #expect(all.map { $0["agency"] } == ["H19.31.02", "H19.31", "H19.06"])
            #expect(all.map { $0["dueAt"]?.text?.prefix(10) } == ["2021-03-08", "2021-03-08", "2021-03-08"])
            let record = try await child("record", of: id, office)
            let accepted = try await office.done("accept", on: record, as: office.clerk)
            #expect(accepted["code"]?.text?.hasPrefix("H19.06-") == true)
            #expect(accepted["dueAt"]?.text?.prefix(10) == "2021-03-15")
            #expect((accepted["form"]?["purpose"], accepted["applicantName"]) == ("xin việc", "Nguyễn Thị Bích"))
            // Each is found by the words of its own procedure.
            #expect(try await office.harness.count("SELECT count(*) AS n FROM dossier_search") == 4)
            // The citizen follows one dossier; from a linked one the application is seen too.
            let mine = try await office.get("/my/dossiers", as: office.citizen).json["dossiers"]?.array
            #expect(mine?.map { $0["id"]?.text } == [id])
            #expect(try await links(record, office)["application"]?.text == id)
            #expect(try await office.get("/dossiers/\(id)/links", as: office.stranger).status == 404)
            let other = try await office.inWork()
            #expect(try await office.get("/dossiers/\(other)/links", as: office.clerk).status == 404)
        }
    }

    @Test func `a chain opens the next when the one before is done, once, also when killed`() async throws {
        try await Office.open { office in
            try await publish(office, .chain)
            let id = try await apply(office)
            #expect(try await states(id, office) == ["open", "waiting", "waiting"])
            let first = try await child("allowance", of: id, office)
            try await finishAllowance(first, office)
            await #expect(throws: Killed.self) { try await office.fire { _ in throw Killed() } }
            #expect(try await states(id, office) == ["open", "waiting", "waiting"])
            try await office.fire()
            try await office.fire()
            #expect(try await states(id, office) == ["finished", "open", "waiting"])
            #expect(try await office.harness.announced(DossierLinkOpened.self) == 2)
            #expect(try await office.harness.announced(DossierLinkClosed.self) == 1)
            let closed = try #require(try await office.last(DossierLinkClosed.self, of: id))
            #expect((closed.outcome, closed.late, closed.linkKey) == (.finished, false, "allowance"))
            let shown = try #require(try await links(id, office)["links"]?.array?.first)
            #expect(shown["documentNumber"] == "15/QĐ-STP")
        }
    }

    @Test func `the service's own timers go on with it, also when two links end at once`() async throws {
        try await withRoom { room in
            // Nothing here consumes; an event that no queue takes would hold the relay.
            try await Topology.declare(
                room.configuration, exchanges: [],
                queues: [
                    QueueTopology(
                        name: "all", exchange: Exchange(Limits.exchange), bindings: ["#"],
                        further: [.init(exchange: Exchange(Limits.commandExchange), keys: ["#"])])
                ])
            try await Office.open(in: room) { office in
                try await publish(office, .parallel)
                let made = try await office.send("POST", "/linked-dossiers", as: office.citizen, Self.application)
                let id = try #require(made.json["id"]?.text)
                try await office.done("accept", on: id, as: office.communeClerk)
                try await eventually("the links are opened") {
                    try await states(id, office) == ["open", "open", "open"]
                }
                let (card, record) = (
                    try await child("card", of: id, office), try await child("record", of: id, office)
                )
                async let one: Void = finishCard(card, office)
                async let other: Void = stopRecord(record, office)
                _ = try await (one, other)
                try await eventually("the application is told of both") {
                    try await states(id, office) == ["open", "finished", "failed"]
                }
                #expect(try await office.harness.announced(DossierLinkOpened.self) == 3)
                #expect(try await office.harness.announced(DossierLinkClosed.self) == 2)
            }
        }
    }

    @Test func `os-056: an application ends when all links are done, and not before`() async throws {
        try await Office.open { office in
            try await publish(office, .parallel)
            let id = try await apply(office)
            try await office.done("hand-over", on: id, as: office.communeClerk)
            let early = try await office.act("finish", on: id, as: office.districtLeader)
            #expect((early.status, early.code) == (409, "onestop.links-open"))
            try await finishCard(try await child("card", of: id, office), office)
            try await finishAllowance(try await child("allowance", of: id, office), office)
            try await office.set("2021-03-09 09:00")
            let record = try await child("record", of: id, office)
            try await stopRecord(record, office)
            try await office.fire()
            // One was stopped: it does not end by itself.
            #expect(try await states(id, office) == ["finished", "finished", "failed"])
            #expect(try await office.status(id) == 4)
            let drop: JSON = ["decision": "drop", "reason": "Không cần nữa"]
            #expect(try await office.act("links/record/decide", on: id, as: office.clerk, drop).status == 403)
            try await office.done("links/record/decide", on: id, as: office.communeClerk, drop)
            // os-295
            let read = try await office.get("/dossiers/\(id)/history", as: office.citizen).json["lines"]?.array ?? []
            #expect(read.last?["note"] == "record: Không cần nữa")
            try await office.fire()
            #expect(try await office.status(id) == 9)
            #expect(try await office.harness.announced(DossierFinished.self) == 3)
            #expect(try await office.last(DossierFinished.self, of: id)?.late == false)
        }
    }

    @Test func `os-057: of a link that was refused the agency that leads is told, and decides`() async throws {
        try await Office.open { office in
            try await publish(office, .chain)
            let id = try await apply(office)
            let first = try await child("allowance", of: id, office)
            let again: JSON = ["decision": "repeat", "reason": "Đã bổ sung"]
            let soon = try await office.act("links/allowance/decide", on: id, as: office.communeClerk, again)
            #expect((soon.status, soon.code) == (409, "onestop.link-not-failed"))
            try await office.done(
                "refuse", on: first, as: office.communeClerk, ["reasonCode": "x", "reason": "Thiếu giấy tờ"])
            try await office.fire()
            // The chain waits for the decision.
            #expect(try await states(id, office) == ["failed", "waiting", "waiting"])
            #expect(try await office.last(DossierLinkClosed.self, of: id)?.outcome == .refused)
            let history = try await office.get("/dossiers/\(id)/history", as: office.communeClerk).json["lines"]?.array
            #expect(history?.last?["what"] == "link-closed")
            let answer = try await office.done("links/allowance/decide", on: id, as: office.communeClerk, again)
            #expect(answer["links"]?.array?.first?["state"] == "open")
            // os-295: the slip that failed has the reason, and the applicant reads it beside the one that followed.
            #expect(try await links(id, office)["links"]?.array?.first?["reason"] == "Đã bổ sung")
            let second = try await child("allowance", of: id, office)
            #expect(second != first)
            #expect(try await office.act("links/x/decide", on: id, as: office.communeClerk, again).status == 404)
            // The application is withdrawn: what still runs is asked to end too.
            try await office.done("withdraw", on: id, as: office.citizen)
            try await office.done("withdrawal/confirm", on: id, as: office.communeClerk)
            try await office.fire()
            #expect(try await office.status(second) == 7)
            #expect(try await office.harness.announced(DossierLinkOpened.self) == 2)
        }
    }

    @Test func `os-057: the link that was opened last is the open one, also by a clock that has gone back`()
        async throws
    {
        try await Office.open { office in
            try await publish(office, .chain)
            try await office.set("2021-03-02 09:00")
            let id = try await apply(office)
            let first = try await child("allowance", of: id, office)
            try await office.done(
                "refuse", on: first, as: office.communeClerk, ["reasonCode": "x", "reason": "Thiếu giấy tờ"])
            try await office.fire()
            try await office.set("2021-03-02 08:00")
            try await office.done(
                "links/allowance/decide", on: id, as: office.communeClerk,
                ["decision": "repeat", "reason": "Đã bổ sung"])
            #expect(try await states(id, office) == ["open", "waiting", "waiting"])
            #expect(try await child("allowance", of: id, office) != first)
            // Whatever follows opens nothing that is open.
            try await office.fire()
            #expect(try await states(id, office) == ["open", "waiting", "waiting"])
            #expect(try await office.harness.announced(DossierLinkOpened.self) == 2)
        }
    }

    @Test func `os-058: the results are returned together with the application`() async throws {
        try await Office.open { office in
            try await publish(office, .parallel)
            let id = try await apply(office)
            try await office.done("hand-over", on: id, as: office.communeClerk)
            let (card, allowance) = (
                try await child("card", of: id, office), try await child("allowance", of: id, office)
            )
            let record = try await child("record", of: id, office)
            try await finishCard(card, office)
            let alone = try await office.act("return", on: card, as: districtClerk)
            #expect((alone.status, alone.code) == (409, "onestop.returned-together"))
            try await finishAllowance(allowance, office)
            try await stopRecord(record, office)
            try await office.fire()
            try await office.done(
                "links/record/decide", on: id, as: office.communeClerk, ["decision": "drop", "reason": "x"])
            try await office.fire()
            try await office.done("return", on: id, as: office.communeClerk)
            try await office.fire()
            for each in [id, card, allowance, record] { #expect(try await office.status(each) == 10) }
            #expect(try await office.fire() == 0)
            #expect(try await office.harness.announced(DossierReturned.self) == 4)
        }
    }

    @Test func `os-059: slips say who does what until when, and the upper one-stop sees those below it`() async throws {
        try await Office.open { office in
            try await publish(office, .parallel)
            let id = try await apply(office)
            func slips(_ query: String, _ person: PersonID) async throws -> [String?] {
                let page = try await office.get("/slips?\(query)", as: person)
                return page.json["slips"]?.array?.map { $0["key"]?.text } ?? [page.code]
            }
            #expect(try await slips("", office.clerk) == ["record"])
            // The district sees its own and its commune's.
            #expect(Set(try await slips("agency=H19.31", office.districtOfficer)) == ["allowance", "card"])
            #expect(try await slips("agency=H19.31&side=from", office.districtOfficer).count == 3)
            #expect(try await slips("agency=H19.31", office.clerk) == ["forbidden"])
            let first = try await office.get("/slips?agency=H19.31&limit=1", as: office.districtOfficer)
            let rest = try await office.get(try #require(first.next), as: office.districtOfficer)
            #expect(rest.json["slips"]?.array?.count == 1)
            #expect(first.json["slips"]?.array?.first?["task"]?.text?.hasPrefix("Giải quyết") == true)
            try await finishCard(try await child("card", of: id, office), office)
            try await office.fire()
            #expect(try await slips("agency=H19.31", office.districtOfficer) == ["allowance"])
        }
    }

    @Test func `os-060: whoever works on one of linked dossiers may read the others that belong to it`() async throws {
        try await Office.open { office in
            try await publish(office, .parallel)
            let id = try await apply(office)
            let (record, card) = (try await child("record", of: id, office), try await child("card", of: id, office))
            #expect(try await office.get("/dossiers/\(id)", as: office.clerk).status == 200)
            #expect(try await office.get("/dossiers/\(record)", as: office.communeClerk).status == 200)
            #expect(try await office.get("/dossiers/\(id)/links", as: office.clerk).status == 200)
            // A sister is seen through the application, in its lines; reading it is the lead's.
            #expect(try await office.get("/dossiers/\(card)", as: office.clerk).status == 403)
            #expect(try await office.get("/dossiers/\(id)", as: office.inspector).status == 403)
        }
    }

    @Test func `what would keep a link from being opened is refused with the application`() async throws {
        try await Office.open { office in
            try await publish(office, .parallel)
            func code(_ change: (JSON) -> JSON) async throws -> String? {
                try await office.send("POST", "/linked-dossiers", as: office.citizen, change(Self.application)).code
            }
            #expect(try await code { $0.with("set", "nothing") } == "onestop.set-unknown")
            let other = Office.submission.with("agency", "H19.31.02").with("procedure", .string(Office.allowance))
            #expect(try await code { $0.with("submission", other) } == "onestop.not-the-lead")
            #expect(try await code { $0.with("forms", [["link": "x", "form": [:]]]) } == "onestop.link-unknown")
            let counter: JSON = ["application": Self.application]
            let clerk = try await office.send("POST", "/counter/linked-dossiers", as: office.communeClerk, counter)
            #expect(clerk.status == 201)
            #expect(
                try await office.send("POST", "/counter/linked-dossiers", as: office.clerk, counter).status == 403)
        }
    }
}
