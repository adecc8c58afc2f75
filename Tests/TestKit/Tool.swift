import Foundation

/// Programs of others that look at what ours has made.
public enum Tool {
    /// What a program writes, which has ended well.
    @discardableResult
    public static func run(_ name: String, _ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/\(name)")
        process.arguments = arguments
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, FileHandle.nullDevice)
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw Failed(name: name, arguments: arguments, status: process.terminationStatus)
        }
        return String(decoding: said, as: UTF8.self)
    }

    public struct Failed: Error {
        let name: String
        let arguments: [String]
        let status: Int32
    }
}

/// A PDF as poppler and zbar see it.
public struct SeenPDF: Sendable {
    /// Its words, with one space between.
    public let text: String
    public let pages: Int
    /// Points.
    public let size: String
    /// Lines of `pdffonts`, of which each font is one.
    public let fonts: [String]
    /// What the codes on its first page say.
    public let codes: [String]

    /// - Parameter name: under which it is kept for people to look at, in LIENTHONG_TEST_PRINTS where that is set.
    public init(_ bytes: [UInt8], _ name: String) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("pdf-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appendingPathComponent("print.pdf").path
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        if let kept = ProcessInfo.processInfo.environment["LIENTHONG_TEST_PRINTS"] {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(kept)/\(name).pdf"))
        }
        text = try Tool.run("pdftotext", "-enc", "UTF-8", file, "-").split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
        let facts = try Tool.run("pdfinfo", file).split(separator: "\n")
        func fact(_ name: String) -> String {
            let line = facts.first { $0.hasPrefix("\(name):") } ?? ""
            return line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
        }
        (pages, size) = (Int(fact("Pages")) ?? 0, fact("Page size"))
        fonts = try Tool.run("pdffonts", file).split(separator: "\n").dropFirst(2).map(String.init)
        try Tool.run("pdftoppm", "-r", "200", "-f", "1", "-l", "1", "-gray", file, "\(folder.path)/page")
        let picture = try FileManager.default.contentsOfDirectory(atPath: folder.path).first { $0.hasSuffix(".pgm") }
        // zbarimg fails where there is no code.
        let said = try? Tool.run("zbarimg", "--quiet", "--raw", "\(folder.path)/\(picture ?? "")")
        codes = (said ?? "").split(separator: "\n").map(String.init)
    }

    /// Whether every font is in the file, and all are ours.
    public var hasOwnFonts: Bool {
        !fonts.isEmpty
            && fonts.allSatisfy { line in
                let isOurs = line.contains("LiberationSerif") || line.contains("DejaVuSerif")
                // Name, type, encoding, then whether it is embedded.
                return isOurs && line.split(separator: " ").suffix(5).first == "yes"
            }
    }
}
