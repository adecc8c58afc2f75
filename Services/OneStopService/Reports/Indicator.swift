import Contracts
import ServiceKit

/// The nine indicators of Circular 01/2018/TT-VPCP, Art. 13, each with 0, 1 or 2 points. An official is judged by 1, 2,
/// 3, 4 and 7 (Art. 14), an agency by all. Of 5 there is no data: what is done wholly at the one-stop nobody records.
enum Indicator: Int, CaseIterable, Sendable {
    case totalTime = 1
    case unitTime, contacts, agencies, atOneStop, publication, attitude, complaints, online

    func title(_ language: Language) -> String { language == .english ? titles.english : titles.vietnamese }

    private var titles: (vietnamese: String, english: String) {
        switch self {
        case .totalTime: ("Thời gian giải quyết", "Total time")
        case .unitTime: ("Thời gian của từng cơ quan, đơn vị", "Time of each unit")
        case .contacts: ("Số lần phải liên hệ", "Contacts needed")
        case .agencies: ("Số cơ quan phải liên hệ", "Agencies contacted")
        case .atOneStop: ("Giải quyết tại bộ phận một cửa", "Done at the one-stop")
        case .publication: ("Công khai thủ tục", "Publication of procedures")
        case .attitude: ("Thái độ phục vụ", "Attitude")
        case .complaints: ("Xử lý phản ánh, kiến nghị", "Handling of complaints")
        case .online: ("Dịch vụ công trực tuyến", "Online service")
        }
    }

    /// Complaints that were answered in time, of those that were due (os-207).
    static func points(complaints answered: Int, of due: Int) -> Int? {
        guard due > 0 else { return nil }
        return answered == due ? 2 : answered * 10 >= due * 9 ? 1 : 0
    }

    /// Online service: a fifth of the procedures at least, three tenths of what came and nothing late; one point from
    /// fifteen hundredths on (os-207). Nil where nothing was received or no procedure is known.
    static func points(procedures online: Int, of procedures: Int, came: Int, of received: Int, late: Int) -> Int? {
        guard procedures > 0, received > 0 else { return nil }
        guard online * 5 >= procedures, came * 100 >= received * 15 else { return 0 }
        return came * 10 >= received * 3 && late == 0 ? 2 : 1
    }
}

/// The score of one indicator: all points, by how many dossiers, rounded to one decimal, halves up (Art. 13).
struct IndicatorScore: Record, Hashable {
    var indicator = 1
    var dossiers = 1
    var points = 0
    var score = "0.0"

    init() {}

    init(_ indicator: Int, points: Int, of dossiers: Int) {
        (self.indicator, self.points, self.dossiers) = (indicator, points, dossiers)
        score = Self.written(tenths)
    }

    /// In tenths of a point.
    var tenths: Int { Rounding.ratio(points, of: dossiers, in: 10) }

    static func written(_ tenths: Int) -> String { Rounding.written(tenths, decimals: 1) }

    static let fields: [Field<Self>] = [
        .init("indicator", \.indicator, .integer(1...9), "Its number in the circular"),
        .init(
            "dossiers", \.dossiers, .integer(1...Int.max),
            "By how many dossiers it is divided; 1 where it is of the agency as a whole"),
        .init("points", \.points, .integer(0...Int.max), "The points of all of them"),
        .init("score", \.score, .text(3...3), "Points by dossiers, one decimal"),
    ]
}

/// How an agency is graded (Art. 15), and how an official (Art. 14).
enum ReportGrade: String, CaseIterable, Sendable {
    case excellent, good, fair, average, weak
    case full, partly, below

    func title(_ language: Language) -> String { language == .english ? titles.english : titles.vietnamese }

    private var titles: (vietnamese: String, english: String) {
        switch self {
        case .excellent: ("Xuất sắc", "Excellent")
        case .good: ("Tốt", "Good")
        case .fair: ("Khá", "Fair")
        case .average: ("Trung bình", "Average")
        case .weak: ("Yếu", "Weak")
        case .full: ("Hoàn thành 100 %", "All of the work")
        case .partly: ("Hoàn thành từ 70 đến dưới 100 %", "70 to below 100 % of the work")
        case .below: ("Hoàn thành dưới 70 %", "Below 70 % of the work")
        }
    }

    /// The total is brought to the full number of points as if the indicators without data had the average of the
    /// others: an office is not graded down for what nobody measured (os-206). Nil without any data.
    ///
    /// - Parameter most: 10 of an official, 18 of an agency.
    static func of(_ scores: [IndicatorScore], most: Int) -> (tenths: Int, grade: ReportGrade)? {
        guard !scores.isEmpty else { return nil }
        let (sum, full) = (scores.reduce(0) { $0 + $1.tenths }, scores.count * 20)
        let tenths = Rounding.ratio(sum, of: full, in: most * 10)
        // Compared before it is rounded.
        func reaches(_ threshold: Int) -> Bool { sum * most * 10 >= threshold * full }
        if most == 10 { return (tenths, reaches(50) ? .full : reaches(35) ? .partly : .below) }
        let grades: [(Int, ReportGrade)] = [(150, .excellent), (120, .good), (90, .fair), (60, .average)]
        return (tenths, grades.first { reaches($0.0) }?.1 ?? .weak)
    }
}
