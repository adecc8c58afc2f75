import Contracts
import EventLog
import Foundation
import Postgres

extension Metrics {
    /// The pool, the relay, the inbox and the timers, asked at each scrape.
    func observe(database: Database, relay: Relay, inbox: Inbox, timers: TimerLoop) {
        observe {
            Self.pool(database.metrics) + Self.relay(relay.metrics) + Self.inbox(inbox.metrics)
                + Self.timers(timers.metrics)
        }
    }

    /// What is sealed for receipts.
    func observe(_ sealer: ReceiptSealer) {
        observe {
            let sealing = sealer.metrics
            return [
                Sample(
                    "lienthong_receipts_sealed_total", Double(sealing.sealed), isCounter: true,
                    help: "Events under signed statements"),
                Sample("lienthong_receipts_number", Double(sealing.number), help: "The last signed statement"),
                Sample(
                    "lienthong_receipts_held", sealing.held == nil ? 0 : 1,
                    help: "History is not what was recorded, and nothing is sealed: an alert"),
            ]
        }
    }

    private static func pool(_ pool: PoolMetrics) -> [Sample] {
        let name = "lienthong_postgres_connections"
        let help = "Connections to PostgreSQL"
        return [
            Sample(name, Double(pool.connected), labels: [("state", "connected")], help: help),
            Sample(name, Double(pool.borrowed), labels: [("state", "borrowed")], help: help),
            Sample(
                "lienthong_postgres_statements", Double(pool.waiting), labels: [("state", "waiting")],
                help: "Statements on their way"),
            Sample(
                "lienthong_postgres_statements", Double(pool.inFlight), labels: [("state", "sent")],
                help: "Statements on their way"),
            Sample(
                "lienthong_postgres_statements_total", Double(pool.statements), isCounter: true,
                help: "Statements answered"),
            Sample(
                "lienthong_postgres_reconnects_total", Double(pool.reconnects), isCounter: true,
                help: "Connections opened again"),
        ]
    }

    private static func relay(_ relay: RelayMetrics) -> [Sample] {
        [
            Sample("lienthong_relay_leader", relay.isLeader ? 1 : 0, help: "Whether this process publishes"),
            Sample("lienthong_relay_lag_seconds", relay.lag, help: "Age of the oldest unpublished event"),
            Sample("lienthong_relay_held", relay.held == nil ? 0 : 1, help: "A tick does not pass: an alert"),
            Sample("lienthong_relay_tick", Double(relay.tick), help: "Number of the last tick"),
            Sample("lienthong_relay_epoch", Double(relay.epoch), help: "Incarnation of this history"),
            Sample(
                "lienthong_relay_published_total", Double(relay.published), isCounter: true, help: "Events published"),
            Sample(
                "lienthong_relay_unconsumed_total", Double(relay.returnedUnconsumed), isCounter: true,
                help: "Events that no queue took and nobody is catalogued for"),
        ]
    }

    private static func inbox(_ inbox: InboxMetrics) -> [Sample] {
        func counted(_ name: String, _ value: Int, _ help: String) -> Sample {
            Sample("lienthong_inbox_\(name)_total", Double(value), isCounter: true, help: help)
        }
        return [
            Sample("lienthong_inbox_connected", inbox.isConnected ? 1 : 0, help: "The broker is connected"),
            Sample(
                "lienthong_inbox_lag_seconds", inbox.lag.secondsValue, help: "Age of the oldest event being worked on"),
            Sample("lienthong_inbox_outstanding", Double(inbox.outstanding), help: "Delivered, not acknowledged"),
            Sample("lienthong_inbox_parked", Double(inbox.parked), help: "Events that wait for their turn"),
            Sample("lienthong_inbox_dead", Double(inbox.dead), help: "Events that wait for an operator"),
            counted("taken", inbox.taken, "Events with effects"),
            counted("passed", inbox.passed, "Events without effects here"),
            counted("duplicates", inbox.duplicates, "Events that came again"),
            counted("refused", inbox.refused, "Messages that were no events of ours"),
            counted("conflicts", inbox.conflicts, "Events of a replaced history"),
            counted("gaps_repaired", inbox.gapsRepaired, "Gaps filled from a feed"),
            counted("tail_repairs", inbox.tailRepairs, "Events that a tail check found first"),
        ]
    }

    private static func timers(_ timers: TimerMetrics) -> [Sample] {
        [
            Sample("lienthong_timers_fired_total", Double(timers.fired), isCounter: true, help: "Timers fired"),
            Sample(
                "lienthong_timers_failures_total", Double(timers.failures), isCounter: true,
                help: "Timers that failed and are tried again"),
        ]
    }
}
