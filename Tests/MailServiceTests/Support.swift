import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit

@testable import MailService

/// The Mail service with two agencies and officials in their roles.
struct Office: Sendable {
    let service: TestService
    let justice: AgencyCode
    let police: AgencyCode
    let clerk = PersonID.new()
    let officer = PersonID.new()
    let leader = PersonID.new()
    let accountant = PersonID.new()
    let chief = PersonID.new()

    static func open(_ body: (Office) async throws -> Void) async throws {
        try await withService(Main.self, ["LIENTHONG_MAIL_DOMAIN": "thu.gov.vn"]) { service in
            let office = Office(
                service: service, justice: try AgencyCode("H19.12"), police: try AgencyCode("H19.20"))
            for agency in [office.justice, office.police] { await office.establish(agency) }
            try await office.appoint(office.clerk, "cuc", .clerk, at: office.justice)
            try await office.appoint(office.officer, "oanh", .officer, at: office.justice)
            try await office.appoint(office.leader, "lam", .leader, at: office.justice)
            try await office.appoint(office.accountant, "kien", .accountant, at: office.justice)
            try await office.appoint(office.chief, "cuong", .leader, at: office.police)
            try await body(office)
        }
    }

    func establish(_ agency: AgencyCode) async {
        var event = AgencyEstablished()
        (event.code, event.name, event.nameEn) = (agency, "Sở Tư pháp", "Department of Justice")
        event.validFrom = Day(number: 0)
        await service.take(event)
    }

    func appoint(
        _ person: PersonID, _ mailbox: String, _ role: PostRole, at agency: AgencyCode
    ) async throws {
        var event = OfficialAppointed()
        (event.person, event.fullName, event.mailbox) = (person, "Trần Thị \(mailbox)", mailbox)
        (event.post, event.agency, event.unit, event.role) = (PostID.new(), agency, "phong", role)
        (event.title, event.decisionNumber) = ("Công chức", "01/QĐ-SNV")
        event.effectiveFrom = try Day("2021-01-04")
        await service.take(event)
    }

    func end(_ person: PersonID) async throws {
        var event = ServiceEnded()
        (event.person, event.decisionNumber) = (person, "02/QĐ-SNV")
        event.effectiveFrom = Day(Date())
        await service.take(event)
    }

    // MARK: - A dossier

    func submit(_ dossier: DossierID, channel: Channel = .online) async {
        var event = DossierSubmitted()
        (event.dossier, event.procedure, event.procedureVersion) = (dossier, "2.000488", 1)
        (event.agency, event.channel, event.submittedAt) = (justice, channel, Date())
        await service.take(event)
    }

    func accept(_ dossier: DossierID, _ code: String = "H19.12-210209-0001") async {
        var event = DossierAccepted()
        (event.dossier, event.code, event.procedure, event.agency) = (dossier, code, "2.000488", justice)
        event.status = .accepted
        await service.take(event)
    }

    func handOver(_ dossier: DossierID, to agency: AgencyCode? = nil, officer: PersonID?) -> DossierHandedOver {
        var event = DossierHandedOver()
        (event.dossier, event.fromAgency, event.toAgency) = (dossier, justice, agency ?? justice)
        (event.toOfficer, event.stepKey, event.status) = (officer, "thu-ly", .processing)
        event.dueAt = Instant.read("2021-02-19T10:30:00+07:00")
        return event
    }

    func paid(_ dossier: DossierID) throws -> FeePaid {
        var event = FeePaid()
        (event.demand, event.dossier, event.agency) = (DemandID.new(), dossier, justice)
        (event.amount, event.receiptNumber, event.paidAt) = (try Money(200_000), "0000001/BLĐT-2021", Date())
        return event
    }

    // MARK: - HTTP

    func get(_ path: String, as person: PersonID, _ language: String = "vi") async throws -> TestService.Answer {
        try await service.send("GET", path, as: person, headers: [("accept-language", language)])
    }

    func post(_ path: String, as person: PersonID, _ body: JSON? = nil) async throws -> TestService.Answer {
        try await service.send("POST", path, as: person, body: body?.bytes)
    }

    func inbox(_ person: PersonID, _ folder: String = "inbox") async throws -> [JSON] {
        try await get("/folders/\(folder)/messages?limit=200", as: person).json["messages"]?.array ?? []
    }

    func subjects(_ person: PersonID) async throws -> [String] {
        try await inbox(person).reversed().compactMap { $0["subject"]?.text }
    }

    func send(
        from person: PersonID, to: [String], _ subject: String = "Họp", replyTo: String? = nil
    ) async throws -> TestService.Answer {
        var members: [JSON.Member] = [
            .init("to", .array(to.map(JSON.string))), .init("subject", .string(subject)),
            .init("body", "Kính mời dự họp."),
        ]
        if let replyTo { members.append(.init("replyTo", .string(replyTo))) }
        return try await post("/messages", as: person, .object(members))
    }

    func rows(_ table: String) async throws -> Int {
        try await service.count("SELECT count(*) AS n FROM \(raw: table)")
    }
}
