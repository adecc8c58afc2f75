import Contracts
import Foundation
import FoundationNetworking
import Receipts

/// A service's public answers over HTTP.
struct Service {
    let address: String

    init(_ address: String) throws {
        guard address.hasPrefix("http://") || address.hasPrefix("https://") else {
            throw CommandFault("\(address) is no http or https address")
        }
        self.address = address.hasSuffix("/") ? String(address.dropLast()) : address
    }

    private func read(_ path: String) async throws -> JSON {
        guard let url = URL(string: address + path) else { throw CommandFault("\(address)\(path) is no address") }
        var request = URLRequest(url: url)
        request.timeoutInterval = Double(Limits.Receipts.request.components.seconds)
        let (data, response): (Data, URLResponse)
        do { (data, response) = try await URLSession.shared.data(for: request) } catch {
            throw CommandFault("\(address) does not answer: \(error.localizedDescription)")
        }
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        guard status == 200 else { throw CommandFault("\(address)\(path) answers \(status)") }
        guard let json = try? JSON(parsing: Array(data)) else { throw CommandFault("\(address)\(path) is no JSON") }
        return json
    }

    /// One page of signed statements after a number; empty at the end.
    func statements(after number: Int64) async throws -> [SignedSeal] {
        let json = try await read("/receipts/roots?after=\(number)&limit=\(Limits.Receipts.page)")
        return try (json["statements"]?.array ?? []).map { item in
            guard let signed = try? SignedSeal(decoding: item, unknown: .ignore) else {
                throw CommandFault("\(address) answers with something else than signed statements")
            }
            return signed
        }
    }

    func keys() async throws -> [(id: String, pem: String, since: String)] {
        (try await read("/receipts/keys")["keys"]?.array ?? []).map { item in
            (item["key"]?.text ?? "", item["pem"]?.text ?? "", item["since"]?.text ?? "")
        }
    }
}

/// `lienthong keys http://SERVICE`
enum Keys {
    static func run(_ arguments: Arguments, _ say: (String) -> Void) async throws -> Bool {
        let keys = try await Service(try arguments.word(0)).keys()
        for key in keys {
            say("key \(key.id), since \(key.since)")
            say(key.pem.trimmingCharacters(in: .whitespacesAndNewlines))
        }
        return !keys.isEmpty
    }
}
