import Foundation
import Glibc
import Synchronization

/// Named points at which the fault harness kills the process (SIGKILL): `LIENTHONG_KILL_AT=after-publish:3` dies at
/// the third pass. A process that runs already is armed by the same words in the file that `LIENTHONG_KILL_FILE` names;
/// passes count from when it is seen. Absent from release builds.
public enum KillPoint: String, CaseIterable, Sendable {
    // Before a commit the server may have heard nothing of the transaction yet: what is posted goes out with COMMIT.
    case beforeCommit = "before-commit"
    case afterCommit = "after-commit"
    case beforePoke = "before-poke"
    case afterPoke = "after-poke"
    case beforeTickRow = "before-tick-row"
    case afterTickRow = "after-tick-row"
    case beforePublish = "before-publish"
    /// Handed to the broker, not yet confirmed by it.
    case beforeConfirm = "before-confirm"
    /// Confirmed.
    case afterPublish = "after-publish"
    case beforeCursor = "before-cursor"
    case afterCursor = "after-cursor"
    case beforeEffectCommit = "before-effect-commit"
    case afterEffectCommit = "after-effect-commit"
    case beforeAcknowledge = "before-acknowledge"
    case afterAcknowledge = "after-acknowledge"
    case beforeTimerCommit = "before-timer-commit"
    case afterTimerCommit = "after-timer-commit"
    // IntegrationService alone: numbers for the archive, numbers for a subscriber, the end of a delivery.
    case beforeArchiveNumbers = "before-archive-numbers"
    case afterArchiveNumbers = "after-archive-numbers"
    case beforeNumbering = "before-numbering"
    case afterNumbering = "after-numbering"
    case beforeSettlement = "before-settlement"
    case afterSettlement = "after-settlement"

    /// Dies here when the environment says so.
    @inline(__always)
    public static func pass(_ point: KillPoint) {
        #if DEBUG
            if let chosen, chosen.point == point, passes.add(1, ordering: .relaxed).newValue == chosen.pass {
                kill(getpid(), SIGKILL)
            }
            if let file, access(file, R_OK) == 0 { pass(point, armedBy: file) }
        #endif
    }

    #if DEBUG
        private static let passes = Atomic<Int>(0)
        private static let chosen = ProcessInfo.processInfo.environment["LIENTHONG_KILL_AT"].flatMap(read)
        private static let file = ProcessInfo.processInfo.environment["LIENTHONG_KILL_FILE"]
        private static let armed = Mutex((by: "", passes: 0))

        /// `point:pass`; the first pass when none is named.
        static func read(_ text: String) -> (point: KillPoint, pass: Int)? {
            let parts = text.split(separator: ":")
            guard let point = parts.first.flatMap({ KillPoint(rawValue: String($0)) }) else { return nil }
            return (point, parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
        }

        /// Other words in the file arm anew.
        private static func pass(_ point: KillPoint, armedBy file: String) {
            guard let text = try? String(contentsOfFile: file, encoding: .utf8),
                let chosen = read(text), chosen.point == point
            else { return }
            let passes = armed.withLock { armed in
                armed = (text, armed.by == text ? armed.passes + 1 : 1)
                return armed.passes
            }
            if passes == chosen.pass { kill(getpid(), SIGKILL) }
        }
    #endif
}
