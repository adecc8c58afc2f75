import Foundation
import Glibc
import Synchronization

/// Named points at which the fault harness kills the process (SIGKILL): `LIENTHONG_KILL_AT=after-publish:3` dies at
/// the third pass. Absent from release builds.
public enum KillPoint: String, CaseIterable, Sendable {
    case beforeCommit = "before-commit"
    case afterCommit = "after-commit"
    case beforePoke = "before-poke"
    case beforeTickRow = "before-tick-row"
    case afterTickRow = "after-tick-row"
    case beforePublish = "before-publish"
    case afterPublish = "after-publish"
    case beforeCursor = "before-cursor"
    case afterCursor = "after-cursor"
    case beforeEffectCommit = "before-effect-commit"
    case afterEffectCommit = "after-effect-commit"
    case beforeAcknowledge = "before-acknowledge"
    case beforeTimerCommit = "before-timer-commit"
    case afterTimerCommit = "after-timer-commit"

    /// Dies here when the environment says so.
    @inline(__always)
    public static func pass(_ point: KillPoint) {
        #if DEBUG
            guard let chosen, chosen.point == point else { return }
            if passes.add(1, ordering: .relaxed).newValue == chosen.pass { kill(getpid(), SIGKILL) }
        #endif
    }

    #if DEBUG
        private static let passes = Atomic<Int>(0)
        private static let chosen: (point: KillPoint, pass: Int)? = {
            guard let text = ProcessInfo.processInfo.environment["LIENTHONG_KILL_AT"] else { return nil }
            let parts = text.split(separator: ":")
            guard let point = parts.first.flatMap({ KillPoint(rawValue: String($0)) }) else { return nil }
            return (point, parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
        }()
    #endif
}
