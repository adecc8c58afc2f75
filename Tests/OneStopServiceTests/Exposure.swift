import Contracts
import Crypto
import Foundation
import Postgres
import Sealing
import ServiceTestKit

/// Whoever has got hold of everything: every value of every table, what the broker kept, and the private keys of both
/// services. Tells what of a sealed text can be read with that.
struct Exposure: Sendable {
    private(set) var values: Set<[UInt8]> = []

    mutating func add(_ bytes: [UInt8]) {
        guard !bytes.isEmpty, values.insert(bytes).inserted else { return }
        let text = String(decoding: bytes, as: UTF8.self)
        if let decoded = Data(base64Encoded: text), !decoded.isEmpty { values.insert(Array(decoded)) }
        if text.hasPrefix("\\x"), let decoded = Self.hex(text.dropFirst(2)) { add(decoded) }
        if let json = try? JSON(parsing: bytes) { leaves(json) }
    }

    private mutating func leaves(_ json: JSON) {
        switch json {
        case .object(let members): members.forEach { leaves($0.value) }
        case .array(let values): values.forEach { leaves($0) }
        case .string(let text): add(Array(text.utf8))
        default: break
        }
    }

    private static func hex(_ text: Substring) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    /// Everything in a service's schema.
    mutating func add(_ service: TestService) async throws {
        let database = service.database.database
        let tables = try await database.run(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
        for table in tables {
            let name: String = try table("table_name")
            let rows = try await database.run("SELECT row_to_json(t)::text AS row FROM \(raw: name) t")
            for row in rows { add(Array(try row("row", as: String.self).utf8)) }
        }
    }

    /// Whether `text` stands anywhere as it is.
    func contains(_ text: String) -> Bool {
        let needle = Data(text.utf8)
        return values.contains { Data($0).range(of: needle) != nil }
    }

    /// What the sealed texts say, opened with any value as a key, or with any value that a private key unwraps.
    func opened(with services: [ServiceName], purpose: String) throws -> Set<String> {
        let keys = try services.map { try TestKeys.key($0) }
        let ids = values.compactMap { try? SubjectKeyID(String(decoding: $0, as: UTF8.self)) }
        var subjects: [SubjectKey] = []
        for id in Set(ids) {
            // Encapsulated key, 32 bytes, tag.
            for value in values where value.count == 80 {
                for key in keys {
                    if let found = try? key.unwrap(WrappedKey(id: id, bytes: value)) { subjects.append(found) }
                }
            }
        }
        let raw = values.filter { $0.count == 32 }.map { SymmetricKey(data: $0) }
        var texts: Set<String> = []
        // Ciphertext of any length is no UTF-8.
        for box in values where box.count > 28 && String(validating: box, as: UTF8.self) == nil {
            for subject in subjects {
                if let text = try? subject.open(Sealed(key: subject.id, box: box), for: purpose) { texts.insert(text) }
            }
            for key in raw {
                for id in Set(ids) {
                    let context = Array("lienthong/sealed/v1\n\(id)\n\(purpose)".utf8)
                    guard let sealed = try? AES.GCM.SealedBox(combined: box),
                        let text = try? AES.GCM.open(sealed, using: key, authenticating: context)
                    else { continue }
                    texts.insert(String(decoding: text, as: UTF8.self))
                }
            }
        }
        return texts
    }
}
