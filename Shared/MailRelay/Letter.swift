import Contracts
import Foundation

/// A plain text message as it goes over the wire (RFC 5322): headers in ASCII, UTF-8 text in base64.
public struct Letter: Sendable, Equatable {
    public var from: String
    public var to: String
    public var subject: String
    public var text: String
    /// The same on every attempt (RFC 5322, section 3.6.4): whoever gets it twice can tell.
    public var messageID: String
    public var date: Date

    public init(from: String, to: String, subject: String, text: String, messageID: String, date: Date) {
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.messageID = messageID
        self.date = date
    }

    /// A mailbox that may stand in an envelope and in a header as it is (RFC 5321, section 4.1.2, without quoted local
    /// parts, literals and SMTPUTF8).
    public static let addressPattern = "^\(atom)(\\.\(atom))*@\(label)(\\.\(label))+$"
    private static let atom = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
    private static let label = "[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"

    public static func isAddress(_ text: String) -> Bool {
        text.utf8.count <= Limits.Mail.addressLength
            && (text.firstIndex(of: "@").map { text[..<$0].utf8.count } ?? 65) <= 64
            && text.range(of: addressPattern, options: .regularExpression) == text.startIndex..<text.endIndex
    }

    public var bytes: [UInt8] {
        let headers = [
            "From: <\(from)>", "To: <\(to)>", "Subject: \(Self.encoded(subject))", "Date: \(Self.written(date))",
            "Message-ID: <\(messageID)>", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: base64",
            // Nobody's out-of-office notice answers it (RFC 3834, section 5).
            "Auto-Submitted: auto-generated",
        ]
        let lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }
        let body = Data(lines.joined(separator: "\r\n").utf8).base64EncodedString()
        return Array((headers + [""] + Self.folded(body)).joined(separator: "\r\n").utf8) + [0x0D, 0x0A]
    }

    /// Encoded words (RFC 2047) of whole characters; ASCII stays as it is.
    static func encoded(_ text: String) -> String {
        let line = text.split { $0.isNewline }.joined(separator: " ")
        let isPlain = line.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !line.contains("=?")
        guard !isPlain || line.utf8.count > Limits.OutboundMail.line else { return line }
        var words: [String] = []
        var word = ""
        for character in line {
            if !word.isEmpty, word.utf8.count + character.utf8.count > Limits.OutboundMail.encodedWordBytes {
                words.append(word)
                word = ""
            }
            word.append(character)
        }
        if !word.isEmpty { words.append(word) }
        return words.map { "=?utf-8?B?\(Data($0.utf8).base64EncodedString())?=" }.joined(separator: "\r\n ")
    }

    private static func folded(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: Limits.OutboundMail.line).map { start in
            String(decoding: bytes[start..<min(start + Limits.OutboundMail.line, bytes.count)], as: UTF8.self)
        }
    }

    /// `Tue, 09 Feb 2021 10:00:00 +0700` (RFC 5322, section 3.3).
    static func written(_ date: Date) -> String {
        let day = Day(date)
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        // 1970-01-01 was a Thursday.
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let weekday = weekdays[Int((day.number % 7 + 7) % 7)]
        let parts = day.text.split(separator: "-")
        let month = months[(Int(parts[1]) ?? 1) - 1]
        return "\(weekday), \(parts[2]) \(month) \(parts[0]) \(Instant.write(date).dropFirst(11).prefix(8)) +0700"
    }
}
