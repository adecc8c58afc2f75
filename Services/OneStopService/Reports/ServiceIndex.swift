import Contracts
import ServiceKit

/// The groups of Decision 766/QĐ-TTg (2022).
enum ServiceIndexGroup: String, CaseIterable, Sendable {
    case publicity, progress, online, payment, digitisation, satisfaction

    func title(_ language: Language) -> String { language == .english ? titles.english : titles.vietnamese }

    private var titles: (vietnamese: String, english: String) {
        switch self {
        case .publicity: ("Công khai, minh bạch", "Publicity")
        case .progress: ("Tiến độ giải quyết", "Progress")
        case .online: ("Cung cấp dịch vụ trực tuyến", "Online service")
        case .payment: ("Thanh toán trực tuyến", "Online payment")
        case .digitisation: ("Số hóa hồ sơ", "Digitisation")
        case .satisfaction: ("Mức độ hài lòng", "Satisfaction")
        }
    }
}

/// An index: a share of something. Each that counts dossiers names the two figures behind which they stand.
enum ServiceIndex: String, CaseIterable, Sendable {
    case publishedInTime = "published-in-time"
    case synchronised
    case inTime = "in-time"
    case apologised
    case proceduresOnline = "procedures-online"
    case dossiersOnline = "dossiers-online"
    case paidOnline = "paid-online"
    case digitised, reused
    case complaintsInTime = "complaints-in-time"
    case satisfied

    /// What is counted, and what it is a share of.
    var cells: (part: ReportCell, whole: ReportCell)? {
        switch self {
        case .inTime: (.met, .inHand)
        case .apologised: (.apologised, .missed)
        case .dossiersOnline: (.onlineResult, .received)
        case .digitised: (.digitised, .finished)
        case .reused: (.reused, .withPapers)
        case .satisfied: (.satisfied, .rated)
        case .paidOnline: (.paidOnline, .paid)
        default: nil
        }
    }

    /// What another system knows, and this one does not: said, and not made up (os-210).
    var isKnownHere: Bool { self != .synchronised }

    var group: ServiceIndexGroup {
        switch self {
        case .publishedInTime, .synchronised: .publicity
        case .inTime, .apologised: .progress
        case .proceduresOnline, .dossiersOnline: .online
        case .paidOnline: .payment
        case .digitised, .reused: .digitisation
        case .complaintsInTime, .satisfied: .satisfaction
        }
    }

    /// From this percentage on an index has full marks; below in proportion. Nil where that is not known.
    var fullFrom: Int? {
        switch self {
        case .dossiersOnline: 50
        case .digitised, .reused, .paidOnline: 80
        default: nil
        }
    }

    func title(_ language: Language) -> String { language == .english ? titles.english : titles.vietnamese }

    private var titles: (vietnamese: String, english: String) {
        switch self {
        case .publishedInTime: ("Thủ tục công khai trước khi có hiệu lực", "Procedures public before they were law")
        case .synchronised: ("Hồ sơ đồng bộ lên Cổng quốc gia", "Dossiers synchronised with the national portal")
        case .inTime: ("Hồ sơ giải quyết đúng hạn", "Dossiers in time")
        case .apologised: ("Hồ sơ quá hạn có thư xin lỗi", "Late dossiers that were apologised for")
        case .proceduresOnline: ("Thủ tục cung cấp trực tuyến", "Procedures offered online")
        case .dossiersOnline: ("Hồ sơ nộp trực tuyến", "Dossiers handed in online")
        case .paidOnline: ("Hồ sơ thanh toán trực tuyến", "Dossiers paid online")
        case .digitised: ("Hồ sơ số hóa thành phần và kết quả", "Dossiers with papers and result digitised")
        case .reused: ("Hồ sơ dùng lại giấy tờ đã số hóa", "Dossiers with papers taken again")
        case .complaintsInTime: ("Phản ánh, kiến nghị xử lý đúng hạn", "Complaints answered in time")
        case .satisfied: ("Hồ sơ được đánh giá hài lòng (4, 5 sao)", "Dossiers rated with 4 or 5 stars")
        }
    }

    /// In hundredths of a percent, halves up; nil where there is nothing of which it is a share.
    static func hundredths(_ part: Int, of whole: Int) -> Int? {
        whole > 0 ? Rounding.ratio(part, of: whole, in: 10_000) : nil
    }

    static func written(_ hundredths: Int) -> String { Rounding.written(hundredths, decimals: 2) }
}

/// `GET /agencies/{agency}/reports/{period}/service-index`: the indexes of Decision 766/QĐ-TTg that follow from what is
/// here, and which do not.
enum ReportServiceIndex: Endpoint {
    static let route = Route.get("/agencies/{agency}/reports/{period}/service-index")
    static let summary = "The service indexes of Decision 766 that this system can compute, and which it cannot"
    static let access = Access.official(.dossiersRead)
    static let refusals = [Refused.periodNotBegun, .asOfOutside]

    struct Input: Record {
        var agency = AgencyCode.none
        var period = ReportPeriod()
        var asOf: Date?

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "What this agency and those below it received", in: .path),
            .init("period", \.period, .period, "A month, a quarter or a year", in: .path),
            .init("asOf", \.asOf, .instant, ReportTimeliness.asOfDoc, in: .query),
        ]
    }

    enum State: String, CaseIterable, Sendable {
        /// It has a percentage; there is nothing of which it would be a share; another system would know.
        case computed
        case noCases = "no-cases"
        case notAvailable = "not-available"
    }

    struct Line: Record, Hashable {
        var index = ServiceIndex.inTime
        var group = ServiceIndexGroup.progress
        var state = State.notAvailable
        var part: Int?
        var whole: Int?
        var percent: String?
        var fullFrom: Int?
        var partCell: ReportCell?
        var wholeCell: ReportCell?
        var procedures: [IndexedProcedure] = []

        static let fields: [Field<Self>] = [
            .init("index", \.index, .choice, "The index"),
            .init("group", \.group, .choice, "Its group"),
            .init("state", \.state, .choice, "Whether there is a percentage, and why not"),
            .init("part", \.part, .integer(0...Int.max), "How many"),
            .init("whole", \.whole, .integer(0...Int.max), "Of how many; 0 has no percentage"),
            .init("percent", \.percent, .text(4...6), "The share with two decimals"),
            .init("fullFrom", \.fullFrom, .integer(1...100), "Percentage from which it has full marks, where known"),
            .init("partCell", \.partCell, .choice, "Figure whose dossiers are the part"),
            .init("wholeCell", \.wholeCell, .choice, "Figure whose dossiers are the whole"),
            .init(
                "procedures", \.procedures, .list(.record, 0...Limits.Reports.procedures), default: [],
                "What is counted where that is procedures, by code: all of the whole, as far as there is room"),
        ]

        init() {}

        init(_ index: ServiceIndex, of procedures: [IndexedProcedure]) {
            self.init(index, (procedures.count { $0.part }, procedures.count))
            self.procedures = Array(procedures.prefix(Limits.Reports.procedures))
        }

        init(_ index: ServiceIndex, _ counted: (part: Int, whole: Int)?) {
            (self.index, group, fullFrom) = (index, index.group, index.fullFrom)
            (partCell, wholeCell) = (index.cells?.part, index.cells?.whole)
            guard let counted else { return }
            (part, whole) = (counted.part, counted.whole)
            percent = ServiceIndex.hundredths(counted.part, of: counted.whole).map(ServiceIndex.written)
            state = percent == nil ? .noCases : .computed
        }
    }

    struct Output: Record {
        var agency = AgencyCode.none
        var period = ReportPeriod()
        var asOf = Date(timeIntervalSince1970: 0)
        var final = false
        var indexes: [Line] = []

        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency"),
            .init("period", \.period, .period, "The period"),
            .init("asOf", \.asOf, .instant, "What happened then or later does not count"),
            .init("final", \.final, .bool, "Whether the figures can change no more"),
            .init("indexes", \.indexes, .list(.record, 0...ServiceIndex.allCases.count), "By group"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        Reply(try await call.serviceIndex(input))
    }
}

/// A version of a procedure behind an index, and whether it is of the part or of the whole alone.
struct IndexedProcedure: Record, Hashable {
    var procedure = ""
    var number = 1
    var part = false

    static let fields: [Field<Self>] = [
        .init("procedure", \.procedure, .text(1...40), "National code"),
        .init("number", \.number, .integer(1...Int.max), "Which version"),
        .init("part", \.part, .bool, "Whether it is of the part"),
    ]

    static func row(_ row: Row) throws -> (index: String, procedure: IndexedProcedure) {
        var procedure = IndexedProcedure()
        procedure.procedure = try row("code")
        procedure.number = Int(try row("number", as: Int32.self))
        procedure.part = try row("part")
        return (try row("index"), procedure)
    }
}

extension Call {
    func serviceIndex(_ input: ReportServiceIndex.Input) async throws -> ReportServiceIndex.Output {
        try await require(.dossiersRead, at: input.agency)
        let reported = try Reported(input.agency, input.period, asOf: input.asOf, now: now)
        let cells = ReportCell.allCases.filter { cell in
            ServiceIndex.allCases.contains { $0.cells?.part == cell || $0.cells?.whole == cell }
        }
        let counts = try await run(reported.counts(of: cells)).first
        let procedures = try await run(reported.procedures).map(IndexedProcedure.row)
        let complaints = try await run(reported.complaints)
        var output = ReportServiceIndex.Output()
        (output.agency, output.period) = (input.agency, input.period)
        (output.asOf, output.final) = (reported.asOf, reported.isFinal)
        output.indexes = try ServiceIndex.allCases.map { index -> ReportServiceIndex.Line in
            guard index.isKnownHere else { return ReportServiceIndex.Line(index, nil) }
            func count(_ row: Row?, _ name: String) throws -> Int { try row?(name) ?? 0 }
            if let (part, whole) = index.cells {
                return ReportServiceIndex.Line(
                    index, (try count(counts, part.rawValue), try count(counts, whole.rawValue)))
            }
            switch index {
            case .publishedInTime, .proceduresOnline:
                return ReportServiceIndex.Line(
                    index, of: procedures.filter { $0.index == index.rawValue }.map { $0.procedure })
            default:
                return ReportServiceIndex.Line(
                    index,
                    (
                        try complaints.reduce(0) { try $0 + count($1, "answered") },
                        try complaints.reduce(0) { try $0 + count($1, "due") }
                    ))
            }
        }
        return output
    }
}

extension Reported {
    /// Of the whole province: versions that became law in the period, and whether they were public before that day; the
    /// procedures in force, and whether they are offered online.
    var procedures: SQL {
        """
        WITH \(laws)
        SELECT \(ServiceIndex.publishedInTime.rawValue)::text AS index, code, number,
               (published_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date < valid_from AS part
        FROM procedures
        WHERE state = 'published' AND valid_from >= \(period.first) AND valid_from <= \(Day(asOf))
            AND published_at < \(asOf)
        UNION ALL
        SELECT \(ServiceIndex.proceduresOnline.rawValue)::text, code, number, online FROM laws WHERE \(inForce)
        ORDER BY code, number
        """
    }
}

/// `GET /agencies/{agency}/reports/{period}/service-index/csv`: the same for a spreadsheet.
enum ExportServiceIndex: RawEndpoint {
    static let route = Route.get("/agencies/{agency}/reports/{period}/service-index/csv")
    static let summary = "The service indexes as a table (CSV, UTF-8)"
    static let access = Access.official(.dossiersRead)
    static let refusals = ReportServiceIndex.refusals
    static let operation = ReportTable.operation(ReportServiceIndex.Input.self)

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let report = try await call.serviceIndex(try ReportTable.input(request, path))
        let isEnglish = call.language == .english
        var table = ReportTable(report.agency, report.period, "766", call.language)
        table.add(
            isEnglish
                ? ["Group", "Index", "How many", "Of how many", "Percent"]
                : ["Nhóm", "Chỉ số", "Số lượng", "Trên tổng số", "Tỷ lệ (%)"])
        for line in report.indexes {
            table.add([
                line.group.title(call.language), line.index.title(call.language), line.part.map { "\($0)" } ?? "",
                line.whole.map { "\($0)" } ?? "", line.shown(call.language),
            ])
        }
        return table.outgoing
    }
}

extension ReportServiceIndex.Line {
    /// The percentage, or why there is none.
    func shown(_ language: Language) -> String {
        switch state {
        case .computed: percent ?? ""
        case .noCases: language == .english ? "no cases" : "không phát sinh"
        case .notAvailable: language == .english ? "not available here" : "không có dữ liệu tại hệ thống này"
        }
    }
}
