import Foundation

/// Whether a PDF carries a signature of its whole content (ISO 32000-1, section 12.8): a signature dictionary whose
/// `ByteRange` is everything from the first byte to the last but the signature itself, and whose `Contents` holds a
/// CMS SignedData object in DER (RFC 5652).
///
/// That is the structure, and no more (os-038): neither the signature's value nor its certificate is verified, nor
/// whose it is, nor whether it was revoked. Of several signatures the last one covers the file; the earlier ones cover
/// what stood there before it.
enum SignedPDF {
    static func isSigned(_ bytes: [UInt8]) -> Bool {
        places(of: Array("/ByteRange".utf8), in: bytes[...]).contains { covers(bytes, $0) }
    }

    private static func covers(_ bytes: [UInt8], _ place: Int) -> Bool {
        guard let range = numbers(bytes, after: place + 10), range.count == 4 else { return false }
        let (first, hole, rest, length) = (range[0], range[1], range[2], range[3])
        // Checked one by one: they may be any numbers.
        guard first == 0, hole > 0, hole <= bytes.count, rest > hole, rest <= bytes.count,
            length == bytes.count - rest, bytes[hole] == UInt8(ascii: "<"), bytes[rest - 1] == UInt8(ascii: ">"),
            isSignature(bytes, around: place, outside: hole..<rest)
        else { return false }
        return isSignedData(bytes[(hole + 1)..<(rest - 1)])
    }

    /// The four numbers between brackets.
    private static func numbers(_ bytes: [UInt8], after place: Int) -> [Int]? {
        let window = bytes[min(place, bytes.count)..<min(place + 200, bytes.count)]
        let text = String(decoding: window, as: UTF8.self)
        guard let open = text.firstIndex(of: "["), let end = text.firstIndex(of: "]"), open < end,
            text[..<open].allSatisfy(\.isWhitespace)
        else { return nil }
        let words = text[text.index(after: open)..<end].split(whereSeparator: \.isWhitespace)
        let found = words.compactMap { word in word.allSatisfy(\.isNumber) ? Int(word) : nil }
        return found.count == words.count ? found : nil
    }

    /// The object in which the range stands is a signature's dictionary, and no time stamp's.
    private static func isSignature(_ bytes: [UInt8], around place: Int, outside hole: Range<Int>) -> Bool {
        let (first, last) = (min(place, hole.lowerBound), max(place, hole.upperBound))
        let begin = places(of: Array(" obj".utf8), in: bytes[max(0, first - window)..<first]).last
        let end = places(of: Array("endobj".utf8), in: bytes[last..<min(bytes.count, last + window)]).first
        guard let begin, let end else { return false }
        // Without the signature itself: what stands in it means nothing here.
        let words = [bytes[begin..<hole.lowerBound], bytes[hole.upperBound..<end]].map {
            String(decoding: $0, as: UTF8.self)
        }.joined(separator: " ")
        return ["adbe.pkcs7.detached", "ETSI.CAdES.detached"].contains { words.contains("/\($0)") }
            && words.contains("/Contents") && !words.contains("endobj")
    }

    /// How far the ends of a signature's dictionary lie from its range, the signature itself aside, in bytes.
    private static let window = 8_192

    /// Hex digits of a SEQUENCE that begins with the identifier of SignedData (1.2.840.113549.1.7.2), followed by
    /// nothing but zeros.
    private static func isSignedData(_ hex: ArraySlice<UInt8>) -> Bool {
        let digits = hex.filter { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }
        var bytes: [UInt8] = []
        for at in stride(from: 0, to: digits.count - 1, by: 2) {
            guard let high = value(digits[at]), let low = value(digits[at + 1]) else { return false }
            bytes.append(high << 4 | low)
        }
        guard digits.count % 2 == 0, bytes.count > 20, bytes[0] == 0x30, let (length, start) = length(bytes, at: 1),
            length > 11, start + length <= bytes.count
        else { return false }
        let name: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02]
        return bytes[start...].starts(with: name) && bytes[(start + length)...].allSatisfy { $0 == 0 }
    }

    /// A definite length of DER, of at most four bytes (X.690, section 8.1.3).
    private static func length(_ bytes: [UInt8], at place: Int) -> (length: Int, start: Int)? {
        guard bytes[place] & 0x80 != 0 else { return (Int(bytes[place]), place + 1) }
        let count = Int(bytes[place] & 0x7F)
        guard (1...4).contains(count), place + count < bytes.count else { return nil }
        return (bytes[(place + 1)...(place + count)].reduce(0) { $0 << 8 | Int($1) }, place + 1 + count)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x37
        case 0x61...0x66: digit - 0x57
        default: nil
        }
    }

    /// Where `word` begins in `bytes`.
    private static func places(of word: [UInt8], in bytes: ArraySlice<UInt8>) -> [Int] {
        guard let first = word.first, bytes.count >= word.count else { return [] }
        var found: [Int] = []
        var at = bytes.startIndex
        let last = bytes.endIndex - word.count
        while at <= last {
            if bytes[at] == first, bytes[at..<(at + word.count)].elementsEqual(word) { found.append(at) }
            at += 1
        }
        return found
    }
}
