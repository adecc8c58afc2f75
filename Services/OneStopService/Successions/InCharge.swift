import Contracts
import ServiceKit

/// os-303. Who names an agency that has ended is told so, and who is in charge now; what a procedure or a set of linked
/// procedures names, which stays as it was written, follows the successor by itself.
extension Call {
    /// Refuses an agency whose last day is over on `day`.
    func requireStanding(_ agency: AgencyCode, on day: Day? = nil, field: String = "toAgency") async throws {
        let book = resource(ProcedureBook.self)
        guard try await book.hasEnded(agency, on: day ?? today) else { return }
        throw Refused.agencyDissolved(agency, successor: try await book.inCharge(of: agency, on: day ?? today))
            .at(field)
    }

    func following(_ definition: Definition) async throws -> Definition {
        try await resource(ProcedureBook.self).following(definition, on: today)
    }

    func begun(_ dossier: Dossier, _ definition: Definition) async throws -> AgencyCode? {
        try await resource(ProcedureBook.self).begun(dossier, definition, on: today, in: runtime.database)
    }
}

extension Work {
    func following(_ definition: Definition) async throws -> Definition {
        try await resource(ProcedureBook.self).following(definition, on: today)
    }

    func begun(_ dossier: Dossier, _ definition: Definition) async throws -> AgencyCode? {
        try await resource(ProcedureBook.self).begun(dossier, definition, on: today, in: self)
    }
}

extension ProcedureBook {
    /// A procedure whose steps name who is in charge on `day` of the agencies that they were written with.
    func following(_ definition: Definition, on day: Day) async throws -> Definition {
        var following = definition
        for (place, step) in definition.steps.enumerated() where step.rule == .named {
            guard let named = step.agency, let heir = try await inCharge(of: named, on: day) else { continue }
            following.steps[place].agency = heir
        }
        return following
    }

    /// Who is in charge on `day` of where the step was begun that a dossier is at; asked for only where that is another
    /// agency than the step is done at now, because who received the dossier was succeeded (os-300).
    func begun(
        _ dossier: Dossier, _ definition: Definition, on day: Day, in session: any Session
    ) async throws -> AgencyCode? {
        guard let step = dossier.step.flatMap(definition.step), step.rule == .parent,
            dossier.receivingAgency.parent != dossier.workingAgency
        else { return nil }
        let rows = try await session.run(
            """
            SELECT agency FROM dossier_history
            WHERE dossier = \(dossier.id) AND what = 'handed-over' AND step = \(step.key)
            ORDER BY version DESC LIMIT 1
            """)
        guard let begun: AgencyCode = try rows.first?("agency") else { return nil }
        return try await inCharge(of: begun, on: day) ?? begun
    }
}

extension Session {
    /// The agencies that have ended and of whose work one of these is in charge on `day`.
    /// - Parameter below: also those of whose work an agency below them is in charge.
    func predecessors(of agencies: [AgencyCode], below: Bool, on day: Day) async throws -> [AgencyCode] {
        let rows = try await run(
            """
            WITH RECURSIVE line (code) AS (
                SELECT code FROM directory_agencies a
                WHERE (valid_to IS NULL OR valid_to >= \(day)) AND (code = ANY(\(agencies)) OR \(below) AND EXISTS (
                    SELECT FROM unnest(\(agencies)) AS t (top) WHERE starts_with(a.code, top || '.')))
                UNION
                SELECT a.code FROM line JOIN directory_agencies a ON a.successor = line.code WHERE a.valid_to < \(day))
            SELECT code FROM line JOIN directory_agencies USING (code) WHERE valid_to < \(day) ORDER BY code
            """)
        return try rows.map { try $0("code") }
    }
}

extension Refused {
    static func agencyDissolved(_ agency: AgencyCode, successor: AgencyCode?) -> Refused {
        let (vi, en) = successor.map { (" Cơ quan kế thừa: \($0).", " Its successor is \($0).") } ?? ("", "")
        return Refused(
            "onestop.agency-dissolved", 422, vi: "Cơ quan \(agency) đã giải thể.\(vi)",
            en: "Agency \(agency) has been dissolved.\(en)", field: "toAgency")
    }

    /// The same refusal for the documentation.
    static let agencyDissolved = Refused(
        "onestop.agency-dissolved", 422, vi: "Cơ quan đã giải thể; chi tiết nêu cơ quan kế thừa.",
        en: "The agency has been dissolved; the detail names its successor.", field: "toAgency")
}
