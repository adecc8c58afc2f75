import Contracts
import ServiceKit

/// An agency ends with a day: what it has not issued goes to its successor. By it others may have one, who waited.
enum OnIssuerDissolved: Reaction {
    static func handle(_ event: AgencyDissolved, _ envelope: Envelope, _ work: Work) async throws {
        try await TakeOverDrafts.begin(at: event.code, work)
        try await TakeOverDrafts.lookAgain(work)
    }
}

/// An agency whose last day was known from the beginning, or one that others wait for as their successor.
enum OnIssuerEstablished: Reaction {
    static func handle(_ event: AgencyEstablished, _ envelope: Envelope, _ work: Work) async throws {
        if event.validTo != nil { try await TakeOverDrafts.begin(at: event.code, work) }
        try await TakeOverDrafts.lookAgain(work)
    }
}
