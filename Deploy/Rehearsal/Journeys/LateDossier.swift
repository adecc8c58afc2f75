import Contracts
import Foundation

/// Journey 3: a late one. One day before it is due the ward apologises and makes the one new appointment; a second one
/// is refused with its code.
struct LateDossier {
    static let title = "A late one: apology and new appointment, once"

    let stage: Stage

    func play(_ name: String) async throws -> Played {
        let dossier = try await received()
        try await apologised(dossier)
        let leader = try stage.person("commune-leader")
        try await stage.scene("2021-03-22 09:00", "submits the draft to the leader", as: "commune-officer") {
            try await stage.act(
                dossier, "hand-over", ["step": "approve", "toOfficer": .string(leader)], as: "commune-officer")
        }
        try await stage.scene("2021-03-22 10:00", "approves the result", as: "commune-leader") {
            try await stage.act(dossier, "approve", as: "commune-leader")
        }
        try await stage.issue(
            dossier, at: SocialAllowance.ward, drafted: "2021-03-22 10:10", approved: "2021-03-22 10:20",
            issued: "2021-03-22 10:30", as: ("commune-officer", "commune-leader", "commune-records"))
        try await stage.scene("2021-03-22 14:00", "hands the result over", as: "commune-clerk") {
            try await stage.act(dossier, "return", as: "commune-clerk")
        }
        let view = try await stage.expect(.returned, dossier, as: "commune-clerk")
        guard view["late"] == .bool(false) else { throw Failed("late by the new appointment: \(view.description)") }
        return Played(name: name, dossier: dossier, reader: "commune-clerk")
    }

    private func received() async throws -> String {
        let citizen = stage.province.citizens.first { $0["citizen_key"] == "cong-dan-1" }
        let dossier = try await stage.scene("2021-03-15 08:30", "receives it at the counter", as: "commune-clerk") {
            try await stage.office.post(
                .onestop, "/counter/dossiers",
                [
                    "submission": .object(
                        optional: [
                            ("procedure", "1.004873"), ("agency", SocialAllowance.ward),
                            ("subject", "Cấp Giấy xác nhận tình trạng hôn nhân"),
                            ("name", citizen?["full_name"] ?? ""), ("phone", citizen?["phone"] ?? ""),
                            ("nationalId", citizen?["national_id"] ?? ""), ("address", citizen?["address"] ?? ""),
                            // Letters to it lie in Mail until a relay is configured: /outside-letters.
                            ("email", "cong-dan-1@example.com"),
                        ]),
                    // The journey may have been played before.
                    "duplicateReason": "Nộp hồ sơ mới theo yêu cầu của người dân",
                ], as: "commune-clerk"
            ).text("id")
        }
        try await stage.scene("2021-03-15 08:45", "accepts it", as: "commune-clerk") {
            try await stage.act(dossier, "accept", as: "commune-clerk")
        }
        let officer = try stage.person("commune-officer")
        try await stage.scene("2021-03-15 09:00", "gives it to an officer", as: "commune-clerk") {
            try await stage.act(dossier, "hand-over", ["toOfficer": .string(officer)], as: "commune-clerk")
        }
        return dossier
    }

    private func apologised(_ dossier: String) async throws {
        let body: JSON = [
            "dueOn": "2021-03-22", "reasonCode": "verification",
            "reason": "Phải xác minh tại nơi cư trú cũ. Ủy ban nhân dân phường xin lỗi ông/bà vì sự chậm trễ.",
        ]
        let view = try await stage.scene(
            "2021-03-17 08:30", "apologises and makes the new appointment", as: "commune-leader"
        ) {
            try await stage.act(dossier, "reappoint", body, as: "commune-leader")
        }
        guard try Moment(view.text("formerDueAt")).day == Day("2021-03-18"),
            try Moment(view.text("dueAt")).day == Day("2021-03-22")
        else { throw Failed("the appointments are wrong: \(view.description)") }
        let refused = try await stage.scene(
            "2021-03-19 08:30", "tries a second time and is refused", as: "commune-leader"
        ) {
            try await stage.office.refusal(
                .onestop, "/dossiers/\(dossier)/reappoint", body.with("dueOn", "2021-03-25"), as: "commune-leader")
        }
        guard refused.code == "onestop.already-reappointed" else { throw Failed("refused otherwise: \(refused)") }
    }
}
