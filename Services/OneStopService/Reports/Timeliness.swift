import Contracts
import ServiceKit

/// What counts of an accepted dossier for its timeliness, as it stood at one moment: read from its history, never
/// stored.
struct Course: Sendable, Equatable {
    var acceptedAt: Date
    /// The appointment as it stood.
    var dueAt: Date?
    /// When it came to status 9, 10 and 8 (DossierMoves: each once).
    var finishedAt: Date?
    var returnedAt: Date?
    var stoppedAt: Date?
    /// Stopped because the applicant withdrew it.
    var isWithdrawn = false
    /// How often papers were asked for.
    var supplements = 0
    /// Since when the clock stands, where it stood at that moment: the request for papers or for payment.
    var stoodSince: Date?
    /// When a withdrawal was asked for of which nobody had decided at that moment (status 7).
    var withdrawingSince: Date?
    /// Measured as the indexes of Decision 766/QĐ-TTg have it, and not as the balance.
    var isForIndexes = false
    /// The moment itself.
    var asOf: Date

    /// What the time is measured to.
    enum End: String, CaseIterable, Sendable {
        case finished, returned, stopped, withdrawing, waiting
        case asOf = "as-of"
    }

    /// Decision 766/QĐ-TTg (os-201): the moment of status 9, else of 10, else of 8; of a dossier that waits for the
    /// applicant the moment at which it was asked; else, without an end, the end of the period. In the indexes a
    /// withdrawal that was asked for is an end too, as status 7 is in that decision (os-296); in the balance it is
    /// open.
    var end: (at: Date, of: End) {
        if let finishedAt { return (finishedAt, .finished) }
        if let returnedAt { return (returnedAt, .returned) }
        if let stoppedAt { return (stoppedAt, .stopped) }
        if isForIndexes, let withdrawingSince { return (withdrawingSince, .withdrawing) }
        if let stoodSince { return (stoodSince, .waiting) }
        return (asOf, .asOf)
    }

    /// Whether the time was or is kept: not after the appointment, and papers asked for once at most (os-202). What has
    /// no appointment cannot be shown to be in time.
    var isMet: Bool { supplements <= 1 && (dueAt.map { end.at <= $0 } ?? false) }

    var verdict: Timeliness {
        guard finishedAt != nil || stoppedAt != nil else { return isMet ? .inTime : .overdue }
        guard isMet, let dueAt else { return .late }
        return Day(end.at) < Day(dueAt) ? .early : .onTime
    }
}

/// How a dossier stands to its appointment (os-200): with an end early (trước hạn, on a day before), on time (đúng hạn)
/// or late (quá hạn); without one within the limit (trong hạn) or over it.
enum Timeliness: String, CaseIterable, Sendable {
    case early
    case onTime = "on-time"
    case late
    case inTime = "in-time"
    case overdue
}

/// A figure of a report, and which dossiers make it: the table counts those, the list shows the same (os-205).
enum ReportCell: String, CaseIterable, Sendable {
    case opening, counter, online, postal
    case early
    case onTime = "on-time"
    case late, refused, withdrawn
    case inTime = "in-time"
    case overdue
    // Of the indexes of Decision 766/QĐ-TTg: numbers and what they are a share of.
    case inHand = "in-hand"
    case received, met, finished, digitised
    case withPapers = "with-papers"
    case reused, missed, apologised, rated, satisfied
    /// Received online and answered so: with an electronic result, where the procedure has a document.
    case onlineResult = "online-result"
    /// Online and not in time, as the circular's ninth indicator has it (os-275).
    case onlineLate = "online-late"
    /// Those for which a fee was paid in the period, and of them those all of whose payments came through the gateway.
    case paid
    case paidOnline = "paid-online"

    /// Those of the balance: what was there and came, and what became of it (os-204).
    static let came: [ReportCell] = [.opening, .counter, .online, .postal]
    static let became: [ReportCell] = [.early, .onTime, .late, .refused, .withdrawn, .inTime, .overdue]
    static let balance = came + became

    /// Whether it counts payments of the period, which may come when a dossier is not in hand any more.
    var isOfPayments: Bool { self == .paid || self == .paidOnline }

    /// Whether it is of the indexes: neither of the balance nor of the circular's ninth indicator.
    var isOfIndexes: Bool { !Self.balance.contains(self) && self != .onlineLate }

    /// Over a row of `facts`, beside `laws`.
    func condition(_ reported: Reported) -> SQL {
        switch self {
        case .opening: "accepted_at < \(reported.start)"
        case .received: "accepted_at >= \(reported.start)"
        case .counter, .online, .postal: "(accepted_at >= \(reported.start) AND channel = \(raw: "'\(rawValue)'"))"
        case .early: "(finished_at IS NOT NULL AND met AND early)"
        case .onTime: "(finished_at IS NOT NULL AND met AND NOT early)"
        case .late: "(finished_at IS NOT NULL AND NOT met)"
        case .refused: "(stopped_at IS NOT NULL AND NOT withdrawn)"
        case .withdrawn: "(stopped_at IS NOT NULL AND withdrawn)"
        case .inTime: "(closed_at IS NULL AND met)"
        case .overdue: "(closed_at IS NULL AND NOT met)"
        case .inHand: "true"
        case .met: "met_in_index"
        case .finished: "finished_at IS NOT NULL"
        case .digitised:
            "(finished_at IS NOT NULL AND document IS NOT NULL AND \(papers(reported)))"
        case .withPapers: "(accepted_at >= \(reported.start) AND (\(papers(reported)) OR \(reuse(reported))))"
        case .reused: "(accepted_at >= \(reported.start) AND \(reuse(reported)))"
        case .missed: "NOT met_in_index"
        case .apologised: "(NOT met_in_index AND reappointed)"
        case .rated: "(closed_at IS NOT NULL AND \(stars(reported)) IS NOT NULL)"
        case .satisfied: "(closed_at IS NOT NULL AND coalesce(\(stars(reported)) >= 4, false))"
        case .onlineResult:
            """
            (accepted_at >= \(reported.start) AND channel = 'online'
             AND ((finished_at IS NOT NULL AND document_sha256 IS NOT NULL)
                  OR procedure IN (SELECT code FROM laws WHERE document IS NULL)))
            """
        case .paid: "\(online(reported)) IS NOT NULL"
        case .paidOnline: "coalesce(\(online(reported)), false)"
        case .onlineLate:
            """
            (channel = 'online' AND NOT withdrawn AND NOT coalesce(coalesce(closed_at, end_at) <= due_at, false))
            """
        }
    }

    /// With OFFSET each is looked up for its dossier: without, the planner may hash those of the whole province
    /// (os-212).
    private func papers(_ reported: Reported) -> SQL {
        "EXISTS (SELECT FROM attachments a WHERE a.dossier = facts.id AND a.added_at < \(reported.asOf) OFFSET 0)"
    }

    /// A paper or a result that the office had already.
    private func reuse(_ reported: Reported) -> SQL {
        """
        (EXISTS (SELECT FROM attachments a WHERE a.dossier = facts.id AND a.reused_from IS NOT NULL
                 AND a.added_at < \(reported.asOf) OFFSET 0)
         OR EXISTS (SELECT FROM dossier_papers p WHERE p.dossier = facts.id AND p.form = 'result'
                    AND p.taken_at < \(reported.asOf) OFFSET 0))
        """
    }

    /// Whether all that was paid in the period was paid online; null where nothing was. By the moment at which it was
    /// known here, and whatever became of the money later: neither changes any more (os-203).
    private func online(_ reported: Reported) -> SQL {
        """
        (SELECT bool_and(f.channel = \(PaymentChannel.gateway.rawValue)) FROM dossiers d
         CROSS JOIN LATERAL jsonb_to_recordset(d.fees) AS f (channel text, "reportedAt" timestamptz)
         WHERE d.id = facts.id AND f."reportedAt" >= \(reported.start) AND f."reportedAt" < \(reported.asOf))
        """
    }

    /// Of the rating that was given last.
    private func stars(_ reported: Reported) -> SQL {
        """
        (SELECT stars FROM ratings r WHERE r.dossier = facts.id AND r.at < \(reported.asOf)
         ORDER BY r.at DESC, r.occasion, r.revision DESC LIMIT 1)
        """
    }

    func title(_ language: Language) -> String { language == .english ? titles.english : titles.vietnamese }

    private var titles: (vietnamese: String, english: String) {
        switch self {
        case .opening: ("Kỳ trước chuyển sang", "Carried in")
        case .counter: ("Tiếp nhận trực tiếp", "Received at the counter")
        case .online: ("Tiếp nhận trực tuyến", "Received online")
        case .postal: ("Tiếp nhận qua bưu chính", "Received by post")
        case .early: ("Giải quyết trước hạn", "Finished early")
        case .onTime: ("Giải quyết đúng hạn", "Finished on time")
        case .late: ("Giải quyết quá hạn", "Finished late")
        case .refused: ("Từ chối giải quyết", "Refused")
        case .withdrawn: ("Công dân rút", "Withdrawn")
        case .inTime: ("Đang giải quyết, trong hạn", "Open, within the limit")
        case .overdue: ("Đang giải quyết, quá hạn", "Open, overdue")
        case .inHand: ("Phải giải quyết trong kỳ", "In hand in the period")
        case .received: ("Tiếp nhận trong kỳ", "Received in the period")
        case .met: ("Đúng hạn", "In time")
        case .finished: ("Có kết quả trong kỳ", "Finished in the period")
        case .digitised: ("Số hóa cả thành phần và kết quả", "Papers and result digitised")
        case .withPapers: ("Có giấy tờ điện tử", "With electronic papers")
        case .reused: ("Dùng lại giấy tờ đã có", "Papers taken again")
        case .missed: ("Quá hạn", "Not in time")
        case .apologised: ("Có thư xin lỗi và hẹn lại", "Apologised for")
        case .rated: ("Được đánh giá", "Rated")
        case .satisfied: ("Được đánh giá hài lòng", "Rated as satisfied")
        case .onlineResult: ("Trực tuyến, có kết quả điện tử", "Online, with an electronic result")
        case .onlineLate: ("Trực tuyến, quá hạn", "Online, late")
        case .paid: ("Có nộp phí, lệ phí trong kỳ", "Fees paid in the period")
        case .paidOnline: ("Nộp phí, lệ phí trực tuyến", "Fees paid online")
        }
    }
}
