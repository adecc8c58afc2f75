import Contracts
import Logging
import Postgres
import ServiceKit

/// Fee demands, receipts, payments and the double-entry ledger of every collecting agency.
@main enum Main: Microservice {
    static let name = ServiceName.budget
    static let title = "Tài chính: yêu cầu nộp phí, lệ phí, biên lai, sổ kế toán"
    static let migrations = Migrations.all
    static let secrets = [paymentSecret]
    static let appendOnly = [
        "charts", "chart_accounts", "receipts", "payments", "refunds", "refused_callbacks", "journal_entries",
        "journal_lines", "receipt_voids", "postal_handovers", "handed_over_payments", "settlements",
        "settlement_lines", "settlement_shares", "treasury_payments", "statements", "statement_lines",
    ]
    static let endpoints: [any Mountable.Type] = [
        ListDemands.self,
        ReadDemand.self,
        CollectFee.self,
        ReceivePaymentCallback.self,
        ListPayments.self,
        RefundPayment.self,
        HandOverPostal.self,
        ProposeRefund.self,
        DecideRefund.self,
        PayOutRefund.self,
        ReadRefund.self,
        ListRefunds.self,
        ListReceipts.self,
        ReadReceiptByNumber.self,
        VoidReceipt.self,
        ReadSettlement.self,
        CloseQuarter.self,
        PayTreasury.self,
        TakeStatement.self,
        ReadStatement.self,
        CompareStatement.self,
        ExportComparison.self,
        ListJournal.self,
        ReadBalances.self,
    ]
    static let reactions: [any Reaction.Type] = [
        OpenDemandOnPaymentRequired.self,
        CancelOnWithdrawal.self,
        CancelOnExemption.self,
        CancelOnStop.self,
    ]

    /// What the payment gateway signs its call-backs with.
    private static let paymentSecret = "LIENTHONG_PAYMENT_SECRET"

    static func resources(
        _ configuration: Configuration, _ database: Database, _ log: Logger
    ) async throws -> [any Sendable] {
        [CallbackSignature(secret: try configuration.secret(paymentSecret).value)]
    }
}
