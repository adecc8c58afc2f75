import Contracts
import Foundation
import Postgres

/// Commands are rows of the log like events; what differs is the exchange (`WireFormat`), who may read them in a feed
/// (`Feed.page(hiding:)`), and that what is personal in them is sealed.
extension EventWriter {
    /// A command as a further step of a flight, written when the step `from` has a row. It is the first and only
    /// version of its aggregate, so it has no order towards the flight's event that could be lost.
    public static func step(_ command: Announcement, from step: String = "change") -> SQL {
        precondition(command.event is any Command, "an event is announced by its flight, in order")
        return """
            \(insert) SELECT \(EventLogStart.epoch), \(values(command, version: "1::bigint"))
            FROM \(raw: step) CROSS JOIN relay_epoch e
            """
    }
}
