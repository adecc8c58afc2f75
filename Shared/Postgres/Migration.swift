/// One step of a schema's history: append-only SQL, numbered from 1 within its series.
public struct Migration: Sendable {
    public let number: Int
    public let name: String
    /// Several statements, run in one transaction.
    public let sql: String

    public init(_ number: Int, _ name: String, _ sql: String) {
        self.number = number
        self.name = name
        self.sql = sql
    }
}
