import Contracts
import Foundation
import Postgres
import TestKit
import Testing

/// Every type goes to the server and comes back the same; the server reads it as what it is.
@Suite(.timeLimit(.minutes(5))) struct ValuesTests {
    /// Sends each value alone, as NULL and in a list, and compares the server's own text of it.
    private func roundTrip<Value: SQLValue & SQLTyped & Equatable>(
        _ values: [(Value, String)], _ type: String, at place: SourceLocation = #_sourceLocation
    ) async throws {
        try await withDatabase { room in
            for (value, text) in values {
                let rows = try await room.database.run(
                    """
                    SELECT \(value)::\(raw: type) AS one, \(value as Value?)::\(raw: type) AS maybe,
                        \(Value?.none)::\(raw: type) AS none, \([value, value])::\(raw: type)[] AS many,
                        \([Value]())::\(raw: type)[] AS empty, (\(value)::\(raw: type))::text AS text
                    """)
                let row = try #require(rows.first)
                let (one, maybe, none): (Value, Value?, Value?) = (try row("one"), try row("maybe"), try row("none"))
                let (many, empty): ([Value], [Value]) = (try row("many"), try row("empty"))
                #expect(one == value && maybe == value && none == nil, sourceLocation: place)
                #expect(many == [value, value] && empty == [], sourceLocation: place)
                #expect(try row("text") == text, sourceLocation: place)
            }
        }
    }

    @Test func text() async throws {
        try await roundTrip(
            ["", "a", "Sở Tư pháp tỉnh Đồng Tháp", "'); DROP TABLE x; --", "🏛️", "\u{0041}\u{030A}", "\\", "\n"]
                .map { ($0, $0) }, "text")
    }

    @Test func integers() async throws {
        try await roundTrip([Int.min, -1, 0, 1, .max].map { ($0, "\($0)") }, "bigint")
        try await roundTrip([Int64.min, 0, .max].map { ($0, "\($0)") }, "bigint")
        try await roundTrip([Int32.min, 0, .max].map { ($0, "\($0)") }, "int")
        try await roundTrip([Int16.min, 0, .max].map { ($0, "\($0)") }, "smallint")
    }

    @Test func truthAndFloatingPoint() async throws {
        try await roundTrip([(true, "true"), (false, "false")], "boolean")
        try await roundTrip([(0.1, "0.1"), (-1e300, "-1e+300"), (.infinity, "Infinity")], "double precision")
    }

    @Test func identities() async throws {
        let id = UUID()
        try await roundTrip([(id, id.uuidString.lowercased())], "uuid")
        let person = PersonID(id)
        try await roundTrip([(person, id.uuidString.lowercased())], "uuid")
    }

    @Test func timesKeepMicroseconds() async throws {
        try await roundTrip(
            [
                (Date(timeIntervalSince1970: 0), "1970-01-01 00:00:00+00"),
                (Date(timeIntervalSince1970: 1_613_181_599.999_999), "2021-02-13 01:59:59.999999+00"),
                (Date(timeIntervalSince1970: -62_135_596_800), "0001-01-01 00:00:00+00"),
                (Date(timeIntervalSince1970: 253_402_300_799), "9999-12-31 23:59:59+00"),
            ], "timestamptz")
    }

    @Test func days() async throws {
        try await roundTrip(
            [("2021-02-12", "2021-02-12"), ("1900-03-01", "1900-03-01"), ("2024-02-29", "2024-02-29")]
                .map { (try Day($0.0), $0.1) }, "date")
    }

    @Test func decimals() async throws {
        let samples = [
            "0", "1", "-1", "0.5", "-0.0001", "0.00012345", "10000", "9999", "100000000", "1234567890.123456789",
            "-99999999999999999999999999999999999999", "0.00000000000000000000000000000000000001",
            "12345678901234567890.123456789012345678", "200000", "1000000000000000000000000000000000000",
        ]
        try await roundTrip(samples.map { (try #require(Decimal(string: $0)), $0) }, "numeric")
        var random = SystemRandomNumberGenerator()
        let drawn = try (0..<200).map { _ -> (Decimal, String) in
            let digits = (1...Int.random(in: 1...38, using: &random)).map { _ in String(Int.random(in: 0...9)) }
                .joined()
            let exponent = -Int.random(in: 0...60, using: &random)
            let significand = try #require(Decimal(string: digits))
            let value = Decimal(sign: .minus, exponent: exponent, significand: significand)
            return (significand == 0 ? 0 : value, "")
        }
        try await withDatabase { room in
            for (value, _) in drawn {
                let row = try #require(try await room.database.run("SELECT \(value) AS d, \(value)::text AS t").first)
                let (back, text): (Decimal, String) = (try row("d"), try row("t"))
                #expect(back == value && Decimal(string: text) == value)
            }
        }
    }

    @Test func `a number that a Decimal cannot hold exactly, and infinities, are refused and not rounded`() async throws
    {
        try await withDatabase { room in
            let rows = try await room.database.run(
                """
                SELECT 100000000000000000000000000000000000001.5::numeric AS long, 'NaN'::numeric AS nan,
                    'infinity'::timestamptz AS late, '-infinity'::timestamptz AS early, 'infinity'::date AS never,
                    70000::int AS big, 'x'::text AS text, ARRAY[1, NULL]::int[] AS holes, '{{1}}'::int[] AS nested
                """)
            let row = try #require(rows.first)
            #expect(throws: PostgresError.self) { try row("long", as: Decimal.self) }
            #expect(throws: PostgresError.self) { try row("nan", as: Decimal.self) }
            #expect(throws: PostgresError.self) { try row("late", as: Date.self) }
            #expect(throws: PostgresError.self) { try row("early", as: Date.self) }
            #expect(throws: PostgresError.self) { try row("never", as: Day.self) }
            #expect(throws: PostgresError.self) { try row("big", as: Int16.self) }
            #expect(throws: PostgresError.self) { try row("text", as: Int.self) }
            #expect(throws: PostgresError.self) { try row("holes", as: [Int].self) }
            #expect(throws: PostgresError.self) { try row("nested", as: [Int].self) }
            let fault = #expect(throws: PostgresError.self) { try row("nowhere", as: Int.self) }
            #expect(fault?.kind == .decoding && fault?.message.contains("nowhere") == true)
        }
    }

    @Test func bytes() async throws {
        try await withDatabase { room in
            for bytes in [[], [0], [255, 0, 1], (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }] as [[UInt8]] {
                let rows = try await room.database.run(
                    "SELECT \(bytes) AS a, \(Data(bytes)) AS b, length(\(bytes)) AS n, \([UInt8]?.none)::bytea AS none")
                let row = try #require(rows.first)
                let (a, b, n): ([UInt8], Data, Int) = (try row("a"), try row("b"), try row("n"))
                let none: [UInt8]? = try row("none")
                #expect(a == bytes && b == Data(bytes) && n == bytes.count && none == nil)
            }
        }
    }

    @Test func json() async throws {
        try await withDatabase { room in
            let json = try JSON(parsing: Array(#"{"a":[1,2.5,"ộ",null,true]}"#.utf8))
            let rows = try await room.database.run(
                """
                SELECT \(json) AS b, \(json) ->> 'a' AS a, \(JSON?.none) AS none, \([json, json]) AS many,
                    '{"x": 1}'::json AS text
                """)
            let row = try #require(rows.first)
            let (b, many, text): (JSON, [JSON], JSON) = (try row("b"), try row("many"), try row("text"))
            let none: JSON? = try row("none")
            #expect(none == nil && many.count == 2 && text.description == #"{"x":1}"#)
            #expect(try row("a") == #"[1, 2.5, "ộ", null, true]"#)
            #expect(b.description == #"{"a":[1,2.5,"ộ",null,true]}"#)
        }
    }

    @Test func valuesOfTheField() async throws {
        try await roundTrip([(try Money(0), "0"), (try Money(200_000), "200000")], "bigint")
        try await roundTrip([(try AgencyCode("H19.30"), "H19.30"), (AgencyCode.none, "")], "text")
        try await roundTrip([(try DocumentNumber("01/2026/QĐ-UBND"), "01/2026/QĐ-UBND")], "text")
    }

    @Test func `a value never becomes SQL, a fragment does with its values`() async throws {
        let part: SQL = "b = \("x' OR true --") AND c = \(3)"
        let whole: SQL = "SELECT \(1) WHERE a = \("y") AND \(part) OR d = \(4)"
        #expect(whole.text == "SELECT $1 WHERE a = $2 AND b = $3 AND c = $4 OR d = $5")
        let joined = SQL(joining: ["a = \(1)", "b = \(2)", "c"], separator: " AND ")
        #expect(joined.text == "a = $1 AND b = $2 AND c")
        #expect(SQL(joining: [], separator: ",").text == "")
        try await withDatabase { room in
            let rows = try await room.database.run("SELECT \("x' OR true --") AS text")
            #expect(try rows.first?("text", as: String.self) == "x' OR true --")
            let fault = await #expect(throws: PostgresError.self) { try await room.database.run("SELECT \("a\0b")") }
            #expect(fault?.sqlState == "22021")
        }
    }
}
