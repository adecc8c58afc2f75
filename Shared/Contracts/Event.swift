import Foundation

/// A fact that a service announces to all others. Data only: ids, codes, states, times, hashes and links; never a
/// token, never a citizen's personal data. The wire name is written out and its first word is the owning service.
public protocol Event: Record {
    /// Wire name with version: `onestop.dossier.accepted.v1`.
    static var type: String { get }
    /// What happened and when it is announced, for integrators.
    static var doc: String { get }
    /// The aggregate's identity as text: versions of one aggregate are dense from 1 and arrive in order.
    var aggregateID: String { get }
}

extension Event {
    /// The service that announces this event.
    public static var source: String { String(type.prefix { $0 != "." }) }
    /// The kind of thing it is about: the second word of the wire name.
    public static var aggregate: String { String(type.split(separator: ".")[1]) }
}

/// The services by their short names, which are also their schema, database role, broker user and queue.
public enum ServiceName: String, CaseIterable, Sendable {
    case identity, hr, onestop, documents, mail, meetings, budget, integration

    /// Those that exist so far.
    public static let running: [ServiceName] = [.identity, .hr, .onestop, .documents, .mail, .budget, .integration]
}
