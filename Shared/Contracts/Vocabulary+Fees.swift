/// What kind of money a fee is (`LoaiPhiLePhi`; Law 97/2015/QH13, Art. 3): phí pays for a service, lệ phí is a charge
/// of the State.
public enum FeeNature: String, CaseIterable, Sendable {
    case fee, charge

    public var vietnamese: String { self == .fee ? "phí" : "lệ phí" }
}

/// When a fee is collected (`HinhThucThu`): at reception 1, when papers are supplied 2, when the result is returned 4.
public enum FeeMoment: String, CaseIterable, Sendable {
    case reception, supplement
    case handingOver = "return"

    public var number: Int {
        switch self {
        case .reception: 1
        case .supplement: 2
        case .handingOver: 4
        }
    }
}

/// How money for a fee came: the payment gateway reported it; in cash at the counter; by transfer to the agency's
/// account; the postal company collected it (thu hộ; Decree 61/2018/NĐ-CP, Art. 22).
public enum PaymentChannel: String, CaseIterable, Sendable {
    case gateway, counter, transfer, postal
}
