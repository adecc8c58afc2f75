import Foundation
import TestKit
import Testing

/// `make fuzz SECONDS=600` tries as long; without FUZZ_SECONDS a fixed number of cases, the same each time. A finding
/// is printed with the seed and the case: FUZZ_SEED and FUZZ_ONLY (a part of the target's name) repeat it.
@Suite(.serialized) struct FuzzTests {
    static let targets: [Target] = {
        let all =
            ValueTargets.all + JSONTargets.all + HTTPTargets.all + EventTargets.all + IdentityTargets.all
            + FileTargets.all + OperatorTargets.all + BrokerTargets.all + EndpointTargets.all
            + ReceiptTargets.all + SubscriptionTargets.all
        return all.filter { target in FuzzSettings.only.map { target.name.contains($0) } ?? true }
    }()

    @Test(arguments: targets)
    func `what comes from outside is read or refused, quickly, and in one way`(_ target: Target) async throws {
        let share = FuzzSettings.seconds.map { $0 / Double(Self.targets.count) }
        let (cases, finding) = try await onOwnThread { try Fuzzer(target: target, seconds: share).run() }
        if let finding { Issue.record("\(finding)") }
        if FuzzSettings.seconds != nil { print("fuzz: \(cases) cases of \(target.name)") }
    }
}
