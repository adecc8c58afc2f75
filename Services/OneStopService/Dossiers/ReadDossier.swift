import Contracts
import ServiceKit

/// `GET /dossiers/{dossier}`: for its applicant, and for officials of the agencies that have to do with it.
enum ReadDossier: Endpoint {
    static let route = Route.get("/dossiers/{dossier}")
    static let summary = "Read a dossier"
    static let access = Access.signedIn

    static func handle(_ input: DossierPath, _ call: Call) async throws -> Reply<DossierView> {
        let dossier = try await call.readable(input.dossier, purpose: .dossier)
        return Reply(try await call.view(of: dossier), version: dossier.version)
    }
}

/// `GET /dossiers`: the one with a code, in either form of the code.
enum FindDossier: Endpoint {
    static let route = Route.get("/dossiers")
    static let summary = "Find a dossier by its code"
    static let access = Access.signedIn

    struct Input: Record {
        var code = ""
        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...60), "Dossier code (mã số hồ sơ), any form", in: .query)
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<DossierView> {
        guard let code = try? DossierCode(input.code) else { throw Refused.notFound }
        let rows = try await call.run(
            """
            SELECT id FROM dossiers WHERE code_agency = \(code.agency) AND code_day = \(code.received)
                AND code_serial = \(Int32(code.serial))
            """)
        guard let row = rows.first else { throw Refused.notFound }
        let dossier = try await call.readable(try row("id"), purpose: .foundByCode)
        return Reply(try await call.view(of: dossier), version: dossier.version)
    }
}
