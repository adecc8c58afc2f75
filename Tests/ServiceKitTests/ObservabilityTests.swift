import Contracts
import Foundation
import Testing

@testable import ServiceKit

/// Dashboards and alerts speak of what there is.
@Suite struct ObservabilityTests {
    @Test func `every metric of the dashboard and of the alerts is one that services have`() async throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Deploy/observability")
        try await withDesk { desk in
            let text = String(decoding: await desk.ask("GET", "/metrics").body, as: UTF8.self)
            for file in ["grafana.json", "alerts.yml"] {
                let content = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
                let names = Set(content.matches(of: /lienthong_[a-z_]+/).map { String($0.output) })
                #expect(names.count > 8)
                // The exchange's are looked at in IntegrationServiceTests.
                for name in names.sorted()
                where !name.hasPrefix("lienthong_receipts_") && !name.hasPrefix("lienthong_integration_") {
                    let bare = name.hasSuffix("_bucket") ? String(name.dropLast(7)) : name
                    #expect(text.contains("# TYPE \(bare) "), "\(name) in \(file)")
                }
            }
            #expect(text.contains("service=\""))
        }
        let json = try JSON(parsing: Array(Data(contentsOf: folder.appendingPathComponent("grafana.json"))))
        #expect((json["panels"]?.array ?? []).count >= 12)
    }
}
