import Contracts
import Foundation

/// Business time as it stands.
struct ClockReading: Record {
    var now = Date(timeIntervalSince1970: 0)

    static let fields: [Field<Self>] = [.init("now", \.now, .instant, "Business time")]
}

/// `GET /rehearsal/clock`. Mounted in rehearsals only.
enum ReadRehearsalClock: Endpoint {
    static let route = Route.get("/rehearsal/clock")
    static let summary = "Business time"
    static let access = Access.open

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<ClockReading> {
        var reading = ClockReading()
        reading.now = call.now
        return Reply(reading)
    }
}

/// `POST /rehearsal/clock`: business time stands at what is set; timers that are due by then fire. Mounted in
/// rehearsals only, and there for operators of the system only.
enum SetRehearsalClock: Endpoint {
    static let route = Route.post("/rehearsal/clock")
    static let summary = "Set business time; it stands there until it is set again"
    static let access = Access.official(.systemOperate)

    static func handle(_ input: ClockReading, _ call: Call) async throws -> Reply<ClockReading> {
        try await call.require(.systemOperate, at: .none)
        let clock = call.runtime.clock
        let reply = try await call.transaction { work in
            try await clock.keep(input.now, in: work)
            return Reply(input)
        }
        clock.stand(at: input.now)
        call.log.notice(
            "business time set", metadata: ["now": "\(Instant.write(input.now))", "by": "\(call.caller.id)"])
        return reply
    }
}
