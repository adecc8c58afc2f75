#if DEBUG
    import Contracts
    import Foundation

    @testable import Journeys

    /// Something small that anybody may lawfully ask a service for as often as he likes. It is an intent like those of
    /// journeys: on disk before it is sent, repeated until it is answered, and looked for by the auditor; no journey
    /// goes on from it.
    enum Knock: Sendable, Equatable {
        /// One commit, with a key: its answer is kept beside what it did.
        case wish(path: String, body: JSON, who: String)
        /// One commit of a service that knows what is sent by its octets.
        case table(target: String, text: String, who: String)
        case read(target: String, who: String)
    }

    /// Where a service is knocked at.
    struct Door: Sendable {
        let service: ServiceName
        /// What differs from copy to copy: a mailbox's address, a subscription. Nil where there is none.
        var name: String?

        /// - Parameter mark: lower-case, another one each time.
        func knock(_ mark: String) -> Knock {
            switch service {
            case .identity:
                return .wish(path: "/citizens", body: ["login": .string("go-\(mark)")], who: Cast.administrator)
            case .hr: return position(mark)
            case .onestop:
                let body: JSON = [
                    "procedure": "2.000488", "agency": .string(JudicialRecord.justice),
                    "subject": .string("Chaos knock \(mark)"), "name": "Nguyễn Văn Gõ",
                ]
                return .wish(path: "/dossiers", body: body, who: "citizen")
            case .documents:
                // A draft takes no number and answers no dossier.
                let content: JSON = ["documentType": "QĐ", "subject": .string("Chaos knock \(mark)")]
                let body: JSON = ["agency": .string(JudicialRecord.justice), "content": content]
                return .wish(path: "/documents", body: body, who: "officer")
            case .mail:
                guard let name else { return .read(target: "/mailbox", who: "officer") }
                let body: JSON = [
                    "to": [.string(name)], "subject": .string("Chaos knock \(mark)"), "body": "Đề nghị xử lý.",
                ]
                return .wish(path: "/messages", body: body, who: "clerk")
            case .budget: return statement(mark)
            case .integration:
                // What it keeps for subscribers is compared with what they heard: a delivery more would be a finding.
                // Whoever says that he has everything up to nothing moves nothing. A read while nobody subscribes.
                guard let name else { return .read(target: Integrator.path, who: Cast.administrator) }
                return .wish(
                    path: "\(Integrator.path)/\(name)/acknowledge", body: ["number": 0], who: Cast.administrator)
            // It does not exist yet.
            case .meetings: return .read(target: "/health/ready", who: Cast.administrator)
            }
        }

        /// A position of one far day: the province that is loaded again does not meet it.
        private func position(_ mark: String) -> Knock {
            let digits = mark.filter { $0 != "-" }.suffix(Limits.Personnel.positionCode - 3)
            return .wish(
                path: "/agencies/\(SocialAllowance.ward)/positions",
                body: [
                    "unit": "chuyen-mon", "code": .string("go-\(digits)"), "role": "officer", "title": "Công chức",
                    "titleEn": "Officer", "seats": 1, "validFrom": .string(SocialAllowance.lastDay),
                    "validTo": .string(SocialAllowance.lastDay),
                ], who: "district-hr")
        }

        /// The post says what it collected on a day when nobody paid: nothing is booked. Every other POST of Budget
        /// moves money of a demand.
        private func statement(_ mark: String) -> Knock {
            let day = Loader.firstDay
            return .table(
                target:
                    "\(Self.statements)?agency=\(JudicialRecord.justice)&channel=postal&from=\(day)&until=\(day)",
                text: "reference,amount,date\ngo-\(mark),1000,\(day)\n", who: "accountant")
        }

        static let statements = "/statements"
    }

    extension Stopwatch {
        /// One commit: a citizen submits a dossier.
        func knock() async throws { try await knock(at: Door(service: .onestop)) }

        func knock(at door: Door) async throws {
            switch door.knock(UUID.v7().text) {
            case .wish(let path, let body, let who):
                _ = try await desk.act(door.service, path, body, as: who)
            case .table(let target, let text, let who):
                let answer = try await desk.table(door.service, target, text, as: who)
                guard answer.succeeded else {
                    throw Stumbled("POST \(target) as \(who) → \(answer.status) \(answer.body.description)")
                }
            case .read(let target, let who):
                _ = try await desk.until("an answer", door.service, target, as: who) { _ -> Bool? in true }
            }
        }

        /// Asked for once, before many knock.
        func door(of service: ServiceName) async throws -> Door {
            switch service {
            case .mail:
                let address = try await desk.until("the officer's mailbox", .mail, "/mailbox", as: "officer") {
                    $0["address"]?.text
                }
                return Door(service: service, name: address)
            case .integration:
                let ids = try await desk.until(
                    "the subscriptions", .integration, Integrator.path, as: Cast.administrator
                ) { json -> [String]? in
                    let all = json["subscriptions"]?.array ?? []
                    return all.filter { $0["name"]?.text?.hasPrefix(Integrator.prefix) == true }.compactMap {
                        $0["subscription"]?.text
                    }
                }
                return Door(service: service, name: ids.first)
            default: return Door(service: service)
            }
        }
    }
#endif
