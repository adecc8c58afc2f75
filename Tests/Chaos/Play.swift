#if DEBUG
    import Contracts
    import Foundation

    @testable import Journeys

    /// A journey that the seed chose, with its turns.
    struct Play: Sendable, Equatable {
        enum Kind: String, CaseIterable, Sendable {
            case judicial, marital, allowance, withdrawn, refused, personnel, letters
            case papers, linked, demands, voices, forwarded, merged

            /// In how many of a hundred journeys.
            var weight: Int {
                switch self {
                case .judicial: 18
                case .marital: 10
                case .allowance: 8
                case .withdrawn: 7
                case .refused: 4
                case .personnel: 9
                case .letters: 6
                case .papers: 8
                case .linked: 8
                case .demands: 6
                case .voices: 6
                case .forwarded: 4
                case .merged: 6
                }
            }
        }

        let number: Int
        let kind: Kind
        /// Which citizen asks.
        let citizen: Int
        /// How often the gateway reports the payment, some of them at once.
        let reports: Int
        let withSupplement: Bool
        let withOpinion: Bool

        var name: String { "\(kind.rawValue)-\(number)" }
    }

    /// Journeys in their order: pure, from the seed alone.
    struct PlayGenerator: Sendable {
        private var random: SeededRandom
        private var number = 0

        init(_ options: Options, part: Int) {
            random = SeededRandom(seed: options.seed, part: part, purpose: "journeys")
        }

        mutating func next() -> Play {
            number += 1
            var at = Int(random.next() % UInt64(Play.Kind.allCases.map(\.weight).reduce(0, +)))
            var kind = Play.Kind.judicial
            for each in Play.Kind.allCases {
                kind = each
                at -= each.weight
                if at < 0 { break }
            }
            return Play(
                number: number, kind: kind, citizen: Int(random.next() % 4), reports: 1 + Int(random.next() % 4),
                withSupplement: random.chance(50), withOpinion: random.chance(70))
        }
    }

    /// Plays a journey through the services' HTTP APIs, as fast as they let it.
    struct Player: Sendable {
        let desk: Desk
        let play: Play
        let days: Days
        /// Makes what must be unique in the province so: subjects, decision numbers, mailboxes.
        let tag: String

        var citizen: String { Cast.citizens[play.citizen].who }
        var subject: String { "Chaos \(tag) \(play.name)" }

        func run() async throws {
            switch play.kind {
            case .judicial: try await judicial()
            case .marital: try await marital()
            case .allowance: try await allowance()
            case .withdrawn: try await withdrawn()
            case .refused: try await refused()
            case .personnel: try await personnel()
            case .letters: try await letters()
            case .papers: try await papers()
            case .linked: try await linked()
            case .demands: try await demands()
            case .voices: try await voices()
            case .forwarded: try await forwarded()
            case .merged: try await merged()
            }
        }

        // MARK: - Journeys

        private func judicial() async throws {
            let dossier = try await submitted()
            try await act(dossier, "accept", as: "clerk")
            let demand = try await act(dossier, "require-payment", as: "clerk").text("demand")
            try await paid(demand)
            try await status(.processing, dossier, as: "clerk")
            let officer = try person("officer")
            try await act(dossier, "hand-over", ["step": "appraise", "toOfficer": .string(officer)], as: "leader")
            if play.withSupplement {
                // Days go by: later than the third working day only a leader asks.
                try await act(dossier, "request-supplement", ["missing": "Ảnh giấy tờ chưa rõ."], as: "leader")
                try await act(dossier, "supply", ["note": "Đã nộp lại"], as: citizen)
            }
            let opinion = try await act(
                dossier, "opinions",
                [
                    "toAgency": .string(JudicialRecord.police), "question": "Đề nghị tra cứu án tích.",
                    "limit": ["amount": 4, "unit": "workingDays"],
                ], as: "officer"
            ).text("id")
            try await act(
                dossier, "opinions/\(opinion)/answer", ["verdict": "agree", "answer": "Không có án tích."], as: "police"
            )
            try await act(dossier, "hand-over", ["step": "conclude", "toOfficer": .string(officer)], as: "officer")
            try await act(
                dossier, "hand-over", ["step": "approve", "toOfficer": .string(try person("leader"))], as: "officer")
            try await act(dossier, "approve", ["note": "Đồng ý"], as: "leader")
            try await issue(dossier, at: JudicialRecord.justice, "officer", "leader", "records")
            try await act(dossier, "return", as: "clerk")
        }

        private func marital() async throws {
            let dossier = try await received("1.004873")
            try await act(dossier, "accept", as: "commune-clerk")
            try await certified(dossier)
        }

        /// From the counter of the ward to the result.
        func certified(_ dossier: String) async throws {
            try await act(
                dossier, "hand-over", ["toOfficer": .string(try person("commune-officer"))], as: "commune-clerk")
            if play.withSupplement {
                try await act(dossier, "request-supplement", ["missing": "Thiếu bản sao."], as: "commune-leader")
                try await act(dossier, "supply", ["note": "Đã nộp"], as: "commune-clerk")
            }
            try await act(
                dossier, "hand-over", ["step": "approve", "toOfficer": .string(try person("commune-leader"))],
                as: "commune-officer")
            try await act(dossier, "approve", as: "commune-leader")
            try await issue(
                dossier, at: SocialAllowance.ward, "commune-officer", "commune-leader", "commune-records")
            try await act(dossier, "return", as: "commune-clerk")
        }

        private func allowance() async throws {
            let dossier = try await received("1.001776")
            try await act(dossier, "accept", as: "commune-clerk")
            let officer = try person("commune-officer")
            try await act(
                dossier, "hand-over", ["step": "review", "toOfficer": .string(officer)], as: "commune-clerk")
            try await act(dossier, "hand-over", ["step": "appraise"], as: "commune-officer")
            try await act(
                dossier, "assign", ["officer": .string(try person("district-officer"))], as: "district-leader")
            try await act(
                dossier, "hand-over", ["step": "approve", "toOfficer": .string(try person("district-leader"))],
                as: "district-officer")
            try await act(dossier, "approve", as: "district-leader")
            try await issue(
                dossier, at: SocialAllowance.city, "district-officer", "district-leader", "district-records")
            try await act(dossier, "return", as: "commune-clerk")
        }

        private func withdrawn() async throws {
            let dossier = try await submitted()
            try await act(dossier, "accept", as: "clerk")
            if play.withOpinion {
                let demand = try await act(dossier, "require-payment", as: "clerk").text("demand")
                try await paid(demand)
                try await status(.processing, dossier, as: "clerk")
            }
            try await act(dossier, "withdraw", ["reason": "Không còn nhu cầu"], as: citizen)
            if play.withSupplement {
                try await act(dossier, "withdrawal/decline", ["reason": "Đang giải quyết"], as: "leader")
                try await act(dossier, "withdraw", ["reason": "Vẫn xin rút"], as: citizen)
            }
            try await act(dossier, "withdrawal/confirm", as: "leader")
            try await act(dossier, "return", as: "clerk")
        }

        private func refused() async throws {
            let dossier = try await submitted()
            try await act(dossier, "refuse", ["reasonCode": "incomplete", "reason": "Thiếu tờ khai."], as: "clerk")
        }

        /// An official is registered and appointed as of today, then transferred, or as of tomorrow.
        private func personnel() async throws {
            let person = Cast.person("chaos \(tag) \(play.number)").text
            try await send(
                .hr, "/officials",
                [
                    "person": .string(person), "fullName": "Nguyễn Hỗn Độn",
                    "mailbox": .string("c\(tag)-\(play.number)"),
                ],
                as: "district-hr")
            let today = days.now.day
            // A decision for tomorrow is a timer; only who is in post can be transferred.
            let first = play.withSupplement ? today : today + 1
            try await establish(at: SocialAllowance.ward)
            try await decide(person, "appoint", from: first, at: SocialAllowance.ward)
            guard first == today else { return }
            _ = try await desk.until("the post of \(person)", .hr, "/officials/\(person)", as: "district-hr") {
                $0["post"]
            }
            try await establish(at: SocialAllowance.otherWard)
            try await decide(person, "transfer", from: today + 1, at: SocialAllowance.otherWard)
        }

        private var position: String { "c\(tag)-\(play.number)" }

        /// A position of this play's own: those of the province are full, and nobody of the chaos ever leaves.
        private func establish(at agency: String) async throws {
            try await send(
                .hr, "/agencies/\(agency)/positions",
                [
                    "unit": "chuyen-mon", "code": .string(position), "role": "officer", "title": "Công chức",
                    "titleEn": "Officer", "seats": 1, "validFrom": "2021-01-01",
                    "validTo": .string(SocialAllowance.lastDay),
                ], as: "district-hr")
        }

        /// A citizen gets an account, the clerk tells the officer by mail.
        private func letters() async throws {
            let login = "dan-\(tag)-\(play.number)"
            try await send(.identity, "/citizens", ["login": .string(login)], as: Cast.administrator)
            let address = try await desk.until("the officer's mailbox", .mail, "/mailbox", as: "officer") {
                $0["address"]?.text
            }
            try await send(
                .mail, "/messages", ["to": [.string(address)], "subject": .string(subject), "body": "Đề nghị xử lý."],
                as: "clerk")
        }

        private func decide(_ person: String, _ kind: String, from: Day, at agency: String) async throws {
            try await send(
                .hr, "/officials/\(person)/decisions",
                [
                    "number": .string("\(tag).\(play.number)/QĐ-\(kind)"), "kind": .string(kind),
                    "effectiveFrom": .string("\(from)"), "agency": .string(agency), "unit": "chuyen-mon",
                    "position": .string(position),
                ], as: "district-hr")
        }

        // MARK: - What journeys have in common

        @discardableResult
        func send(_ service: ServiceName, _ path: String, _ body: JSON = [:], as who: String) async throws
            -> JSON
        { try await desk.act(service, path, body, as: who) }

        @discardableResult
        func act(_ dossier: String, _ action: String, _ body: JSON = [:], as who: String) async throws -> JSON {
            try await send(.onestop, "/dossiers/\(dossier)/\(action)", body, as: who)
        }

        func submission(_ procedure: String, _ agency: String) -> JSON {
            [
                "procedure": .string(procedure), "agency": .string(agency), "subject": .string(subject),
                "name": "Nguyễn Văn Thử", "phone": "0000000009",
            ]
        }

        func submitted() async throws -> String {
            try await send(.onestop, "/dossiers", submission("2.000488", JudicialRecord.justice), as: citizen).text(
                "id")
        }

        func received(_ procedure: String) async throws -> String {
            try await send(
                .onestop, "/counter/dossiers", ["submission": submission(procedure, SocialAllowance.ward)],
                as: "commune-clerk"
            ).text("id")
        }

        /// The gateway repeats itself, the first times at once.
        func paid(_ demand: String) async throws {
            let reference = "CHAOS-\(demand)"
            let answers = try await withThrowingTaskGroup(of: Answered.self) { group in
                for _ in 0..<max(1, play.reports - 1) {
                    group.addTask {
                        try await desk.pay(reference, demand, JudicialRecord.fee, days.now)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            let last = try await desk.pay(reference, demand, JudicialRecord.fee, days.now)
            for answer in answers + [last] where !answer.succeeded {
                throw Stumbled("payment \(reference) → \(answer.status) \(answer.body.description)")
            }
        }

        func status(_ wanted: DossierStatus, _ dossier: String, as who: String) async throws {
            _ = try await desk.until("\(wanted.rawValue) of \(dossier)", .onestop, "/dossiers/\(dossier)", as: who) {
                $0["status"]?.text == wanted.rawValue ? true : nil
            }
        }

        func person(_ who: String) throws -> String {
            guard let member = Cast.officials.first(where: { $0.who == who }) else { throw Failed("no \(who)") }
            return Cast.person(member.key).text
        }

        private func issue(
            _ dossier: String, at agency: String, _ officer: String, _ leader: String, _ records: String
        ) async throws {
            let target = "/documents?agency=\(agency)&dossier=\(dossier)"
            let draft = try await desk.until("the draft of \(dossier)", .documents, target, as: officer) {
                $0["documents"]?.array?.first
            }
            let id = try draft.text("document")
            let content = (draft["content"] ?? [:]).with("recipients", ["Người đề nghị"])
            // Once more over what was perhaps written already is a stale version: that will do.
            let edited = try await desk.once(
                .documents, "PUT", "/documents/\(id)/content", key: nil, ["content": content],
                headers: [("if-match", "\"\(draft["version"]?.integer ?? 1)\"")], as: officer)
            guard edited.succeeded || edited.status == 412 else {
                throw Stumbled("PUT content of \(id) → \(edited.status) \(edited.body.description)")
            }
            try await send(.documents, "/documents/\(id)/approve", as: leader)
            try await send(.documents, "/documents/\(id)/issue", as: records)
            try await status(.finished, dossier, as: officer)
        }
    }
#endif
