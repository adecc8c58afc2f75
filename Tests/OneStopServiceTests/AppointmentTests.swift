import Contracts
import EventLog
import LegalClock
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService
@testable import ServiceKit

@Suite struct AppointmentTests {
    private static let path = "/queues/H19.06/tuphap"

    private func open(_ office: Office, capacity: Int) async throws {
        let settings: JSON = [
            "name": "Tư pháp", "nameEn": "Justice", "desks": 2, "slotMinutes": 60, "appointmentAhead": 3,
            "slotCapacity": .integer(Int64(capacity)), "bookDaysAhead": 10,
        ]
        let made = try await office.send("POST", Self.path, as: office.leader, ["settings": settings])
        guard made.status == 201 else { throw Office.Unexpected(made) }
    }

    private func book(
        _ office: Office, _ day: String, _ time: String, as person: PersonID? = nil, key: String? = nil,
        email: String? = nil, language: String? = nil
    ) async throws -> TestService.Answer {
        let booking: JSON = [
            "agency": "H19.06", "group": "tuphap", "day": .string(day), "time": .string(time),
            "name": "Nguyễn Thị Bích",
        ]
        let body = booking.with("email", email.map { .string($0) })
        let headers = [("idempotency-key", key), ("accept-language", language)]
        return try await office.harness.send(
            "POST", "/my/appointments", as: person ?? office.citizen, .citizen, body: body.bytes,
            headers: headers.compactMap { name, value in value.map { (name, $0) } })
    }

    private func taken(_ office: Office) async throws -> Int {
        try await office.harness.count("SELECT coalesce(sum(taken), 0)::int AS n FROM appointment_slots")
    }

    @Test func `os-120: a slot is never taken by more than it holds, by whom and how ever it is taken`() async throws {
        try await Office.open { office in
            try await open(office, capacity: 3)
            let answers = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...20 {
                    group.addTask {
                        // On a machine under load the service may say that it is busy: one asks again.
                        let (person, busy) = (PersonID.new(), 503)
                        var status = busy
                        for _ in 1...50 where status == busy {
                            status = try await book(office, "2021-03-02", "08:30", as: person).status
                        }
                        return status
                    }
                }
                return try await group.reduce(into: [Int]()) { $0.append($1) }
            }
            #expect(answers.filter { $0 == 201 }.count == 3)
            #expect(answers.filter { $0 == 409 }.count == 17)
            // Moving in and out at the same time.
            let movers = try await withThrowingTaskGroup(of: (PersonID, String).self) { group in
                for _ in 1...3 {
                    group.addTask {
                        let person = PersonID.new()
                        let made = try await book(office, "2021-03-02", "09:30", as: person)
                        return (person, made.json["id"]?.text ?? "")
                    }
                }
                return try await group.reduce(into: [(PersonID, String)]()) { $0.append($1) }
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, (person, id)) in movers.enumerated() {
                    for time in ["08:30", "13:00", "09:30"] {
                        group.addTask {
                            let body: JSON = ["day": "2021-03-02", "time": .string(index == 0 ? "13:00" : time)]
                            let moved = try await office.harness.send(
                                "POST", "/my/appointments/\(id)/move", as: person, .citizen, body: body.bytes)
                            #expect([200, 409, 503].contains(moved.status))
                        }
                    }
                }
                try await group.waitForAll()
            }
            let most = try await office.harness.count("SELECT max(taken) AS n FROM appointment_slots")
            #expect(most == 3)
            #expect(try await taken(office) == 6)
            let differs = try await office.harness.count(
                """
                SELECT count(*) AS n FROM appointment_slots s WHERE taken <> (
                    SELECT count(*) FROM appointments a
                    WHERE a.day = s.day AND a.minute = s.minute AND state = 'booked')
                """)
            #expect(differs == 0)
        }
    }

    @Test func `slots are working time in pieces, and past ones are closed`() async throws {
        let hours = try [WorkInterval(start: 450, end: 690), WorkInterval(start: 780, end: 1_020)]
        #expect(
            Slot.all(hours, minutes: 60).map(Slot.text) == [
                "07:30", "08:30", "09:30", "10:30", "13:00", "14:00", "15:00", "16:00",
            ])
        #expect(Slot.all(hours, minutes: 100).map(Slot.text) == ["07:30", "09:10", "13:00", "14:40"])
        try await Office.open { office in
            try await open(office, capacity: 2)
            let today = try await office.get("/public\(Self.path)/slots")
            let free = (today.json["slots"]?.array ?? []).compactMap { $0["free"]?.integer }
            #expect(free == [0, 0, 2, 2, 2, 2, 2, 2])
            // A Sunday, Tết and what is too far ahead.
            #expect(try await office.get("/public\(Self.path)/slots?day=2021-03-07").json["slots"]?.array == [])
            for (day, time, code) in [
                ("2021-03-07", "07:30", "onestop.no-such-slot"), ("2021-03-02", "07:45", "onestop.no-such-slot"),
                ("2021-03-01", "08:30", "onestop.slot-past"), ("2021-03-12", "07:30", "onestop.too-far-ahead"),
            ] {
                let answer = try await book(office, day, time)
                #expect((answer.status, answer.code) == (422, code), "\(day) \(time)")
            }
            #expect(try await taken(office) == 0)
        }
    }

    @Test func `an appointment is made once, moved, cancelled, and kept by coming`() async throws {
        try await Office.open { office in
            try await open(office, capacity: 1)
            let made = try await book(office, "2021-03-04", "08:30", key: "a")
            let id = try #require(made.json["id"]?.text)
            #expect(try await book(office, "2021-03-04", "08:30", key: "a").json["id"]?.text == id)
            #expect(try await book(office, "2021-03-04", "09:30").code == "onestop.already-booked")
            #expect(try await book(office, "2021-03-04", "08:30", as: office.stranger).code == "onestop.slot-full")
            #expect(try await taken(office) == 1)
            let move: JSON = ["day": "2021-03-05", "time": "09:30"]
            let path = "/my/appointments/\(id)"
            #expect(try await office.send("POST", "\(path)/move", as: office.stranger, move).status == 404)
            #expect(try await office.send("POST", "\(path)/move", as: office.citizen, move, ifMatch: 3).status == 412)
            let moved = try await office.send("POST", "\(path)/move", as: office.citizen, move, ifMatch: 1)
            #expect(moved.json["time"]?.text == "09:30" && moved.json["version"] == 2)
            #expect(try await book(office, "2021-03-04", "08:30", as: office.stranger).status == 201)
            #expect(try await taken(office) == 2)
            let list = try await office.get("\(Self.path)/appointments?day=2021-03-05", as: office.clerk)
            #expect(list.json["appointments"]?.array?.map { $0["name"]?.text } == ["Nguyễn Thị Bích"])
            #expect(try await office.get("\(Self.path)/appointments", as: office.communeClerk).status == 403)
            let early = try await office.send(
                "POST", "\(Self.path)/tickets", as: office.citizen, ["appointment": .string(id)])
            #expect((early.status, early.code) == (422, "onestop.appointment-not-today"))
            try await office.set("2021-03-05 09:20")
            for _ in 1...4 { _ = try await office.send("POST", "\(Self.path)/tickets", as: office.clerk, [:]) }
            let kept = try await office.send(
                "POST", "\(Self.path)/tickets", as: office.citizen, ["appointment": .string(id)])
            #expect(kept.json["number"] == 5)
            let first = try await office.send("POST", "\(Self.path)/next", as: office.clerk, ["desk": 1])
            let second = try await office.send("POST", "\(Self.path)/next", as: office.clerk, ["desk": 2])
            #expect(first.json["ticket"]?["number"] == 1 && second.json["ticket"]?["number"] == 2)
            let mine = try await office.get("/my/appointments", as: office.citizen)
            #expect(mine.json["appointments"]?.array?.map { $0["state"]?.text } == ["kept"])
            let late = try await office.send("POST", "\(path)/cancel", as: office.citizen)
            #expect((late.status, late.code) == (409, "onestop.not-booked"))
        }
    }

    @Test func `os-266: who gave an address is reminded by Mail once, in the language asked for, and of no other time`()
        async throws
    {
        try await Office.open { office in
            try await open(office, capacity: 5)
            let address = "nguyen.thi.bich@outside.example"
            let people = (0..<4).map { _ in PersonID.new() }
            var ids: [String] = []
            for (index, person) in people.enumerated() {
                let made = try await book(
                    office, "2021-03-04", "08:30", as: person, email: index == 3 ? nil : address,
                    language: index == 0 ? "en" : nil)
                ids.append(try #require(made.json["id"]?.text))
            }
            let wrong = try await book(office, "2021-03-05", "08:30", email: "nobody")
            #expect((wrong.status, wrong.faults) == (422, ["email"]))
            func act(_ action: String, _ index: Int, _ body: JSON? = nil) async throws -> Int {
                try await office.harness.send(
                    "POST", "/my/appointments/\(ids[index])/\(action)", as: people[index], .citizen, body: body?.bytes
                ).status
            }
            func reminders() async throws -> [SendAppointmentReminder] {
                try await office.harness.events(SendAppointmentReminder.self)
            }
            #expect(try await act("cancel", 1) == 200)
            #expect(try await act("move", 2, ["day": "2021-03-05", "time": "09:30"]) == 200)
            try await office.set("2021-03-03 08:29")
            try await office.fireDue()
            #expect(try await reminders().isEmpty)
            // A kill before the commit: neither is told nor forgotten.
            try await office.set("2021-03-03 08:30")
            await #expect(throws: Killed.self) { try await office.fire { _ in throw Killed() } }
            #expect(try await reminders().isEmpty)
            try await office.fire()
            let first = try #require(try await reminders().first)
            #expect(try await reminders().count == 1)
            #expect(first.text.hasPrefix("You have an appointment on 2021-03-04 at 08:30"), "\(first.text)")
            #expect(!first.text.contains("Bích") && !first.subject.contains("Bích"))
            // Whoever looks once more finds it told.
            let task = AppointmentComesUp.self
            try await Timers.schedule(
                kind: task.kind, key: ids[0], dueAt: at("2021-03-03 08:30"), in: office.harness.database.database)
            try await office.set("2021-03-04 09:30")
            try await office.fire()
            let all = try await reminders()
            #expect(all.count == 2)
            #expect(all.last?.text.contains("lúc 09:30 ngày 05/03/2021 tại bộ phận một cửa Cơ quan H19.06") == true)
            let bare = try await office.harness.count(
                "SELECT count(*) AS n FROM event_log WHERE payload::text LIKE '%outside.example%'")
            #expect(bare == 0, "the address is sealed")
            let kept = try await office.harness.count(
                "SELECT count(*) AS n FROM appointments WHERE mail::text LIKE '%outside%'")
            #expect(kept == 0)
        }
    }

    @Test func `os-121: an appointment comes up and is missed once, and one that was cancelled never`() async throws {
        try await Office.open { office in
            try await open(office, capacity: 2)
            let made = try await book(office, "2021-03-04", "08:30")
            let other = try await book(office, "2021-03-04", "08:30", as: office.stranger)
            let cancelled = try #require(other.json["id"]?.text)
            let gone = try await office.send("POST", "/my/appointments/\(cancelled)/cancel", as: office.stranger)
            #expect(gone.json["state"]?.text == "cancelled")
            #expect(try await taken(office) == 1)
            func mine() async throws -> JSON? {
                try await office.get("/my/appointments", as: office.citizen).json["appointments"]?.array?.first
            }
            #expect(try await mine()?["remindedAt"] == nil)
            try await office.set("2021-03-03 08:31")
            try await office.fireDue()
            #expect(try await mine()?["remindedAt"]?.text == "2021-03-03T08:31:00+07:00")
            #expect(try await mine()?["version"] == 2)
            // The slot ends at half past nine; who comes late is waited for.
            try await office.set("2021-03-04 09:59")
            try await office.fireDue()
            #expect(try await mine()?["state"]?.text == "booked")
            try await office.set("2021-03-04 10:00")
            try await office.fireDue()
            #expect(try await mine()?["state"]?.text == "missed")
            // Further timers find the one missed and the other cancelled.
            for id in [made.json["id"]?.text ?? "", cancelled] {
                try await Timers.schedule(
                    kind: AppointmentMissed.kind, key: id, dueAt: at("2021-03-04 10:00"),
                    in: office.harness.database.database)
            }
            try await office.fireDue()
            #expect(try await mine()?["version"] == 3)
            #expect(made.status == 201)
            let list = try await office.get("/my/appointments", as: office.stranger).json["appointments"]?.array
            #expect(list?.first?["state"]?.text == "cancelled" && list?.first?["remindedAt"] == nil)
            #expect(try await office.harness.count("SELECT count(*) AS n FROM timers") == 0)
        }
    }
}

extension Office {
    /// Fires the timers that are due, each in a transaction of its own, as the service does.
    fileprivate func fireDue() async throws {
        let runtime = harness.running.runtime
        while true {
            let fired = try await runtime.database.transaction { transaction -> Bool in
                let due = try await transaction.run(
                    """
                    DELETE FROM timers WHERE (kind, key) IN (
                        SELECT kind, key FROM timers WHERE due_at <= \(runtime.clock.now) ORDER BY due_at, key LIMIT 1)
                    RETURNING kind, key
                    """)
                guard let row = due.first else { return false }
                let kind: String = try row("kind")
                let work = Work(
                    session: transaction, now: runtime.clock.now, actor: "onestop.timer", traceparent: nil, log: quiet,
                    runtime: runtime)
                let task = try #require(Main.timers.first { $0.kind == kind })
                try await task.fire(key: try row("key"), payload: [:], work)
                return true
            }
            guard fired else { return }
        }
    }
}
