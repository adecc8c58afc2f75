import Contracts
import Foundation

/// Journey 2: the monthly social allowance (trợ cấp xã hội hàng tháng): received at a ward, decided at the city,
/// returned at the ward, over the Tết holiday of 2021; the ward's officer is transferred by an HR decision while
/// holding the dossier.
struct SocialAllowance {
    static let title = "Monthly social allowance (trợ cấp xã hội hàng tháng), over Tết 2021"
    static let ward = "H19.30.01"
    static let city = "H19.30"
    static let otherWard = "H19.30.02"
    /// Of the communes: the reform of 1 July 2025 ends them.
    static let lastDay = "2025-06-30"

    let stage: Stage

    /// The officer of this run, who is new at the ward and goes on elsewhere.
    private struct Newcomer: Sendable {
        let person: PersonID
        let number: Int
        var position: String { "van-hoa-xa-hoi-\(number)" }
        static let who = "transferred"
    }

    func play(_ name: String) async throws -> Played {
        let newcomer = try await appointed()
        let dossier = try await received(newcomer)
        try await transferred(dossier, newcomer)
        try await sentUp(dossier)
        try await stage.scene("2021-03-12 09:00", "hands the decision over at the ward", as: "commune-clerk") {
            try await stage.act(dossier, "return", ["note": "Trả tại phường"], as: "commune-clerk")
        }
        let view = try await stage.expect(.returned, dossier, as: "commune-clerk")
        guard view["answeringAgency"]?.text == Self.city, view["late"] == .bool(false) else {
            throw Failed("decided elsewhere or late: \(view.description)")
        }
        return Played(name: name, dossier: dossier, reader: "commune-clerk")
    }

    /// Each run has an officer of its own: whoever was transferred once is not at the ward any more. And a position of
    /// its own at both wards: the officers of earlier runs keep their seats.
    private func appointed() async throws -> Newcomer {
        let eye = stage.eye
        let number = try await stage.patiently { try await eye.count("SELECT count(*) AS n FROM hr.decisions") + 1 }
        let newcomer = Newcomer(person: Cast.person("newcomer \(number)"), number: number)
        let login = "luannt\(number)"
        try await stage.scene("2021-02-01 07:20", "establishes a position at two wards", as: "district-hr") {
            for agency in [Self.ward, Self.otherWard] {
                try await stage.office.post(
                    .hr, "/agencies/\(agency)/positions",
                    [
                        "unit": "chuyen-mon", "code": .string(newcomer.position), "role": "officer",
                        "title": "Công chức Văn hóa - Xã hội", "titleEn": "Culture and social affairs officer",
                        "seats": 1, "validFrom": "2021-01-01", "validTo": .string(Self.lastDay),
                    ], as: "district-hr")
            }
        }
        try await stage.scene("2021-02-01 07:30", "appoints an officer to the ward", as: "district-hr") {
            try await stage.office.post(
                .hr, "/officials",
                [
                    "person": .string(newcomer.person.text), "fullName": "Nguyễn Thành Luân",
                    "mailbox": .string(login),
                ], as: "district-hr")
            try await stage.office.appoint(
                newcomer.person, number: "\(number)/QĐ-UBND", from: "2021-01-04", at: Self.ward, unit: "chuyen-mon",
                position: newcomer.position, kind: "appoint", as: "district-hr")
        }
        try await Loader(office: stage.office, province: stage.province, say: stage.say)
            .give(Newcomer.who, login: login)
        await stage.office.sessions.forget(Newcomer.who)
        return newcomer
    }

    private func received(_ newcomer: Newcomer) async throws -> String {
        let citizen = stage.province.citizens.first { $0["citizen_key"] == "cong-dan-3" }
        let dossier = try await stage.scene("2021-02-01 09:00", "receives it at the counter", as: "commune-clerk") {
            try await stage.office.post(
                .onestop, "/counter/dossiers",
                [
                    "submission": .object(
                        optional: [
                            ("procedure", "1.001776"), ("agency", Self.ward),
                            ("subject", "Đề nghị hưởng trợ cấp xã hội hàng tháng đối với người cao tuổi"),
                            ("name", citizen?["full_name"] ?? ""), ("phone", citizen?["phone"] ?? ""),
                            ("nationalId", citizen?["national_id"] ?? ""), ("address", citizen?["address"] ?? ""),
                        ]),
                    // The journey may have been played before.
                    "duplicateReason": "Nộp hồ sơ mới theo yêu cầu của người dân",
                ], as: "commune-clerk"
            ).text("id")
        }
        let accepted = try await stage.scene("2021-02-01 09:10", "accepts it", as: "commune-clerk") {
            try await stage.act(dossier, "accept", as: "commune-clerk")
        }
        // 32 working days from 1 February with 10-16 February off: 24 March.
        guard try Moment(accepted.text("dueAt")).day == Day("2021-03-24") else {
            throw Failed("the appointment should be 2021-03-24, is \(try accepted.text("dueAt"))")
        }
        try await stage.scene("2021-02-01 09:20", "gives it to the new officer", as: "commune-clerk") {
            try await stage.act(
                dossier, "hand-over", ["step": "review", "toOfficer": .string(newcomer.person.text)],
                as: "commune-clerk")
        }
        return dossier
    }

    private func transferred(_ dossier: String, _ newcomer: Newcomer) async throws {
        try await stage.scene("2021-02-08 10:00", "decides to transfer the officer on 18 February", as: "district-hr") {
            try await stage.office.appoint(
                newcomer.person, number: "\(newcomer.number + 1)/QĐ-UBND", from: "2021-02-18", at: Self.otherWard,
                unit: "chuyen-mon", position: newcomer.position, kind: "transfer", as: "district-hr")
        }
        // Decided, not yet in effect: the officer still holds the dossier on the day before.
        let before = try await stage.scene(
            "2021-02-17 16:00", "still holds it on the day before", as: Newcomer.who
        ) {
            try await stage.expect(.processing, dossier, as: Newcomer.who)
        }
        guard before["officer"]?.text == newcomer.person.text else { throw Failed("the dossier was taken too early") }
        try await stage.scene("2021-02-18 07:30", "the transfer takes effect", as: "district-hr") {}
        let after = try await stage.expect(.processing, dossier, as: "commune-leader")
        guard after["officer"] == nil else { throw Failed("the officer left and still holds the dossier") }
        let refused = try await stage.office.refusal(
            .onestop, "/dossiers/\(dossier)/hand-over", ["step": "appraise"], as: Newcomer.who)
        guard refused.status == 403 else { throw Failed("refused otherwise: \(refused)") }
        let officer = try stage.person("commune-officer")
        try await stage.scene("2021-02-18 08:30", "gives it to another officer", as: "commune-leader") {
            try await stage.act(
                dossier, "assign", ["officer": .string(officer), "reasonCode": "transferred"], as: "commune-leader")
        }
    }

    private func sentUp(_ dossier: String) async throws {
        let officer = try stage.person("district-officer")
        let leader = try stage.person("district-leader")
        try await stage.scene("2021-02-26 15:20", "sends the reviewed dossier to the city", as: "commune-officer") {
            try await stage.act(dossier, "hand-over", ["step": "appraise"], as: "commune-officer")
        }
        try await stage.scene("2021-03-01 08:00", "gives it to an officer of the city", as: "district-leader") {
            try await stage.act(dossier, "assign", ["officer": .string(officer)], as: "district-leader")
        }
        try await stage.scene("2021-03-08 10:00", "submits it to the leader", as: "district-officer") {
            try await stage.act(
                dossier, "hand-over", ["step": "approve", "toOfficer": .string(leader)], as: "district-officer")
        }
        try await stage.scene("2021-03-10 09:00", "grants the allowance", as: "district-leader") {
            try await stage.act(dossier, "approve", as: "district-leader")
        }
        try await stage.issue(
            dossier, at: Self.city, drafted: "2021-03-10 09:30", approved: "2021-03-10 10:00",
            issued: "2021-03-10 10:30", as: ("district-officer", "district-leader", "district-records"))
        try await stage.expect(.finished, dossier, as: "commune-clerk")
    }
}
