#if DEBUG
    import Contracts
    import Foundation
    import Glibc
    import Synchronization

    @testable import Journeys

    /// Something that somebody wants done: on disk before it is sent.
    struct Intent: Sendable, Equatable {
        let number: Int
        let at: String
        let journey: String
        let who: String
        let service: ServiceName
        let method: String
        let path: String
        /// The Idempotency-Key, on POSTs of our own API.
        let key: String?
        let body: JSON

        var json: JSON {
            [
                "intent": .integer(Int64(number)), "at": .string(at), "journey": .string(journey), "who": .string(who),
                "service": .string(service.rawValue), "method": .string(method), "path": .string(path),
                "key": key.map { .string($0) } ?? .null, "body": body,
            ]
        }

        init(
            number: Int, at: String, journey: String, who: String, service: ServiceName, method: String, path: String,
            key: String?, body: JSON
        ) {
            (self.number, self.at, self.journey, self.who) = (number, at, journey, who)
            (self.service, self.method, self.path, self.key, self.body) = (service, method, path, key, body)
        }

        init?(_ json: JSON) {
            guard let number = json["intent"]?.integer, let service = ServiceName(rawValue: json["service"]?.text ?? "")
            else { return nil }
            self.init(
                number: Int(number), at: json["at"]?.text ?? "", journey: json["journey"]?.text ?? "",
                who: json["who"]?.text ?? "", service: service, method: json["method"]?.text ?? "",
                path: json["path"]?.text ?? "", key: json["key"]?.text, body: json["body"] ?? .null)
        }

        /// Enough to find it again.
        var text: String { "intent \(number) (\(journey), \(who)): \(method) \(service.rawValue) \(path)" }
    }

    /// What was answered at last, after `tries` tries.
    struct Answered: Sendable, Equatable {
        let number: Int
        let status: Int
        let tries: Int
        let body: JSON

        var json: JSON {
            [
                "answer": .integer(Int64(number)), "status": .integer(Int64(status)), "tries": .integer(Int64(tries)),
                "body": body,
            ]
        }

        var succeeded: Bool { (200..<300).contains(status) }
    }

    /// The intent log of one run: one JSON object a line, written through to the kernel at once, so that it survives
    /// the death of the harness.
    final class IntentLog: Sendable {
        private struct State {
            var number = 0
            var answers = 0
        }

        private let descriptor: Int32
        private let state = Mutex(State())

        init(_ path: String, after number: Int = 0) throws {
            descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Failed("cannot write \(path): error \(errno)") }
            state.withLock { $0.number = number }
        }

        deinit { close(descriptor) }

        func intend(
            _ journey: String, _ who: String, _ service: ServiceName, _ method: String, _ path: String, key: String?,
            _ body: JSON
        ) throws -> Intent {
            let number = state.withLock { state in
                state.number += 1
                return state.number
            }
            let intent = Intent(
                number: number, at: Instant.write(Date()), journey: journey, who: who, service: service, method: method,
                path: path, key: key, body: body)
            try append(intent.json)
            return intent
        }

        func answer(_ answer: Answered) throws {
            try append(answer.json)
            state.withLock { $0.answers += 1 }
        }

        /// Intents and answers so far.
        var counts: (intents: Int, answers: Int) { state.withLock { ($0.number, $0.answers) } }

        private func append(_ json: JSON) throws {
            let line = json.bytes + [UInt8(ascii: "\n")]
            // One call: lines of several tasks do not mix in a file that is only appended to.
            let written = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard written == line.count else { throw Failed("the intent log cannot be written: error \(errno)") }
        }
    }

    /// What an intent log says, as the auditor reads it: only from the file.
    struct Intents: Sendable {
        var intents: [Intent] = []
        var answers: [Int: Answered] = [:]

        init() {}

        /// - Throws: when a line cannot be read, but for a last one that was cut off.
        init(file: String) throws {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            for line in text.split(separator: "\n") {
                guard let json = try? JSON(parsing: Array(line.utf8)) else {
                    guard text.hasSuffix(line) else { throw Failed("\(file): unreadable line: \(line.prefix(200))") }
                    continue
                }
                add(json)
            }
        }

        mutating func add(_ json: JSON) {
            if let intent = Intent(json) { intents.append(intent) }
            if let number = json["answer"]?.integer {
                answers[Int(number)] = Answered(
                    number: Int(number), status: Int(json["status"]?.integer ?? 0),
                    tries: Int(json["tries"]?.integer ?? 0), body: json["body"] ?? .null)
            }
        }

        var unanswered: [Intent] { intents.filter { answers[$0.number] == nil } }
    }
#endif
