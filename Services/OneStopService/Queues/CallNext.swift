import Contracts
import ServiceKit

/// `POST /queues/{agency}/{group}/next`: the next in line comes to a desk.
enum CallNext: Endpoint {
    static let route = Route.post("/queues/{agency}/{group}/next")
    static let summary = "Call the next in line to a desk"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [Refused.deskBusy, .deskUnknown]

    struct Input: Record {
        var agency = AgencyCode.none
        var group = ""
        var desk = 1
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path),
            .init("group", \.group, .text(1...60, pattern: Pattern.key), "Key of the group of desks", in: .path),
            .init("desk", \.desk, .integer(1...Limits.Counter.desks), "The desk that calls"),
        ]
    }

    struct Output: Record {
        var ticket: Ticket?
        static let fields: [Field<Self>] = [.init("ticket", \.ticket, .record, "The called one; absent: nobody waits")]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.dossiersReceive, at: input.agency)
        let clerk = try call.person
        do {
            return try await call.transaction { work in
                let group = try await work.deskGroup(input.agency, input.group)
                guard input.desk <= group.desks else { throw Refused.deskUnknown }
                var output = Output()
                let row = try await work.run(next(input, clerk, work)).first
                output.ticket = try row.map { try Ticket($0, group) }
                return Reply(output)
            }
        } catch let error as PostgresError where error.constraint == "queue_tickets_desk" {
            throw Refused.deskBusy
        }
    }

    /// A ticket that somebody else is just calling is passed over and not waited for (os-117). Who goes ahead does so
    /// by a number of places, so that nobody waits for ever (os-118).
    private static func next(_ input: Input, _ clerk: PersonID, _ work: Work) -> SQL {
        """
        UPDATE queue_tickets SET state = 'called', desk = \(Int16(input.desk)), clerk = \(clerk),
            called_at = \(work.now), calls = calls + 1
        WHERE agency = \(input.agency) AND desk_group = \(input.group) AND day = \(work.today) AND number = (
            SELECT number FROM queue_tickets
            WHERE agency = \(input.agency) AND desk_group = \(input.group) AND day = \(work.today)
              AND state = 'waiting' ORDER BY place, number LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING \(Ticket.columns)
        """
    }
}

/// One ticket of today.
struct TicketAct: Record {
    var agency = AgencyCode.none
    var group = ""
    var number = 0
    var desk = 1
    static let fields: [Field<Self>] = [
        .init("agency", \.agency, .agency, "The agency", in: .path),
        .init("group", \.group, .text(1...60, pattern: Pattern.key), "Key of the group of desks", in: .path),
        .init("number", \.number, .integer(1...Limits.Counter.tickets), "Of today", in: .path),
        .init("desk", \.desk, .integer(1...Limits.Counter.desks), "The desk that calls"),
    ]
}

/// `POST …/tickets/{number}/recall`: once more, also one who did not come and is there now.
enum RecallTicket: Endpoint {
    static let route = Route.post("/queues/{agency}/{group}/tickets/{number}/recall")
    static let summary = "Call a ticket once more"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [Refused.deskBusy, .deskUnknown, .notCalled]

    static func handle(_ input: TicketAct, _ call: Call) async throws -> Reply<Ticket> {
        try await call.require(.dossiersReceive, at: input.agency)
        let clerk = try call.person
        do {
            return try await call.transaction { work in
                let group = try await work.deskGroup(input.agency, input.group)
                guard input.desk <= group.desks else { throw Refused.deskUnknown }
                let rows = try await work.run(
                    """
                    UPDATE queue_tickets SET state = 'called', desk = \(Int16(input.desk)), clerk = \(clerk),
                        called_at = \(work.now), closed_at = NULL, calls = calls + 1
                    WHERE agency = \(input.agency) AND desk_group = \(input.group) AND day = \(work.today)
                      AND number = \(Int32(input.number))
                      AND (state = 'no-show' OR state = 'called' AND desk = \(Int16(input.desk)))
                    RETURNING \(Ticket.columns)
                    """)
                guard let row = rows.first else { throw Refused.notCalled }
                return Reply(try Ticket(row, group))
            }
        } catch let error as PostgresError where error.constraint == "queue_tickets_desk" {
            throw Refused.deskBusy
        }
    }
}

/// `POST …/tickets/{number}/close`: served, or nobody came.
enum CloseTicket: Endpoint {
    static let route = Route.post("/queues/{agency}/{group}/tickets/{number}/close")
    static let summary = "Say that a called ticket was served, or that nobody came"
    static let access = Access.official(.dossiersReceive)
    static let refusals = [Refused.notCalled]

    enum Outcome: String, CaseIterable, Sendable {
        case served
        case noShow = "no-show"
    }

    struct Input: Record {
        var agency = AgencyCode.none
        var group = ""
        var number = 0
        var outcome = Outcome.served
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "The agency", in: .path),
            .init("group", \.group, .text(1...60, pattern: Pattern.key), "Key of the group of desks", in: .path),
            .init("number", \.number, .integer(1...Limits.Counter.tickets), "Of today", in: .path),
            .init("outcome", \.outcome, .choice, "What became of it"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Ticket> {
        try await call.require(.dossiersReceive, at: input.agency)
        return try await call.transaction { work in
            let group = try await work.deskGroup(input.agency, input.group)
            let rows = try await work.run(
                """
                UPDATE queue_tickets SET state = \(input.outcome.rawValue), closed_at = \(work.now)
                WHERE agency = \(input.agency) AND desk_group = \(input.group) AND day = \(work.today)
                  AND number = \(Int32(input.number)) AND state = 'called'
                RETURNING \(Ticket.columns)
                """)
            guard let row = rows.first else { throw Refused.notCalled }
            return Reply(try Ticket(row, group))
        }
    }
}

extension Refused {
    static let deskBusy = Refused(
        "onestop.desk-busy", vi: "Quầy này đang phục vụ một số khác; hãy kết thúc trước.",
        en: "This desk has somebody before it; close that ticket first.", field: "desk")
    static let deskUnknown = Refused(
        "onestop.desk-unknown", 422, vi: "Nhóm quầy không có quầy này.", en: "The group has no such desk.",
        field: "desk")
    static let notCalled = Refused(
        "onestop.not-called", vi: "Số này hôm nay không ở trạng thái cho phép việc này.",
        en: "No ticket of today with this number is called there.", field: "number")
}
