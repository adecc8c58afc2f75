import Contracts
import Foundation

import struct ServiceKit.Incoming

@testable import BudgetService
@testable import DocumentsService
@testable import HRService
@testable import IdentityService
@testable import IntegrationService
@testable import MailService
@testable import OneStopService
@testable import ServiceKit

/// The typed input of every endpoint: path, query, headers and body from one JSON object of all its fields.
enum EndpointTargets {
    static let mounted: [(service: String, endpoint: any Mountable.Type)] =
        [
            ("identity", IdentityService.Main.endpoints), ("hr", HRService.Main.endpoints),
            ("onestop", OneStopService.Main.endpoints), ("documents", DocumentsService.Main.endpoints),
            ("budget", BudgetService.Main.endpoints), ("mail", MailService.Main.endpoints),
            ("integration", IntegrationService.Main.endpoints),
        ].flatMap { service, endpoints in endpoints.map { (service, $0) } }

    static let all: [Target] = mounted.compactMap { service, type in
        (type as? any Endpoint.Type).flatMap { target(service, $0) }
    }

    private static func target<E: Endpoint>(_ service: String, _ endpoint: E.Type) -> Target? {
        guard !E.Input.fields.isEmpty else { return nil }
        let sample = JSON.object(E.Input.fields.map { .init($0.name, Sample.value(of: $0.schema, $0.name)) }).bytes
        return Target("\(service) \(E.route)", [sample], change: { $1.changeJSON($0) }) { bytes in
            let (request, path) = Self.request(bytes, E.Input.fields)
            let input: E.Input
            do throws(InputFault) { input = try InputReader<E.Input>().read(request, path) } catch {
                if case .fields(let faults) = error {
                    try require(!faults.isEmpty, "refused without a fault")
                    for fault in faults { try FaultCheck.names(fault, E.Input.fields.map(\.name)) }
                }
                throw error
            }
            try accepted(input, request)
        }
    }

    /// What was accepted is as its schema says, in the form in which it came and in ours, and comes back the same.
    private static func accepted<Input: Record>(_ input: Input, _ request: Incoming) throws {
        let schema = Input.schema(of: Input.fields)
        let written = input.jsonBytes
        let tree = try JSON(parsing: written)
        if let fault = SchemaCheck.fault(tree, schema) {
            throw Finding("what was read is against its schema: \(fault)")
        }
        let again: Input
        do { again = try Input(decoding: tree, unknown: .refuse) } catch {
            throw Finding("what was written is refused: \(error)")
        }
        try require(again.jsonBytes == written, "it becomes another input when read again")
        guard Input.fields.contains(where: { $0.source == .body }), !request.body.isEmpty else { return }
        if let fault = SchemaCheck.fault(try JSON(parsing: request.body), Input.schema) {
            throw Finding("the body is accepted, but against the published schema: \(fault)")
        }
    }

    private static func request<Root>(_ bytes: [UInt8], _ fields: [Field<Root>]) -> (Incoming, [String: String]) {
        var request = Incoming("POST", "/", headers: [("content-type", "application/json")])
        guard let tree = try? JSON(parsing: bytes), case .object(let members) = tree else {
            request.body = bytes
            return (request, [:])
        }
        var path: [String: String] = [:]
        var body: [JSON.Member] = []
        var query: [(name: String, value: String)] = []
        for member in members {
            switch fields.first(where: { $0.name == member.name })?.source {
            case .path: path[member.name] = plain(member.value)
            case .query: query += (member.value.array ?? [member.value]).map { (member.name, plain($0)) }
            case .header: request.headers.append((member.name.lowercased(), plain(member.value)))
            case .body, nil: body.append(member)
            }
        }
        request.query = QueryEncoding.text(query)
        if fields.contains(where: { $0.source == .body }) { request.body = JSON.object(body).bytes }
        return (request, path)
    }

    private static func plain(_ value: JSON) -> String { value.text ?? value.description }
}

/// A lawful value of a schema.
enum Sample {
    static func value(of schema: JSON, _ name: String) -> JSON {
        if let first = schema["enum"]?.array?.first { return first }
        switch (schema["type"]?.text, schema["format"]?.text) {
        case ("string", "uuid"): return "0190a6c2-7b1e-7c3d-8e4f-5a6b7c8d9e0f"
        case ("string", "date"): return "2021-02-09"
        case ("string", "date-time"): return "2021-02-09T10:00:00+07:00"
        case ("string", _): return .string(text(schema, name))
        case ("integer", _): return .integer(max(schema["minimum"]?.integer ?? 1, 1))
        case ("boolean", _): return true
        case ("array", _): return .array([value(of: schema["items"] ?? [:], name)])
        case ("object", _):
            guard case .object(let members)? = schema["properties"] else { return [:] }
            return .object(members.map { JSON.Member($0.name, value(of: $0.value, $0.name)) })
        default: return .null
        }
    }

    /// By pattern first, then by name: what our fields are called says what they hold.
    private static func text(_ schema: JSON, _ name: String) -> String {
        if schema["maxLength"]?.integer == Int64(Limits.agencyCodeLength), schema["pattern"] == nil { return "H19.12" }
        let candidates = [
            "abc", "0912345678", "123456789012", "1.001612", "08:00", "a-b", "1.17.3", "H19.12-210209-0001",
            "15/QĐ-STP",
            String(repeating: "a", count: 64), "annv", "a", "aaaaaaaaaaaa", "QĐ", "H19", "a@b.vn", "2021-Q1",
        ]
        let pattern = schema["pattern"]?.text
        let fitting = candidates.first { candidate in
            let length = Int64(candidate.unicodeScalars.count)
            return length >= schema["minLength"]?.integer ?? 0 && length <= schema["maxLength"]?.integer ?? 1_000
                && (pattern.map { Patterns.matches(candidate, $0) } ?? true)
        }
        return fitting ?? String(repeating: "a", count: Int(schema["minLength"]?.integer ?? 1))
    }
}
