import Contracts
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

/// A one-stop that is not in charge passes a dossier on.
@Suite struct ForwardTests {
    private let second = Agencies.code("H19.07")

    /// A second department, with a clerk.
    func establish(_ office: Office) async throws -> PersonID {
        try await establish(second, .department, office)
        let clerk = PersonID.new()
        try await office.appoint(clerk, .clerk, at: second)
        return clerk
    }

    private func establish(_ code: AgencyCode, _ kind: AgencyKind, _ office: Office) async throws {
        var event = AgencyEstablished()
        (event.code, event.name, event.nameEn, event.kind) = (code, "Cơ quan khác", "Another", kind)
        event.validFrom = try Day("2020-01-01")
        await office.harness.take(event)
    }

    @Test func `os-064: it is the same dossier at the right one-stop, within the same limits`() async throws {
        try await Office.open { office in
            let clerk = try await establish(office)
            let id = try await office.submit()
            let body: JSON = ["toAgency": "H19.07", "reason": "Nơi thường trú thuộc Sở khác"]
            #expect(try await office.act("forward", on: id, as: clerk, body).status == 403)
            let before = try await office.get("/dossiers/\(id)", as: office.clerk).json
            try await office.set("2021-03-01 14:00")
            let view = try await office.done("forward", on: id, as: office.clerk, body)
            #expect((view["receivingAgency"], view["workingAgency"]) == ("H19.07", "H19.07"))
            #expect((view["answerBy"], view["status"]) == (before["answerBy"], "submitted"))
            let event = try #require(try await office.last(DossierForwarded.self, of: id))
            #expect((event.fromAgency, event.toAgency) == (Agencies.justice, second))
            // Who passed it on has nothing more to do with it; the other accepts it and gives it a code of its own.
            #expect(try await office.get("/dossiers/\(id)", as: office.clerk).status == 403)
            #expect(try await office.act("accept", on: id, as: office.clerk).status == 403)
            let accepted = try await office.done("accept", on: id, as: clerk)
            #expect(accepted["code"]?.text?.hasPrefix("H19.07-") == true)
            let told = try await office.get("/my/notifications", as: office.citizen).json["notifications"]?.array ?? []
            #expect(told.contains { $0["vietnamese"]?.text?.contains("(H19.07)") == true })
            // Not back to who said that it is not in charge, nor to who does not receive such.
            let back = try await office.act("forward", on: id, as: clerk, body.with("toAgency", "H19.06"))
            #expect((back.status, back.code) == (422, "onestop.forwarded-back"))
            let district = try await office.act("forward", on: id, as: clerk, body.with("toAgency", "H19.31"))
            #expect((district.status, district.code) == (422, "onestop.agency-does-not-receive"))
            let same = try await office.act("forward", on: id, as: clerk, body)
            #expect(same.code == "onestop.same-agency")
            try await office.done("hand-over", on: id, as: clerk)
            let begun = try await office.act("forward", on: id, as: clerk, body.with("toAgency", "H19.06"))
            #expect((begun.status, begun.code) == (409, "onestop.not-in-status"))
            #expect(try await office.harness.count("SELECT count(*) AS n FROM dossier_forwards") == 1)
        }
    }

    @Test func `a code that it has stays, and so does its appointment`() async throws {
        try await Office.open { office in
            let clerk = try await establish(office)
            let id = try await office.submit()
            let accepted = try await office.done("accept", on: id, as: office.clerk)
            let view = try await office.done(
                "forward", on: id, as: office.clerk, ["toAgency": "H19.07", "reason": "Không đúng thẩm quyền"])
            #expect((view["code"], view["dueAt"]) == (accepted["code"], accepted["dueAt"]))
            #expect(view["handOverBy"] == accepted["handOverBy"])
            let found = try await office.get("/dossiers?code=\(accepted["code"]?.text ?? "")", as: clerk)
            #expect(found.json["id"]?.text == id)
            let handed = try await office.done("hand-over", on: id, as: clerk)
            #expect(handed["workingAgency"] == "H19.07")
        }
    }

    @Test func `os-064: neither an application for linked procedures nor a dossier of it is forwarded`() async throws {
        try await Office.open { office in
            try await LinkTests().publish(office, .parallel)
            _ = try await establish(office)
            try await establish(Agencies.code("H19.31.03"), .commune, office)
            let made = try await office.send("POST", "/linked-dossiers", as: office.citizen, LinkTests.application)
            let application = try #require(made.json["id"]?.text)
            try await office.done("accept", on: application, as: office.communeClerk)
            try await office.fire()
            let links = try await office.get("/dossiers/\(application)/links", as: office.citizen).json["links"]?.array
            let record = try #require(links?.first { $0["key"] == "record" }?["dossier"]?.text)
            // Each to another one-stop that would receive it.
            for (id, clerk, agency) in [
                (application, office.communeClerk, "H19.31.03"), (record, office.clerk, "H19.07"),
            ] {
                let answer = try await office.act(
                    "forward", on: id, as: clerk, ["toAgency": .string(agency), "reason": "Không đúng thẩm quyền"])
                #expect((answer.status, answer.code) == (409, "onestop.forward-linked"), "\(agency)")
            }
            #expect(try await office.harness.count("SELECT count(*) AS n FROM dossier_forwards") == 0)
        }
    }
}
