import Contracts
import Foundation
import Receipts

/// `lienthong verify RECEIPT.json --key PUBLIC.pem [--service NAME]`; a ZIP archive is a dossier that was taken along.
enum Verify {
    static func run(_ arguments: Arguments, _ say: (String) -> Void) throws -> Bool {
        let file = try arguments.word(0)
        let named = try Files.service(arguments)
        let keys = try Files.keys(arguments.all("--key"), of: named)
        let bytes = Array(try Files.read(file))
        if bytes.starts(with: Array("PK".utf8)) { return VerifyBundle.run(bytes, keys, say) }
        let receipt: Receipt
        do {
            receipt = try Receipt(decoding: JSON(parsing: bytes), unknown: .refuse)
        } catch let fault as FieldFault {
            say("NOT PROVEN: \(file) is no receipt: \(fault.field) \(fault.english)")
            return false
        } catch let fault as JSONFault {
            say("NOT PROVEN: \(file) is no receipt: it is no JSON (\(fault.reason) at byte \(fault.offset))")
            return false
        }
        do throws(ReceiptFault) {
            let (event, seal) = try receipt.verify(keys)
            if let named, named != seal.service {
                say("NOT PROVEN: it is of the service “\(seal.service)”, not of “\(named)”")
                return false
            }
            say("PROVEN: this event stands in the history of the service “\(seal.service)”.")
            describe(event, say)
            say("Place \(receipt.place) of \(receipt.tickEvents) in tick \(receipt.tick) of epoch \(seal.epoch), under")
            say("statement \(seal.number), signed at \(Instant.write(seal.sealedAt)) with key \(seal.key).")
            return true
        } catch {
            say("NOT PROVEN: \(error)")
            return false
        }
    }

    private static func describe(_ event: EventRecord, _ say: (String) -> Void) {
        say("  event       \(event.id.text)")
        say("  type        \(event.type)")
        say("  about       \(event.aggregateType) \(event.aggregateID), version \(event.version)")
        if let agency = event.agency { say("  agency      \(agency)") }
        say("  by          \(event.actor)")
        say("  happened    \(Instant.write(event.occurredAt))")
        say("  data        \(event.payload)")
    }
}

enum Files {
    static func read(_ path: String) throws -> Data {
        do { return try Data(contentsOf: URL(fileURLWithPath: path)) } catch {
            throw CommandFault("\(path) cannot be read")
        }
    }

    /// The service that `--service` names.
    static func service(_ arguments: Arguments) throws -> String? {
        guard let name = arguments.one("--service") else { return nil }
        guard ServiceName(rawValue: name) != nil else { throw CommandFault("no service is named \(name)") }
        return name
    }

    /// The public keys of PEM files.
    /// - Parameter service: whose those are of which the file does not say it.
    static func keys(_ paths: [String], of service: String?) throws -> [SealKey] {
        guard !paths.isEmpty else { throw CommandFault("--key PUBLIC.pem is needed: the service's public key") }
        return try paths.flatMap { path in
            let keys = SealKey.all(pem: String(decoding: try read(path), as: UTF8.self))
            guard !keys.isEmpty else { throw CommandFault("\(path) holds no Ed25519 public key in PEM") }
            return keys.map { key in service.map { key.of(key.service ?? $0) } ?? key }
        }
    }

    /// Whose history it is about: the service that was named, or the one whose keys all of them are.
    static func owner(_ named: String?, _ keys: [SealKey]) throws -> String {
        if let named { return named }
        let owners = Set(keys.compactMap(\.service))
        guard owners.count == 1, keys.allSatisfy({ $0.service != nil }), let owner = owners.first else {
            throw CommandFault("--service NAME is needed: the keys do not say of which one service they are")
        }
        return owner
    }

    /// Adds to the end of a file, which is made when it is not there; on the disk when this returns.
    static func append(_ text: String, to path: String) throws {
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw CommandFault("\(path) cannot be written") }
        defer { close(file) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
            guard written > 0 else { throw CommandFault("\(path) cannot be written") }
            bytes = bytes.dropFirst(written)
        }
        guard fsync(file) == 0 else { throw CommandFault("\(path) may not be on the disk") }
    }
}
