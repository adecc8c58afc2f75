import Contracts
import Files
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// The virus scanner before files: one that is made up, to misbehave, and clamd itself.
@Suite struct ScannerTests {
    /// The test file that every scanner knows (EICAR), in two parts so that none finds it here.
    static let eicar = Array(
        ("X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + "ANTIVIRUS-TEST-FILE!$H+H*").utf8)

    /// Speaks INSTREAM as clamd does, and misbehaves as the content asks.
    private static let pretender = """
        import socket, struct
        server = socket.create_server(("127.0.0.1", 0))
        print(server.getsockname()[1], flush=True)
        def take(line, count):
            data = b""
            while len(data) < count:
                more = line.recv(count - len(data))
                if not more: raise EOFError
                data += more
            return data
        while True:
            line, _ = server.accept()
            with line:
                try:
                    assert take(line, 10) == b"zINSTREAM\\0"
                    content = b""
                    while (size := struct.unpack(">I", take(line, 4))[0]) > 0: content += take(line, size)
                    if b"SILENT" in content: continue
                    if b"STRANGE" in content: line.sendall(b"stream: PERHAPS\\0")
                    elif b"ENDLESS" in content: line.sendall(b"stream: OK")
                    elif b"LIMIT" in content: line.sendall(b"INSTREAM size limit exceeded. ERROR\\0")
                    elif b"EICAR" in content: line.sendall(b"stream: Test.Eicar FOUND\\0")
                    else: line.sendall(b"stream: OK\\0")
                except (EOFError, AssertionError, OSError): pass
        """

    private func text(_ word: String) -> [UInt8] { Array("Nội dung \(word) của tệp".utf8) }

    @Test func `os-035: without a clear answer of the scanner nothing is taken, and nothing is lost`() async throws {
        let scanner = try TestServer(Self.pretender)
        let settings = ["LIENTHONG_CLAMD": "127.0.0.1:\(scanner.port)"]
        try await Office.open(settings) { office in
            let (desk, id) = (PaperDesk(office), try await office.submit())
            let clean = try await desk.upload(text("SẠCH"), to: "/dossiers/\(id)")
            #expect((clean.status, clean.json["state"]) == (200, "attached"))
            #expect(clean.json["scannedAt"]?.text == "2021-03-01T09:00:00+07:00")
            for word in ["SILENT", "STRANGE", "ENDLESS", "LIMIT"] {
                let upload = try await desk.announce(text(word), to: "/dossiers/\(id)")
                let away = try await desk.chunk(upload, at: 0, text(word))
                #expect((away.status, away.code) == (503, "onestop.scanner-away"), "\(word)")
                let kept = try await desk.send("GET", "/uploads/\(upload)").json
                #expect((kept["state"], kept["offset"]) == ("receiving", kept["size"]), "\(word)")
            }
            #expect(try await office.harness.count("SELECT count(*) AS n FROM attachments") == 1)
        }
    }

    @Test func `os-035: a scanner that is down keeps a draft from being submitted until it is back`() async throws {
        // A port on which nobody listens: whoever had it is gone.
        let port = try { try TestServer(Self.pretender).port }()
        try await Office.open(["LIENTHONG_CLAMD": "127.0.0.1:\(port)"]) { office in
            try await office.publish(PaperDesk.code, try PaperDesk.definition())
            let desk = PaperDesk(office)
            let draft = try await desk.written()
            let file = try await desk.announce(AttachmentTests.page, to: "/my/drafts/\(draft)", part: "cccd")
            let away = try await desk.chunk(file, at: 0, AttachmentTests.page)
            #expect((away.status, away.code) == (503, "onestop.scanner-away"))
            #expect(away.outgoing.header("retry-after") == "1")
            let refused = try await desk.submit(draft)
            #expect((refused.status, refused.faults) == (422, ["uploads.\(file)"]))
            let id = try await office.submit()
            let whole = try await office.harness.send(
                "POST", "/dossiers/\(id)/attachments", as: office.citizen, .citizen, body: AttachmentTests.page,
                headers: [
                    ("content-type", "application/pdf"), ("x-file-name", "a.pdf"),
                    ("x-file-sha256", ContentHash(of: AttachmentTests.page).text),
                ])
            #expect((whole.status, whole.code) == (503, "onestop.scanner-away"))
            let store = office.harness.running.runtime.resource(FileStore.self)
            #expect(try await !store.contains(ContentHash(of: AttachmentTests.page)))
        }
    }

    @Test func `os-035: a draft's file that was whole before there was a scanner is scanned before it is a paper`()
        async throws
    {
        let scanner = try TestServer(Self.pretender)
        try await Office.open(["LIENTHONG_CLAMD": "127.0.0.1:\(scanner.port)"]) { office in
            try await office.publish(PaperDesk.code, try PaperDesk.definition())
            let (desk, store) = (PaperDesk(office), office.harness.running.runtime.resource(FileStore.self))
            let draft = try await desk.written()
            _ = try await desk.upload(AttachmentTests.page, to: "/my/drafts/\(draft)", part: "cccd")
            // Verified by a service that had no scanner, one clean and one not.
            var uploads: [String] = []
            for word in ["SẠCH", "EICAR"] {
                let id = try await desk.announce(text(word), to: "/my/drafts/\(draft)")
                try await store.stage(try UploadID(id).uuid, at: 0, text(word))
                try await office.harness.database.database.run(
                    """
                    UPDATE uploads SET state = 'verified', received = bytes, media_type = 'text/plain'
                    WHERE id = \(try UploadID(id))
                    """)
                uploads.append(id)
            }
            let infected = try await desk.submit(draft)
            #expect((infected.status, infected.code) == (422, "onestop.infected"))
            #expect(infected.faults == ["uploads.\(uploads[1])"])
            #expect(try await desk.send("GET", "/uploads/\(uploads[1])").status == 404)
            #expect(try await store.staged(try UploadID(uploads[1]).uuid, size: 1).isEmpty)
            #expect(try await !store.contains(ContentHash(of: text("EICAR"))))
            #expect(try await office.harness.count("SELECT count(*) AS n FROM refused_files") == 1)
            #expect(try await office.harness.count("SELECT count(*) AS n FROM dossiers") == 0)
            // Without it the draft is submitted, and all that is in it was scanned.
            let id = try #require(try await desk.submit(draft).json["id"]?.text)
            let papers = try await office.get("/dossiers/\(id)/attachments", as: office.clerk).json["attachments"]
            #expect(papers?.array?.compactMap { $0["scannedAt"]?.text }.count == 2, "\(papers ?? .null)")
        }
    }

    @Test func `os-035: a paper that was given before there was a scanner is scanned before it is taken again`()
        async throws
    {
        let scanner = try TestServer(Self.pretender)
        try await PapersTests().opened(["LIENTHONG_CLAMD": "127.0.0.1:\(scanner.port)"]) { office, desk in
            let first = try await PapersTests().submitted(desk)
            try await office.done("accept", on: first, as: office.clerk)
            let offer = try #require(try await PapersTests().offers(desk).first)
            let wish: JSON = ["part": offer["parts"]?.array?.first ?? .null, "paper": offer["paper"] ?? .null]
            // What lies there is another file, or the one that was given; nobody has scanned it.
            let (store, sick) = (
                office.harness.running.runtime.resource(FileStore.self), AttachmentTests.page + text("EICAR")
            )
            try await store.put(sick)
            let superuser = office.harness.database.open(office.harness.database.administrator)
            func lay(_ bytes: [UInt8]) async throws {
                try await superuser.run(
                    """
                    UPDATE attachments SET sha256 = \(ContentHash(of: bytes).text), bytes = \(bytes.count),
                        scanned_at = NULL
                    WHERE dossier = \(try DossierID(first))
                    """)
            }
            let received = try await office.send(
                "POST", "/counter/dossiers", as: office.clerk,
                [
                    "submission": PaperDesk.submission.with("procedure", .string(PapersTests.other)),
                    "person": .string(office.citizen.text), "duplicateReason": "x",
                ])
            let next = try #require(received.json["id"]?.text)
            let content: JSON = [
                "submission": PaperDesk.submission.with("procedure", .string(PapersTests.other)), "reuse": [wish],
            ]
            let draft = DraftID.new()
            _ = try await desk.send("PUT", "/my/drafts/\(draft)", ["content": content], ifMatch: 0)
            _ = try await desk.upload(UploadTests.document(300), to: "/my/drafts/\(draft)", part: "phieu")
            try await lay(sick)
            let taken = try await office.act("reuse", on: next, as: office.clerk, ["reuse": wish])
            #expect((taken.status, taken.code, taken.faults) == (422, "onestop.infected", ["reuse.paper"]))
            let whole = try await desk.submit(draft)
            #expect((whole.status, whole.code, whole.faults) == (422, "onestop.infected", ["reuse[0]"]))
            #expect(try await office.harness.count("SELECT count(*) AS n FROM attachments") == 1)
            #expect(try await office.harness.count("SELECT count(*) AS n FROM refused_files") == 2)
            try await lay(AttachmentTests.page)
            try await office.done("reuse", on: next, as: office.clerk, ["reuse": wish])
            let submitted = try #require(try await desk.submit(draft).json["id"]?.text)
            for id in [next, submitted] {
                let list = try await office.get("/dossiers/\(id)/attachments", as: office.clerk).json["attachments"]
                let again = try #require(list?.array?.first { $0["reusedFrom"] != nil })
                #expect(again["scannedAt"]?.text == "2021-03-01T09:00:00+07:00")
            }
        }
    }

    @Test func `os-036: an infected file is refused and recorded, without the file`() async throws {
        let scanner = try TestServer(Self.pretender)
        try await Office.open(["LIENTHONG_CLAMD": "127.0.0.1:\(scanner.port)"]) { office in
            let (desk, id) = (PaperDesk(office), try await office.submit())
            let bytes = text("EICAR")
            let upload = try await desk.announce(bytes, to: "/dossiers/\(id)")
            let infected = try await desk.chunk(upload, at: 0, bytes)
            #expect((infected.status, infected.code) == (422, "onestop.infected"))
            #expect(try await desk.send("GET", "/uploads/\(upload)").status == 404)
            let store = office.harness.running.runtime.resource(FileStore.self)
            #expect(try await store.staged(try UploadID(upload).uuid, size: 1).isEmpty)
            #expect(try await !store.contains(ContentHash(of: bytes)))
            let rows = try await office.harness.database.database.run("SELECT * FROM refused_files")
            let row = try #require(rows.first)
            #expect(rows.count == 1)
            #expect(try row("found") == "Test.Eicar")
            #expect(try row("sha256") == ContentHash(of: bytes).text)
            #expect(try row("dossier") == DossierID(id))
            await #expect(throws: (any Error).self) {
                try await office.harness.running.runtime.database.run("DELETE FROM refused_files")
            }
        }
    }

    @Test func `clamd itself is asked, over its socket`() async throws {
        let daemon = try await Clamd.start()
        defer { daemon.stop() }
        let scanner = VirusScanner(.local(daemon.socket))
        let clean = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 % 253) }
        #expect(try await scanner.scan(clean) == .clean)
        #expect(try await scanner.scan(Self.eicar) == .infected("Test.Eicar.UNOFFICIAL"))
        try await Office.open(["LIENTHONG_CLAMD": "unix:\(daemon.socket)"]) { office in
            let (desk, id) = (PaperDesk(office), try await office.submit())
            #expect(try await desk.upload(Self.eicar, to: "/dossiers/\(id)").code == "onestop.infected")
            #expect(try await desk.upload(AttachmentTests.page, to: "/dossiers/\(id)").json["state"] == "attached")
            daemon.stop()
            #expect(try await desk.upload(text("khác"), to: "/dossiers/\(id)").code == "onestop.scanner-away")
        }
    }

    @Test func `the setting says where it listens`() {
        #expect(VirusScanner.Place("unix:/run/clamav/clamd.ctl") == .local("/run/clamav/clamd.ctl"))
        #expect(VirusScanner.Place("127.0.0.1:3310") == .address(host: "127.0.0.1", port: 3_310))
        for wrong in ["", "unix:", "unix:clamd", "127.0.0.1", "127.0.0.1:0", "clamd:3310", "127.0.0.1:x", "::1:3310"] {
            #expect(VirusScanner.Place(wrong) == nil, "\(wrong)")
        }
        #expect(VirusScanner.Place("unix:/" + String(repeating: "a", count: 108)) == nil)
    }
}

/// clamd of the system with a database of one signature, that of the test file.
private final class Clamd: Sendable {
    private let process: Process
    private let folder: URL
    let socket: String

    private init(_ process: Process, _ folder: URL, _ socket: String) {
        (self.process, self.folder, self.socket) = (process, folder, socket)
    }

    static func start() async throws -> Clamd {
        // Short: the path of a socket has 108 bytes at most.
        let folder = URL(fileURLWithPath: "/tmp/clamd-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let hex = ScannerTests.eicar.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        try Data("Test.Eicar:0:*:\(hex)\n".utf8).write(to: folder.appendingPathComponent("own.ndb"))
        let socket = folder.path + "/socket"
        let settings = "LocalSocket \(socket)\nDatabaseDirectory \(folder.path)\nForeground yes\n"
        try Data(settings.utf8).write(to: folder.appendingPathComponent("clamd.conf"))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/sbin/clamd")
        process.arguments = ["--config-file=\(folder.path)/clamd.conf"]
        (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
        try process.run()
        let daemon = Clamd(process, folder, socket)
        let scanner = VirusScanner(.local(socket))
        try await eventually("clamd answers") { (try? await scanner.scan([0x20])) == .clean }
        return daemon
    }

    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}
