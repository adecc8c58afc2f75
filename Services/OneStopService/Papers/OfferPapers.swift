import Contracts
import ServiceKit

/// What an applicant need not give again for a procedure: papers and results, and what the form can be filled with.
struct OfferedPapers: Record {
    var papers: [Offer] = []
    var data: GivenData?

    static let fields: [Field<Self>] = [
        .init(
            "papers", \.papers, .list(.record, 0...(2 * Limits.OneStop.offers)), "Newest first, files before results"),
        .init("data", \.data, .record, "What was said in the last accepted dossier"),
    ]
}

/// What an applicant has said before.
struct GivenData: Record, Hashable {
    var dossier = DossierID()
    var name = ""
    var phone: String?
    var nationalID: String?
    var address: String?
    var form: JSON?

    static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier in which it was said"),
        .init("name", \.name, .text(1...Limits.nameLength), "Name"),
        .init("phone", \.phone, .text(1...20), "Telephone"),
        .init("nationalId", \.nationalID, .text(1...12), "Number of the identity card"),
        .init("address", \.address, .text(1...Limits.nameLength), "Address"),
        .init(
            "form", \.form, .any,
            "Members of earlier forms that this procedure’s form has, each as it was said last, where they still fit"),
    ]
}

extension Call {
    /// With every dossier of which something is shown.
    func offered(
        to owner: Owner, for procedure: Procedure
    ) async throws -> (papers: OfferedPapers, shown: Set<DossierID>) {
        let book = resource(ProcedureBook.self)
        var offered = OfferedPapers()
        offered.papers = try await Offers.of(owner, for: procedure, on: today, book, in: runtime.database)
        var shown = Set(offered.papers.map(\.dossier))
        if let given = try await GivenData.of(owner, for: procedure.definition, in: runtime.database) {
            offered.data = given.data
            shown.formUnion(given.shown)
        }
        return (offered, shown)
    }
}

extension GivenData {
    static func of(
        _ owner: Owner, for definition: Definition, in session: any Session
    ) async throws -> (data: GivenData, shown: Set<DossierID>)? {
        let rows = try await session.run(
            """
            SELECT d.* FROM dossiers d WHERE \(owner.condition) AND d.accepted_at IS NOT NULL
            ORDER BY d.id DESC LIMIT \(Limits.OneStop.formsLookedAt)
            """)
        let dossiers = try rows.map(Dossier.init)
        guard let last = dossiers.first else { return nil }
        var data = GivenData()
        (data.dossier, data.name, data.phone) = (last.id, last.applicant.name, last.applicant.phone)
        (data.nationalID, data.address) = (last.applicant.nationalID, last.applicant.address)
        var shown: Set<DossierID> = [last.id]
        if case .object(let properties)? = definition.form?["properties"] {
            var members: [JSON.Member] = []
            for property in properties {
                guard let said = lastSaid(property, in: dossiers) else { continue }
                members.append(JSON.Member(property.name, said.value))
                shown.insert(said.dossier)
            }
            data.form = members.isEmpty ? nil : .object(members)
        }
        return (data, shown)
    }

    /// The value of a member of the form that was given last, if the schema takes it today, and in which dossier.
    private static func lastSaid(
        _ property: JSON.Member, in dossiers: [Dossier]
    ) -> (dossier: DossierID, value: JSON)? {
        for dossier in dossiers {
            guard let value = dossier.form?[property.name] else { continue }
            guard FormSchema.faults(in: value, by: property.value).isEmpty else { return nil }
            return (dossier.id, value)
        }
        return nil
    }
}

/// `GET /my/papers?procedure=…`: what a citizen need not give again.
enum OfferMyPapers: Endpoint {
    static let route = Route.get("/my/papers")
    static let summary = "One's earlier papers, results and data that a procedure takes again"
    static let access = Access.citizen
    static let refusals = [Refused.procedureUnknown]

    struct Input: Record {
        var procedure = ""
        static let fields: [Field<Self>] = [
            .init(
                "procedure", \.procedure, .text(1...40, pattern: Pattern.procedure), "National code of the procedure",
                in: .query)
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<OfferedPapers> {
        guard let procedure = try await call.resource(ProcedureBook.self).inForce(input.procedure, on: call.today)
        else { throw Refused.procedureUnknown }
        return Reply(try await call.offered(to: .person(call.person), for: procedure).papers)
    }
}

/// `POST /counter/papers`: a clerk sees what an applicant at the counter need not give again. Whom it concerns stands
/// in the body, because it is personal; every dossier of which something is shown is logged as read, with the purpose
/// (os-043).
enum OfferPapers: Endpoint {
    static let route = Route.post("/counter/papers")
    static let summary = "An applicant's earlier papers, results and data that a procedure takes again"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [Refused.procedureUnknown, .whoIsAsked]

    enum Purpose: String, CaseIterable, Sendable {
        case reception, supplement, guidance

        var read: ReadPurpose {
            switch self {
            case .reception: .offeredAtReception
            case .supplement: .offeredForSupplement
            case .guidance: .offeredForGuidance
            }
        }
    }

    struct Input: Record {
        var procedure = ""
        var agency = AgencyCode.none
        var person: PersonID?
        var nationalID: String?
        var purpose = Purpose.reception

        static let fields: [Field<Self>] = [
            .init("procedure", \.procedure, .text(1...40, pattern: Pattern.procedure), "What is asked for"),
            .init("agency", \.agency, .agency, "At whose counter"),
            .init("person", \.person, .id, "The applicant's account; this or the number"),
            .init(
                "nationalId", \.nationalID, .text(9...12, pattern: Pattern.nationalID),
                "Number of the applicant's identity card"),
            .init("purpose", \.purpose, .choice, "What for; it is logged"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<OfferedPapers> {
        guard let procedure = try await call.resource(ProcedureBook.self).inForce(input.procedure, on: call.today)
        else { throw Refused.procedureUnknown }
        try await call.require(.dossiersReceive, at: input.agency, field: procedure.definition.field)
        let owner = try whose(input)
        let offered = try await call.offered(to: owner, for: procedure)
        for dossier in offered.shown { call.logRead(of: dossier, purpose: input.purpose.read) }
        return Reply(offered.papers)
    }

    static func whose(_ input: Input) throws(Refused) -> Owner {
        switch (input.person, input.nationalID) {
        case (let person?, nil): .person(person)
        case (nil, let number?): .nationalID(number)
        default: throw .whoIsAsked
        }
    }
}

extension Refused {
    static let whoIsAsked = Refused(
        "onestop.who-is-asked", 422, vi: "Hãy nêu tài khoản hoặc số định danh của người nộp, một trong hai.",
        en: "Name the applicant's account or the number of the identity card, one of them.", field: "person")
}
