import Contracts
import Foundation
import ServiceKit

/// What a bank, the payment gateway or the postal company says came in: a table (CSV, RFC 4180) with a line of titles
/// that names at least `reference`, `amount` and `date`.
enum StatementFile {
    struct Row: Sendable, Equatable {
        var line: Int
        var reference: String
        var amount: Money
        var day: Day
    }

    static let titles = ["reference", "amount", "date"]

    /// Every row that can be read, and what is wrong with the others: each by its line and field (os-238).
    static func read(_ bytes: [UInt8], from: Day, until: Day) throws(Refused) -> (rows: [Row], faults: [FieldFault]) {
        let lines: [CSV.Line]
        do throws(CSV.Malformed) { lines = try CSV.read(bytes) } catch { throw .badStatement.naming([fault(error)]) }
        guard let head = lines.first else { throw .badStatement.naming([noTitles]) }
        let named = head.cells.map { trimmed($0).lowercased() }
        let places = titles.compactMap { named.firstIndex(of: $0) }
        guard places.count == titles.count, Set(named).count == named.count else {
            throw .badStatement.naming([noTitles])
        }
        guard lines.count - 1 <= Limits.Budget.statementRows else { throw .statementTooLong }
        var (rows, faults): ([Row], [FieldFault]) = ([], [])
        for line in lines.dropFirst() {
            guard line.cells.count == named.count else {
                faults.append(
                    FieldFault(
                        "budget.columns", field: "line \(line.line)", vi: "phải có \(named.count) cột như dòng tiêu đề",
                        en: "must have \(named.count) columns, as the line of titles has"))
                continue
            }
            let cells = places.map { trimmed(line.cells[$0]) }
            do throws(FieldFault) {
                rows.append(
                    Row(
                        line: line.line, reference: try reference(cells[0]), amount: try amount(cells[1]),
                        day: try day(cells[2], from, until)))
            } catch {
                faults.append(
                    FieldFault(
                        error.code, field: "line \(line.line): \(error.field)", vi: error.vietnamese, en: error.english)
                )
            }
            guard faults.count < Limits.Budget.statementFaults else { break }
        }
        return (rows, faults)
    }

    private static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespaces) }

    private static func reference(_ text: String) throws(FieldFault) -> String {
        let kind = Kind<String>.text(1...Limits.Budget.referenceLength)
        do throws(FieldFault) { return try kind.decode(.string(text)) } catch { throw error.at("reference") }
    }

    /// Above zero, and no more than a payment may be.
    private static func amount(_ text: String) throws(FieldFault) -> Money {
        let money: Money
        do throws(FieldFault) { money = try Money(text) } catch { throw error.at("amount") }
        guard money > .zero, money.dong <= Limits.Budget.paymentDong else {
            throw FieldFault(
                "range", field: "amount", vi: "phải lớn hơn 0 và không quá giới hạn một khoản nộp",
                en: "must be above zero and no more than a payment may be")
        }
        return money
    }

    private static func day(_ text: String, _ from: Day, _ until: Day) throws(FieldFault) -> Day {
        let day: Day
        do throws(FieldFault) { day = try Day(text) } catch { throw error.at("date") }
        guard from <= day, day <= until else {
            throw FieldFault(
                "range", field: "date", vi: "phải từ \(from.vietnamese) đến \(until.vietnamese)",
                en: "must be from \(from) to \(until)")
        }
        return day
    }

    private static let noTitles = FieldFault(
        "budget.titles", field: "line 1", vi: "phải có các cột reference, amount, date, mỗi cột một lần",
        en: "must name the columns reference, amount and date, each once")

    private static func fault(_ malformed: CSV.Malformed) -> FieldFault {
        let (vi, en) =
            switch malformed.why {
            case .encoding: ("không phải UTF-8", "is no UTF-8")
            case .quote: ("dấu ngoặc kép đặt sai chỗ", "has a quote in the wrong place")
            case .unclosed: ("dấu ngoặc kép không đóng", "has a quote that is never closed")
            }
        return FieldFault("budget.no-table", field: "line \(malformed.line)", vi: vi, en: en)
    }
}

extension FieldFault {
    fileprivate func at(_ field: String) -> FieldFault {
        var copy = self
        copy.field = field
        return copy
    }
}

extension Refused {
    static let badStatement = Refused(
        "budget.bad-statement", 422, vi: "Sao kê có dòng sai; chưa dòng nào được nhận.",
        en: "The statement has bad lines; none of it was taken in.")
    static let statementTooLong = Refused(
        "budget.statement-too-long", 422, vi: "Sao kê có quá \(Limits.Budget.statementRows) dòng.",
        en: "The statement has more than \(Limits.Budget.statementRows) lines.")
}
