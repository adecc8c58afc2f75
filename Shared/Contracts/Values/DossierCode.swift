import Foundation

/// Dossier code (mã số hồ sơ), Decree 61/2018/NĐ-CP Art. 26: receiving agency, date of reception, number of the
/// dossier received by that agency on that day: `H19.12-210209-0001`. Only the system makes one.
///
/// The parts are what is compared and stored; the text follows the pattern in force on the date of reception. Codes
/// with the older agency form, with dates of six or eight digits and serials of four to seven are all read.
public struct DossierCode: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let agency: AgencyCode
    /// The date of reception.
    public let received: Day
    /// From 1 on each day. Above 9,999 the text simply grows a digit.
    public let serial: Int

    public init(agency: AgencyCode, received: Day, serial: Int) throws(FieldFault) {
        guard agency != .none else {
            throw FieldFault("dossier-code.agency", vi: "thiếu mã cơ quan", en: "the agency code is missing")
        }
        guard Limits.dossierSerial.contains(serial) else {
            throw FieldFault(
                "dossier-code.serial", vi: "số thứ tự phải từ 1 đến \(Limits.dossierSerial.upperBound)",
                en: "the serial must be from 1 to \(Limits.dossierSerial.upperBound)")
        }
        self.agency = agency
        self.received = received
        self.serial = serial
    }

    /// Reads a code of any pattern.
    public init(_ text: String) throws(FieldFault) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3 else {
            throw FieldFault(
                "dossier-code.shape", vi: "phải có dạng cơ quan-ngày-số, ví dụ H19.12-210209-0001",
                en: "must be agency-date-serial, e.g. H19.12-210209-0001")
        }
        let digits = Limits.dossierSerialDigits...String(Limits.dossierSerial.upperBound).utf8.count
        guard digits.contains(parts[2].utf8.count), let serial = DossierCode.number(parts[2]) else {
            throw FieldFault(
                "dossier-code.serial", vi: "số thứ tự phải có \(digits.lowerBound) đến \(digits.upperBound) chữ số",
                en: "the serial must have \(digits.lowerBound) to \(digits.upperBound) digits")
        }
        try self.init(agency: try AgencyCode(parts[0]), received: try DossierCode.date(parts[1]), serial: serial)
    }

    /// As the pattern in force on the date of reception writes it.
    public var text: String { text(.inForce(on: received)) }

    public func text(_ pattern: DossierCodePattern) -> String {
        let year = received.year
        // Six digits cannot say a year outside 2000...2099.
        let isShort = pattern.dateDigits == 6 && (2_000...2_099).contains(year)
        let date =
            Day.padded(isShort ? year % 100 : year, isShort ? 2 : 4) + Day.padded(received.month, 2)
            + Day.padded(received.day, 2)
        let code = pattern.hasOldAgencyForm ? agency.old ?? agency.text : agency.text
        return "\(code)-\(date)-\(Day.padded(serial, pattern.serialDigits))"
    }

    public var description: String { text }

    /// By agency, then date, then serial.
    public static func < (left: DossierCode, right: DossierCode) -> Bool {
        (left.agency, left.received, left.serial) < (right.agency, right.received, right.serial)
    }

    private static func number(_ text: String) -> Int? {
        text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
    }

    private static func date(_ text: String) throws(FieldFault) -> Day {
        if text.utf8.count == 6 || text.utf8.count == 8, let number = number(text) {
            let year = text.utf8.count == 6 ? 2_000 + number / 10_000 : number / 10_000
            if let day = Day(year: year, month: number / 100 % 100, day: number % 100) { return day }
        }
        throw FieldFault(
            "dossier-code.date", vi: "ngày tiếp nhận phải có dạng 210209 hoặc 20210209",
            en: "the date of reception must be written 210209 or 20210209")
    }
}

/// How dossier codes are written from a date on.
public struct DossierCodePattern: Hashable, Sendable {
    public let validFrom: Day
    /// Whether the agency stands in the 13-character form of QCVN 102:2016.
    public let hasOldAgencyForm: Bool
    /// 6 or 8.
    public let dateDigits: Int
    /// The fewest digits of the serial.
    public let serialDigits: Int

    public init(validFrom: Day, hasOldAgencyForm: Bool, dateDigits: Int, serialDigits: Int) {
        self.validFrom = validFrom
        self.hasOldAgencyForm = hasOldAgencyForm
        self.dateDigits = dateDigits
        self.serialDigits = serialDigits
    }

    /// Circular 01/2018/TT-VPCP Art. 19 with the agency code of QCVN 102, and since Decision 20/2020/QĐ-TTg took
    /// effect on 15/09/2020 the same with the newer agency code. Oldest first.
    public static let patterns = [
        DossierCodePattern(
            validFrom: Day(number: .min), hasOldAgencyForm: true, dateDigits: 6,
            serialDigits: Limits.dossierSerialDigits),
        DossierCodePattern(
            validFrom: Day(number: 18_520), hasOldAgencyForm: false, dateDigits: 6,
            serialDigits: Limits.dossierSerialDigits),
    ]

    public static func inForce(on day: Day) -> DossierCodePattern {
        patterns.last { $0.validFrom <= day } ?? patterns[0]
    }
}
