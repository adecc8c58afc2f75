import Contracts
import Foundation
import Receipts

/// `lienthong anchor http://SERVICE FILE --key PUBLIC.pem [--service NAME]`: keeps the service to what it has said. Run
/// now and then by somebody outside, on a disk that the service's operators cannot write.
enum AnchorCommand {
    static func run(_ arguments: Arguments, _ say: (String) -> Void) async throws -> Bool {
        let service = try Service(try arguments.word(0))
        let file = try arguments.word(1)
        let named = try Files.service(arguments)
        let keys = try Files.keys(arguments.all("--key"), of: named)
        var anchor = try kept(file, try Files.owner(named, keys), keys)
        guard try await goesOn(anchor, service) else {
            guard arguments.one("--after-restore") == "yes" else {
                let last = anchor.last?.number ?? 0
                say("REFUSED: the service no longer has statement \(last) as it is kept in \(file).")
                say("Somebody replaced or cut off its history, or it was restored from an older copy. After a restore")
                say("that you know of, run this again with --after-restore yes: the file keeps what was lost.")
                return false
            }
            let common = try await common(anchor, service)
            try anchor.takeBack(to: common)
            try Files.append(Anchor.line(restoredTo: common), to: file)
            say("noted in \(file): the service went back to statement \(common) in a restore")
            return try await add(service, to: &anchor, file, say)
        }
        return try await add(service, to: &anchor, file, say)
    }

    private static func kept(_ file: String, _ service: String, _ keys: [SealKey]) throws -> Anchor {
        guard FileManager.default.fileExists(atPath: file) else { return try Anchor("", of: service, keys: keys) }
        let text = String(decoding: try Files.read(file), as: UTF8.self)
        do { return try Anchor(text, of: service, keys: keys) } catch {
            throw CommandFault("\(file) is no anchor of \(service) and these keys: \(error)")
        }
    }

    /// Whether the service still has our last statement.
    private static func goesOn(_ anchor: Anchor, _ service: Service) async throws -> Bool {
        guard let last = anchor.last else { return true }
        return try await service.statements(after: last.number - 1).first.map { Seal($0.statement) } == last
    }

    /// The last statement that both have.
    private static func common(_ anchor: Anchor, _ service: Service) async throws -> Int64 {
        var at: Int64 = 0
        while true {
            let page = try await service.statements(after: at)
            for signed in page {
                guard let seal = Seal(signed.statement), anchor.seal(at + 1) == seal else { return at }
                at += 1
            }
            if page.isEmpty { return at }
        }
    }

    private static func add(
        _ service: Service, to anchor: inout Anchor, _ file: String, _ say: (String) -> Void
    ) async throws -> Bool {
        var added = 0
        while true {
            let page = try await service.statements(after: anchor.last?.number ?? 0)
            var lines = ""
            var fault: AnchorFault?
            for signed in page {
                let before = anchor.last
                do throws(AnchorFault) { try anchor.append(signed) } catch {
                    fault = error
                    break
                }
                lines += Anchor.line(signed)
                added += 1
                if let before, let last = anchor.last, last.epoch > before.epoch {
                    say("statement \(last.number) begins epoch \(last.epoch): the service was restored or failed over")
                }
            }
            if !lines.isEmpty { try Files.append(lines, to: file) }
            if let fault {
                say("REFUSED: what the service answers does not continue \(file): \(fault)")
                return false
            }
            if page.isEmpty { break }
        }
        say("\(added) new statements; \(file) ends with statement \(anchor.last?.number ?? 0)")
        return true
    }
}
