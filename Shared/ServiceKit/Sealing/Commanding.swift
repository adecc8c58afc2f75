import Contracts
import EventLog
import Postgres

extension Call {
    /// A command as a further step of a flight (`then:`), written when the change is; see `EventWriter.step`.
    public func commanding(_ command: any Command, for agency: AgencyCode?) -> SQL {
        EventWriter.step(
            Announcement(
                event: command, agency: agency, actor: caller.id, traceparent: trace.traceparent, occurredAt: now))
    }
}

extension Work {
    /// The same as a part of a statement whose step `change` has a row.
    public func commanding(_ command: any Command, for agency: AgencyCode?) -> SQL {
        EventWriter.step(
            Announcement(event: command, agency: agency, actor: actor, traceparent: traceparent, occurredAt: now))
    }
}
