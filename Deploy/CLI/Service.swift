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

    /// Its public keys, and which service it says it is: nil from one that is older than this answer.
    func keys() async throws -> (service: String?, keys: [(key: SealKey, since: Date)]) {
        let json = try await read("/receipts/keys")
        let keys = try (json["keys"]?.array ?? []).map { item -> (key: SealKey, since: Date) in
            guard let key = SealKey.all(pem: item["pem"]?.text ?? "").first,
                let since = item["since"]?.text.flatMap(Instant.read)
            else { throw CommandFault("\(address) answers with something else than public keys") }
            return (key, since)
        }
        return (json["service"]?.text, keys)
    }
}

/// `lienthong keys http://SERVICE [--service NAME]`: each key behind a line that says whose it is. Written anew from
/// what was read, so that an answer cannot slip in another key or another line.
enum Keys {
    static func run(_ arguments: Arguments, _ say: (String) -> Void) async throws -> Bool {
        let service = try Service(try arguments.word(0))
        let named = try Files.service(arguments)
        let (own, keys) = try await service.keys()
        guard let owner = own ?? named else {
            throw CommandFault("\(service.address) does not say which service it is: --service NAME says so")
        }
        guard ServiceName(rawValue: owner) != nil, owner == named ?? owner else {
            throw CommandFault("\(service.address) says that it is the service “\(owner)”")
        }
        for (key, since) in keys {
            say("key \(key.id), since \(Instant.write(since))")
            say(key.of(owner).labelled.trimmingCharacters(in: .newlines))
        }
        return !keys.isEmpty
    }
}
