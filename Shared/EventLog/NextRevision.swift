#if DEBUG
    import Contracts
    import Foundation

    /// What a program of the next release may do to every event within its version: write one optional field more
    /// (CONTRIBUTING.md). A process that is started with `variable` set does so, beside others that do not. Absent from
    /// release builds, with the place that asks.
    public enum NextRevision {
        public static let variable = "LIENTHONG_NEXT_REVISION"
        /// No event has such a field, so it tells the two forms apart.
        public static let field = "ofNextRevision"
        /// Of every kind that data has: what passes it on must not touch it.
        static let value: JSON = [
            "note": "Sửa đổi \"1\"\n", "steps": [1, -2, true, .null, .number("0.50")], "none": [:],
        ]

        static let isOn = ProcessInfo.processInfo.environment[variable] == "1"

        /// - Parameter data: a JSON object, as `jsonBytes` writes it.
        static func revised(_ data: [UInt8]) -> [UInt8] {
            var writer = JSONWriter()
            writer.object { writer in
                writer.name(field)
                writer.write(value)
            }
            let isEmpty = data.count <= 2
            return data.dropLast() + (isEmpty ? [] : [UInt8(ascii: ",")]) + writer.bytes.dropFirst()
        }
    }
#endif
