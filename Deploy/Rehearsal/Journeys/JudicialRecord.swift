import Contracts
import Crypto
import Foundation

/// Journey 1: a judicial record certificate no. 1 (Phiếu lý lịch tư pháp số 1), submitted online to the Department of
/// Justice: a fee through a repeated call-back, an opinion of the police, one supplement, a numbered result.
struct JudicialRecord {
    static let title = "Judicial record certificate no. 1 (Phiếu lý lịch tư pháp số 1)"
    static let justice = "H19.12"
    static let police = "H19.21"
    static let fee = 200_000

    /// What journey 4 kills, and while which scene plays.
    static let faults: [String: Fault] = [
        "accepts it": .onestop, "requires the fee": .budget, "asks the police for an opinion": .broker,
        "approves the result": .postgres,
    ]

    let stage: Stage

    func play(_ name: String) async throws -> Played {
        let dossier = try await submitted()
        try await accepted(dossier)
        let demand = try await paid(dossier)
        try await appraised(dossier)
        try await concluded(dossier)
        try await stage.scene("2021-03-11 14:00", "hands the result over", as: "clerk") {
            try await stage.act(dossier, "return", ["note": "At the counter"], as: "clerk")
        }
        try await stage.expect(.returned, dossier, as: "clerk")
        try await witnessed(dossier, demand)
        return Played(name: name, dossier: dossier, reader: "clerk")
    }

    private func submitted() async throws -> String {
        let citizen = stage.province.citizens.first { $0["citizen_key"] == "cong-dan-1" }
        return try await stage.scene("2021-03-01 08:05", "submits online", as: "citizen") {
            try await stage.office.submit(
                .object(
                    optional: [
                        ("procedure", "2.000488"), ("agency", Self.justice),
                        ("subject", "Cấp Phiếu lý lịch tư pháp số 1 để bổ sung hồ sơ xin việc làm"),
                        ("name", citizen?["full_name"] ?? ""), ("phone", citizen?["phone"] ?? ""),
                        ("nationalId", citizen?["national_id"] ?? ""), ("address", citizen?["address"] ?? ""),
                    ], [("form", ["purpose": "employment", "copies": 1])]),
                [.page("Can cuoc cong dan", part: "copy-2", name: "Căn cước công dân.pdf")], as: "citizen")
        }
    }

    private func accepted(_ dossier: String) async throws {
        try await stage.scene("2021-03-01 08:40", "accepts it", as: "clerk") {
            try await stage.act(dossier, "accept", as: "clerk")
        }
        let view = try await stage.expect(.accepted, dossier, as: "clerk")
        // 10 days from Monday 1 March, the day of receipt not counted (Civil Code 2015, Art. 147).
        guard try Moment(view.text("dueAt")).day == Day("2021-03-11") else {
            throw Failed("the appointment should be 2021-03-11, is \(try view.text("dueAt"))")
        }
    }

    /// - Returns: the fee demand.
    private func paid(_ dossier: String) async throws -> String {
        let demand = try await stage.scene("2021-03-01 08:45", "requires the fee", as: "clerk") {
            let view = try await stage.act(dossier, "require-payment", as: "clerk")
            return try view.text("demand")
        }
        try await stage.expect(.awaitingPayment, dossier, as: "citizen")
        try await stage.scene("2021-03-01 09:30", "pays; the gateway reports it three times", as: "citizen") {
            let gateway = Gateway(stage.office)
            let reference = "VNPAY-\(demand.suffix(12))"
            for _ in 0..<3 {
                let answer = try await gateway.report(
                    reference, demand: demand, amount: Self.fee, paidAt: try Moment("2021-03-01 09:30"))
                guard try answer.text("outcome") == "settled" else {
                    throw Failed("not settled: \(answer.description)")
                }
            }
        }
        try await stage.expect(.processing, dossier, as: "citizen")
        return demand
    }

    /// What the people concerned find afterwards, each with his or her own token.
    private func witnessed(_ dossier: String, _ demand: String) async throws {
        let told = try await stage.office.all(
            .onestop, "/my/notifications?limit=200", list: "notifications", as: "citizen"
        ).filter { $0["dossier"]?.text == dossier }.compactMap { $0["what"]?.text }
        let expected = [
            "returned", "finished", "supplement-supplied", "supplement-requested", "payment-settled",
            "payment-required", "accepted",
        ]
        guard told == expected else { throw Failed("the citizen was told \(told)") }
        // Reported three times, booked once, in both columns of the journal.
        let payments =
            try await stage.office.read(
                .budget, "/payments?agency=\(Self.justice)&demand=\(demand)", as: "accountant")["payments"]?.array ?? []
        let entries = try await stage.office.all(
            .budget, "/journal?agency=\(Self.justice)&from=2021-03-01&to=2021-03-01&limit=200", list: "entries",
            as: "accountant"
        ).filter { $0["payment"] == payments.first?["payment"] }
        let amounts = (entries.first?["lines"]?.array ?? []).compactMap { $0["amount"]?.integer }
        guard payments.count == 1, entries.count == 1, amounts == [Int64(Self.fee), Int64(Self.fee)] else {
            throw Failed("the journal holds \(entries.map(\.description)) of \(payments.map(\.description))")
        }
        for who in ["clerk", "officer", "leader", "accountant", "police-leader"] {
            let messages =
                try await stage.office.read(
                    .mail, "/folders/inbox/messages?thread=\(dossier)", as: who)["messages"]?.array ?? []
            guard !messages.isEmpty else { throw Failed("\(who) was not notified") }
        }
    }

    private func appraised(_ dossier: String) async throws {
        let officer = try stage.person("officer")
        try await stage.scene("2021-03-01 10:00", "gives it to an officer", as: "leader") {
            try await stage.act(
                dossier, "hand-over", ["step": "appraise", "toOfficer": .string(officer)], as: "leader")
        }
        try await stage.scene("2021-03-02 09:00", "asks for a missing paper", as: "officer") {
            try await stage.act(
                dossier, "request-supplement",
                ["missing": "Bản chụp căn cước công dân mặt sau chưa rõ; đề nghị nộp lại."], as: "officer")
        }
        let again = try await stage.office.refusal(
            .onestop, "/dossiers/\(dossier)/request-supplement", ["missing": "Một giấy tờ nữa"], as: "officer")
        guard again.code == "onestop.supplement-already-requested" else { throw Failed("refused otherwise: \(again)") }
        try await stage.expect(.awaitingSupplement, dossier, as: "citizen")
        try await stage.scene("2021-03-04 10:00", "supplies the paper; the clock goes on", as: "citizen") {
            try await stage.act(dossier, "supply", ["note": "Đã nộp lại ảnh căn cước công dân"], as: "citizen")
        }
        let opinion = try await stage.scene("2021-03-04 14:00", "asks the police for an opinion", as: "officer") {
            let opinion = try await stage.act(
                dossier, "opinions",
                [
                    "toAgency": .string(Self.police), "question": "Đề nghị tra cứu, xác minh tình trạng án tích.",
                    "limit": ["amount": 4, "unit": "workingDays"],
                ], as: "officer")
            return try opinion.text("id")
        }
        try await stage.scene("2021-03-09 15:30", "answers: no convictions", as: "police") {
            try await stage.act(
                dossier, "opinions/\(opinion)/answer", ["verdict": "agree", "answer": "Không có án tích."], as: "police"
            )
        }
    }

    private func concluded(_ dossier: String) async throws {
        let officer = try stage.person("officer")
        let leader = try stage.person("leader")
        try await stage.scene("2021-03-10 09:00", "goes on to the conclusion", as: "officer") {
            try await stage.act(
                dossier, "hand-over", ["step": "conclude", "toOfficer": .string(officer)], as: "officer")
        }
        try await stage.scene("2021-03-10 14:00", "submits the draft to the leader", as: "officer") {
            try await stage.act(
                dossier, "hand-over", ["step": "approve", "toOfficer": .string(leader)], as: "officer")
        }
        try await stage.scene("2021-03-11 08:30", "approves the result", as: "leader") {
            try await stage.act(dossier, "approve", ["note": "Đồng ý cấp Phiếu"], as: "leader")
        }
        try await stage.issue(
            dossier, drafted: "2021-03-11 08:40", approved: "2021-03-11 08:50", issued: "2021-03-11 09:00",
            as: ("officer", "leader", "records"))
        let view = try await stage.expect(.finished, dossier, as: "clerk")
        guard view["late"] == .bool(false), view["documentNumber"]?.text != nil else {
            throw Failed("finished late or without a number: \(view.description)")
        }
    }
}

/// The payment gateway of the rehearsal: signs its call-backs and repeats them until they are answered.
struct Gateway {
    let office: Office

    init(_ office: Office) { self.office = office }

    /// The call-back with its signature of now (Services/BudgetService/Payments/CallbackSignature.swift).
    static func callBack(_ body: JSON, secret: String) -> HTTPAsk {
        let bytes = body.bytes
        let seconds = Int(Date().timeIntervalSince1970)
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(seconds).".utf8) + bytes, using: SymmetricKey(data: Array(secret.utf8)))
        return HTTPAsk(
            method: "POST", target: "/payments/callback",
            headers: [
                ("content-type", "application/json"), ("payment-signature", "t=\(seconds),v1=\(Hex.encode(code))"),
            ], body: bytes)
    }

    func report(_ reference: String, demand: String, amount: Int, paidAt: Moment) async throws -> JSON {
        let body: JSON = [
            "reference": .string(reference), "demand": .string(demand), "amount": .integer(Int64(amount)),
            "currency": "VND", "paidAt": .string(paidAt.wire),
        ]
        return try await office.call(
            .budget, Self.callBack(body, secret: office.settings.paymentSecret), as: nil
        ).json
    }
}
