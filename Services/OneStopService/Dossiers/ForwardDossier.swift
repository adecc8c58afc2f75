import Contracts
import ServiceKit

/// `POST /dossiers/{dossier}/forward`: the one-stop that got it is not the right one and passes it on to the one that
/// is (Decree 61/2018/NĐ-CP, Art. 18). It is the same dossier: its limits run on, and a code that it has stays; one
/// that has none gets it where it is accepted (os-064).
enum ForwardDossier: Endpoint {
    static let route = Route.post("/dossiers/{dossier}/forward")
    static let summary = "Forward a dossier to the one-stop that is in charge of it"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [
        Refused.notInStatus, .sameAgency, .agencyDoesNotReceive, .forwardedBack, .forwardLinked, .agencyDissolved,
    ]

    struct Input: Record {
        var dossier = DossierID()
        var toAgency = AgencyCode.none
        var reason = ""

        static let fields: [Field<Self>] = [
            .init("dossier", \.dossier, .id, "The dossier", in: .path),
            .init("toAgency", \.toAgency, .agency, "The one-stop in charge"),
            .init("reason", \.reason, .text(1...Limits.noteLength), "Why it is in charge; the applicant reads it"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        let before = try await call.dossier(input.dossier)
        try await call.require(.dossiersReceive, for: before, at: before.receivingAgency)
        try await call.requireStanding(input.toAgency)
        let definition = try await call.procedure(of: before).definition
        let known = try await call.run(
            """
            SELECT from_agency AS agency, false AS linked FROM dossier_forwards WHERE dossier = \(before.id)
            UNION ALL SELECT NULL, true FROM linked_cases WHERE parent = \(before.id)
            UNION ALL SELECT NULL, true FROM slips WHERE child = \(before.id)
            """)
        let isLinked = try known.contains { try $0("linked") }
        let passed = try known.compactMap { row throws -> AgencyCode? in try row("agency") }
        let dossier = try decide(
            before, to: input.toAgency, passed: passed, isLinked: isLinked, receivers: definition.receivers,
            kind: try await call.resource(ProcedureBook.self).kind(of: input.toAgency, on: call.today))
        var event = DossierForwarded()
        (event.dossier, event.fromAgency, event.toAgency) = (before.id, before.receivingAgency, input.toAgency)
        (event.actor, event.status) = (call.caller.person, dossier.status)
        let change = Change(
            dossier, "forwarded", note: input.reason, notice: before.notice(.forwarded(to: input.toAgency)),
            event: event)
        call.logRead(of: "dossier", before.id.text, purpose: change.what)
        return try await call.transaction { work in
            try await work.post(DossierSQL.hold(before))
            try await work.save(change, from: before)
            try await work.post(
                "UPDATE dossiers SET receiving_agency = \(input.toAgency) WHERE id = \(before.id)")
            try await work.post(
                """
                INSERT INTO dossier_forwards (dossier, version, from_agency, to_agency, reason, by, at)
                VALUES (\(before.id), \(before.version + 1), \(before.receivingAgency), \(input.toAgency),
                        \(input.reason), \(work.actor), \(work.now))
                """)
            var after = dossier
            after.version = before.version + 1
            return Reply(try await call.view(of: after), version: after.version)
        }
    }

    /// - Parameters:
    ///   - passed: the one-stops that passed it on before.
    ///   - kind: the nature of the agency to which it goes.
    static func decide(
        _ before: Dossier, to agency: AgencyCode, passed: [AgencyCode], isLinked: Bool, receivers: [AgencyKind],
        kind: AgencyKind?
    ) throws(Refused) -> Dossier {
        // Once a step has begun it is worked on here; then it is sent, not forwarded.
        try before.require(.submitted, .accepted)
        guard agency != before.receivingAgency else { throw .sameAgency }
        guard let kind, receivers.contains(kind) else { throw .agencyDoesNotReceive.at("toAgency") }
        guard !passed.contains(agency) else { throw .forwardedBack }
        guard !isLinked else { throw .forwardLinked }
        var dossier = before
        (dossier.receivingAgency, dossier.workingAgency, dossier.officer) = (agency, agency, nil)
        return dossier
    }
}

extension Refused {
    static let forwardedBack = Refused(
        "onestop.forwarded-back", 422, vi: "Bộ phận một cửa này đã chuyển hồ sơ đi vì không đúng thẩm quyền.",
        en: "That one-stop passed the dossier on before: it is not in charge.", field: "toAgency")
    static let forwardLinked = Refused(
        "onestop.forward-linked", vi: "Hồ sơ liên thông không chuyển riêng; hãy từ chối để cơ quan chủ trì quyết định.",
        en: "A linked dossier is not forwarded by itself; refuse it, and the leading agency decides.")
}
