import Contracts
import ServiceKit

/// Who holds which post where on a day: what a procedure needs to know of the directory before it is published.
struct Staffing: Sendable {
    struct Post: Sendable, Hashable {
        var role: PostRole
        var fields: ProcedureFields
    }

    /// The agencies in force.
    var agencies: [AgencyCode: AgencyKind] = [:]
    var posts: [AgencyCode: Set<Post>] = [:]

    /// Whether somebody can be given a step there, by the rule of handing over: the role that the step names, or a
    /// leader.
    func holds(_ role: PostRole, at agency: AgencyCode, field: String) -> Bool {
        posts[agency]?.contains { ($0.role == role || $0.role == .leader) && $0.fields.contain(field) } ?? false
    }

    /// Whether somebody may receive there: rights reach down.
    func receives(at agency: AgencyCode, field: String) -> Bool {
        var place: AgencyCode? = agency
        while let at = place {
            let found = posts[at]?.contains {
                Scope.of($0.role).contains(.dossiersReceive) && $0.fields.contain(field)
            }
            if found ?? false { return true }
            place = at.parent
        }
        return false
    }

    /// Every agency at which each step may be done, whichever agency receives and whichever way is taken; with the
    /// steps that have nobody to be done by, and the agencies that have no one above them.
    func check(_ definition: Definition, _ graph: StepGraph, paths: [Int: [Int]]) -> [Finding] {
        let receivers = agencies.filter { definition.receivers.contains($0.value) }.keys.sorted()
        guard !receivers.isEmpty else {
            return [
                Finding(
                    "os-011", "onestop.no-receiver", at: "receivers",
                    vi: "Không có cơ quan nào thuộc các loại tiếp nhận thủ tục này",
                    en: "There is no agency of the kinds that receive this procedure")
            ]
        }
        var findings: [Finding] = []
        let closed = receivers.filter { !receives(at: $0, field: definition.field) }
        if !closed.isEmpty {
            findings.append(
                Finding(
                    "os-011", "onestop.nobody-receives", at: "receivers",
                    vi: "Không có người tiếp nhận tại \(Self.names(closed, "và"))",
                    en: "Nobody receives at \(Self.names(closed, "and"))"))
        }
        for (step, places) in self.places(definition, graph, receivers: receivers).sorted(by: { $0.key < $1.key }) {
            let vacant = places.filter {
                agencies[$0] == nil || !holds(graph.steps[step].role, at: $0, field: definition.field)
            }.sorted()
            guard !vacant.isEmpty else { continue }
            let (key, role) = (graph.steps[step].key, graph.steps[step].role.rawValue)
            findings.append(
                Finding(
                    "os-011", "onestop.role-vacant", at: "steps[\(step)].role",
                    path: graph.keys(paths[step] ?? [step]),
                    vi: "Bước “\(key)”: không ai giữ vai trò “\(role)” tại \(Self.names(vacant, "và"))",
                    en: "Step “\(key)”: nobody holds the role “\(role)” at \(Self.names(vacant, "and"))"))
        }
        return findings
    }

    /// Where each step is done; `none` stands for the agency above one that has none.
    private func places(
        _ definition: Definition, _ graph: StepGraph, receivers: [AgencyCode]
    ) -> [Int: Set<AgencyCode>] {
        var all: [Int: Set<AgencyCode>] = [:]
        for receiver in receivers {
            var here: [Int: Set<AgencyCode>] = [:]
            var ahead: [(step: Int, from: AgencyCode)] = [(0, receiver)]
            while let (step, from) = ahead.popLast() {
                let place =
                    switch graph.steps[step].rule {
                    case .receiving: receiver
                    case .parent: receiver.parent ?? AgencyCode.none
                    case .named: graph.steps[step].agency ?? AgencyCode.none
                    case .working: from
                    }
                guard here[step, default: []].insert(place).inserted else { continue }
                for target in Set(graph.ways[step].joined()) { ahead.append((target, place)) }
            }
            all.merge(here) { $0.union($1) }
        }
        return all
    }

    private static func names(_ agencies: [AgencyCode], _ and: String) -> String {
        let shown = agencies.prefix(Limits.OneStop.namedAgencies).map { $0 == AgencyCode.none ? "—" : $0.text }
        let more = agencies.count - shown.count
        return shown.joined(separator: ", ") + (more > 0 ? " \(and) +\(more)" : "")
    }
}

extension Session {
    /// The directory on `day`, as far as procedures ask for it.
    func staffing(on day: Day) async throws -> Staffing {
        var staffing = Staffing()
        for row in try await run(
            """
            SELECT code, kind FROM directory_agencies
            WHERE valid_from <= \(day) AND (valid_to IS NULL OR valid_to >= \(day))
            """)
        {
            let (code, kind): (AgencyCode, String) = (try row("code"), try row("kind"))
            staffing.agencies[code] = AgencyKind(rawValue: kind)
        }
        for row in try await run(
            """
            SELECT DISTINCT agency, role, fields FROM directory_posts
            WHERE valid_from <= \(day) AND (valid_to IS NULL OR valid_to >= \(day))
            """)
        {
            let role: String = try row("role")
            guard let role = PostRole(rawValue: role) else { continue }
            let agency: AgencyCode = try row("agency")
            staffing.posts[agency, default: []].insert(
                Staffing.Post(role: role, fields: ProcedureFields(try row("fields"))))
        }
        return staffing
    }
}
