import Contracts
import Foundation
import Sealing

/// How an addressee gets at the keys of what was sealed for it: from the sender, in the background, each time anew.
/// What it gets must be kept nowhere.
public struct SubjectKeyReader: Sendable {
    private let keys: SealingKeys
    private let client: FeedClient

    public init(_ keys: SealingKeys, _ runtime: Runtime) {
        self.keys = keys
        client = FeedClient(runtime.configuration, log: runtime.log)
    }

    /// Nil: it has been erased, and everything sealed under it with it.
    /// - Throws: when the sender or Identity is away, or does not know the key.
    public func key(_ id: SubjectKeyID, from sender: ServiceName) async throws -> SubjectKey? {
        let path = "/subject-keys/\(id)"
        let answer = try await client.get(path, of: sender)
        if answer.status == 410 { return nil }
        guard answer.status == 200, let json = try? JSON(parsing: answer.body),
            let wrapped = json["wrapped"]?.text.flatMap({ Data(base64Encoded: $0) })
        else { throw OutboundFault(address: "\(sender.rawValue)\(path)", reason: "status \(answer.status)") }
        return try keys.own.unwrap(WrappedKey(id: id, bytes: Array(wrapped)))
    }
}
