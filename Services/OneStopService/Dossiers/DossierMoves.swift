import Contracts
import ServiceKit

/// Which of the ten national statuses may follow which: Decree 61/2018/NĐ-CP, Art. 17-20, in one table. Final are
/// 3 (refused) and 10 (returned); 7 (withdrawal asked) goes on to 8 or back to where it came from.
enum DossierMoves {
    static let lawful: [DossierStatus: Set<DossierStatus>] = [
        .submitted: [.accepted, .refused, .awaitingSupplement, .withdrawalRequested],
        .accepted: [.processing, .awaitingSupplement, .awaitingPayment, .withdrawalRequested],
        .refused: [],
        .processing: [.awaitingSupplement, .awaitingPayment, .withdrawalRequested, .stopped, .finished],
        .awaitingSupplement: [.submitted, .accepted, .processing, .withdrawalRequested, .stopped],
        .awaitingPayment: [.processing],
        .withdrawalRequested: [.submitted, .accepted, .processing, .awaitingSupplement, .stopped],
        .stopped: [.returned],
        .finished: [.returned],
        .returned: [],
    ]

    static func isLawful(_ from: DossierStatus, _ to: DossierStatus) -> Bool { lawful[from]?.contains(to) ?? false }

    /// Refuses a move that the table does not have.
    static func check(_ from: DossierStatus, _ to: DossierStatus) throws(Refused) {
        guard isLawful(from, to) else { throw .unlawfulMove(from, to) }
    }

    /// What the public look-up shows, in percent (Circular 01/2018/TT-VPCP, Art. 16.2d: code and degree of
    /// completion only). Waiting for the citizen does not take back what was done.
    static func completion(_ status: DossierStatus) -> Int {
        switch status {
        case .submitted: 10
        case .accepted: 25
        case .awaitingSupplement: 25
        case .processing, .awaitingPayment, .withdrawalRequested: 50
        case .finished: 90
        case .refused, .stopped, .returned: 100
        }
    }
}

extension Refused {
    static func unlawfulMove(_ from: DossierStatus, _ to: DossierStatus) -> Refused {
        Refused(
            "onestop.unlawful-move",
            vi: "Hồ sơ đang ở trạng thái “\(from.vietnamese)”, không thể chuyển sang “\(to.vietnamese)”.",
            en: "A dossier in status \(from.number) (\(from.rawValue)) cannot go to \(to.number) (\(to.rawValue)).")
    }

    /// The same refusal for the documentation, where no statuses are known.
    static let unlawfulMove = Refused(
        "onestop.unlawful-move", vi: "Trạng thái hiện tại của hồ sơ không cho phép việc này.",
        en: "The status of the dossier does not allow this.")
}
