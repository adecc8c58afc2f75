import Foundation

/// Every event of the system, by owner. The broker topology, the golden files and the integrators' documentation are
/// made from this list and from `Catalogue.reactions`.
public enum Catalogue {
    public static let events: [any Event.Type] = [
        // HR
        AgencyEstablished.self,
        AgencyDissolved.self,
        UnitEstablished.self,
        PositionEstablished.self,
        OfficialRegistered.self,
        AppointmentDecided.self,
        OfficialAppointed.self,
        OfficialTransferred.self,
        ServiceEnded.self,
        DelegationDecided.self,
        DelegationRevoked.self,
        AbsenceDecided.self,
        AbsenceEnded.self,
        // Identity
        AccountOpened.self,
        AccountActivated.self,
        AccountClosed.self,
        AdministratorNamed.self,
        // OneStop
        DossierSubmitted.self,
        DossierAccepted.self,
        DossierRefused.self,
        DossierSupplementRequested.self,
        DossierSupplementSupplied.self,
        DossierHandedOver.self,
        DossierOpinionRequested.self,
        DossierOpinionAnswered.self,
        DossierPaymentRequired.self,
        DossierPaymentSettled.self,
        DossierPaymentLifted.self,
        DossierPaymentWithdrawn.self,
        DossierFeesExempted.self,
        DossierFeeRefunded.self,
        DossierReceiptReplaced.self,
        DossierApproved.self,
        DossierFinished.self,
        DossierReturned.self,
        DossierWithdrawalRequested.self,
        DossierWithdrawalDeclined.self,
        DossierStopped.self,
        DossierReappointed.self,
        DossierAssigned.self,
        DossierBranchOpened.self,
        DossierBranchClosed.self,
        DossierVersionChanged.self,
        DossierLinkOpened.self,
        DossierLinkClosed.self,
        DossierOpinionOverdue.self,
        DossierBranchAssigned.self,
        DossierForwarded.self,
        DossierDatesMoved.self,
        DossierErrorRecorded.self,
        DossierTakenOver.self,
        DeadlineReached.self,
        AnswerAwaited.self,
        ProcedurePublished.self,
        BooksClosed.self,
        ComplaintLodged.self,
        ComplaintAssigned.self,
        ComplaintAnswered.self,
        ComplaintTakenOver.self,
        RatingGiven.self,
        // Documents
        DocumentDrafted.self,
        DocumentApproved.self,
        DocumentIssued.self,
        DocumentTakenOver.self,
        // Budget
        FeeDemanded.self,
        FeePaid.self,
        FeeRefused.self,
        FeeCancelled.self,
        FeeRefunded.self,
        FeeReceiptReplaced.self,
        // Mail
        MailboxOpened.self,
        MailboxClosed.self,
        // the next one goes to its owner
    ]

    /// What every service needs to know who may do what: agencies, officials and their posts, who
    /// stands in for whom, administrators.
    public static let directory: [any Event.Type] = [
        AgencyEstablished.self, AgencyDissolved.self, OfficialAppointed.self, OfficialTransferred.self,
        ServiceEnded.self, DelegationDecided.self, DelegationRevoked.self, AbsenceDecided.self, AbsenceEnded.self,
        AdministratorNamed.self,
    ]

    /// Which service reacts to which event or command. A service's queue is bound to the aggregates of these, whole.
    public static let reactions: [ServiceName: [any Event.Type]] = [
        .identity: directory,
        .hr: directory,
        .onestop: directory + [
            FeePaid.self, FeeRefused.self, FeeRefunded.self, FeeReceiptReplaced.self, DocumentIssued.self,
        ],
        .documents: directory + [DossierApproved.self],
        .budget: directory + [
            DossierPaymentRequired.self, DossierPaymentWithdrawn.self, DossierFeesExempted.self, DossierStopped.self,
        ],
        .mail: directory + [
            DossierSubmitted.self, DossierAccepted.self, DossierHandedOver.self, DossierAssigned.self,
            DossierOpinionRequested.self, DossierOpinionAnswered.self, DossierSupplementSupplied.self,
            DossierApproved.self, DossierFinished.self, DossierReappointed.self, DossierWithdrawalRequested.self,
            DossierBranchOpened.self, DossierBranchClosed.self, DossierBranchAssigned.self,
            DossierOpinionOverdue.self, DossierLinkClosed.self,
            DossierBranchOpened.self, DossierBranchClosed.self, DeadlineReached.self,
            AnswerAwaited.self, DossierTakenOver.self,
            DocumentDrafted.self, FeePaid.self,
        ] + addressed(to: .mail),
        // The exchange keeps all of them for integrators.
        .integration: events,
    ]

    /// Kinds of things that belong to no agency: their routing keys end with the event's version.
    public static let ofNoAgency: Set<String> = [
        "hr.official", "identity.account", "onestop.procedure", "mail.mailbox",
    ]

    /// Whether the code of an agency is the end of its routing keys.
    public static func isRoutedByAgency(_ event: any Event.Type) -> Bool {
        !ofNoAgency.contains("\(event.source).\(event.aggregate)")
    }

    /// The event with this wire name.
    public static func event(_ type: String) -> (any Event.Type)? { byType[type] }

    private static let byType: [String: any Event.Type] =
        Dictionary(events.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })

    /// The services whose reactions consume this type.
    public static func consumers(of type: String) -> [ServiceName] {
        ServiceName.allCases.filter { service in reactions[service]?.contains { $0.type == type } ?? false }
    }

    /// The aggregates that a service receives, whole, by the services that own them.
    public static func aggregates(consumedBy service: ServiceName) -> [(source: String, aggregate: String)] {
        let pairs = Set((reactions[service] ?? []).map { "\($0.source).\($0.aggregate)" })
        return pairs.sorted().map { pair in
            let words = pair.split(separator: ".").map(String.init)
            return (words[0], words[1])
        }
    }

    /// The binding keys of a service's queue at the exchange of events: `<service>.<aggregate>.#`.
    public static func bindings(of service: ServiceName) -> [String] {
        aggregates(consumedBy: service).map { "\($0.source).\($0.aggregate)" }
            .filter { !commanded.contains($0) }.map { "\($0).#" }
    }
}
