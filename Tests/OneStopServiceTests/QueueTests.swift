import Contracts
import ServiceKit
import ServiceTestKit
import Testing

@testable import OneStopService

@Suite struct QueueTests {
    private static let path = "/queues/H19.06/tuphap"

    /// A group of desks with slots of an hour for two.
    private func open(_ office: Office, capacity: Int = 2) async throws {
        let settings: JSON = [
            "name": "Tư pháp", "nameEn": "Justice", "prefix": "A", "desks": 4, "minutesEach": 6, "slotMinutes": 60,
            "slotCapacity": .integer(Int64(capacity)), "appointmentAhead": 3,
            "priorities": [
                ["code": "elderly", "name": "Người cao tuổi", "nameEn": "Elderly", "ahead": 2],
                ["code": "disabled", "name": "Người khuyết tật", "nameEn": "Disabled", "ahead": 5],
            ],
        ]
        let made = try await office.send("POST", Self.path, as: office.leader, ["settings": settings])
        guard made.status == 201 else { throw Office.Unexpected(made) }
    }

    private func take(_ office: Office, _ priority: String? = nil, as person: PersonID? = nil) async throws -> Int {
        let body = JSON.object([]).with("priority", priority.map { .string($0) })
        let answer = try await office.send("POST", "\(Self.path)/tickets", as: person ?? office.clerk, body)
        guard let number = answer.json["number"]?.integer else { throw Office.Unexpected(answer) }
        return Int(number)
    }

    private func next(_ office: Office, desk: Int) async throws -> TestService.Answer {
        try await office.send("POST", "\(Self.path)/next", as: office.clerk, ["desk": .integer(Int64(desk))])
    }

    @Test func `os-116: the numbers of a day have no gap and no double, also when some are refused`() async throws {
        try await Office.open { office in
            try await open(office)
            // Some fail after their number was taken.
            let superuser = office.harness.database.open(office.harness.database.administrator)
            try await superuser.run(
                """
                CREATE FUNCTION breaks() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN IF NEW.priority = ''disabled'' THEN RAISE EXCEPTION ''broken''; END IF; RETURN NEW; END'
                """)
            try await superuser.run(
                "CREATE TRIGGER breaks BEFORE INSERT ON queue_tickets FOR EACH ROW EXECUTE FUNCTION breaks()")
            let numbers = try await withThrowingTaskGroup(of: Int?.self) { group in
                for index in 1...30 {
                    group.addTask { try? await take(office, index % 3 == 0 ? "disabled" : nil) }
                }
                return try await group.reduce(into: [Int]()) { if let number = $1 { $0.append(number) } }
            }
            #expect(numbers.sorted() == Array(1...20))
            // Another day begins at 1 again.
            try await office.set("2021-03-02 08:00")
            #expect(try await take(office) == 1)
        }
    }

    @Test func `os-117: two who call at once never get the same ticket`() async throws {
        try await Office.open { office in
            try await open(office)
            for _ in 1...12 { _ = try await take(office) }
            for round in 0..<3 {
                let called = try await withThrowingTaskGroup(of: Int.self) { group in
                    for desk in 1...4 {
                        group.addTask {
                            let answer = try await next(office, desk: desk)
                            guard let number = answer.json["ticket"]?["number"]?.integer else {
                                throw Office.Unexpected(answer)
                            }
                            return Int(number)
                        }
                    }
                    return try await group.reduce(into: [Int]()) { $0.append($1) }
                }
                #expect(called.sorted() == Array(1 + round * 4...4 + round * 4))
                for number in called {
                    let closed = try await office.send(
                        "POST", "\(Self.path)/tickets/\(number)/close", as: office.clerk, ["outcome": "served"])
                    #expect(closed.json["state"]?.text == "served")
                }
            }
            let nobody = try await next(office, desk: 1)
            #expect(nobody.status == 200 && nobody.json["ticket"] == nil)
        }
    }

    @Test func `os-117: a desk has one person before it, also when it calls several times at once`() async throws {
        try await Office.open { office in
            try await open(office)
            for _ in 1...6 { _ = try await take(office) }
            let answers = try await withThrowingTaskGroup(of: TestService.Answer.self) { group in
                for _ in 1...4 { group.addTask { try await next(office, desk: 1) } }
                return try await group.reduce(into: [TestService.Answer]()) { $0.append($1) }
            }
            let numbers = answers.compactMap { $0.json["ticket"]?["number"]?.integer }
            #expect(numbers.count == 1)
            #expect(answers.filter { $0.status == 409 && $0.code == "onestop.desk-busy" }.count == 3)
            // Nor is somebody called once more to where another one is.
            let first = "\(Self.path)/tickets/\(numbers.first ?? 0)"
            let gone = try await office.send("POST", "\(first)/close", as: office.clerk, ["outcome": "no-show"])
            #expect(gone.status == 200)
            #expect(try await next(office, desk: 1).status == 200)
            let back = try await office.send("POST", "\(first)/recall", as: office.clerk, ["desk": 1])
            #expect((back.status, back.code) == (409, "onestop.desk-busy"))
            let called = try await office.harness.count(
                "SELECT count(*) AS n FROM queue_tickets WHERE state = 'called'")
            #expect(called == 1)
        }
    }

    @Test func `os-118: who has priority goes ahead by places, and nobody waits for ever`() async throws {
        try await Office.open { office in
            try await open(office)
            for priority in [nil, nil, nil, "elderly", "disabled", "elderly"] { _ = try await take(office, priority) }
            var order: [Int] = []
            while let number = try await next(office, desk: 1).json["ticket"]?["number"]?.integer {
                order.append(Int(number))
                // Those who come later and always have priority do not keep the first ones waiting.
                if order.count < 6 { _ = try await take(office, "elderly") }
                _ = try await office.send(
                    "POST", "\(Self.path)/tickets/\(number)/close", as: office.clerk, ["outcome": "served"])
            }
            #expect(Array(order.prefix(6)) == [5, 1, 2, 4, 3, 6])
            let unknown = try await office.send(
                "POST", "\(Self.path)/tickets", as: office.clerk, ["priority": "vip"])
            #expect((unknown.status, unknown.code) == (422, "onestop.priority-unknown"))
            let own = try await office.send(
                "POST", "\(Self.path)/tickets", as: office.citizen, ["priority": "elderly"])
            #expect((own.status, own.code) == (422, "onestop.priority-of-clerk"))
        }
    }

    @Test func `os-119: the display shows numbers and waiting, and nobody's name`() async throws {
        try await Office.open { office in
            try await open(office)
            let display = "/public\(Self.path)"
            _ = try await take(office, as: office.citizen)
            let twice = try await office.send("POST", "\(Self.path)/tickets", as: office.citizen, [:])
            #expect((twice.status, twice.code) == (409, "onestop.already-in-line"))
            for _ in 1...4 { _ = try await take(office) }
            let called = try await next(office, desk: 2)
            #expect(called.json["ticket"]?["label"]?.text == "A001")
            #expect(try await next(office, desk: 2).code == "onestop.desk-busy")
            #expect(try await next(office, desk: 5).code == "onestop.desk-unknown")
            let shown = try await office.get("\(display)?ticket=4")
            #expect(shown.status == 200)
            #expect(shown.json["called"]?.array?.map { $0["label"]?.text } == ["A001"])
            #expect(shown.json["waiting"] == 4 && shown.json["before"] == 2)
            // Six minutes each, one desk open.
            #expect(shown.json["beforeMinutes"] == 12 && shown.json["minutes"] == 24)
            let text = String(decoding: shown.body, as: UTF8.self)
            #expect(!text.contains(office.citizen.text) && !text.contains("person") && !text.contains("clerk"))
            try await office.set("2021-03-01 09:04")
            _ = try await office.send(
                "POST", "\(Self.path)/tickets/1/close", as: office.clerk, ["outcome": "served"])
            // What the first one took is known now.
            #expect(try await office.get("\(display)?ticket=4").json["beforeMinutes"] == 8)
            _ = try await next(office, desk: 2)
            let gone = try await office.send(
                "POST", "\(Self.path)/tickets/2/close", as: office.clerk, ["outcome": "no-show"])
            #expect(gone.json["state"]?.text == "no-show")
            let back = try await office.send("POST", "\(Self.path)/tickets/2/recall", as: office.clerk, ["desk": 3])
            #expect(back.json["calls"] == 2 && back.json["desk"] == 3)
            let other = try await office.send("POST", "\(Self.path)/tickets/2/recall", as: office.clerk, ["desk": 1])
            #expect((other.status, other.code) == (409, "onestop.not-called"))
            #expect(try await office.send("POST", "\(Self.path)/next", as: office.citizen, ["desk": 1]).status == 403)
            #expect(
                try await office.send("POST", "\(Self.path)/next", as: office.communeClerk, ["desk": 1]).status == 403)
        }
    }

    @Test func `a group of desks is data of its agency`() async throws {
        try await Office.open { office in
            try await open(office)
            let settings: JSON = ["name": "Đất đai", "nameEn": "Land", "desks": 2]
            let twice = try await office.send("POST", Self.path, as: office.leader, ["settings": settings])
            #expect((twice.status, twice.code) == (409, "onestop.desk-group-exists"))
            #expect(try await office.send("POST", Self.path, as: office.clerk, ["settings": settings]).status == 403)
            let change: JSON = ["settings": settings]
            #expect(try await office.send("PUT", Self.path, as: office.leader, change, ifMatch: 4).status == 412)
            let changed = try await office.send("PUT", Self.path, as: office.leader, change, ifMatch: 1)
            #expect(changed.json["version"] == 2)
            let groups = try await office.get("/queues/H19.06").json["groups"]?.array
            #expect(groups?.first?["settings"]?["name"]?.text == "Đất đai")
            let twins: JSON = [
                ["code": "a", "name": "x", "nameEn": "x", "ahead": 1],
                ["code": "a", "name": "y", "nameEn": "y", "ahead": 2],
            ]
            let wrong = try await office.send(
                "POST", "/queues/H19.06/dat", as: office.leader, ["settings": settings.with("priorities", twins)])
            #expect((wrong.status, wrong.code) == (422, "onestop.key-twice"))
            #expect(try await office.get("/public/queues/H19.06/none").status == 404)
            let none = try await office.get("/public\(Self.path)/slots")
            #expect((none.status, none.code) == (422, "onestop.no-appointments"))
        }
    }
}
