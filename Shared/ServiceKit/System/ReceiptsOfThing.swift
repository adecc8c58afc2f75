import Contracts
import EventLog
import Receipts

extension Call {
    /// The receipts of a thing's events, from its first version through this one.
    /// - Throws: `Refused.receiptNotYet` while one of them is not sealed, `.eventAltered` when one is not what was
    ///   sealed.
    public func receipts(of aggregate: String, _ id: String, through version: Int64) async throws -> [Receipt] {
        let rows = try await run(
            """
            SELECT id FROM event_log WHERE aggregate_type = \(aggregate) AND aggregate_id = \(id)
                AND aggregate_version <= \(version) ORDER BY aggregate_version
            """)
        guard rows.count == version else { throw Refused.eventAltered }
        var receipts: [Receipt] = []
        for row in rows {
            switch try await ReceiptReader().receipt(of: try row("id"), in: runtime.database) {
            case .receipt(let receipt): receipts.append(receipt)
            case .unknown, .notSealed: throw Refused.receiptNotYet
            case .altered:
                log.error("an event is not what was sealed", metadata: [aggregate: "\(id)"])
                throw Refused.eventAltered
            }
        }
        return receipts
    }

    /// What the service signs with.
    /// - Throws: `Refused.noReceipts` where it has no key.
    public var receiptKey: SealingKey {
        get throws {
            guard let key = try runtime.configuration.receiptKey() else { throw Refused.noReceipts }
            return key
        }
    }
}

extension Refused {
    public static let noReceipts = Refused(
        "no-receipts", 409, vi: "Hệ thống này chưa được cấu hình để niêm phong sự kiện.",
        en: "This service is not set up to seal its events.")
}
