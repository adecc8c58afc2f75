/// The chart of Circular 107/2017/TT-BTC as far as it is needed and known. Charts are data with a first day, entries
/// keep the one that was in force on theirs: Circular 24/2024/TT-BTC (from 2025) could not be verified and is a row
/// more here once it is.
enum ChartOfAccounts {
    /// Tiền mặt, tiền Việt Nam: cash at the counter.
    static let cash = "1111"
    /// Tiền gửi ngân hàng, kho bạc.
    static let bank = "112"
    /// Tạm thu phí, lệ phí.
    static let feesCollected = "3373"
    /// Phải trả khác: what came and must go back.
    static let owed = "338"
    /// Phải thu khác: what the post collected and has not handed over.
    static let heldByPost = "138"
    /// Phí, lệ phí phải nộp ngân sách.
    static let dueToBudget = "3332"
    /// Thu phí được khấu trừ, để lại; and the same outside of the balance.
    static let feesKept = "514"
    static let feesKeptNoted = "014"

    /// An account outside of the balance is posted on one side only (ghi đơn): all of class 0.
    static func isOffBalance(_ account: String) -> Bool { account.hasPrefix("0") }

    static let seed = """
        INSERT INTO charts (chart, valid_from) VALUES ('TT107/2017', '2018-01-01');
        INSERT INTO chart_accounts (chart, code, parent, name, name_en, off_balance)
        SELECT 'TT107/2017', code, parent, name, name_en, code LIKE '0%'
        FROM (VALUES
            ('111', NULL, 'Tiền mặt', 'Cash'),
            ('1111', '111', 'Tiền Việt Nam', 'Cash in đồng'),
            ('1112', '111', 'Ngoại tệ', 'Cash in foreign currency'),
            ('112', NULL, 'Tiền gửi ngân hàng, kho bạc', 'Deposits at banks and the Treasury'),
            ('113', NULL, 'Tiền đang chuyển', 'Money in transit'),
            ('131', NULL, 'Phải thu khách hàng', 'Receivable from customers'),
            ('137', NULL, 'Tạm chi', 'Temporary spending'),
            ('138', NULL, 'Phải thu khác', 'Other receivables'),
            ('141', NULL, 'Tạm ứng', 'Advances'),
            ('331', NULL, 'Phải trả cho người bán', 'Payable to suppliers'),
            ('333', NULL, 'Các khoản phải nộp nhà nước', 'Payable to the State'),
            ('3332', '333', 'Phí, lệ phí', 'Fees and charges due to the budget'),
            ('336', NULL, 'Phải trả nội bộ', 'Internal payables'),
            ('337', NULL, 'Tạm thu', 'Temporarily collected'),
            ('3371', '337', 'Kinh phí hoạt động bằng tiền', 'Operating funds in cash'),
            ('3372', '337', 'Viện trợ, vay nợ nước ngoài', 'Aid and foreign loans'),
            ('3373', '337', 'Tạm thu phí, lệ phí', 'Fees and charges temporarily collected'),
            ('3374', '337', 'Ứng trước dự toán', 'Advances on next year''s estimate'),
            ('3378', '337', 'Tạm thu khác', 'Other sums temporarily collected'),
            ('338', NULL, 'Phải trả khác', 'Other payables'),
            ('511', NULL, 'Thu hoạt động do ngân sách nhà nước cấp', 'Revenue from the state budget'),
            ('514', NULL, 'Thu phí được khấu trừ, để lại', 'Fees retained'),
            ('515', NULL, 'Doanh thu tài chính', 'Financial revenue'),
            ('611', NULL, 'Chi phí hoạt động', 'Operating expenditure'),
            ('614', NULL, 'Chi phí hoạt động thu phí', 'Expenditure of fee collection'),
            ('008', NULL, 'Dự toán chi hoạt động', 'Estimate of operating expenditure'),
            ('014', NULL, 'Phí được khấu trừ, để lại', 'Fees retained (off balance)')
        ) AS account (code, parent, name, name_en)
        ORDER BY code;
        """
}
