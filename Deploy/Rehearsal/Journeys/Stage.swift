import Contracts
import Foundation
import Postgres

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
    func scene<Outcome: Sendable>(
        _ moment: String, _ title: String, as who: String, _ play: @escaping @Sendable () async throws -> Outcome
    ) async throws -> Outcome {
        let now = try Moment(moment)
        // Before the clock moves: timers fire when it does.
        let mark = try await patiently { try await self.eye.mark() }
        try await office.setClock(now)
        let fault = faults[title]
        let result: Outcome
        do {
            try await fault?.prepare()
            async let recovered: Void = Self.recover(fault, office)
            result = try await play()
            try await recovered
        } catch {
            // Apart from this task, which may be cancelled: what was killed must come back.
            let mended =
                if let fault { await Task { try await fault.mend() }.result } else {
                    Result<Void, any Error>.success(())
                }
            var text = "\(now.text), \(who) \(title): \(error)"
            if case .failure(let why) = mended { text += "; and nothing came back: \(why)" }
            throw Failed(text)
        }
        _ = try await office.eventually("the effects of '\(title)'") {
            try await whileAway { try await self.eye.isAtRest(since: mark, at: now) } == true ? true : nil
        }
        if let fault { say("  \(fault) was killed and started again") }
        say("  \(now.text)  \(who.padding(toLength: 16, withPad: " ", startingAt: 0))  \(title)")
        return result
    }

    private static func recover(_ fault: Fault?, _ office: Office) async throws {
        if let fault { try await fault.recover(office) }
    }

    /// A read of the eye, when the database is back.
    func patiently<Found: Sendable>(_ look: @escaping @Sendable () async throws -> Found) async throws -> Found {
        try await office.eventually("the database") { try await whileAway(look) }
    }

    /// A read of the eye; nil while the database is away.
    private func whileAway<Found: Sendable>(_ look: () async throws -> Found) async throws -> Found? {
        do { return try await look() } catch let fault as PostgresError
            where fault.isTransient || fault.isUnknownOutcome
        {
            return nil
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
