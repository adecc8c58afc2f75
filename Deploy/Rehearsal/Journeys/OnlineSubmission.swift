import Contracts
import Crypto
import Foundation

/// A file that goes with a submission.
struct Enclosure: Sendable {
    let part: String
    let name: String
    let bytes: [UInt8]

    /// A page that says what it stands for.
    static func page(_ text: String, part: String, name: String) -> Enclosure {
        let content = "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Note(\(text))>>\nendobj\ntrailer\n<</Root 1 0 R>>\n%%EOF\n"
        return Enclosure(part: part, name: name, bytes: Array(content.utf8))
    }

    /// Bytes of one request: small, so that the rehearsal sends several.
    static let piece = 64
}

extension Office {
    /// A submission as a portal makes it: a draft, its files in parts, then the dossier. Whatever was cut off is sent
    /// again: a draft that was saved and a part that is there are answered as before.
    func submit(_ submission: JSON, _ files: [Enclosure], as who: String) async throws -> String {
        let draft = UUID.v7().text
        try await put(
            .onestop, "/my/drafts/\(draft)", ["content": ["submission": submission]], over: "\"0\"", as: who)
        for file in files {
            let upload = try await post(
                .onestop, "/my/drafts/\(draft)/uploads",
                [
                    "part": .string(file.part), "name": .string(file.name), "size": .integer(Int64(file.bytes.count)),
                    "sha256": .string(Hex.encode(SHA256.hash(data: file.bytes))), "mediaType": "application/pdf",
                ], as: who
            ).text("id")
            for offset in stride(from: 0, to: file.bytes.count, by: Enclosure.piece) {
                let end = min(offset + Enclosure.piece, file.bytes.count)
                let ask = HTTPAsk(
                    method: "PUT", target: "/uploads/\(upload)",
                    headers: [("content-type", "application/octet-stream"), ("upload-offset", "\(offset)")],
                    body: Array(file.bytes[offset..<end]))
                _ = try await call(.onestop, ask, as: who)
            }
        }
        return try await post(.onestop, "/my/drafts/\(draft)/submit", as: who).text("id")
    }
}
