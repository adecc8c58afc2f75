import Contracts
import ServiceKit

/// What happens beside the requests: keys are renewed, and what ended long ago is forgotten.
enum Upkeep {
    static func all(_ runtime: Runtime, _ keys: KeyRing) -> [any Service] {
        let database = runtime.database
        return [
            Repeated("looking at the signing keys", every: Limits.SignIn.keyLook, log: runtime.log) {
                try await keys.load()
            },
            Repeated("forgetting what ended", every: Limits.SignIn.cleaning, log: runtime.log) {
                try await forget(in: database)
            },
        ]
    }

    /// Every table that grows with sign-ins, but for the log of them.
    static func forget(in session: any Session) async throws {
        let kept = Limits.SignIn.spentKept.secondsValue
        for table in ["one_time_links", "authorization_codes", "browser_sessions", "refresh_tokens"] {
            try await session.run(
                "DELETE FROM \(raw: table) WHERE expires_at < now() - make_interval(secs => \(kept))")
        }
    }
}
