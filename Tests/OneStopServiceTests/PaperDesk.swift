import Contracts
import Files
import Foundation
import ServiceKit
import ServiceTestKit

@testable import OneStopService

/// Drafts and files as their writers send them.
struct PaperDesk: Sendable {
    static let code = "9.000010"
    let office: Office
    var person: PersonID

    init(_ office: Office, _ person: PersonID? = nil) {
        (self.office, self.person) = (office, person ?? office.citizen)
    }

    /// A form, an identity card that must be there, a proof that may follow, and an application that must be signed.
    static func definition() throws -> Definition {
        func part(_ key: String, _ change: (inout Part) -> Void) -> Part {
            var part = Part()
            (part.key, part.name, part.nameEn) = (key, "Giấy tờ \(key)", "Paper \(key)")
            change(&part)
            return part
        }
        var definition = try judicialRecord()
        definition.onlineLevel = .whole
        definition.form = [
            "type": "object", "additionalProperties": false, "required": ["purpose"],
            "properties": ["purpose": ["type": "string", "minLength": 3], "copies": ["type": "integer"]],
        ]
        definition.parts = [
            part("to-khai") { $0.kind = .form },
            part("cccd") { ($0.kind, $0.types, $0.reusable) = (.copy, [.pdf, .png], true) },
            part("minh-chung") { ($0.kind, $0.due) = (.copy, .acceptance) },
            part("don") { ($0.kind, $0.signed, $0.required) = (.original, true, false) },
        ]
        return definition
    }

    static let submission = Office.submission.with("procedure", .string(code)).with("form", ["purpose": "xin việc"])

    static func announcement(of bytes: [UInt8], part: String = "other", type: String? = nil) -> JSON {
        let said: JSON = [
            "part": .string(part), "name": "Giấy tờ.pdf", "size": .integer(Int64(bytes.count)),
            "sha256": .string(ContentHash(of: bytes).text),
        ]
        return said.with("mediaType", type.map(JSON.string))
    }

    func send(
        _ method: String, _ path: String, _ body: JSON? = nil, ifMatch: Int? = nil, key: String? = nil
    ) async throws -> TestService.Answer {
        try await office.send(method, path, as: person, body, ifMatch: ifMatch, key: key)
    }

    func save(_ draft: DraftID, _ submission: JSON, over version: Int = 0) async throws -> TestService.Answer {
        try await send(
            "PUT", "/my/drafts/\(draft)", ["content": ["submission": submission]], ifMatch: version)
    }

    /// A draft that is right but for its files.
    func written(_ submission: JSON = submission) async throws -> DraftID {
        let draft = DraftID.new()
        let saved = try await save(draft, submission)
        guard saved.status == 200 else { throw Office.Unexpected(saved) }
        return draft
    }

    func chunk(_ upload: String, at offset: Int, _ bytes: [UInt8]) async throws -> TestService.Answer {
        try await office.harness.send(
            "PUT", "/uploads/\(upload)", as: person, person == office.clerk ? .official : .citizen, body: bytes,
            headers: [("content-type", "application/octet-stream"), ("upload-offset", "\(offset)")])
    }

    /// Announces a file: the upload's id.
    func announce(_ bytes: [UInt8], to place: String, part: String = "other", type: String? = nil) async throws
        -> String
    {
        let begun = try await send(
            "POST", "\(place)/uploads", Self.announcement(of: bytes, part: part, type: type))
        guard begun.status == 201, let id = begun.json["id"]?.text else { throw Office.Unexpected(begun) }
        return id
    }

    /// Announces and sends a whole file: the answer to its last part.
    func upload(
        _ bytes: [UInt8], to place: String, part: String = "other", type: String? = nil
    ) async throws -> TestService.Answer {
        try await chunk(try await announce(bytes, to: place, part: part, type: type), at: 0, bytes)
    }

    func submit(_ draft: DraftID, key: String? = nil) async throws -> TestService.Answer {
        try await send("POST", "/my/drafts/\(draft)/submit", key: key)
    }

    func read(_ draft: DraftID) async throws -> JSON { try await send("GET", "/my/drafts/\(draft)").json }

    /// The places that a draft's view names as missing.
    static func missing(_ view: JSON) -> [String] {
        (view["missing"]?.array ?? []).compactMap { $0["field"]?.text }.map { $0.hasPrefix("uploads.") ? "upload" : $0 }
    }
}
