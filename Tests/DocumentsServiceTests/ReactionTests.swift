import Contracts
import Postgres
import ServiceKit
import ServiceTestKit
import Testing

@testable import DocumentsService

@Suite struct ReactionTests {
    @Test func `an approved dossier is drafted once, however often it is delivered`() async throws {
        try await withOffice { office in
            let dossier = DossierID.new()
            let envelope = office.service.envelope(try approval(of: dossier, at: "H19.12"))
            #expect(await office.service.take(envelope) == .taken)
            #expect(await office.service.take(envelope) == .duplicate)
            // Approved again, as another event: the dossier has its document.
            #expect(await office.service.take(try approval(of: dossier, at: "H19.12")) == .taken)
            #expect(try await office.count("documents") == 1)
            let list = try await office.ask("GET", "/documents?agency=H19.12&dossier=\(dossier)", as: office.leader)
            let document = try #require(list.json["documents"]?.array?.first)
            #expect(document["state"] == "drafted" && document["dossierCode"] == "H19.12-210209-0001")
            let place = "/documents/\(document["document"]?.text ?? "")"
            #expect(try await office.events(place) == ["1 documents.document.drafted.v1"])
            #expect(try await office.service.events(DocumentDrafted.self).map(\.dossier) == [dossier])
            #expect(try await office.ask("POST", "\(place)/approve", [:], as: office.leader).status == 200)
            #expect(try await office.issue(place) == "01/STP-LLTP")
            let issued = try await office.service.events(DocumentIssued.self)
            #expect(issued.map(\.dossier) == [dossier] && issued.map(\.actor) == [office.records])
        }
    }

    @Test func `a dossier of an agency that is not known yet waits for it`() async throws {
        try await withOffice { office in
            let early = try approval(of: .new(), at: "H19.30")
            #expect(await office.service.take(early) == .parked)
            #expect(try await office.count("documents") == 0)
            var agency = AgencyEstablished()
            (agency.code, agency.name, agency.nameEn) = (try AgencyCode("H19.30"), "Ủy ban nhân dân huyện", "District")
            (agency.kind, agency.validFrom) = (.district, try Day("2021-01-01"))
            #expect(await office.service.take(agency) == .taken)
            await office.service.resume(early)
            #expect(try await office.count("documents") == 1)
        }
    }

    func approval(of dossier: DossierID, at agency: String) throws -> DossierApproved {
        var event = DossierApproved()
        (event.dossier, event.code, event.documentType) = (dossier, "H19.12-210209-0001", "Phiếu")
        (event.subject, event.field, event.officer) = ("Cấp Phiếu lý lịch tư pháp", "LLTP", .new())
        (event.agency, event.status) = (try AgencyCode(agency), .processing)
        return event
    }
}
