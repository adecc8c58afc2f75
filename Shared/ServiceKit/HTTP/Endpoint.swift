import Contracts

/// What a service mounts in its table of contents: an `Endpoint` or a `RawEndpoint`.
public protocol Mountable: Sendable {
    static var route: Route { get }
    /// One sentence for OpenAPI: what a person does with it.
    static var summary: String { get }
    static var access: Access { get }
    /// The refusals that are the use case's own, for the documentation.
    static var refusals: [Refused] { get }
}

extension Mountable {
    public static var refusals: [Refused] { [] }
}

/// Who may call. Where a right counts only at some agencies the use case also says `try call.require(_, at:)`.
public enum Access: Sendable {
    /// Anybody, without a token.
    case open
    /// Anybody who is signed in.
    case signedIn
    /// A citizen, about his or her own dossiers.
    case citizen
    /// An official who holds this scope somewhere.
    case official(Scope)
    /// One of our services that consumes this service's events.
    case consumer
}

/// A use case behind HTTP: one file reads route, input, output, refusals, `handle`, and the pure decision.
public protocol Endpoint: Mountable {
    associatedtype Input: Record
    associatedtype Output: Record
    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output>
}

/// An endpoint that an RFC or an outside system defines, or whose body is no JSON of ours: it reads and writes
/// messages itself.
public protocol RawEndpoint: Mountable {
    /// Largest body accepted, in bytes.
    static var bodyLimit: Int { get }
    /// The OpenAPI operation's own members: parameters, requestBody, responses (2xx and its own others).
    static var operation: JSON { get }
    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing
}

extension RawEndpoint {
    public static var bodyLimit: Int { Limits.bodyBytes }
}

/// What a use case answers: its output, and where it stands.
public struct Reply<Output: Record>: Sendable {
    public var output: Output
    /// The version of the thing after this request; becomes the ETag.
    public var version: Int64?
    /// Where the new thing is (Location).
    public var location: String?
    /// Keyset pagination: the address of the next page (RFC 8288 `rel="next"`).
    public var next: String?

    public init(_ output: Output, version: Int64? = nil, location: String? = nil, next: String? = nil) {
        self.output = output
        self.version = version
        self.location = location
        self.next = next
    }

    func outgoing(_ route: Route) -> Outgoing {
        var headers: [(name: String, value: String)] = []
        if let version { headers.append(("etag", "\"\(version)\"")) }
        if let location { headers.append(("location", location)) }
        if let next { headers.append(("link", "<\(next)>; rel=\"next\"")) }
        guard route.success != 204 else { return Outgoing(204, headers: headers) }
        headers.append(("content-type", "application/json"))
        return Outgoing(route.success, headers: headers, body: output.jsonBytes)
    }
}
