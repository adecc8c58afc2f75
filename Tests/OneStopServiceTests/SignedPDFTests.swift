import Contracts
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// Papers that must be signed.
@Suite struct SignedPDFTests {
    /// A PDF with a real signature of a certificate that nobody knows.
    static func signed(
        _ text: String = "Đơn", filter: String = "adbe.pkcs7.detached", rangeLast: Bool = false
    ) throws -> [UInt8] {
        let room = 4_000
        let ranges = "/ByteRange [0000000000 0000000000 0000000000 0000000000]"
        let before =
            "%PDF-1.7\n1 0 obj\n<</Type/Catalog/Note(\(text))>>\nendobj\n2 0 obj\n<</Type/Sig/Filter"
            + "/Adobe.PPKLite/SubFilter/\(filter)\(rangeLast ? "" : ranges)/Contents "
        let after = "\(rangeLast ? ranges : "")>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"
        let (head, rest) = (before.utf8.count, before.utf8.count + room + 2)
        func ten(_ number: Int) -> String { String(repeating: "0", count: 10 - "\(number)".count) + "\(number)" }
        let range = [0, head, rest, after.utf8.count].map(ten).joined(separator: " ")
        let zeros = [String](repeating: ten(0), count: 4).joined(separator: " ")
        let (begin, end) = (
            Array(before.replacingOccurrences(of: zeros, with: range).utf8),
            Array(after.replacingOccurrences(of: zeros, with: range).utf8)
        )
        let signature = try sign(begin + end)
        let hex = signature.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        let filled = hex + String(repeating: "0", count: room - hex.utf8.count)
        return begin + Array("<\(filled)>".utf8) + end
    }

    private static func sign(_ bytes: [UInt8]) throws -> [UInt8] {
        let certificate = try TestCertificate()
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("sign-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (content, out) = (folder.path + "/content", folder.path + "/signature")
        try Data(bytes).write(to: URL(fileURLWithPath: content))
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        openssl.arguments = [
            "cms", "-sign", "-binary", "-md", "sha256", "-in", content, "-signer", certificate.certificate, "-inkey",
            certificate.key, "-outform", "DER", "-out", out,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: out)))
    }

    @Test func `os-038: a signature covers all of the file but itself`() throws {
        let good = try Self.signed()
        #expect(SignedPDF.isSigned(good))
        #expect(SignedPDF.isSigned(try Self.signed(filter: "ETSI.CAdES.detached")))
        #expect(!SignedPDF.isSigned(AttachmentTests.page))
        #expect(SignedPDF.isSigned(try Self.signed(rangeLast: true)))
        // What was added afterwards is covered by nobody.
        #expect(!SignedPDF.isSigned(good + Array("\n3 0 obj\nendobj\n".utf8)))
        #expect(!SignedPDF.isSigned(Array(good.dropLast())))
        #expect(!SignedPDF.isSigned([0x20] + good))
        // A time stamp is no signature, nor is what has no signature in it.
        #expect(!SignedPDF.isSigned(try Self.signed(filter: "ETSI.RFC3161")))
        let text = String(decoding: good, as: UTF8.self)
        let open = try #require(text.range(of: "/Contents <")?.upperBound)
        let end = try #require(text.range(of: ">>\nendobj\ntrailer"))
        let count = text[open..<end.lowerBound].count - 1
        let empty = text.replacingCharacters(
            in: open..<text.index(open, offsetBy: count), with: String(repeating: "0", count: count))
        #expect(!SignedPDF.isSigned(Array(empty.utf8)))
        let ranges = ["[0 9999999999999999999 1 1]", "[0 1 2]", "[-1 1 2 3]", "[0 1 2 3", "0 1 2 3]", ""]
        for range in ranges {
            #expect(!SignedPDF.isSigned(Array("%PDF-1.7\n1 0 obj\n<</ByteRange \(range)/Contents <30>>>endobj".utf8)))
        }
    }

    @Test func `os-037: a paper that must be signed is a signed PDF`() async throws {
        try await Office.open { office in
            try await office.publish(PaperDesk.code, try PaperDesk.definition())
            let desk = PaperDesk(office)
            let place = "/my/drafts/\(try await desk.written())"
            let bare = try await desk.upload(AttachmentTests.page, to: place, part: "don")
            #expect((bare.status, bare.code) == (422, "onestop.not-signed"))
            #expect(try await desk.upload(Array("chữ".utf8), to: place, part: "don").code == "onestop.not-signed")
            let good = try await desk.upload(try Self.signed(), to: place, part: "don")
            #expect((good.status, good.json["state"], good.json["signed"]) == (200, "verified", true))
            let other = try await desk.upload(AttachmentTests.page, to: place, part: "cccd")
            #expect((other.json["state"], other.json["signed"]) == ("verified", false))
        }
    }
}
