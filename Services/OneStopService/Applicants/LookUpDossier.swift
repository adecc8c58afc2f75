import Contracts
import ServiceKit

/// `GET /public/dossiers/{code}`: without signing in, code and degree of completion only (Circular 01/2018/TT-VPCP,
/// Art. 16.2d).
enum LookUpDossier: Endpoint {
    static let route = Route.get("/public/dossiers/{code}")
    static let summary = "How far a dossier is, by its code, for anybody"
    static let access = Access.open

    struct Input: Record {
        var code = ""
        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...60), "Dossier code (mã số hồ sơ), any form", in: .path)
        ]
    }

    struct Output: Record {
        var code = ""
        var completion = 0

        static let fields: [Field<Self>] = [
            .init("code", \.code, .text(1...60), "The code as it is written today"),
            .init("completion", \.completion, .integer(0...100), "Degree of completion, in percent"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        guard let code = try? DossierCode(input.code) else { throw Refused.notFound }
        let rows = try await call.run(
            """
            SELECT status FROM dossiers WHERE code_agency = \(code.agency) AND code_day = \(code.received)
                AND code_serial = \(Int32(code.serial))
            """)
        guard let row = rows.first, let status = try Dossier.status(row, "status") else { throw Refused.notFound }
        var output = Output()
        (output.code, output.completion) = (code.text, DossierMoves.completion(status))
        return Reply(output)
    }
}
