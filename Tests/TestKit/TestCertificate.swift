import Foundation

/// A certificate of a server that is its own authority, for `localhost` and for nobody else; gone with the value.
public final class TestCertificate: Sendable {
    private let folder: URL
    /// PEM files: the certificate, which is also the authority; the key; and both.
    public let certificate: String
    public let key: String
    public let both: String

    public init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        certificate = folder.path + "/certificate.pem"
        key = folder.path + "/key.pem"
        both = folder.path + "/both.pem"
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        openssl.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        let files = try [key, certificate].map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
        try (files[0] + files[1]).write(to: URL(fileURLWithPath: both))
    }

    deinit { try? FileManager.default.removeItem(at: folder) }
}

/// A Python program that prints the port on which it listens and then serves, until the value is gone.
public final class TestServer: Sendable {
    private let process: Process
    public let port: Int

    public struct Silent: Error {}

    public init(_ script: String, _ arguments: String...) throws {
        process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = ["-c", script] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // To the end of the line: an unbuffered Python (PYTHONUNBUFFERED) writes the number and it separately.
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { break }
            line += more
        }
        guard let port = Int(String(decoding: line.dropLast(), as: UTF8.self)) else {
            kill(process.processIdentifier, SIGKILL)
            throw Silent()
        }
        self.port = port
    }

    /// SIGKILL: a child inherits the signals that our threads block, SIGTERM among them.
    deinit { kill(process.processIdentifier, SIGKILL) }
}
