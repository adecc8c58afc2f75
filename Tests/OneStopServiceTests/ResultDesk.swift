import Contracts
import Files
import ServiceKit
import ServiceTestKit

@testable import OneStopService

/// Answers as files, as officials add them and readers see them.
struct ResultDesk: Sendable {
    static let code = "9.000020"
    let office: Office

    init(_ office: Office) { self.office = office }

    /// Nothing to pay and no opinions: what is asked for is asked by the steps alone.
    static func definition(_ change: (inout Definition) -> Void = { _ in }) throws -> Definition {
        var definition = try judicialRecord()
        (definition.fees, definition.approvalGuards) = ([], [])
        for index in definition.steps.indices { definition.steps[index].guards = [] }
        change(&definition)
        return definition
    }

    /// Accepted, at the first step of a procedure.
    func opened(_ definition: Definition) async throws -> String {
        try await office.publish(Self.code, definition)
        return try await begun()
    }

    /// The next one of the procedure.
    func begun() async throws -> String {
        let made = try await office.send(
            "POST", "/dossiers", as: office.citizen, Office.submission.with("procedure", .string(Self.code)))
        guard made.status == 201, let id = made.json["id"]?.text else { throw Office.Unexpected(made) }
        try await office.done("accept", on: id, as: office.clerk)
        try await office.done("hand-over", on: id, as: office.clerk)
        return id
    }

    /// From the first step to where the answer is decided.
    func toTheEnd(_ id: String) async throws {
        for _ in 1...2 { try await office.done("hand-over", on: id, as: office.officer) }
    }

    func add(
        _ bytes: [UInt8], to dossier: String, as person: PersonID, name: String = "ket-qua.pdf", part: String = "result"
    ) async throws -> TestService.Answer {
        let kind: AccountKind = person == office.citizen || person == office.stranger ? .citizen : .official
        return try await office.harness.send(
            "POST", "/dossiers/\(dossier)/attachments", as: person, kind, body: bytes,
            headers: [
                ("content-type", "application/pdf"), ("x-file-name", name),
                ("x-file-sha256", ContentHash(of: bytes).text), ("x-file-part", part),
            ])
    }

    /// An addition that must succeed: the file's id.
    @discardableResult
    func added(_ bytes: [UInt8], to dossier: String, as person: PersonID? = nil) async throws -> String {
        let answer = try await add(bytes, to: dossier, as: person ?? office.officer)
        guard answer.status == 201, let id = answer.json["id"]?.text else { throw Office.Unexpected(answer) }
        return id
    }

    func shown(_ dossier: String, to person: PersonID) async throws -> [JSON] {
        let list = try await office.get("/dossiers/\(dossier)/attachments", as: person)
        guard list.status == 200 else { throw Office.Unexpected(list) }
        return list.json["results"]?.array ?? []
    }
}
