import Foundation

/// A fee of the dossier must be paid; it may have several demands, each told by its own event.
public struct DossierPaymentRequired: Event {
    public static let type = "onestop.dossier.payment-required.v1"
    public static let doc =
        "A fee of the dossier must be paid; it may have several demands, each told by its own event."
    public var dossier = DossierID()
    public var demand = DemandID()
    public var agency = AgencyCode.none
    public var amount = Money.zero
    public var feeKind = ""
    public var status: DossierStatus = .submitted
    public var nature: FeeNature?
    public var moment: FeeMoment?

    public var aggregateID: String { dossier.text }

    public init() {}

    public static let fields: [Field<Self>] = [
        .init("dossier", \.dossier, .id, "The dossier"),
        .init("demand", \.demand, .id, "The fee demand"),
        .init("agency", \.agency, .agency, "The agency that collects"),
        .init("amount", \.amount, .money, "What is due"),
        .init("feeKind", \.feeKind, .text(1...40), "Phí or lệ phí by its code"),
        .init("status", \.status, .choice, "The national status after this event"),
        .init("nature", \.nature, .choice, "Phí or lệ phí; absent in events from before there were several demands"),
        .init("moment", \.moment, .choice, "When it is collected; only before the return the clock may stand for it"),
    ]
}
