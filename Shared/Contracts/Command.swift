import Foundation

/// A message to ONE service: do this. It goes the way of events (log, relay, inbox), but through an exchange of its
/// own that only its sender may write to and only its addressee may read, and it stands in no feed but the
/// addressee's. What is somebody's personal data in it is `Sealed`.
///
/// An aggregate has either events or commands. The first word of the wire name is the sender: it owns the aggregate.
public protocol Command: Event {
    /// Who is to do it.
    static var addressee: ServiceName { get }
}

extension Catalogue {
    /// Every command of the system.
    public static let commands: [any Command.Type] = [
        SendCitizenNotice.self,
        SendAppointmentReminder.self,
        // the next one goes to its sender
    ]

    /// The command with this wire name; nil for events.
    public static func command(_ type: String) -> (any Command.Type)? { commandsByType[type] }

    private static let commandsByType: [String: any Command.Type] =
        Dictionary(commands.map { ($0.type, $0) }, uniquingKeysWith: { first, _ in first })

    /// What may be asked of a service by others: the commands that it takes.
    static func addressed(to service: ServiceName) -> [any Event.Type] {
        commands.filter { $0.addressee == service }
    }

    /// `<sender>.<aggregate>` of every command.
    static let commanded = Set(commands.map { "\($0.source).\($0.aggregate)" })

    /// The binding keys of a service's queue at the exchange of commands.
    public static func commandBindings(of service: ServiceName) -> [String] {
        Set(addressed(to: service).map { "\($0.source).\($0.aggregate).#" }).sorted()
    }

    /// The services to which `source` sends commands: who may have the keys of what it seals.
    public static func addressees(of source: ServiceName) -> Set<ServiceName> {
        Set(commands.filter { $0.source == source.rawValue }.map { $0.addressee })
    }

    /// The aggregates of `source` that nobody but their addressee may see in its feed.
    public static func hidden(of source: ServiceName, from reader: ServiceName?) -> [String] {
        let hidden = commands.filter { $0.source == source.rawValue && $0.addressee != reader }
        return Set(hidden.map { $0.aggregate }).sorted()
    }
}
