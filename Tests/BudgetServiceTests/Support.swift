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

    static func open(_ body: (Office) async throws -> Void) async throws {
        try await withService(Main.self, ["LIENTHONG_PAYMENT_SECRET": secret]) { service in
            let office = Office(service: service, agency: try AgencyCode("H19.12"))
            try await office.establish("H19.12")
            try await office.establish("H19.13")
            try await office.appoint(office.accountant, .accountant, at: "H19.12")
            try await office.appoint(office.leader, .leader, at: "H19.12")
            try await office.appoint(office.stranger, .accountant, at: "H19.13")
            try await body(office)
        }
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
