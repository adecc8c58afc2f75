import Contracts
import Foundation

/// Where a journey plays: business time goes from scene to scene, each scene ends when everything it set off has
/// happened. With faults, some of the scenes are struck while they play.
final class Stage: Sendable {
    let office: Office
    let province: Province
    let eye: Eye
    let say: @Sendable (String) -> Void
    private let faults: [String: Fault]

    init(
        office: Office, province: Province, eye: Eye, faults: [String: Fault] = [:],
        say: @escaping @Sendable (String) -> Void
    ) {
        self.office = office
        self.province = province
        self.eye = eye
        self.faults = faults
        self.say = say
    }

    /// One thing that somebody does at a moment of business time. The next begins when all its effects are there.
    @discardableResult
    func scene<Result: Sendable>(
        _ moment: String, _ title: String, as who: String, _ play: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let now = try Moment(moment)
        try await office.setClock(now)
        let mark = try await patiently { try await self.eye.mark() }
        let fault = faults[title]
        try await fault?.prepare()
        async let recovered: Void = Self.recover(fault, office)
        let result: Result
        do { result = try await play() } catch {
            throw Failed("\(now.text), \(who) \(title): \(error)")
        }
        try await recovered
        _ = try await office.eventually("the effects of '\(title)'") {
            let rests = try? await eye.isAtRest(since: mark, at: now)
            return rests == true ? true : nil
        }
        if let fault { say("  \(fault) was killed and started again") }
        say("  \(now.text)  \(who.padding(toLength: 16, withPad: " ", startingAt: 0))  \(title)")
        return result
    }

    private static func recover(_ fault: Fault?, _ office: Office) async throws {
        if let fault { try await fault.recover(office) }
    }

    /// Reads of the eye while the database may be away.
    func patiently<Found: Sendable>(_ look: @escaping @Sendable () async throws -> Found) async throws -> Found {
        try await office.eventually("the database") {
            do { return try await look() } catch is CancellationError { throw CancellationError() } catch { return nil }
        }
    }

    /// The person behind a member of the cast.
    func person(_ who: String) throws -> String {
        guard let member = Cast.officials.first(where: { $0.who == who }) else {
            throw Failed("no official is '\(who)'")
        }
        return Cast.person(member.key).text
    }

    /// `POST /dossiers/{dossier}/{action}`.
    @discardableResult
    func act(_ dossier: String, _ action: String, _ body: JSON = [:], as who: String) async throws -> JSON {
        try await office.post(.onestop, "/dossiers/\(dossier)/\(action)", body, as: who)
    }

    /// The dossier as it stands; fails unless it has this status.
    @discardableResult
    func expect(_ status: DossierStatus, _ dossier: String, as who: String) async throws -> JSON {
        let view = try await office.read(.onestop, "/dossiers/\(dossier)", as: who)
        guard view["status"]?.text == status.rawValue else {
            throw Failed("dossier \(dossier) should be \(status.rawValue), is \(view["status"]?.text ?? "unknown")")
        }
        return view
    }
}

/// A dossier that has come to its end, for the timeline and the digest.
struct Played: Sendable {
    let name: String
    let dossier: String
    /// Whose token may read it.
    let reader: String
}
