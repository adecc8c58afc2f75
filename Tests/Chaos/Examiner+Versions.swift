#if DEBUG
    import Contracts
    import EventLog
    import Foundation
    import Postgres

    /// Of a program, and of the form in which it writes an event.
    enum Release: String, CaseIterable, Sendable { case old, next }

    /// Which forms of events were written, read by which programs and delivered to subscribers, since the first service
    /// was upgraded.
    struct Versions: Sendable, Equatable {
        struct Reading: Sendable, Hashable {
            let event: Release
            let reader: Release
        }

        private(set) var written: [Release: Int] = [:]
        private(set) var read: [Reading: Int] = [:]
        private(set) var delivered: [Release: Int] = [:]
        /// Services that took both forms.
        private var takenBy: [ServiceName: Set<Release>] = [:]
        let upgrades: [Upgrade]

        init(_ upgrades: [Upgrade]) { self.upgrades = upgrades }

        mutating func wrote(_ event: Release) { written[event, default: 0] += 1 }
        mutating func heard(_ event: Release) { delivered[event, default: 0] += 1 }

        mutating func took(_ event: Release, _ service: ServiceName, at time: Date) {
            takenBy[service, default: []].insert(event)
            guard let reader = release(of: service, at: time) else { return }
            read[Reading(event: event, reader: reader), default: 0] += 1
        }

        /// Nil while it was being restarted.
        func release(of service: ServiceName, at time: Date) -> Release? {
            let last = upgrades.last { $0.service == service && $0.since <= time }
            guard let last else { return .old }
            return last.ready.map { $0 <= time } == true ? last.release : nil
        }

        /// What did not happen, though services were upgraded.
        func missing(withSubscribers: Bool) -> [String] {
            var missing: [String] = []
            for event in Release.allCases {
                if written[event] == nil { missing.append("no event was written in the \(event) form") }
                for reader in Release.allCases where read[Reading(event: event, reader: reader)] == nil {
                    missing.append("no event in the \(event) form was read by a program of the \(reader) release")
                }
                if withSubscribers, delivered[event] == nil {
                    missing.append("no event in the \(event) form was delivered to a subscriber")
                }
            }
            return missing
        }

        var json: JSON {
            func count(_ number: Int?) -> JSON { .integer(Int64(number ?? 0)) }
            let events = Release.allCases.map { event in
                let readers = Release.allCases.map { reader in
                    JSON.Member("read_by_\(reader)", count(read[Reading(event: event, reader: reader)]))
                }
                return JSON.Member(
                    event.rawValue,
                    .object(
                        [.init("written", count(written[event]))] + readers
                            + [.init("delivered", count(delivered[event]))]))
            }
            let both = takenBy.filter { $0.value.count == 2 }.keys.map(\.rawValue).sorted()
            return .object(
                [.init("restarts", count(upgrades.count))] + events
                    + [.init("both_taken_by", .array(both.map { .string($0) }))])
        }
    }

    extension Examiner {
        /// Whether two releases really met. That no form was lost, taken twice or altered is counted with the rest.
        func versions(_ verdict: inout Verdict) async throws {
            var versions = Versions(Upgrade.all(intents))
            guard versions.upgrades.contains(where: { $0.ready != nil }),
                let since = versions.upgrades.map(\.since).min()
            else { return }
            var forms: [String: Release] = [:]
            for service in services {
                for row in try await database.run(
                    """
                    SELECT id::text AS event, payload::jsonb ? \(NextRevision.field) AS is_next
                    FROM \(raw: service.rawValue).event_log WHERE id >= \(Self.firstID(at: since))::uuid
                    """)
                {
                    let form: Release = try row("is_next") ? .next : .old
                    forms[try row("event")] = form
                    versions.wrote(form)
                }
            }
            for service in services {
                for row in try await database.run(
                    "SELECT event::text AS event, at FROM \(raw: service.rawValue).effect_log WHERE at >= \(since)")
                {
                    guard let form = forms[try row("event", as: String.self)] else { continue }
                    versions.took(form, service, at: try row("at"))
                }
            }
            for line in heard.values.joined() where !line.wasRead {
                if let form = forms[line.event] { versions.heard(form) }
            }
            verdict.versions = versions
            for what in versions.missing(withSubscribers: !heard.isEmpty) { verdict.add(.unexercised, 1, what) }
        }

        /// The lowest id (UUID version 7) that an event written then may have.
        static func firstID(at time: Date) -> String {
            let digits = String(Int64(time.timeIntervalSince1970 * 1_000), radix: 16)
            let hex = String(repeating: "0", count: max(0, 12 - digits.count)) + digits
            return "\(hex.prefix(8))-\(hex.suffix(4))-7000-8000-000000000000"
        }
    }
#endif
