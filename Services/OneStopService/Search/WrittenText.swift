import Contracts
import Foundation
import ServiceKit

/// What an official types or scans to find a dossier, and what it may mean. Pure.
enum WrittenText: Equatable {
    /// A dossier code in one or more readings (os-112).
    case codes([Reading])
    /// The serial of a dossier received today.
    case serialOfToday(Int)
    /// An identity card or a telephone: any of these marks.
    case number([String])
    /// Words of name, subject and procedure, with or without diacritics (os-113).
    case words(String)

    /// A code whose agency stands without dots. Without an agency it is one of the reader's own.
    struct Reading: Hashable {
        var agency: String?
        var day: Day
        var serial: Int
    }

    init(_ text: String) {
        let written = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if let code = try? DossierCode(written.uppercased()) {
            self = .codes([Reading(agency: code.agency.text.replacing(".", with: ""), code.received, code.serial)])
            return
        }
        // Dots, dashes of any length, slashes and spaces: as it was typed, or as a scanner left it.
        let isCodeLike = written.unicodeScalars.allSatisfy { scalar in
            scalar.properties.isAlphabetic ? scalar.isASCII : scalar.properties.numericType == nil || scalar.isASCII
        }
        let squeezed = written.uppercased().filter { $0.isASCII && ($0.isLetter || $0.isNumber) }
        let readings = isCodeLike ? Self.readings(Array(squeezed.utf8)) : []
        if !readings.isEmpty {
            self = .codes(readings)
        } else if isCodeLike, let number = Self.number(squeezed, hasPlus: written.hasPrefix("+")) {
            self = number
        } else {
            self = .words(written)
        }
    }

    private static func number(_ digits: String, hasPlus: Bool) -> WrittenText? {
        guard !digits.isEmpty, digits.utf8.allSatisfy(isDigit) else { return nil }
        if digits.utf8.count <= 7, let serial = Int(digits), Limits.dossierSerial.contains(serial) {
            return .serialOfToday(serial)
        }
        guard (8...15).contains(digits.utf8.count) else { return nil }
        var marks = [DossierMarks.phone(digits)]
        if !hasPlus, [9, 12].contains(digits.utf8.count) { marks.append(DossierMarks.nationalID(digits)) }
        return .number(marks)
    }

    // MARK: - Codes without their separators

    private static let digitsOfSerial =
        Limits.dossierSerialDigits...String(Limits.dossierSerial.upperBound).utf8.count

    /// Where the agency ends is not written, so every length of date and serial is tried: a date and a serial that
    /// cannot be are none.
    private static func readings(_ bytes: [UInt8]) -> [Reading] {
        let letters = bytes.indices.filter { !isDigit(bytes[$0]) }
        guard let last = letters.last else {
            // Ten digits and more that begin with a date of this century: the rest of a code of the reader's own.
            guard bytes.first == UInt8(ascii: "2") else { return [] }
            return tails(bytes[...]).filter { $0.agency.isEmpty }.map { Reading($0.day, $0.serial) }
        }
        // The form of QCVN 102: seven digits, then the first level.
        if letters == [7], bytes.count > 10 {
            let text = String(decoding: bytes[..<10], as: UTF8.self)
            let parts = [text.prefix(3), text.dropFirst(3).prefix(2), text.dropFirst(5).prefix(2), text.dropFirst(7)]
            guard let agency = try? AgencyCode(old: parts.joined(separator: ".")) else { return [] }
            return tails(bytes[10...]).filter { $0.agency.isEmpty }.map {
                Reading(agency: agency.text.replacing(".", with: ""), $0.day, $0.serial)
            }
        }
        // The newer form: a letter and two digits, then groups.
        guard letters.first == 0, bytes.count > 3, isDigit(bytes[1]), isDigit(bytes[2]) else { return [] }
        return tails(bytes[3...]).filter { $0.agency.count >= last - 2 }.map {
            Reading(agency: String(decoding: bytes[..<3] + $0.agency, as: UTF8.self), $0.day, $0.serial)
        }
    }

    /// The ways to read the end of a code: what is left for the agency, the day, the serial.
    private static func tails(_ bytes: ArraySlice<UInt8>) -> [(agency: ArraySlice<UInt8>, day: Day, serial: Int)] {
        var tails: [(agency: ArraySlice<UInt8>, day: Day, serial: Int)] = []
        for serialDigits in digitsOfSerial {
            for dateDigits in [6, 8] {
                let rest = bytes.count - serialDigits - dateDigits
                guard rest >= 0, bytes.dropFirst(rest).allSatisfy(isDigit),
                    let day = day(bytes.dropFirst(rest).prefix(dateDigits)),
                    let serial = Int(String(decoding: bytes.suffix(serialDigits), as: UTF8.self)),
                    Limits.dossierSerial.contains(serial)
                else { continue }
                tails.append((bytes.prefix(rest), day, serial))
            }
        }
        return tails
    }

    private static func day(_ digits: ArraySlice<UInt8>) -> Day? {
        guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
        let year = digits.count == 6 ? 2_000 + number / 10_000 : number / 10_000
        guard (2_000...2_099).contains(year) else { return nil }
        return Day(year: year, month: number / 100 % 100, day: number % 100)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}

extension WrittenText.Reading {
    init(agency: String? = nil, _ day: Day, _ serial: Int) {
        self.init(agency: agency, day: day, serial: serial)
    }
}
