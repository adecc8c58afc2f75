import ServiceTestKit
import Testing

@testable import IntegrationService

@Suite struct SchemaTests {
    @Test func `the migrations make what schema.sql says`() async throws { try await expectSchema(of: Main.self) }
}
