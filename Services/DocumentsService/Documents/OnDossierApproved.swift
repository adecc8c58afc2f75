import Contracts
import ServiceKit

/// A dossier's answer was approved: its document is drafted, once. The agency must be known, because its name makes
/// the symbol.
enum OnDossierApproved: Reaction {
    static func handle(_ event: DossierApproved, _ envelope: Envelope, _ work: Work) async throws {
        guard let hasEnded = try await work.hasEnded(event.agency, on: work.today) else {
            throw NotYet("agency:\(event.agency.text)")
        }
        let document = draft(event, at: work.now)
        // A dossier has one document, however often it is approved.
        let drafted = try await work.run("\(document.insert) ON CONFLICT (dossier) DO NOTHING RETURNING id")
        guard !drafted.isEmpty else {
            work.log.notice("dossier has its document already", metadata: ["dossier": "\(event.dossier)"])
            return
        }
        try await work.note(document, "drafted")
        try await work.announce(document.drafted, version: 1, to: document.agency)
        // It came after the last day of its agency, whose timer may have been done.
        if hasEnded { try await TakeOverDrafts.begin(at: event.agency, work) }
    }

    static func draft(_ event: DossierApproved, at now: Date) -> Document {
        var document = Document()
        (document.document, document.agency) = (.new(), event.agency)
        (document.dossier, document.dossierCode) = (event.dossier, event.code)
        (document.drafter, document.draftedAt) = (event.officer, now)
        document.content.documentType = DocumentForm(event.documentType).word
        (document.content.subject, document.content.field) = (event.subject, event.field)
        return document
    }
}
