import Foundation

/// Tell an applicant outside of the system what became of his or her dossier.
public struct SendCitizenNotice: Command {
    public static let type = "onestop.citizen-notice.send.v1"
    public static let addressee = ServiceName.mail
    public static let doc =
        "Send this notice to the applicant by mail; the address is sealed for the addressee under the applicant's key."
    /// What the address is sealed for: it opens for nothing else.
    public static let addressPurpose = "onestop.citizen-notice.address"
    public var notice = MessageID()
    public var dossier = DossierID()
    public var agency = AgencyCode.none
    public var what = ""
    public var vietnamese = ""
    public var english = ""
    public var address = Sealed()

    public var aggregateID: String { notice.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("notice", \.notice, .id, "The notice"),
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("agency", \.agency, .agency, "The receiving agency"),
        .init("what", \.what, .text(1...60), "Stable word of what was done"),
        .init("vietnamese", \.vietnamese, .text(1...Limits.noteLength), "The notice in Vietnamese"),
        .init("english", \.english, .text(1...Limits.noteLength), "The notice in English"),
        .init("address", \.address, .record, "The applicant's mail address, sealed"),
    ]
}
