import Foundation
import Testing

@testable import Journeys

@Suite struct TourTests {
    @Test func `a page is read block by block, each with its answer`() async throws {
        let page = """
            # A page

            ```sh
            A=1
            echo "$((A + 1))"
            ```

            ```text
            2
            ```

            ```sh
            echo "$A"; false | true
            ```
            """
        let tour = try Tour(page: page)
        #expect(tour.blocks.map(\.line) == [4, 13])
        #expect(tour.blocks[0] == Tour.Block(line: 4, commands: "A=1\necho \"$((A + 1))\"\n", answer: "2\n"))
        let differences = try await tour.run()
        #expect(
            differences == ["it ended with status 1", "line 13: expected\nand got\n1\n"])
        #expect(throws: Failed.self) { try Tour(page: "```text\n2\n```") }
        #expect(throws: Failed.self) { try Tour(page: "```sh\nls") }
    }
}
