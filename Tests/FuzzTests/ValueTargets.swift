import Contracts
import EventLog
import Files
import Foundation
import ServiceKit

@testable import OneStopService

/// Values with an identity: whoever writes one in two ways must be told, or mean the same by both.
enum ValueTargets {
    static let all: [Target] =
        [
            canonical(
                "AgencyCode", ["H19", "H19.12", "H19.30.5A", "000.00.12.H19", "001.02.12.H19", "G22.99.A.B.C.D.1"],
                documented: #"^[A-Z][0-9]{2}([.][0-9A-Z]+)*$|^[0-9]{3}[.][0-9]{2}[.][0-9]{2}[.][A-Z][0-9]{2}$"#
            ) { try AgencyCode($0).text },
            canonical(
                "DossierCode", ["H19.12-210209-0001", "000.00.12.H19-200914-0042", "H19-20210209-1234567"],
                documented: "^[0-9A-Z.]{3,35}-([0-9]{6}|[0-9]{8})-[0-9]{4,7}$"
            ) { text in
                let code = try DossierCode(text)
                // The text forgets nothing: another code never has the same one.
                try require(DossierCode(code.text) == code, "\(code) is read back as another code")
                return code.text
            },
            canonical(
                "DocumentNumber", ["15/QĐ-UBND", "05/2026/QĐ-UBND", "1594/UBND-KGVX", "01/ĐA-STP", "7/CTr-A.B&C"],
                documented: #"^[0-9]{1,7}/([0-9]{4}/)?[^/\s]{1,200}$"#
            ) { text in
                let number = try DocumentNumber(text)
                try require(DocumentNumber(number.text) == number, "\(number) is read back as another number")
                return number.text
            },
            canonical(
                "Money", ["200000", "200.000", "200.000 đồng", "-200.000 đ", "1.000.000.000.000.000.000", "0"],
                documented: "^-?([0-9]+|[0-9]{1,3}([.][0-9]{3})*)( đồng| đ| đồng)?$"
            ) { try Money($0).text },
            canonical("Day", ["2021-02-09", "0001-01-01", "9999-12-31", "2024-02-29"], exact: true) {
                try Day($0).text
            },
            canonical(
                "PersonID", ["0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f", "00000000-0000-0000-0000-000000000000"],
                documented: "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"
            ) { try PersonID($0).text },
            canonical("Position", ["1.17.3", "0.0.0", "2147483647.9223372036854775807.2147483647"], exact: true) {
                guard let position = Position($0) else { throw Refusal() }
                return position.description
            },
            canonical("ContentHash", [ContentHash(of: []).text], documented: "^[0-9A-Fa-f]{64}$") {
                guard let hash = ContentHash($0) else { throw Refusal() }
                return hash.text
            },
            canonical("Cursor", cursors, exact: true) { try Cursor($0).description },
            canonical("TimeCursor", ["MTAwMDAwMB8wMWEyMTA1Yy04M2ZjLTcwN2UtOTdjNS0wZTQyMmU4YzYyY2Q"]) {
                guard let cursor = try TimeCursor($0) else { throw Refusal() }
                return cursor.description
            },
            canonical("Base64URL", ["", "AA", "YWJj", "__-_"], exact: true) {
                guard let bytes = Base64URL.decode($0) else { throw Refusal() }
                return Base64URL.encode(bytes)
            },
            instant, fileName, declaredType, documentType,
        ]

    private static let cursors = [
        Cursor(text: "H19.12").description, Cursor(parts: ["2021-02-09", "a"]).description,
        Cursor(text: "annv").description,
    ]

    struct Refusal: Error {}

    /// - Parameters:
    ///   - documented: every form that is accepted has this shape; nil: any.
    ///   - exact: only the canonical form is accepted.
    ///   - read: the canonical form of what was read.
    private static func canonical(
        _ name: String, _ texts: [String], documented: String? = nil, exact: Bool = false,
        _ read: @escaping @Sendable (String) throws -> String
    ) -> Target {
        Target(name, texts: texts) { text in
            let form = try read(text)
            if exact { try require(same(form, text), "\(text.debugDescription) is accepted for \(form)") }
            if let documented {
                try require(Patterns.matches(text, documented), "\(text.debugDescription) is accepted for \(form)")
            }
            let again: String
            do { again = try read(form) } catch { throw Finding("\(form) was written and is refused: \(error)") }
            try require(same(again, form), "\(form) becomes \(again) when read again")
        }
    }

    /// By octets: Swift takes canonically equal texts for equal.
    static func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

    private static let instant = Target(
        "Instant",
        texts: [
            "2021-02-09T10:00:00+07:00", "2021-02-09t03:00:00.123456z", "0001-01-01T00:00:00+07:00",
            "9999-12-31T23:59:59.9+07:00", "1969-12-31T23:59:59.5-23:59",
        ]
    ) { text in
        guard let date = Instant.read(text) else { throw Refusal() }
        try require(
            SchemaCheck.fault(.string(text), ["type": "string", "format": "date-time"]) == nil,
            "\(text.debugDescription) is accepted")
        let written = Instant.write(date)
        guard let again = Instant.read(written) else { throw Finding("\(written) was written and is refused") }
        // A double holds whole microseconds up to the year 2255, and thirty of them in the year 9999.
        try require(abs(again.timeIntervalSince(date)) < 0.000_1, "\(text) becomes \(written)")
        try require(Instant.write(again) == written, "\(written) becomes \(Instant.write(again))")
    }

    private static let fileName = Target(
        "FileName", texts: ["Đơn xin.pdf", "a.txt", "báo cáo \"cuối\".docx", "100%.xlsx", " a b "]
    ) { text in
        let name = try FileName(text)
        try require(same(try FileName(name.text).text, name.text), "\(name) becomes another name when read again")
        let header = name.disposition
        try require(header.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "the header \(header.debugDescription)")
        try require(header.split(separator: "\"", omittingEmptySubsequences: false).count <= 3, "quotes in \(header)")
        try require(!name.text.contains("/") && !name.text.contains("\\") && name.text != "..", "a path: \(name)")
    }

    private static let declaredType = Target(
        "MediaType.Declared", texts: ["application/pdf", "text/plain; charset=utf-8", "IMAGE/JPG", ""]
    ) { text in
        guard case .known(let type) = MediaType.Declared(text) else { return }
        try require(MediaType.Declared(type.rawValue) == .known(type), "\(type) is not known by its own name")
        try require(text.utf8.allSatisfy { $0 < 0x80 } || text.contains(";"), "\(text.debugDescription) is \(type)")
    }

    private static let documentType = Target("DocumentType", texts: DocumentType.all.map { $0.abbreviation ?? $0.code })
    {
        guard let type = DocumentType.find($0) else { throw Refusal() }
        try require(DocumentType.find(type.code) == type, "\(type.code) is another type")
    }
}
