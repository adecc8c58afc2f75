#if DEBUG
    import Contracts
    import Postgres

    extension Examiner {
        /// The place under which an event came to the archive is that which its source's recorded ticks give it. Ticks
        /// are read by their definition: what lies in the range and became visible between the two snapshots, by seq.
        func positions(_ verdict: inout Verdict) async throws {
            for service in services where service != .integration {
                let schema: SQL = "\(raw: service.rawValue)"
                for row in try await database.run(
                    """
                    SELECT a.type || ' ' || a.aggregate_id || ' v' || a.aggregate_version AS what,
                        a.source_position AS came, coalesce(string_agg(p.place, ', '), 'no tick') AS recorded
                    FROM integration.archive_events a JOIN \(schema).event_log e ON e.id = a.event
                    LEFT JOIN (
                        SELECT l.id, t.epoch || '.' || t.tick || '.'
                            || row_number() OVER (PARTITION BY t.epoch, t.tick ORDER BY l.seq) AS place
                        FROM \(schema).relay_tick t JOIN \(schema).event_log l
                            ON l.seq > t.after_seq AND l.seq <= t.through_seq AND (t.raised
                                OR pg_visible_in_snapshot(l.xid, t.cur) AND NOT pg_visible_in_snapshot(l.xid, t.prev))
                    ) p ON p.id = a.event
                    WHERE a.source = \(service.rawValue) AND a.source_position IS NOT NULL
                    GROUP BY a.id, a.type, a.aggregate_id, a.aggregate_version, a.source_position
                    HAVING NOT coalesce(bool_or(p.place = a.source_position), false)
                    """)
                {
                    let (what, came): (String, String) = (try row("what"), try row("came"))
                    verdict.add(
                        .misplaced, 1, "\(what) came at \(came), recorded \(try row("recorded", as: String.self))")
                }
            }
        }
    }
#endif
