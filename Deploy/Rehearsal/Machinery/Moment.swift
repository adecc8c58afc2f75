import Contracts
import Foundation

/// A minute of business time as a clock in Vietnam shows it: `2021-03-01 08:05`.
struct Moment: Sendable, Hashable, Comparable {
    let date: Date

    init(_ date: Date) { self.date = date }

    /// Reads `2021-03-01 08:05`, and RFC 3339 with its offset.
    init(_ text: String) throws {
        let isShort = text.utf8.count == 16 && text.dropFirst(10).first == " "
        let wire = isShort ? "\(text.prefix(10))T\(text.suffix(5)):00+07:00" : text
        guard let date = Instant.read(wire) else { throw Failed("'\(text)' is no moment") }
        self.date = date
    }

    var day: Day { Day(date) }

    /// For machines: RFC 3339.
    var wire: String { Instant.write(date) }

    var clock: String { String(wire.dropFirst(11).prefix(5)) }

    /// For people: `Mon 2021-03-01 08:05`.
    var text: String { "\(day.weekday.english.prefix(3)) \(day) \(clock)" }

    static func < (left: Moment, right: Moment) -> Bool { left.date < right.date }
}

extension Office {
    /// Sets business time at every service. All agree before anything else is done.
    /// - Parameter patient: at the very first the services have yet to hear who is an administrator.
    func setClock(_ moment: Moment, patient: Bool = false) async throws {
        try await inParallel(ServiceName.running) { service in
            let body: JSON = ["now": .string(moment.wire)]
            _ = try await eventually("\(service) to let the administrator set its clock") {
                do { return try await post(service, "/rehearsal/clock", body, as: Cast.administrator) } catch let said
                    as SaidNo where patient && [401, 403].contains(said.status)
                { return nil }
            }
        }
    }

    /// A personnel decision with the position whose seat it fills.
    func appoint(
        _ person: PersonID, number: String, from: String, at agency: String, unit: String, position: String,
        kind: String, as who: String
    ) async throws {
        try await post(
            .hr, "/officials/\(person)/decisions",
            .object(
                optional: [
                    ("number", number), ("kind", kind), ("effectiveFrom", from), ("agency", agency), ("unit", unit),
                    ("position", position),
                ]), as: who)
    }
}
