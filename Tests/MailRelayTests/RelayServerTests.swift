import Contracts
import Foundation
import TestKit
import Testing

@testable import MailRelay

/// Against a mail server that other people wrote.
@Suite(.timeLimit(.minutes(5))) struct RelayServerTests {
    private func withOutside(_ arguments: [String] = [], _ body: (OutsideMail, Int) async throws -> Void) async throws {
        let outside = try OutsideMail(arguments)
        defer { outside.stop() }
        try await body(outside, try await outside.port())
    }

    @Test func `a letter arrives as it was written`() async throws {
        try await withOutside { outside, port in
            let server = try #require(RelayServer("smtp://127.0.0.1:\(port)"))
            #expect(await server.send(LetterTests.letter()) == .taken)
            let got = try #require(try await outside.letters(1).first)
            #expect(try await outside.letters(1).count == 1)
            #expect(got["from"] == "khong-tra-loi@dongnai.gov.vn" && got["to"] == ["an@example.vn"])
            #expect(got["id"] == "<0190a6c2@dongnai.gov.vn>" && got["subject"] == "Hồ sơ H19.12-210209-0001")
            let text = got["text"]?.text?.split { $0.isNewline }.map(String.init)
            #expect(text == ["Hồ sơ đã có kết quả.", "Trân trọng."])
            #expect(got["defects"] == [] && got["automatic"] == "auto-generated")
        }
    }

    @Test func `a long subject arrives whole`() async throws {
        try await withOutside { outside, port in
            let server = try #require(RelayServer("smtp://127.0.0.1:\(port)"))
            let subject = String(repeating: "Thông báo về việc giải quyết hồ sơ, ", count: 8) + "hết"
            #expect(await server.send(LetterTests.letter(subject: subject)) == .taken)
            #expect(try await outside.letters(1).first?["subject"]?.text == subject)
        }
    }

    @Test func `every answer has its outcome, and none holds the recipient`() async throws {
        try await withOutside { outside, port in
            let server = try #require(RelayServer("smtp://127.0.0.1:\(port)"))
            #expect(await server.send(LetterTests.letter(to: "refused@example.vn")) == .refused(code: 550))
            let later = await server.send(LetterTests.letter(to: "later@example.vn"))
            guard case .postponed(451, let reason) = later else {
                Issue.record("\(later)")
                return
            }
            #expect(!reason.contains("example.vn"))
            let cut = await server.send(LetterTests.letter(to: "cut@example.vn"))
            guard case .uncertain = cut else {
                Issue.record("the message was handed over and no answer came: \(cut)")
                return
            }
            #expect(try await outside.letters(1).count == 1)
            #expect(await server.send(LetterTests.letter(to: "no address")) == .refused(code: 553))
        }
    }

    @Test func `a server that is away takes nothing for certain`() async throws {
        let server = try #require(RelayServer("smtp://127.0.0.1:1"))
        guard case .postponed(0, _) = await server.send(LetterTests.letter()) else {
            Issue.record("nobody listens there")
            return
        }
    }

    @Test func `what is encrypted is encrypted for the right server only`() async throws {
        let files = try TestCertificate()
        try await withOutside([files.certificate, files.key]) { outside, port in
            let trusting = try #require(RelayServer("smtp://localhost:\(port)", authorities: files.certificate))
            #expect(await trusting.send(LetterTests.letter()) == .taken)
            #expect(try await outside.letters(1).first?["encrypted"] == true)
            let doubting = try #require(RelayServer("smtp://localhost:\(port)"))
            let another = try #require(RelayServer("smtp://127.0.0.1:\(port)", authorities: files.certificate))
            for server in [doubting, another] {
                guard case .postponed = await server.send(LetterTests.letter()) else {
                    Issue.record("\(server) is not who it says")
                    return
                }
            }
            #expect(try await outside.letters(1).count == 1)
        }
    }

    @Test func `beyond this machine nothing goes unencrypted`() throws {
        #expect(RelayServer("smtp://127.0.0.1:25")?.isLoopback == true)
        #expect(RelayServer("smtp://mail.example.vn")?.isLoopback == false)
        #expect(RelayServer("smtp://mail.example.vn")?.port == 587)
        #expect(RelayServer("smtps://mail.example.vn")?.port == 465)
        for text in ["", "mail.example.vn", "http://a", "smtp://", "smtp://u:p@a", "smtp://a/x", "smtp://a?b"] {
            #expect(RelayServer(text) == nil, "\(text)")
        }
        let server = try #require(RelayServer("smtp://a", user: "u", password: "geheim"))
        var dumped = ""
        dump(server, to: &dumped)
        #expect(!dumped.contains("geheim") && !"\(server)".contains("geheim"))
    }
}
