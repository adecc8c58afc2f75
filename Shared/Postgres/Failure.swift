/// Statements that fail on purpose, so that nothing behind them in the same transaction is done.
extension SQL {
    /// An integer whose evaluation fails: a setting of that name does not exist.
    public static func failure(_ name: String) -> SQL { "current_setting('lienthong.\(raw: name)')::int" }
}

extension PostgresError {
    /// Whether it is `SQL.failure` of that name.
    public func isFailure(_ name: String) -> Bool {
        sqlState == "42704" && message.contains("\"lienthong.\(name)\"")
    }
}
