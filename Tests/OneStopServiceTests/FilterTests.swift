import Contracts
import ServiceKit
import ServiceTestKit
import Testing

@testable import OneStopService

@Suite struct FilterTests {
    @Test func `by procedure, step, person and due date, together and apart`() async throws {
        try await Office.open { office in
            let checked = try await office.inWork()
            let verified = try await office.inWork()
            try await office.done("hand-over", on: verified, as: office.officer, ["step": "verify"])
            let fresh = try await office.submit(as: office.stranger)
            func shown(_ query: String, as person: PersonID? = nil) async throws -> Set<String> {
                Set(ids(try await office.get("/inbox?\(query)", as: person ?? office.leader)))
            }
            #expect(try await shown("step=check") == [checked])
            #expect(try await shown("procedure=2.000488") == [checked, verified, fresh])
            #expect(try await shown("procedure=1.001776") == [])
            #expect(try await shown("procedure=2.000488&step=verify") == [verified])
            #expect(try await shown("procedure=2.000488&status=submitted") == [fresh])
            #expect(try await shown("applicant=\(office.stranger)") == [fresh])
            #expect(try await shown("applicant=\(office.citizen)&step=check") == [checked])
            #expect(try await shown("applicant=\(office.citizen)", as: office.inspector) == [])
            #expect(try await shown("within=2") == [fresh])
            #expect(try await shown("mine=true&step=check&within=60", as: office.officer) == [checked])
            try await office.set("2021-03-20 09:00")
            #expect(try await shown("overdue=true") == [checked, verified, fresh])
            #expect(try await shown("overdue=true&step=check&procedure=2.000488") == [checked])
            let closed = try await office.get("/inbox?overdue=true&status=returned", as: office.leader)
            #expect((closed.status, closed.code) == (422, "onestop.overdue-stands"))
            let step = try await office.get("/inbox?step=check&status=returned", as: office.leader)
            #expect((step.status, step.code) == (422, "onestop.mixed-statuses"))
            let counts = try await office.get("/inbox/counts", as: office.leader)
            #expect(counts.json["overdue"] == 3 && counts.json["atLeast"] == false)
            let steps = counts.json["steps"]?.array ?? []
            #expect(steps.first { $0["step"]?.text == "verify" }?["count"] == 1)
            #expect(steps.count == 3)
        }
    }

    @Test func `a walk that ends before the page is full goes on`() async throws {
        try await Office.open { office in
            var wanted: [String] = []
            for index in 0..<9 {
                let id = try await office.submit()
                if index % 3 == 0 {
                    try await office.done("accept", on: id, as: office.clerk)
                    wanted.append(id)
                }
            }
            var filter = InboxFilter()
            filter.status = [.accepted, .processing]
            let inbox = try Inbox(
                filter, of: .agency(Agencies.justice), from: nil, until: nil, now: at("2021-03-01 09:00"))
            let rows = try await office.harness.database.database.run(inbox.page(after: nil, limit: 3))
            let page = try Walk(rows, limit: 2, most: Limits.Finding.walk)
            #expect(page.rows.count == 2 && page.end != nil)
            // Of four entries none may fit: the page is empty, and has a next one.
            let marker = try await office.harness.database.database.run(
                "SELECT 4::bigint AS n, false AS fits, now() AS act_by, \(UUID.zero) AS id")
            let empty = try Walk(marker, limit: 2, most: 4)
            #expect(empty.rows.isEmpty && empty.end != nil)
            #expect(try Walk(marker, limit: 2, most: 5).end == nil)
            let paged = try await office.pages("/inbox?status=accepted&status=processing&limit=1", as: office.clerk)
                .flatMap(ids)
            #expect(paged == wanted)
        }
    }

    @Test func `os-111: an official keeps filters of his own, by name, against a version`() async throws {
        try await Office.open { office in
            let body: JSON = ["name": "Sắp đến hạn", "filter": ["mine": true, "within": 3, "status": ["processing"]]]
            let made = try await office.send("POST", "/inbox/filters", as: office.officer, body, key: "a")
            let id = try #require(made.json["id"]?.text)
            #expect(made.status == 201)
            #expect(made.json["address"]?.text == "/inbox?mine=true&status=processing&within=3")
            let again = try await office.send("POST", "/inbox/filters", as: office.officer, body, key: "a")
            #expect(again.json["id"]?.text == id)
            let twice = try await office.send("POST", "/inbox/filters", as: office.officer, body)
            #expect((twice.status, twice.code) == (409, "onestop.filter-name-taken"))
            let address = try #require(made.json["address"]?.text)
            #expect(try await office.get(address, as: office.officer).status == 200)
            // Nobody else's.
            let list = try await office.get("/inbox/filters", as: office.leader)
            #expect(list.json["filters"]?.array?.isEmpty == true)
            let change: JSON = ["name": "Quá hạn", "filter": ["overdue": true]]
            let path = "/inbox/filters/\(id)"
            #expect(try await office.send("PUT", path, as: office.leader, change, ifMatch: 1).status == 404)
            #expect(try await office.send("PUT", path, as: office.officer, change).status == 428)
            #expect(try await office.send("PUT", path, as: office.officer, change, ifMatch: 2).status == 412)
            let changed = try await office.send("PUT", path, as: office.officer, change, ifMatch: 1)
            #expect(changed.json["address"]?.text == "/inbox?overdue=true" && changed.json["version"] == 2)
            let lame: JSON = ["name": "x", "filter": ["status": ["returned", "processing"]]]
            #expect(
                try await office.send("POST", "/inbox/filters", as: office.officer, lame).code
                    == "onestop.mixed-statuses")
            #expect(try await office.send("DELETE", path, as: office.officer, ifMatch: 1).status == 412)
            #expect(try await office.send("DELETE", path, as: office.officer, ifMatch: 2).status == 204)
        }
    }

    @Test func `os-111: an official keeps at most fifty filters`() async throws {
        try await Office.open { office in
            try await office.harness.database.database.run(
                """
                INSERT INTO inbox_filters (id, version, official, name, filter, made_at)
                SELECT gen_random_uuid(), 1, \(office.officer), 'Bộ lọc ' || n, '{}', now()
                FROM generate_series(1, \(Limits.Finding.filters - 1)) AS g (n)
                """)
            func save(_ name: String, as person: PersonID) async throws -> TestService.Answer {
                let body: JSON = ["name": .string(name), "filter": ["mine": true]]
                return try await office.send("POST", "/inbox/filters", as: person, body)
            }
            #expect(try await save("Thứ năm mươi", as: office.officer).status == 201)
            let more = try await save("Thêm một", as: office.officer)
            #expect((more.status, more.code) == (409, "onestop.too-many-filters"))
            let kept = try await office.harness.count("SELECT count(*) AS n FROM inbox_filters")
            #expect(kept == Limits.Finding.filters)
            // Each has as many.
            #expect(try await save("Thêm một", as: office.leader).status == 201)
        }
    }
}
