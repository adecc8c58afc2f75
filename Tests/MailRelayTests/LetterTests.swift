import Contracts
import Foundation
import Testing

@testable import MailRelay

@Suite struct LetterTests {
    static func letter(to: String = "an@example.vn", subject: String = "Hồ sơ H19.12-210209-0001") -> Letter {
        Letter(
            from: "khong-tra-loi@dongnai.gov.vn", to: to, subject: subject, text: "Hồ sơ đã có kết quả.\nTrân trọng.",
            messageID: "0190a6c2@dongnai.gov.vn", date: Date(timeIntervalSince1970: 1_612_839_600))
    }

    @Test func `a letter has ASCII lines of lawful length and ends its lines with CR LF`() {
        let long = String(repeating: "Thông báo về việc giải quyết thủ tục hành chính ", count: 6)
        for letter in [
            Self.letter(), Self.letter(subject: long), Self.letter(subject: "Plain"), Self.letter(subject: ""),
        ] {
            let bytes = letter.bytes
            #expect(bytes.allSatisfy { $0 < 0x80 })
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.hasSuffix("\r\n"))
            let lines = text.components(separatedBy: "\r\n")
            #expect(lines.allSatisfy { $0.utf8.count <= 78 && !$0.contains("\n") && !$0.contains("\r") })
            #expect(lines.contains("Date: Tue, 09 Feb 2021 10:00:00 +0700"))
        }
    }

    @Test func `nothing that a subject holds becomes a header`() {
        let text = String(decoding: Self.letter(subject: "a\r\nBcc: x@example.vn\n.\r\n").bytes, as: UTF8.self)
        #expect(!text.components(separatedBy: "\r\n").contains { $0.hasPrefix("Bcc") || $0 == "." })
    }

    @Test(arguments: [
        "an@example.vn", "nguyen.van.an+hoso@mail.example.com.vn", "a@b.vn", "o'hara@example.vn", "x_y-z@a-b.vn",
    ])
    func `addresses that may be written to`(_ text: String) { #expect(Letter.isAddress(text)) }

    @Test(arguments: [
        "", "an", "an@", "@example.vn", "an@example", "an@@example.vn", "a n@example.vn",
        "an@example.vn\r\nRCPT TO:<x@y.vn>",
        "an@example.vn\n", "<an@example.vn>", "an@exa mple.vn", "an@-example.vn", "\"a b\"@example.vn", "án@example.vn",
        "a..b@example.vn", ".a@example.vn", "an@[127.0.0.1]", "\(String(repeating: "a", count: 65))@example.vn",
    ])
    func `addresses that may not`(_ text: String) { #expect(!Letter.isAddress(text)) }

    @Test func `what a server's last word means`() {
        #expect(LetterOutcome.of(failure: nil, code: 250) == .taken)
        #expect(LetterOutcome.of(failure: "x", code: 550) == .refused(code: 550))
        #expect(LetterOutcome.of(failure: "x", code: 451) == .postponed(code: 451, reason: "x"))
        #expect(LetterOutcome.of(failure: "x", code: 0) == .postponed(code: 0, reason: "x"))
        #expect(LetterOutcome.of(failure: "x", code: 250) == .postponed(code: 250, reason: "x"))
        #expect(LetterOutcome.of(failure: "x", code: 354) == .uncertain(reason: "x"))
    }
}
