#if DEBUG
    import Contracts
    import Crypto
    import Foundation

    @testable import Journeys

    /// Journeys of what hangs on a dossier: files in parts, linked procedures, demands that are taken back, complaints,
    /// ratings, and the right one-stop.
    extension Player {
        /// A file is broken off and goes on, and is the same when it is read again.
        func papers() async throws {
            let dossier = try await submitted()
            var random = SeededRandom(seed: UInt64(play.number), part: play.citizen, purpose: "file")
            let noise = (0..<Limits.Chaos.file / 8).flatMap { _ in
                withUnsafeBytes(of: random.next()) { Array($0) }
            }
            let bytes = Array("%PDF-1.4\n% \(tag) \(play.name)\n".utf8) + noise + Array("\n%%EOF\n".utf8)
            let file = try await desk.bring(bytes, to: dossier, as: citizen)
            try await act(dossier, "accept", as: "clerk")
            let digest = SHA256.hash(data: bytes)
            let target = "/dossiers/\(dossier)/attachments/\(file)"
            let isSame = try await desk.bytes("file \(file)", .onestop, target, as: "clerk") { there in
                SHA256.hash(data: there) == digest
            }
            guard isSame else { throw Stumbled("file \(file) of \(dossier) is not what was sent") }
            try await ended(dossier)
        }

        /// A certificate that opens an allowance; the allowance is refused, and the ward goes on without it.
        func linked() async throws {
            let set = "chaos-\(tag)-\(play.number)"
            let allowance: JSON = [
                "key": "allowance", "procedure": "1.001776", "place": "receiving", "task": "Trợ cấp",
                "taskEn": "The allowance", "limit": ["amount": 1, "unit": "workingDays"],
            ]
            try await send(
                .onestop, "/linked-procedures/\(set)",
                [
                    "validFrom": "2021-01-01", "name": .string(subject), "nameEn": "A set", "lead": "1.004873",
                    "order": "parallel", "links": [allowance],
                ], as: Cast.administrator)
            let application: JSON = [
                "set": .string(set), "submission": submission("1.004873", SocialAllowance.ward),
            ]
            let dossier = try await send(
                .onestop, "/counter/linked-dossiers", ["application": application], as: "commune-clerk"
            ).text("id")
            try await act(dossier, "accept", as: "commune-clerk")
            let child = try await link(of: dossier, "open").text("dossier")
            try await act(child, "refuse", ["reasonCode": "incomplete", "reason": "Thiếu."], as: "commune-clerk")
            _ = try await link(of: dossier, "failed")
            if play.withOpinion {
                try await decide(dossier, "repeat")
                let again = try await link(of: dossier, "open").text("dossier")
                try await act(again, "refuse", ["reasonCode": "incomplete", "reason": "Thiếu."], as: "commune-clerk")
                _ = try await link(of: dossier, "failed")
            }
            try await decide(dossier, "drop")
            try await certified(dossier)
        }

        private func decide(_ dossier: String, _ decision: String) async throws {
            try await act(
                dossier, "links/allowance/decide", ["decision": .string(decision), "reason": "Đã xem xét"],
                as: "commune-clerk")
        }

        /// The link of an application when it is in that state.
        private func link(of dossier: String, _ state: String) async throws -> JSON {
            try await desk.until(
                "the link of \(dossier) to be \(state)", .onestop, "/dossiers/\(dossier)/links", as: "commune-clerk"
            ) { $0["links"]?.array?.first { $0["state"]?.text == state } }
        }

        /// The fee is paid; what is asked for beside it was a mistake.
        func demands() async throws {
            let dossier = try await submitted()
            try await act(dossier, "accept", as: "clerk")
            try await paid(try await act(dossier, "require-payment", as: "clerk").text("demand"))
            try await status(.processing, dossier, as: "clerk")
            let fees: JSON = [["kind": "extra-copy", "quantity": 2]]
            let second = try await act(dossier, "require-payment", ["fees": fees], as: "leader").text("demand")
            try await act(
                dossier, "withdraw-demand", ["demand": .string(second), "reason": "Nhập nhầm"], as: "leader")
            try await ended(dossier)
        }

        /// Rated, rated otherwise, and complained of.
        func voices() async throws {
            let dossier = try await submitted()
            try await act(dossier, "accept", as: "clerk")
            for stars in [4, 2] {
                try await act(
                    dossier, "ratings", ["occasion": "receipt", "stars": .integer(Int64(stars))], as: citizen)
            }
            let complaint = try await send(
                .onestop, "/my/complaints",
                [
                    "grievance": ["kind": "report", "subject": .string(subject), "text": "Chờ lâu."],
                    "dossier": .string(dossier),
                ], as: citizen
            ).text("id")
            try await send(
                .onestop, "/complaints/\(complaint)/assign", ["handler": .string(try person("officer"))], as: "leader")
            try await send(
                .onestop, "/complaints/\(complaint)/answer", ["answer": "Xin lỗi.", "justified": true], as: "officer")
            try await ended(dossier)
        }

        /// The ward is not in charge and passes it on to another one, where nobody of the cast works.
        func forwarded() async throws {
            try await act(
                try await received("1.004873"), "forward",
                ["toAgency": .string(SocialAllowance.otherWard), "reason": "Cư trú nơi khác"], as: "commune-clerk")
        }

        /// A ward of which nobody ever took office ended yesterday, and HR says so only now: what was submitted to it
        /// comes to the ward that it was merged into, and to its result there.
        func merged() async throws {
            let code = "\(SocialAllowance.city).\(tag.uppercased())N\(play.number)"
            try await send(
                .hr, "/agencies",
                [
                    "code": .string(code), "name": .string(subject), "nameEn": "A ward", "kind": "commune",
                    "parent": .string(SocialAllowance.city), "validFrom": "2021-01-01",
                    "validTo": .string(SocialAllowance.lastDay),
                ], as: "district-hr")
            let dossier = try await submitted(to: code)
            try await send(
                .hr, "/agencies/\(code)/dissolve",
                ["validTo": .string("\(days.now.day + -1)"), "successor": .string(SocialAllowance.ward)],
                as: "district-hr")
            _ = try await desk.until(
                "\(dossier) to come to the successor", .onestop, "/dossiers/\(dossier)", as: "commune-clerk"
            ) { $0["receivingAgency"]?.text == SocialAllowance.ward ? true : nil }
            try await act(dossier, "accept", as: "commune-clerk")
            try await certified(dossier)
        }

        /// The one-stop service hears of an agency when it hears of it.
        private func submitted(to agency: String) async throws -> String {
            let deadline = ContinuousClock.now + Limits.Chaos.patience
            while true {
                let answer = try await desk.post(.onestop, "/dossiers", submission("2.001255", agency), as: citizen)
                if answer.succeeded { return try answer.body.text("id") }
                guard answer.status == 422, ContinuousClock.now < deadline else {
                    throw Stumbled("submission to \(agency) → \(answer.status) \(answer.body.description)")
                }
                try await Task.sleep(for: Limits.Chaos.look)
            }
        }

        private func ended(_ dossier: String) async throws {
            try await act(dossier, "withdraw", ["reason": "Không còn nhu cầu"], as: citizen)
            try await act(dossier, "withdrawal/confirm", as: "leader")
            try await act(dossier, "return", as: "clerk")
        }
    }

    extension Desk {
        /// A file in parts. Its first part is sent again, as by somebody who heard no answer, and the rest goes on from
        /// where the service says. - Returns: its identity in the dossier.
        func bring(_ bytes: [UInt8], to dossier: String, as who: String) async throws -> String {
            let hash = SHA256.hash(data: bytes).map { String(UInt16($0) + 256, radix: 16).dropFirst() }.joined()
            let upload = try await act(
                .onestop, "/dossiers/\(dossier)/uploads",
                [
                    "part": "other", "name": "giay-to.pdf", "size": .integer(Int64(bytes.count)),
                    "sha256": .string(hash),
                ], as: who
            ).text("id")
            let first = Array(bytes.prefix(Limits.Chaos.part))
            for _ in 1...2 { _ = try await part(first, at: 0, upload, hash, as: who) }
            var offset = try await until("upload \(upload)", .onestop, "/uploads/\(upload)", as: who) {
                $0["offset"]?.integer.map { Int($0) }
            }
            guard offset >= first.count else { throw Stumbled("of \(upload) only \(offset) bytes are left") }
            while offset < bytes.count {
                let next = Array(bytes[offset..<min(offset + Limits.Chaos.part, bytes.count)])
                let answer = try await part(next, at: offset, upload, hash, as: who)
                guard let there = answer.body["offset"]?.integer, Int(there) > offset else {
                    throw Stumbled("PUT \(upload) at \(offset) → \(answer.status) \(answer.body.description)")
                }
                offset = Int(there)
                guard offset == bytes.count else { continue }
                guard answer.body["state"]?.text == "attached" else {
                    throw Stumbled("upload \(upload) is whole and \(answer.body.description)")
                }
            }
            return upload
        }

        private func part(
            _ bytes: [UInt8], at offset: Int, _ upload: String, _ hash: String, as who: String
        ) async throws -> Answered {
            let intent = try log.intend(
                journey, who, .onestop, "PUT", "/uploads/\(upload)", key: nil,
                ["offset": .integer(Int64(offset)), "count": .integer(Int64(bytes.count)), "sha256": .string(hash)])
            return try await send(intent) { _ in
                var ask = HTTPAsk(method: "PUT", target: intent.path, body: bytes)
                ask.headers = [("content-type", "application/octet-stream"), ("upload-offset", "\(offset)")]
                return ask
            }
        }

        /// What a read says that is no JSON, repeated until it is answered.
        func bytes(
            _ what: String, _ service: ServiceName, _ target: String, as who: String,
            _ look: @Sendable ([UInt8]) -> Bool
        ) async throws -> Bool {
            let deadline = ContinuousClock.now + Limits.Chaos.patience
            while ContinuousClock.now < deadline {
                do {
                    let answer = try await read(service, target, as: who)
                    if answer.succeeded { return look(answer.body) }
                    if answer.status == 401 { await office.sessions.forget(who) }
                } catch is CutOff {} catch let failed as SignInFailed where failed.status >= 429 {}
                try await Task.sleep(for: Limits.Chaos.look)
            }
            throw Stumbled("waited \(Limits.Chaos.patience) for \(what)")
        }
    }
#endif
