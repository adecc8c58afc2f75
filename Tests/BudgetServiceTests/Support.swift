import Contracts
import Foundation
import Postgres
import ServiceKit
import ServiceTestKit
import TestKit

@testable import BudgetService

/// The Budget service with one agency, its accountant, its leader and an accountant of elsewhere.
struct Office: Sendable {
    static let secret = "what the gateway signs with"

    let service: TestService
    let agency: AgencyCode
    let accountant = PersonID.new()
    let leader = PersonID.new()
    let stranger = PersonID.new()
    let administrator = PersonID.new()

    /// - Parameter at: where business time stands; nil for the real time.
    static func open(at time: String? = nil, _ body: (Office) async throws -> Void) async throws {
        var settings = ["LIENTHONG_PAYMENT_SECRET": secret]
        if time != nil { settings["LIENTHONG_REHEARSAL"] = "1" }
        try await withService(Main.self, settings) { service in
            let office = Office(service: service, agency: try AgencyCode("H19.12"))
            try await office.establish("H19.12")
            try await office.establish("H19.13")
            try await office.appoint(office.accountant, .accountant, at: "H19.12")
            try await office.appoint(office.leader, .leader, at: "H19.12")
            try await office.appoint(office.stranger, .accountant, at: "H19.13")
            try await service.nameAdministrator(office.administrator)
            if let time { try await office.set(time) }
            try await body(office)
        }
    }

    /// Sets business time, as `2021-03-01 09:00`.
    func set(_ time: String) async throws {
        let answer = try await post(
            "/rehearsal/clock", ["now": .string(time.replacing(" ", with: "T") + ":00+07:00")], as: administrator)
        guard answer.status == 200 else { throw Unexpected(answer) }
    }

    // MARK: - Asking

    struct Unexpected: Error, CustomStringConvertible {
        let description: String
        init(_ answer: TestService.Answer) {
            description = "\(answer.status) \(String(decoding: answer.body, as: UTF8.self))"
        }
    }

    func post(
        _ path: String, _ body: JSON = [:], as person: PersonID, headers: [(name: String, value: String)] = []
    ) async throws -> TestService.Answer {
        try await service.send("POST", path, as: person, body: body.bytes, headers: headers)
    }

    func get(_ path: String, as person: PersonID? = nil) async throws -> TestService.Answer {
        try await service.send("GET", path, as: person ?? accountant)
    }

    /// What is answered when all goes well.
    func done(_ path: String, _ body: JSON = [:], as person: PersonID) async throws -> JSON {
        let answer = try await post(path, body, as: person)
        guard (200...201).contains(answer.status) else { throw Unexpected(answer) }
        return answer.json
    }

    /// A demand that was paid: in cash by the accountant unless another way is given.
    func paidDemand(
        _ amount: Int64 = 200_000, nature: FeeNature? = .fee, way: JSON = [:], dossier: DossierID = .new()
    ) async throws -> DemandID {
        var event = try requirement(amount)
        (event.nature, event.dossier) = (nature, dossier)
        await service.take(event)
        guard case .object(let members) = way else { return event.demand }
        _ = try await done(
            "/demands/\(event.demand)/collect", .object(members + [.init("amount", .integer(amount))]), as: accountant)
        return event.demand
    }

    /// A refund of a demand that was approved, by its id.
    func approvedRefund(_ demand: DemandID, _ amount: Int64? = nil) async throws -> String {
        var body: [JSON.Member] = [.init("reason", "Thu nhầm mức")]
        if let amount { body.append(.init("amount", .integer(amount))) }
        let refund = try await done("/demands/\(demand)/refunds", .object(body), as: accountant)["refund"]?.text ?? ""
        _ = try await done("/refunds/\(refund)/decide", ["verdict": "approve"], as: leader)
        return refund
    }

    func establish(_ code: String, from: String = "2021-01-01", to: String? = nil) async throws {
        var event = AgencyEstablished()
        (event.code, event.name, event.nameEn) = (try AgencyCode(code), "Sở Tư pháp", "Department of Justice")
        (event.validFrom, event.validTo) = (try Day(from), try to.map { try Day($0) })
        await service.take(event)
    }

    func appoint(_ person: PersonID, _ role: PostRole, at agency: String) async throws {
        var event = OfficialAppointed()
        (event.person, event.fullName, event.mailbox) = (person, "Nguyễn Văn An", "an\(person.text.suffix(6))")
        (event.post, event.agency, event.unit) = (PostID.new(), try AgencyCode(agency), "mot-cua")
        (event.role, event.title, event.decisionNumber) = (role, "Công chức", "01/QĐ-SNV")
        event.effectiveFrom = try Day("2021-01-04")
        await service.take(event)
    }

    func requirement(_ amount: Int64, at agency: AgencyCode? = nil) throws -> DossierPaymentRequired {
        var event = DossierPaymentRequired()
        (event.dossier, event.demand) = (DossierID.new(), DemandID.new())
        (event.agency, event.amount, event.feeKind) = (agency ?? self.agency, try Money(amount), "fee")
        event.status = .awaitingPayment
        return event
    }

    /// An open demand.
    func demand(_ amount: Int64 = 200_000) async throws -> DemandID {
        let event = try requirement(amount)
        await service.take(event)
        return event.demand
    }

    // MARK: - The gateway

    func report(
        _ reference: String, _ demand: DemandID, _ amount: Int64 = 200_000, currency: String = "VND"
    ) -> [UInt8] {
        let json: JSON = [
            "reference": .string(reference), "demand": .string(demand.text), "amount": .integer(amount),
            "currency": .string(currency), "paidAt": "2021-02-09T10:00:00+07:00", "bank": "unknown to us",
        ]
        return json.bytes
    }

    func callBack(_ body: [UInt8], secret: String = Office.secret, age: Int64 = 0) async throws -> TestService.Answer {
        let at = Int64(Date().timeIntervalSince1970) - age
        return try await callBack(body, header: CallbackSignature(secret: secret).sign(body, at: at))
    }

    func callBack(_ body: [UInt8], header: String?) async throws -> TestService.Answer {
        try await service.send(
            "POST", "/payments/callback", body: body, headers: header.map { [("payment-signature", $0)] } ?? [])
    }

    // MARK: - Looking

    func rows(_ table: String) async throws -> Int {
        try await service.count("SELECT count(*) AS n FROM \(raw: table)")
    }

    /// Debits less credits by account.
    func balances(on day: String? = nil) async throws -> [String: Int64] {
        let query = day.map { "&on=\($0)" } ?? ""
        let answer = try await service.send("GET", "/balances?agency=\(agency)\(query)", as: leader)
        let accounts = answer.json["accounts"]?.array ?? []
        return Dictionary(
            accounts.map { ($0["account"]?.text ?? "", $0["balance"]?.integer ?? 0) }, uniquingKeysWith: { $1 })
    }

    /// Everything that a payment could have changed.
    func footprint() async throws -> [Int] {
        var counts: [Int] = []
        for table in ["payments", "receipts", "receipt_counters", "journal_entries", "journal_lines", "event_log"] {
            counts.append(try await rows(table))
        }
        return counts + [try await service.count("SELECT count(*) AS n FROM fee_demands WHERE state = 'paid'")]
    }
}
