import Contracts
import Foundation

/// `Rehearsal demo`: plays the journeys, shows each, has everything counted by the auditor.
struct Demo {
    let office: Office
    let province: Province
    let eye: Eye
    let say: @Sendable (String) -> Void

    /// Plays all four. With `show` each is printed as a timeline.
    func play(show: Bool = true) async throws {
        let started = ContinuousClock.now
        let stage = Stage(office: office, province: province, eye: eye, say: say)
        say("journey 1: \(JudicialRecord.title)")
        let first = try await JudicialRecord(stage: stage).play("Journey 1")
        if show { try await Timeline(stage: stage).show(first, JudicialRecord.title) }
        say("\njourney 2: \(SocialAllowance.title)")
        let second = try await SocialAllowance(stage: stage).play("Journey 2")
        if show { try await Timeline(stage: stage).show(second, SocialAllowance.title) }
        say("\njourney 3: \(LateDossier.title)")
        let third = try await LateDossier(stage: stage).play("Journey 3")
        if show { try await Timeline(stage: stage).show(third, LateDossier.title) }
        say("\njourney 4: journey 1 again while OneStop, Budget, the broker and PostgreSQL are killed in turn")
        let struck = Stage(office: office, province: province, eye: eye, faults: JudicialRecord.faults, say: say)
        let fourth = try await JudicialRecord(stage: struck).play("Journey 4")
        if show { try await Timeline(stage: stage).show(fourth, "the same, with everything killed once") }
        try await compare(first, fourth)
        say("")
        try await close(journeys: 4, since: started)
    }

    /// The struck journey must have left what the undisturbed one left.
    private func compare(_ first: Played, _ fourth: Played) async throws {
        let (undisturbed, struck) = (
            try await Digest.take(first.dossier, eye), try await Digest.take(fourth.dossier, eye)
        )
        guard undisturbed == struck else {
            throw Failed("journey 4 left something else than journey 1:\n\(undisturbed.difference(to: struck))")
        }
        say("     digest of journey 1 and of journey 4: \(undisturbed.text.prefix(16))… (\(struck.lines.count) facts)")
        let findings = try await eye.irregularities()
        guard findings.isEmpty else { throw Failed(findings.joined(separator: "\n")) }
    }

    /// Addresses and sign-ins for people, then the auditor's line for programs.
    private func close(journeys: Int, since started: ContinuousClock.Instant) async throws {
        let seconds = (ContinuousClock.now - started) / .seconds(1)
        let audit = try await Shell.run(
            Settings.program("Auditor"),
            [
                "--journeys", "\(journeys)", "--elapsed", String(format: "%.1f", seconds), "--wait",
                "\(Int(Limits.Rehearsal.patience / .seconds(1)))",
            ], mayFail: true)
        directory()
        say(audit.output.trimmingCharacters(in: .whitespacesAndNewlines))
        guard audit.status == 0 else { throw Failed("the auditor found something, see above") }
        let line = try JSON(parsing: Array(audit.output.trimmingCharacters(in: .whitespacesAndNewlines).utf8))
        guard let absorbed = line["duplicates_absorbed"]?.integer, absorbed > 0 else {
            throw Failed("no duplicate was absorbed although consumers and the broker were killed")
        }
    }

    private func directory() {
        say("running:")
        for service in ServiceName.running {
            if let address = office.settings.services[service] {
                say("  \(Timeline.column(service.rawValue, 10)) \(address)  (\(address)/openapi.json)")
            }
        }
        say("accounts (user name and password in \(office.settings.secret("account-…").path)):")
        for who in [Cast.administrator] + Cast.officials.map(\.who) + Cast.citizens.map(\.who) {
            guard let account = KeptAccount.read(who, office.settings) else { continue }
            let key = Cast.officials.first { $0.who == who }?.key
            let official = province.officials.first { $0["person_key"] == key }
            let citizen = province.citizens.first { $0["citizen_key"] == account.login }?["full_name"]
            let post =
                official.map { "\($0["full_name"]), \($0["title"]), \(province.name(of: $0["agency"]))" } ?? citizen
                ?? ""
            say("  \(Timeline.column(who, 18)) \(Timeline.column(account.login, 14)) \(post)")
        }
        say("a token: make token WHO=clerk")
        say("")
    }
}
