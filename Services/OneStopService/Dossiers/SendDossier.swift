import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/send`: to an agency of another level (liên thông khác cấp); it comes back by `send-back`.
/// The receiving agency keeps answering to the citizen.
enum SendDossier: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/send")
    static let summary = "Send a dossier to an agency of another level"
    static let access = Access.official(.dossiersRead)
    static let refusals = [
        Refused.notInStatus, .alreadyApproved, .agencyUnknown, .agencyDissolved, .sameAgency, .sentTooOften,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var toAgency = AgencyCode.none
        var note: String?

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("toAgency", \.toAgency, .agency, "Where it goes"),
            .init("note", \.note, .text(1...Limits.noteLength), "What is to be done there"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.requireHolding(before)
        try await call.requireKnown(input.toAgency)
        let dossier = try decide(before, to: input.toAgency)
        return try await call.save(
            Change(dossier, "sent", note: input.note, event: HandOver.event(from: before, to: dossier)), from: before)
    }

    static func decide(_ before: Dossier, to agency: AgencyCode) throws(Refused) -> Dossier {
        try before.require(.accepted, .processing)
        guard before.approvedAt == nil else { throw .alreadyApproved }
        guard agency != before.workingAgency else { throw .sameAgency }
        var dossier = before
        if before.status == .accepted { try dossier.move(to: .processing) }
        try dossier.go(to: agency)
        // os-269: the date of its step goes with it.
        dossier.officer = nil
        return dossier
    }
}

/// `POST /dossiers/{dossier}/send-back`: to the agency that it came from.
enum SendBack: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/send-back")
    static let summary = "Send a dossier back to the agency that it came from"
    static let access = Access.official(.dossiersProcess)
    static let refusals = [Refused.notInStatus, .alreadyApproved, .notSent]

    struct Input: Record {
        var dossier = DossierID()
        var note = ""

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("note", \.note, .text(1...Limits.noteLength), "What was done, or why it goes back"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.require(.dossiersProcess, for: before, at: before.workingAgency)
        let dossier = try decide(before)
        return try await call.save(
            Change(dossier, "sent-back", note: input.note, event: HandOver.event(from: before, to: dossier)),
            from: before)
    }

    static func decide(_ before: Dossier) throws(Refused) -> Dossier {
        try before.require(.processing)
        guard before.approvedAt == nil else { throw .alreadyApproved }
        guard let origin = before.sentFrom.last else { throw .notSent }
        var dossier = before
        try dossier.go(to: origin)
        dossier.officer = nil
        return dossier
    }
}

extension Refused {
    static let sameAgency = Refused(
        "onestop.same-agency", 422, vi: "Hồ sơ đang ở cơ quan này.", en: "The dossier is at this agency.",
        field: "toAgency")
    static let sentTooOften = Refused(
        "onestop.sent-too-often", vi: "Hồ sơ đã chuyển qua quá nhiều cơ quan.",
        en: "The dossier went through too many agencies.")
    static let notSent = Refused(
        "onestop.not-sent", vi: "Hồ sơ không do cơ quan nào chuyển đến.", en: "No agency sent this dossier on.")
}
