import Foundation

/// Method and path of an endpoint: `.post("/dossiers/{dossier}/accept")`. A word in braces is a path field of the
/// endpoint's `Input`.
public struct Route: Sendable, Hashable, CustomStringConvertible {
    public let method: String
    public let path: String
    /// Status of the answer when all went well.
    public let success: Int

    let segments: [Segment]

    enum Segment: Sendable, Hashable {
        case word(String)
        case field(String)
    }

    init(_ method: String, _ path: String, _ success: Int) {
        self.method = method
        self.path = path
        self.success = success
        segments = path.split(separator: "/").map { part in
            part.hasPrefix("{") ? .field(String(part.dropFirst().dropLast())) : .word(String(part))
        }
    }

    public static func get(_ path: String) -> Route { Route("GET", path, 200) }
    /// A POST that makes a thing (201) unless another status is given.
    public static func post(_ path: String, success: Int = 200) -> Route { Route("POST", path, success) }
    public static func put(_ path: String) -> Route { Route("PUT", path, 200) }
    public static func patch(_ path: String) -> Route { Route("PATCH", path, 200) }
    public static func delete(_ path: String) -> Route { Route("DELETE", path, 204) }

    public var description: String { "\(method) \(path)" }

    var pathFields: [String] {
        segments.compactMap { if case .field(let name) = $0 { name } else { nil } }
    }
}

/// Finds the endpoint of a request; knows which methods a path has, so that a wrong one is 405 with Allow (RFC 9110,
/// section 15.5.6) and not 404.
struct Router<Target: Sendable>: Sendable {
    enum Match {
        case found(Target, [String: String])
        case wrongMethod(allowed: [String])
        case nowhere
    }

    private final class Node: Sendable {
        let words: [String: Node]
        let field: Node?
        let ends: [String: (Target, [String])]

        init(_ routes: [(segments: ArraySlice<Route.Segment>, method: String, names: [String], target: Target)]) {
            var grouped: [String: [(ArraySlice<Route.Segment>, String, [String], Target)]] = [:]
            var below: [(ArraySlice<Route.Segment>, String, [String], Target)] = []
            var ends: [String: (Target, [String])] = [:]
            for route in routes {
                switch route.segments.first {
                case .word(let word):
                    grouped[word, default: []].append(
                        (route.segments.dropFirst(), route.method, route.names, route.target))
                case .field(let name):
                    below.append((route.segments.dropFirst(), route.method, route.names + [name], route.target))
                case nil:
                    precondition(ends[route.method] == nil, "two endpoints share one route")
                    ends[route.method] = (route.target, route.names)
                }
            }
            words = grouped.mapValues { Node($0.map { (segments: $0.0, method: $0.1, names: $0.2, target: $0.3) }) }
            field = below.isEmpty ? nil : Node(below.map { (segments: $0.0, method: $0.1, names: $0.2, target: $0.3) })
            self.ends = ends
        }
    }

    private let root: Node

    init(_ routes: [(Route, Target)]) {
        root = Node(routes.map { (segments: $0.0.segments[...], method: $0.0.method, names: [], target: $0.1) })
    }

    func find(_ method: String, _ path: String) -> Match {
        let parts = path.split(separator: "/", omittingEmptySubsequences: true)
        var values: [String] = []
        guard let node = descend(root, parts[...], &values), !node.ends.isEmpty else { return .nowhere }
        guard let (target, names) = node.ends[method == "HEAD" ? "GET" : method] else {
            let allowed = Set(node.ends.keys).union(node.ends["GET"] == nil ? [] : ["HEAD"])
            return .wrongMethod(allowed: allowed.sorted())
        }
        let pairs = zip(names, values).map { ($0, FormDecoding.decode(Substring($1), plus: false)) }
        return .found(target, Dictionary(pairs, uniquingKeysWith: { $1 }))
    }

    private func descend(_ node: Node, _ parts: ArraySlice<Substring>, _ values: inout [String]) -> Node? {
        guard let part = parts.first else { return node }
        if let next = node.words[String(part)], let end = descend(next, parts.dropFirst(), &values),
            !end.ends.isEmpty
        {
            return end
        }
        guard let next = node.field else { return nil }
        values.append(String(part))
        if let end = descend(next, parts.dropFirst(), &values) { return end }
        values.removeLast()
        return nil
    }
}
