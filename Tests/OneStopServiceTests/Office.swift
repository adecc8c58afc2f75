import Contracts
import Foundation
import Logging
import ServiceKit
import ServiceTestKit
import TestKit

@testable import OneStopService
@testable import ServiceKit

/// The service with agencies, officials in their roles, two citizens, two procedures and the calendar of 2021, on
/// Monday 1 March 2021 at nine.
struct Office: Sendable {
    static let criminalRecord = "2.000488"
    static let allowance = "1.001776"

    let harness: TestService
    let administrator = PersonID.new()
    let citizen = PersonID.new()
    let stranger = PersonID.new()
    let clerk = PersonID.new()
    let officer = PersonID.new()
    let leader = PersonID.new()
    let inspector = PersonID.new()
    let communeClerk = PersonID.new()
    let districtOfficer = PersonID.new()
    let districtLeader = PersonID.new()
    let districtPost = PostID.new()

    static func open(
        in room: Room? = nil, _ settings: [String: String] = [:], log: Logger = quiet,
        _ body: (Office) async throws -> Void
    ) async throws {
        try await withService(Main.self, settings, in: room, log: log) { harness in
            let office = Office(harness: harness)
            try await office.staff()
            try await office.set("2021-03-01 09:00")
            try await office.publish(criminalRecord, try judicialRecord())
            try await office.publish(allowance, try monthlyAllowance())
            let calendar = try await office.send(
                "PUT", "/calendar", as: office.administrator, try calendar2021().json, ifMatch: 1)
            guard calendar.status == 200 else { throw Unexpected(calendar) }
            try await body(office)
        }
    }

    /// Received at a commune, decided at its district.
    static func monthlyAllowance() throws -> Definition {
        var definition = try judicialRecord(limit: TimeLimit(15, .workingDays))
        (definition.name, definition.nameEn) = ("Trợ cấp xã hội hằng tháng", "Monthly social allowance")
        (definition.field, definition.receivers, definition.fees) = ("BTXH", [.commune], [])
        definition.steps = [step("assess", .parent, .officer), step("sign", .parent, .leader)]
        return definition
    }

    private func staff() async throws {
        for (code, kind) in [
            (Agencies.justice, AgencyKind.department), (Agencies.police, .police), (Agencies.district, .district),
            (Agencies.commune, .commune),
        ] {
            var event = AgencyEstablished()
            (event.code, event.name, event.nameEn, event.kind) = (code, "Cơ quan \(code)", "Agency \(code)", kind)
            event.validFrom = try Day("2020-01-01")
            await harness.take(event)
        }
        try await appoint(clerk, .clerk, at: Agencies.justice)
        try await appoint(officer, .officer, at: Agencies.justice)
        try await appoint(leader, .leader, at: Agencies.justice)
        try await appoint(inspector, .officer, at: Agencies.police)
        try await appoint(communeClerk, .clerk, at: Agencies.commune)
        try await appoint(districtOfficer, .officer, at: Agencies.district, post: districtPost)
        try await appoint(districtLeader, .leader, at: Agencies.district)
        var named = AdministratorNamed()
        named.person = administrator
        await harness.take(named)
    }

    func appoint(
        _ person: PersonID, _ role: PostRole, at agency: AgencyCode, fields: [String]? = nil, post: PostID = .new()
    ) async throws {
        var event = OfficialAppointed()
        (event.person, event.fullName, event.mailbox) = (person, "Trần Văn An", "an\(role.rawValue)")
        (event.post, event.agency, event.unit, event.role) = (post, agency, "phong", role)
        (event.title, event.decisionNumber) = ("Công chức", "01/QĐ-SNV")
        (event.effectiveFrom, event.procedureFields) = (try Day("2020-06-01"), fields)
        await harness.take(event)
    }

    /// Business time stands here until it is set again.
    func set(_ time: String) async throws { try await set(try at(time)) }

    func set(_ time: Date) async throws {
        try await harness.running.runtime.clock.set(time, in: harness.running.runtime.database)
    }

    func publish(_ code: String, _ definition: Definition) async throws {
        let draft = try await send(
            "POST", "/procedures/\(code)/draft", as: administrator,
            ["validFrom": "2021-01-01", "definition": definition.json])
        guard draft.status == 200 else { throw Unexpected(draft) }
        let law = try await send("POST", "/procedures/\(code)/publish", as: administrator)
        guard law.status == 200 else { throw Unexpected(law) }
    }

    struct Unexpected: Error, CustomStringConvertible {
        let answer: TestService.Answer
        init(_ answer: TestService.Answer) { self.answer = answer }
        var description: String { "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))" }
    }
}

// MARK: - HTTP

extension Office {
    func send(
        _ method: String, _ path: String, as person: PersonID? = nil, _ body: JSON? = nil, ifMatch: Int? = nil,
        key: String? = nil
    ) async throws -> TestService.Answer {
        var headers: [(name: String, value: String)] = []
        if let ifMatch { headers.append(("if-match", "\"\(ifMatch)\"")) }
        if let key { headers.append(("idempotency-key", key)) }
        let kind: AccountKind =
            person == citizen || person == stranger ? .citizen : person == administrator ? .administrator : .official
        return try await harness.send(method, path, as: person, kind, body: body?.bytes, headers: headers)
    }

    func get(_ path: String, as person: PersonID? = nil) async throws -> TestService.Answer {
        try await send("GET", path, as: person)
    }

    /// An action on a dossier.
    func act(
        _ action: String, on dossier: String, as person: PersonID, _ body: JSON? = nil, ifMatch: Int? = nil,
        key: String? = nil
    ) async throws -> TestService.Answer {
        try await send("POST", "/dossiers/\(dossier)/\(action)", as: person, body, ifMatch: ifMatch, key: key)
    }

    /// An action that must succeed.
    @discardableResult
    func done(
        _ action: String, on dossier: String, as person: PersonID, _ body: JSON? = nil
    ) async throws -> JSON {
        let answer = try await act(action, on: dossier, as: person, body)
        guard answer.status < 300 else { throw Unexpected(answer) }
        return answer.json
    }

    /// What officials may do to a dossier, each with a lawful body; beside these, papers are attached and opinions
    /// answered.
    var acts: [(String, JSON)] {
        let reasoned: JSON = ["reasonCode": "x", "reason": "y"]
        return [
            ("accept", [:]), ("refuse", reasoned), ("request-supplement", ["missing": "x"]), ("supply", [:]),
            ("hand-over", [:]), ("assign", ["officer": .string(officer.text)]),
            ("send", ["toAgency": "H19.25"]), ("send-back", ["note": "x"]), ("require-payment", [:]),
            ("exempt-fees", ["fee": "exempt", "reason": "y"]),
            ("withdraw-demand", ["demand": .string(DemandID.new().text), "reason": "y"]),
            ("opinions", ["toAgency": "H19.31", "question": "x", "limit": ["amount": 1, "unit": "days"]]),
            ("approve", [:]), ("finish", [:]), ("return", [:]), ("stop", reasoned), ("withdraw", [:]),
            ("withdrawal/confirm", [:]), ("withdrawal/decline", ["reason": "x"]),
            ("reappoint", ["dueOn": "2021-03-18", "reasonCode": "x", "reason": "y"]),
        ]
    }

    static let submission: JSON = [
        "procedure": "2.000488", "agency": "H19.06", "subject": "Xin cấp Phiếu lý lịch tư pháp số 1",
        "name": "Nguyễn Thị Bích", "phone": "0900000001", "nationalId": "999190000017", "address": "12 đường Trần Phú",
        "form": ["purpose": "xin việc", "note": "U+0000 \u{0} và 1e400", "copies": 2],
    ]

    /// A citizen submits online; the new dossier's id.
    func submit(as person: PersonID? = nil, subject: String? = nil) async throws -> String {
        var body = Office.submission
        if let subject { body = body.with("subject", .string(subject)) }
        let answer = try await send("POST", "/dossiers", as: person ?? citizen, body)
        guard answer.status == 201, let id = answer.json["id"]?.text else { throw Unexpected(answer) }
        return id
    }

    /// Submitted, accepted and handed over to the officer.
    func inWork() async throws -> String {
        let id = try await submit()
        try await done("accept", on: id, as: clerk)
        try await done("hand-over", on: id, as: clerk, ["toOfficer": .string(officer.text)])
        return id
    }

    func status(_ dossier: String) async throws -> Int {
        try await harness.count("SELECT status AS n FROM dossiers WHERE id = \(try DossierID(dossier))")
    }
}

// MARK: - Other services' events

extension Office {
    /// The data of the last event of a type about a dossier.
    func last<E: Event>(_ type: E.Type, of dossier: String) async throws -> E? {
        let rows = try await harness.database.database.run(
            """
            SELECT payload FROM event_log WHERE type = \(E.type) AND aggregate_id = \(dossier) ORDER BY seq DESC LIMIT 1
            """)
        return try rows.first.map { try E(decoding: try $0("payload"), unknown: .refuse) }
    }

    func paid(_ required: DossierPaymentRequired) throws -> FeePaid {
        var event = FeePaid()
        (event.demand, event.dossier, event.agency) = (required.demand, required.dossier, required.agency)
        (event.amount, event.receiptNumber) = (required.amount, "0000001/BLĐT-2021")
        event.paidAt = harness.running.runtime.clock.now
        return event
    }

    func issued(for dossier: String) throws -> DocumentIssued {
        var event = DocumentIssued()
        (event.document, event.dossier, event.agency) = (.new(), try DossierID(dossier), Agencies.justice)
        (event.number, event.series, event.issuedOn) = ("15/QĐ-STP", "QĐ", try Day("2021-03-10"))
        return event
    }

    func transferred(
        _ person: PersonID, to agency: AgencyCode, _ role: PostRole = .officer, fields: [String]? = nil
    ) throws -> OfficialTransferred {
        var event = OfficialTransferred()
        (event.person, event.fullName, event.mailbox) = (person, "Trần Văn An", "an")
        (event.formerPost, event.formerAgency) = (districtPost, Agencies.district)
        (event.post, event.agency, event.unit, event.role) = (.new(), agency, "phong", role)
        (event.title, event.decisionNumber) = ("Công chức", "07/QĐ-SNV")
        (event.effectiveFrom, event.procedureFields) = (try Day("2021-03-03"), fields)
        return event
    }
}

extension Office {
    /// The only post of a person ends, and another begins on Wednesday 3 March, which is today from now on.
    func move(_ person: PersonID, from former: AgencyCode, to agency: AgencyCode, _ role: PostRole) async throws {
        let rows = try await harness.database.database.run(
            "SELECT post FROM directory_posts WHERE person = \(person)")
        var event = try transferred(person, to: agency, role)
        event.formerAgency = former
        if let row = rows.first { event.formerPost = try row("post") }
        try await set("2021-03-03 09:00")
        await harness.take(event)
    }
}

extension JSON {
    /// This object with one member replaced or added; without it when `value` is nil.
    func with(_ name: String, _ value: JSON?) -> JSON {
        guard case .object(let members) = self else { return self }
        let rest = members.filter { $0.name != name }
        return .object(rest + (value.map { [.init(name, $0)] } ?? []))
    }
}

extension Office {
    /// A list to its end, page after page.
    func pages(_ first: String, as person: PersonID) async throws -> [TestService.Answer] {
        var pages: [TestService.Answer] = []
        var next: String? = first
        while let path = next {
            let page = try await get(path, as: person)
            pages.append(page)
            next = page.next
        }
        return pages
    }
}

/// Of a page of dossiers.
func ids(_ page: TestService.Answer) -> [String] {
    (page.json["dossiers"]?.array ?? []).compactMap { $0["id"]?.text }
}
