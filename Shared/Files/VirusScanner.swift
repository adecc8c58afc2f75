import Contracts
import Foundation
import Glibc

/// Asks clamd about bytes, by its command INSTREAM (clamd(8)): a connection a file, so that nothing of one is left for
/// the next. Whatever is not a clear answer is none: who asks must then refuse.
///
/// The calls block, on threads of the scanner's own, each with the time-outs of `Limits.Scanner`.
public final class VirusScanner: Sendable {
    public enum Verdict: Sendable, Equatable {
        case clean
        /// The name that the scanner's database has for it.
        case infected(String)
    }

    /// The scanner gave no answer that can be relied on.
    public struct Away: Error, Sendable, CustomStringConvertible {
        public let description: String
    }

    /// Where clamd listens.
    public enum Place: Sendable, Equatable {
        case local(String)
        case address(host: String, port: Int)

        /// `unix:/run/clamav/clamd.ctl` or `127.0.0.1:3310`.
        public init?(_ text: String) {
            if text.hasPrefix("unix:/") {
                let path = String(text.dropFirst(5))
                guard path.utf8.count < Place.pathBytes else { return nil }
                self = .local(path)
                return
            }
            let sides = text.split(separator: ":", omittingEmptySubsequences: false)
            guard sides.count == 2, let port = Int(sides[1]), (1...65_535).contains(port) else { return nil }
            var address = in_addr()
            guard inet_pton(AF_INET, String(sides[0]), &address) == 1 else { return nil }
            self = .address(host: String(sides[0]), port: port)
        }

        /// Bytes of `sockaddr_un.sun_path`, its end included.
        static let pathBytes = 108
    }

    private let place: Place
    private let queue = DispatchQueue(label: "scanner", qos: .userInitiated, attributes: .concurrent)

    public init(_ place: Place) { self.place = place }

    public func scan(_ bytes: [UInt8]) async throws(Away) -> Verdict {
        let place = place
        let result: Result<Verdict, Away> = await withUnsafeContinuation { done in
            queue.async { done.resume(returning: Result { () throws(Away) in try Self.ask(place, bytes) }) }
        }
        return try result.get()
    }

    private static func ask(_ place: Place, _ bytes: [UInt8]) throws(Away) -> Verdict {
        let line = try connected(place)
        defer { _ = close(line) }
        var refusedEarly: Away?
        do throws(Away) {
            try send(Array("zINSTREAM\0".utf8)[...], line)
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Limits.Scanner.pieceBytes)
                try send(length(piece.count)[...], line)
                try send(piece, line)
                rest = rest.dropFirst(piece.count)
            }
            try send(length(0)[...], line)
        } catch {
            // It may have said why it takes no more.
            refusedEarly = error
        }
        let answer: String
        do throws(Away) { answer = try reply(line) } catch { throw refusedEarly ?? error }
        return try verdict(answer)
    }

    /// `stream: OK` or `stream: NAME FOUND`; everything else is an error of the scanner.
    static func verdict(_ answer: String) throws(Away) -> Verdict {
        if answer == "stream: OK" { return .clean }
        let (before, after) = ("stream: ", " FOUND")
        let least = before.utf8.count + after.utf8.count
        guard answer.hasPrefix(before), answer.hasSuffix(after), answer.utf8.count > least else {
            throw Away(description: "clamd answered “\(answer.prefix(Limits.Scanner.answerBytes))”")
        }
        return .infected(String(answer.dropFirst(before.count).dropLast(after.count)))
    }

    private static func length(_ count: Int) -> [UInt8] {
        [UInt8(count >> 24 & 255), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)]
    }

    private static func connected(_ place: Place) throws(Away) -> Int32 {
        let family = if case .local = place { AF_UNIX } else { AF_INET }
        let line = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard line >= 0 else { throw away("making a socket") }
        for (option, time) in [(SO_SNDTIMEO, Limits.Scanner.send), (SO_RCVTIMEO, Limits.Scanner.answer)] {
            var wait = timeval(tv_sec: Int(time.components.seconds), tv_usec: 0)
            setsockopt(line, SOL_SOCKET, option, &wait, socklen_t(MemoryLayout<timeval>.size))
        }
        let result =
            switch place {
            case .local(let path): connect(line, path)
            case .address(let host, let port): connect(line, host, port)
            }
        guard result == 0 else {
            let fault = away("reaching clamd")
            _ = close(line)
            throw fault
        }
        return line
    }

    private static func connect(_ line: Int32, _ path: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { room in
            for (index, byte) in path.utf8.enumerated() where index < room.count - 1 { room[index] = byte }
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(line, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func connect(_ line: Int32, _ host: String, _ port: Int) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(line, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func send(_ bytes: ArraySlice<UInt8>, _ line: Int32) throws(Away) {
        var rest = bytes
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(line, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent < 0, errno == EINTR { continue }
            guard sent > 0 else { throw away("sending to clamd") }
            rest = rest.dropFirst(sent)
        }
    }

    /// Up to the zero byte that ends an answer.
    private static func reply(_ line: Int32) throws(Away) -> String {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: Limits.Scanner.answerBytes)
        while answer.last != 0, answer.count < Limits.Scanner.answerBytes {
            let got = buffer.withUnsafeMutableBytes { recv(line, $0.baseAddress, $0.count, 0) }
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw away("waiting for clamd’s answer") }
            answer += buffer.prefix(got)
        }
        guard answer.last == 0 else { throw Away(description: "clamd’s answer has no end") }
        return String(decoding: answer.dropLast(), as: UTF8.self)
    }

    private static func away(_ attempt: String) -> Away {
        Away(description: "\(attempt) failed with error number \(errno)")
    }
}
